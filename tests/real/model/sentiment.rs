//! Base against head on a real model: reviews labelled by a prompt with fewer examples, or with the same ones.
//!
//! The whole takes about three minutes on one core. With `PROMPT_CICD_LIVE_RUNS=20` the unchanged prompt is also asked that
//! many times anew instead of from the pool of its answers, which takes about half an hour. With `UPDATE_POOL=1` the answers of
//! the model become those of tests/data/sentiment/answers.json, from which the twenty seeded runs draw.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};

use super::run;
use crate::model_server::{Behaviour, FakeModel};

const REVIEWS: &str = include_str!("../../data/sentiment/reviews.jsonl");
const SHOTS: [(&str, &str); 6] = [
    ("Terrible service, I am angry.", "negative"),
    ("I love this shop, thank you.", "positive"),
    ("The room was dirty and loud.", "negative"),
    ("The room was clean and quiet.", "positive"),
    ("Bad product, it does not work.", "negative"),
    ("Great product, it works well.", "positive"),
];
/// Cases at which two examples of one label instead of six of both are found to be worse. (One example of each label is as good
/// as three here: 31 against 32 right of 40. No number of cases makes that a regression.)
const DECIDES_AT: usize = 40;
/// Two complaints.
const ONE_SIDED: [usize; 2] = [0, 2];
const ALL: [usize; 6] = [0, 1, 2, 3, 4, 5];

fn live() -> String {
    std::env::var("PROMPT_CICD_REAL_MODEL").expect("PROMPT_CICD_REAL_MODEL names the server: run scripts/test")
}

/// A repository with a labelling suite: so many reviews, asked as `repeat` says, so many at once.
fn repository(base_url: &str, cases: usize, repeat: &str, concurrency: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let cases: String = REVIEWS.split_inclusive('\n').take(cases).collect();
    let config = format!(
        "version: 1\nrun: {{max-concurrency: 4}}\nproviders:\n  local: {{kind: openai, base-url: \"{base_url}\", model: smollm2-135m-instruct}}\n\
         suites:\n  - name: sentiment\n    prompt: sentiment.prompt.yml\n    provider: local\n    cases: reviews.jsonl\n    repeat: {repeat}\n    concurrency: {concurrency}\n    \
         min-pass-rate: 0.01\n    limits: {{request: 2m, case: 10m, suite: 2h}}\n"
    );
    std::fs::write(folder.path().join("reviews.jsonl"), cases).unwrap();
    std::fs::write(folder.path().join("prompt-cicd.yml"), config).unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    folder
}

/// The labelling prompt with these examples.
fn prompt(folder: &Path, shots: &[usize], temperature: f64, seed: usize) {
    let mut text = format!(
        "name: sentiment\nmodelParameters: {{temperature: {temperature}, maxTokens: 8, seed: {seed}}}\nmessages:\n  \
         - {{role: system, content: \"Is the review positive or negative? Answer with one word.\"}}\n"
    );
    for (review, label) in shots.iter().map(|shot| SHOTS[*shot]) {
        write!(text, "  - {{role: user, content: \"{review}\"}}\n  - {{role: assistant, content: {label}}}\n").unwrap();
    }
    text.push_str("  - {role: user, content: \"{{review}}\"}\n");
    std::fs::write(folder.join("sentiment.prompt.yml"), text).unwrap();
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "--quiet", "--allow-empty", "-m", "as it was"]);
}

#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
/// Compares what is there with the last commit; the exit code and the suite.
fn compare(folder: &Path) -> (i32, Value) {
    let (code, json) = run(folder, &["--base", "HEAD"]);
    let suite = json["suites"][0].clone();
    println!(
        "{}: pass rate {} to {}, interval {}, sampling {}",
        suite["comparison"]["verdict"],
        suite["comparison"]["metrics"][0]["base"],
        suite["comparison"]["metrics"][0]["head"],
        suite["comparison"]["metrics"][0]["interval"],
        suite["sampling"]
    );
    (code, suite)
}

