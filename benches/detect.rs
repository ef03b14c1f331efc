//! How fast two samples are looked at, in process and as a whole command: `cargo bench --bench detect`.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads files and clocks")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "its output is for people")]

use std::{
    fs,
    hint::black_box,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use nix::sys::resource::{UsageWho, getrusage};
use prompt_cicd::domain::{
    regression::analysis::{Question, analyse},
    stats::rng::SplitMix64,
};

/// Bytes of the file whose reading must not take more memory than a short one's.
const LONG: usize = 1 << 30;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let mut well = memory(folder.path());
    let mut show = |name: String, seconds: f64, limit: f64| {
        let over = if seconds <= limit { "" } else { "  OVER" };
        println!("{name:<62} {:>9.3} ms  limit {:>8.1} ms{over}", seconds * 1e3, limit * 1e3);
        well &= seconds <= limit;
    };
    // Up to 20,000 values a side the Hodges-Lehmann shift is part of it; `benches/stats.rs` has the figures without it.
    for (n, limit) in [(100, 1e-3), (10_000, 22e-3), (1_000_000, 0.4)] {
        let (a, b) = (latencies(n, 1), latencies(n, 2));
        let seconds = median((200_000 / n).clamp(5, 500), || drop(black_box(analyse(&Question::default(), &a, &b).unwrap())));
        show(format!("analysis in process, 2 × {n}"), seconds, limit);
    }
    for (n, limit) in [(10_000, 30e-3), (1_000_000, 1.0)] {
        let path = folder.path().join(format!("{n}.json"));
        fs::write(&path, json(n)).unwrap();
        let seconds = median(7, || detect(&path));
        show(format!("prompt-cicd detect, whole process, 2 × {n} from JSON"), seconds, limit);
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The peak of the largest child so far, so the smallest is measured first.
fn peak_mb() -> f64 {
    let kilobytes = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    f64::from(i32::try_from(kilobytes / 1_000).unwrap())
}

/// 1 GB of JSON, drawn while it is read.
fn memory(folder: &Path) -> bool {
    let path = folder.join("long.json");
    let mut file = BufWriter::new(fs::File::create(&path).unwrap());
    let values = [1, 2, 3].map(|seed| latencies(100_000, seed).iter().map(f64::to_string).collect::<Vec<_>>().join(","));
    let mut count = 0_usize;
    for (side, name) in ["{\"baseline_values\":[", "],\"current_values\":["].into_iter().enumerate() {
        write!(file, "{name}").unwrap();
        for turn in 0..LONG / 2 / values[0].len() {
            write!(file, "{}{}", if turn > 0 { "," } else { "" }, values[(side + turn) % values.len()]).unwrap();
            count += 100_000;
        }
    }
    write!(file, "]}}").unwrap();
    file.into_inner().unwrap().sync_all().unwrap();
    let limit = 150.0;
    let begin = Instant::now();
    detect_with(&path, &["--max-samples", "10000"]);
    let (seconds, peak) = (begin.elapsed().as_secs_f64(), peak_mb());
    let over = if peak <= limit { "" } else { "  OVER" };
    let name = format!("1 GB of JSON, {count} values, --max-samples 10000: peak");
    println!("{name:<62} {peak:>9.0} MB  limit {limit:>8.0} MB{over}  {seconds:.1} s");
    fs::remove_file(path).unwrap();
    peak <= limit
}

fn detect(path: &Path) {
    detect_with(path, &[]);
}

fn detect_with(path: &Path, flags: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"))
        .args(["detect", "--format", "json", "--no-fail"])
        .args(flags)
        .arg(path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

fn json(n: usize) -> String {
    let list = |seed| latencies(n, seed).iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    format!("{{\"metric_name\":\"latency\",\"baseline_values\":[{}],\"current_values\":[{}]}}", list(1), list(2))
}

/// Skewed values around 800 with a tail.
fn latencies(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = SplitMix64::new(seed);
    (0..n).map(|_| 600.0 + 200.0 / (1.0 - rng.unit()).sqrt()).collect()
}

/// The median time of one call in seconds.
fn median(times: usize, run: impl Fn()) -> f64 {
    let mut seconds: Vec<f64> = (0..times)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
