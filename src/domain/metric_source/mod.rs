//! Where health numbers come from: what is asked, and what a source can answer.

mod query;
mod reading;
mod settings;

pub use query::{Escape, Query, QueryError, QueryValues};
pub use reading::{Found, Labels, Point, Reading, Series};
pub use settings::{MetricHttp, MetricProgram, MetricSourceKind, MetricSourceSettings};
