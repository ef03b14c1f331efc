//! How fast two samples are compared, against its limits: `cargo bench --bench stats`.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads files and clocks")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "its output is for people")]

use std::{fs, hint::black_box, process::ExitCode, time::Instant};

use prompt_cicd::domain::stats::{
    describe::{Moments, Summary},
    paired::sign_flip::{DEFAULT_FLIPS, sign_flip},
    proportion::{Rate, boschloo::boschloo},
    resample::bootstrap,
    rng::SplitMix64,
    sample::Sample,
    two_sample::{
        effect, hodges_lehmann, kolmogorov_smirnov::KolmogorovSmirnov, mann_whitney::MannWhitney, merged::Merged, student, welch,
    },
};

struct Figure {
    name: String,
    value: f64,
    limit: f64,
    unit: &'static str,
}

fn main() -> ExitCode {
    let sizes = [(100, 50.0, "µs", 1e6), (10_000, 2.0, "ms", 1e3), (1_000_000, 0.4, "s", 1.0)];
    let shifts = [(100, 1.0, "ms", 1e3), (10_000, 20.0, "ms", 1e3), (1_000_000, 2.0, "s", 1.0)];
    let mut figures = vec![];
    for (n, limit, unit, per_second) in sizes {
        let (a, b) = (latencies(n, 1), latencies(n, 2));
        let value = median(n, || compare(&a, &b)) * per_second;
        figures.push(Figure { name: format!("Welch, Student, Mann-Whitney, KS, effects, CI: 2 × {n}"), value, limit, unit });
    }
    for (n, limit, unit, per_second) in shifts {
        let (a, b) = (latencies(n, 1), latencies(n, 2));
        let value = median(n, || hodges_lehmann::hodges_lehmann(sample(&a), sample(&b), 0.95).shift) * per_second;
        figures.push(Figure { name: format!("Hodges-Lehmann with CI: 2 × {n}"), value, limit, unit });
    }
    figures.extend(others());
    println!("{}", machine());
    println!("\n{:<62} {:>10} {:>10}", "figure", "measured", "limit");
    for figure in &figures {
        let verdict = if figure.value <= figure.limit { "" } else { "  OVER" };
        println!("{:<62} {:>7.2} {:<2} {:>7.2} {:<2}{verdict}", figure.name, figure.value, figure.unit, figure.limit, figure.unit);
    }
    if figures.iter().all(|figure| figure.value <= figure.limit) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn others() -> Vec<Figure> {
    let d = latencies(1_000, 3);
    let flips = median(10_000, || sign_flip(sample(&d), DEFAULT_FLIPS, 1).p.two_sided) * 1e3;
    let (one, two) = (Rate::new(80, 100).unwrap(), Rate::new(70, 100).unwrap());
    let exact = median(10_000, || boschloo(one, two).two_sided) * 1e3;
    let options = bootstrap::Options { resamples: 10_000, level: 0.95, seed: 1 };
    let bca = median(100_000, || bootstrap::mean(&d, options).unwrap().low);
    let bca_median = median(1_000_000, || bootstrap::median(&d, options).unwrap().low);
    vec![
        Figure { name: "BCa of a mean, 10,000 resamples of 1,000".into(), value: bca, limit: 0.2, unit: "s" },
        Figure { name: "BCa of a median, 10,000 resamples of 1,000".into(), value: bca_median, limit: 0.5, unit: "s" },
        Figure { name: "sign flips, 10,000 of 1,000 pairs".into(), value: flips, limit: 50.0, unit: "ms" },
        Figure { name: "Boschloo, 100 against 100".into(), value: exact, limit: 50.0, unit: "ms" },
    ]
}

fn sample(values: &[f64]) -> Sample<'_> {
    Sample::new(values).unwrap()
}

/// Everything that `detect` shows of two samples, from one sort of each.
fn compare(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (sample(a), sample(b));
    let (one, two) = (Moments::of(a), Moments::of(b));
    let (low, high) = (a.sorted(), b.sorted());
    let merged = Merged::of(&low, &high);
    let (welch, student) = (welch::of_moments(&one, &two).unwrap(), student::of_moments(&one, &two).unwrap());
    let effects = effect::of_moments(&one, &two).unwrap();
    let ranks = MannWhitney::of_merged(merged);
    let distance = KolmogorovSmirnov::of_merged(merged);
    black_box((Summary::new(&one, &low), Summary::new(&two, &high), effects, student.p()));
    black_box((welch.p(), welch.interval(0.95), ranks.p(), ranks.cliffs_delta(), distance.d(), distance.p()));
    ranks.a12()
}

/// Skewed values around 800 with a tail, a little larger for a larger seed.
fn latencies(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = SplitMix64::new(seed);
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let base = 600.0 + seed as f64;
    (0..n).map(|_| base + 200.0 / (1.0 - rng.unit()).sqrt()).collect()
}

/// The median time of one call in seconds.
fn median<T>(n: usize, run: impl Fn() -> T) -> f64 {
    let times = (2_000_000 / n).clamp(5, 2_000);
    let mut seconds: Vec<f64> = (0..times)
        .map(|_| {
            let begin = Instant::now();
            black_box(run());
            begin.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |name| name.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{cores} cores, {model}, load {load}, prompt-cicd {}", env!("CARGO_PKG_VERSION"))
}
