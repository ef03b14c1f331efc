//! Values in, text out: renderers of what a run found. No IO, no decisions.
//!
//! A renderer is a function `render(&TestRun, …, &mut dyn Write)`; the same run gives the same bytes. Whatever comes
//! from a model, a user or another program passes [`escape`] on its way.

pub mod escape;
pub mod number;
