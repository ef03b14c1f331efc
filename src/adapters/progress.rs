//! How far a run is: a bar on a terminal, plain lines elsewhere.

use std::{
    io::Write as _,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    domain::suite::run::{Sample, SampleResult},
    ports::progress::Progress,
};

/// The least time between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// A bar on standard error.
#[derive(Debug, Default)]
pub struct Bar {
    bar: OnceLock<ProgressBar>,
    failed: AtomicUsize,
}

impl Progress for Bar {
    fn started(&self, samples: usize) {
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let bar = ProgressBar::with_draw_target(Some(samples as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {elapsed} (about {eta} left)") {
            bar.set_style(style);
        }
        self.bar.get_or_init(|| bar);
    }

    fn more(&self, samples: usize) {
        if let Some(bar) = self.bar.get() {
            bar.inc_length(samples as u64);
        }
    }

    fn finished_sample(&self, _suite: &str, sample: &Sample) {
        if let Some(bar) = self.bar.get() {
            if !sample.passed() {
                let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
                bar.set_message(format!("({failed} not passed)"));
            }
            bar.inc(1);
        }
    }

    fn say(&self, line: &str) {
        // Nobody is left to be told that standard error is gone.
        drop(std::io::stderr().write_all(format!("{line}\n").as_bytes()));
    }

    fn finished(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// A line on standard error every few seconds: for logs, where a bar would be noise.
#[derive(Debug, Default)]
pub struct Lines {
    state: Mutex<LineState>,
}

#[derive(Debug, Default)]
struct LineState {
    total: usize,
    done: usize,
    failed: usize,
    faulted: usize,
    said: Option<Instant>,
}

impl Progress for Lines {
    fn started(&self, samples: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = LineState { total: samples, said: Some(Instant::now()), ..LineState::default() };
    }

    fn more(&self, samples: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).total += samples;
    }

    fn finished_sample(&self, _suite: &str, sample: &Sample) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += 1;
        match &sample.result {
            SampleResult::Judged { passed: false, .. } => state.failed += 1,
            SampleResult::Faulted(_) => state.faulted += 1,
            SampleResult::Judged { passed: true, .. } | SampleResult::NotRun(_) => {}
        }
        if state.done < state.total && state.said.is_some_and(|said| said.elapsed() >= LINE_INTERVAL) {
            state.said = Some(Instant::now());
            let line = format!("{}/{} samples, {} failed, {} without an answer\n", state.done, state.total, state.failed, state.faulted);
            // Nobody is left to be told that standard error is gone.
            drop(std::io::stderr().write_all(line.as_bytes()));
        }
    }

    fn say(&self, line: &str) {
        // Nobody is left to be told that standard error is gone.
        drop(std::io::stderr().write_all(format!("{line}\n").as_bytes()));
    }

    fn finished(&self) {}
}

/// Says nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn started(&self, _samples: usize) {}
    fn more(&self, _samples: usize) {}
    fn finished_sample(&self, _suite: &str, _sample: &Sample) {}
    fn say(&self, _line: &str) {}
    fn finished(&self) {}
}
