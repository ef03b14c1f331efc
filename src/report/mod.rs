//! Values in, text out: renderers of what a run found. No IO, no decisions.
