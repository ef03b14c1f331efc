//! What a prompt is as a whole: its messages, its variables, its length.

mod length;
pub(super) mod template;
pub(super) mod variables;
