//! Running a program of the user's.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::provider::ProviderFault;

/// Runs programs: no shell, a process group of their own, bounded output.
#[async_trait]
pub trait Programs: Send + Sync {
    /// Feeds `input` to a program and returns its standard output. Whatever way this ends, no process of the program's
    /// group is left.
    ///
    /// # Errors
    /// It cannot be started, fails, writes too much or no text, or takes longer than `limit`: named, with its words.
    async fn run(&self, argv: &[String], input: &str, limit: Duration) -> Result<String, ProviderFault>;
}
