//! Telling people how far a run is.

use crate::domain::suite::run::Sample;

/// Hears what happens while a run goes on.
pub trait Progress: Send + Sync {
    /// A run of so many samples begins.
    fn started(&self, samples: usize);

    /// So many more samples are asked than were known.
    fn more(&self, samples: usize);

    /// A sample has ended.
    fn finished_sample(&self, suite: &str, sample: &Sample);

    /// A line about something that goes on for long.
    fn say(&self, line: &str);

    /// The run is over; whatever was drawn goes away.
    fn finished(&self);
}
