//! Is a pull request in order: its title, description, size, the issue it names, what it changes together.

pub mod breaking;
pub mod check;
mod description;
pub mod size;
pub mod title;

pub use breaking::breaks;
pub use check::{Check, CheckResult, Level, Rules, Status, Subject, checks, failed};
pub use size::Size;