fn pass_rate(suite: &Value) -> &Value {
    let metrics = suite["comparison"]["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == "pass-rate").unwrap_or_else(|| panic!("{metrics:?}"))
}

#[test]
fn two_examples_instead_of_six_are_a_regression_at_forty_cases() {
    let folder = repository(&live(), DECIDES_AT, "1", 4);
    prompt(folder.path(), &ALL, 0.0, 7);
    commit(folder.path());
    prompt(folder.path(), &ONE_SIDED, 0.0, 7);
    let (code, suite) = compare(folder.path());
    assert_eq!((code, pass_rate(&suite)["verdict"].as_str()), (12, Some("regressed")), "{}", suite["comparison"]["metrics"]);
    assert_eq!(pass_rate(&suite)["pairs"].as_u64(), Some(DECIDES_AT as u64));
}

#[test]
fn a_clear_difference_stops_the_repeats_early() {
    let folder = repository(&live(), 30, "{min: 1, max: 5, stop: decided}", 4);
    prompt(folder.path(), &ALL, 0.5, 7);
    commit(folder.path());
    prompt(folder.path(), &[], 0.5, 7);
    let (code, suite) = compare(folder.path());
    let sampling = &suite["sampling"];
    assert_eq!((code, pass_rate(&suite)["verdict"].as_str()), (12, Some("regressed")), "{}", suite["comparison"]["metrics"]);
    assert_eq!((sampling["stopped"].as_str(), sampling["most"].as_u64()), (Some("decided"), Some(300)), "{sampling}");
    assert!(sampling["look"].as_u64().unwrap() <= 2 && sampling["saved"].as_u64().unwrap() >= 180, "{sampling}");
}

/// Cases of the unchanged prompt.
const CASES: usize = 24;

/// Answers that the model gave to each review, and which of the twenty runs draws from them.
static POOL: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
static RUN: AtomicU64 = AtomicU64::new(0);

/// One of the answers to a review, drawn anew for each request of a run.
#[expect(clippy::unnecessary_wraps, reason = "the rules of the fake model may refuse; this one does not")]
fn drawn(before: usize, review: &str) -> Result<String, u16> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let run = RUN.load(Ordering::SeqCst).to_le_bytes();
    for byte in review.bytes().chain(run).chain(before.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let pool = POOL.lock().unwrap();
    let answers = &pool[review];
    // The last bytes change the upper bits too little without this (the end of MurmurHash3).
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let at = usize::try_from((hash ^ (hash >> 33)) % answers.len() as u64).unwrap();
    Ok(answers[at].clone())
}

/// Runs of a prompt against itself.
const RUNS: u64 = 20;
/// False alarms in twenty runs at which the rule is wrong: more than three come by chance in 1.6 % of all tries at the level of 5 %
/// that the rule must keep, and far more seldom at the rate that it has (docs/design/deciding.md).
const ALARMS: usize = 3;

#[test]
fn a_prompt_against_itself_is_never_called_worse_in_twenty_seeded_runs() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sentiment/answers.json");
    if std::env::var_os("UPDATE_POOL").is_some() {
        std::fs::write(&recorded, serde_json::to_string_pretty(&answers()).unwrap() + "\n").unwrap();
    }
    let pool: BTreeMap<String, Vec<String>> = serde_json::from_str(&std::fs::read_to_string(recorded).unwrap()).unwrap();
    assert_eq!(alarms(pool), 0);
}

#[test]
fn a_prompt_against_itself_on_the_live_model_is_called_worse_no_more_often_than_the_level() {
    if let Some(runs) = std::env::var("PROMPT_CICD_LIVE_RUNS").ok().and_then(|runs| runs.parse::<usize>().ok()) {
        let alarms = (1..=runs).filter(|seed| is_called_worse(&live(), *seed)).count();
        assert!(alarms <= ALARMS, "{alarms} of {runs}");
    }
    let alarms = alarms(answers());
    assert!(alarms <= ALARMS, "{alarms} of {RUNS}");
}

/// What the live model answers to each review, four times. Without a seed the answers may differ.
fn answers() -> BTreeMap<String, Vec<String>> {
    let folder = repository(&live(), CASES, "4", 4);
    prompt(folder.path(), &ALL, 0.7, 7);
    let config = std::fs::read_to_string(folder.path().join("sentiment.prompt.yml")).unwrap();
    std::fs::write(folder.path().join("sentiment.prompt.yml"), config.replace(", seed: 7", "")).unwrap();
    let (_, json) = run(folder.path(), &["--no-base"]);
    let results = json["test_case_results"].as_array().unwrap();
    assert_eq!(results.len(), 4 * CASES);
    let mut pool: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for result in results {
        let review = result["input"]["review"].as_str().unwrap().to_owned();
        pool.entry(review).or_default().push(result["output"].as_str().unwrap().to_owned());
    }
    pool
}

/// How many of the twenty runs, which draw from these answers, call the prompt worse than itself.
fn alarms(pool: BTreeMap<String, Vec<String>>) -> usize {
    let unsteady = pool.values().filter(|answers| answers.iter().any(|answer| *answer != answers[0])).count();
    assert!(unsteady > 0, "answers at temperature 0.7 differ");
    *POOL.lock().unwrap() = pool;
    let model = FakeModel::start(Behaviour::Rule(drawn));
    let worse = |seed: u64| {
        RUN.store(seed, Ordering::SeqCst);
        is_called_worse(&model.base_url(), usize::try_from(seed).unwrap())
    };
    (1..=RUNS).filter(|seed| worse(*seed)).count()
}

fn is_called_worse(base_url: &str, seed: usize) -> bool {
    // One request at a time, so that the order of requests is that of the draws.
    let folder = repository(base_url, CASES, "{min: 1, max: 4}", 1);
    prompt(folder.path(), &ALL, 0.7, 2 * seed);
    commit(folder.path());
    // Another seed only: the same prompt, other answers.
    prompt(folder.path(), &ALL, 0.7, 2 * seed + 1);
    let (code, suite) = compare(folder.path());
    assert!(suite["comparison"]["metrics"].as_array().is_some_and(|metrics| !metrics.is_empty()), "run {seed}: something was compared");
    let worse = suite["comparison"]["verdict"] == json!("regressed");
    assert_eq!(code, if worse { 12 } else { 0 }, "run {seed}: {}", suite["comparison"]["metrics"]);
    worse
}
