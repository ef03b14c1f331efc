//! Values in, text out: renderers of what a run found. No IO, no decisions.
//!
//! A renderer is a function `render(&TestRun, …, &mut dyn Write)`; the same run gives the same bytes. Whatever comes
//! from a model, a user or another program passes [`escape`] on its way.

pub mod escape;
mod figures;
#[cfg(test)]
mod fixture;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod number;
mod summary;
mod table;
mod template;
pub mod text;

/// How a report for a terminal looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are used; marks and words say the same.
    pub color: bool,
    /// The terminal's width in characters.
    pub width: usize,
    /// Whether everything is shown, passing cases included.
    pub verbose: bool,
}
