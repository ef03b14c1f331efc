//! What the operating system knows of this process.

use std::time::Duration;

use async_trait::async_trait;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

use crate::{domain::suite::run::ProcessUse, ports::process::Process};

/// This process.
#[derive(Debug, Default)]
pub struct OwnProcess {
    /// Made at the first wait: a signal handler must outlive one wait, or the second signal is lost.
    signals: Mutex<Option<[Signal; 3]>>,
}

#[async_trait]
impl Process for OwnProcess {
    fn usage(&self, wall: Duration) -> ProcessUse {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return ProcessUse::default() };
        #[expect(clippy::cast_precision_loss, reason = "times and sizes of one process stay far below 2^53")]
        let (cpu_us, max_rss) = ((usage.user_time() + usage.system_time()).num_microseconds() as f64, usage.max_rss() as f64);
        // Linux counts kibibytes, macOS bytes.
        let peak_memory_mib = if cfg!(target_os = "macos") { max_rss / 1_048_576.0 } else { max_rss / 1_024.0 };
        let cpu_percent = if wall.is_zero() { 0.0 } else { cpu_us / 1e6 / wall.as_secs_f64() * 100.0 };
        ProcessUse { peak_memory_mib, cpu_percent }
    }

    async fn stop_requested(&self) {
        let mut signals = self.signals.lock().await;
        if signals.is_none() {
            // A terminal that is closed asks for the same as a cancelled job.
            match (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
                (Ok(interrupt), Ok(terminate), Ok(hangup)) => *signals = Some([interrupt, terminate, hangup]),
                (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
                    tracing::warn!(component = "process", "signals cannot be heard, so stopping loses what was done: {error}");
                    return std::future::pending().await;
                }
            }
        }
        if let Some([interrupt, terminate, hangup]) = signals.as_mut() {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        }
    }
}
