//! Version 1 of the JSON report: frozen. Fields may be added, never renamed, removed or given another meaning.
//!
//! These types are copies of the domain's, so that the domain may change. They borrow, so that a report of many
//! answers is written without copying one. Times are in seconds where the name says nothing, else the unit is in the
//! name. A number that is not known, or not finite, is `null`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::suite::run::SuiteRun;

/// What `prompt-cicd test` found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report<'a> {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub schema_version: u32,
    /// What wrote the report.
    pub tool: Tool,
    /// What the run concluded.
    pub verdict: Verdict,
    /// When the run began, RFC 3339 in UTC.
    pub started_at: &'a str,
    /// What was checked out when the run began; null where there was no repository. Reports of a benchmark have null.
    pub checked_out: Option<CheckedOut<'a>>,
    /// Whether the run was stopped by a signal; the report holds what was done until then.
    pub interrupted: bool,
    /// Things worth knowing that are not failures.
    pub warnings: &'a [String],
    /// Whether comparing with base fails the run; null where nothing was compared.
    pub regressed: Option<bool>,
    /// The results of all suites together.
    #[serde(flatten)]
    pub results: Results<'a>,
    /// The suites in the order of the configuration.
    pub suites: Vec<Suite<'a>>,
}

/// The commit that a run is of.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckedOut<'a> {
    /// Its full name; null where there is none yet, or it could not be told.
    pub commit: Option<&'a str>,
    /// Whether a file that the run read was not as the commit has it, or nobody could tell.
    pub altered: bool,
    /// Which file, or why nobody could tell; null where nothing was altered.
    pub why: Option<&'a str>,
}

/// A program.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What a run or a suite concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every suite reached its pass rate, and every sample was judged.
    Passed,
    /// A suite stayed below its pass rate, or is worse than base.
    Failed,
    /// Some samples have no judgement, so nothing can be concluded. Never a pass.
    Inconclusive,
}

/// What one suite found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Suite<'a> {
    /// The suite's name.
    pub name: &'a str,
    /// What the suite concluded.
    pub verdict: Verdict,
    /// The prompt that was tested.
    pub prompt: Prompt<'a>,
    /// The provider's name.
    pub provider: &'a str,
    /// The model asked for.
    pub model: &'a str,
    /// The list's prices that costs are estimated with; null where the configuration has prices, or nobody knows any.
    pub listed_prices: Option<ListedPrices<'a>>,
    /// The share of samples that must pass.
    pub min_pass_rate: f64,
    /// Passed over judged samples; null when none was judged.
    pub pass_rate: Option<f64>,
    /// The suite's results.
    #[serde(flatten)]
    pub results: Results<'a>,
    /// The same suite as it is on base; null where nothing was asked there.
    pub base: Option<super::compared::Base<'a>>,
    /// What comparing with base found; null where nothing was compared.
    pub comparison: Option<super::compared::Comparison<'a>>,
    /// What asking more only while the verdict was open came to; null where the number of repeats was fixed.
    pub sampling: Option<super::repeats::Sampling>,
    /// pass@k and pass^k by k, from 1 on; empty where a case has fewer than two judged answers.
    pub pass_at: Vec<super::repeats::PassAt>,
    /// Failing cases that were asked again; no verdict rests on them.
    pub confirmations: Vec<super::repeats::Confirmation<'a>>,
    /// Limits on what the whole suite comes to; empty where the configuration has none, and in a part of a run.
    pub performance_limits: Vec<PerformanceLimit>,
    /// Cases in quarantine, and cases that failed and whose history says that they are flaky.
    pub known_cases: Vec<super::known::KnownCase<'a>>,
    /// What comparing with baselines found: earlier runs that were not asked anew.
    pub baselines: Vec<super::known::Baseline<'a>>,
}

/// One limit on what the whole suite comes to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PerformanceLimit {
    /// Its key in the configuration, such as `latency-p95`.
    pub name: &'static str,
    /// What both numbers are in: `ms`, `usd` or `tokens`.
    pub unit: &'static str,
    /// What the suite came to; null where nobody knows.
    pub value: Option<f64>,
    /// The most that is allowed.
    pub bound: f64,
    /// `passed` where the value is at most the bound, `failed` where it is more, `inconclusive` where nobody knows.
    pub verdict: Verdict,
}

/// Which prompt was tested.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Prompt<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version, where it has one.
    pub version: Option<&'a str>,
    /// SHA-256 of its canonical content.
    pub digest: &'a str,
    /// Its file as the user named it.
    pub file: String,
}

/// Prices of a list that comes with the program: costs reckoned with them are estimates.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListedPrices<'a> {
    /// For a million tokens of requests.
    pub input_per_million: f64,
    /// For a million tokens of answers.
    pub output_per_million: f64,
    /// The currency.
    pub currency: &'a str,
    /// The day on which they were looked up, as `YYYY-MM-DD`.
    pub as_of: &'a str,
    /// The page with the prices of today.
    pub source: &'a str,
    /// Always true.
    pub estimated: bool,
}

/// The results of one suite or of all of them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Results<'a> {
    /// Whether the verdict is `passed`.
    pub passed: bool,
    /// All samples: cases times repeats.
    pub total_tests: usize,
    /// Samples that were judged and hold.
    pub passed_tests: usize,
    /// Samples that were judged and do not hold.
    pub failed_tests: usize,
    /// Samples without an answer: the provider's fault, not the prompt's.
    pub error_tests: usize,
    /// Samples that were not asked.
    pub not_run_tests: usize,
    /// Each kind of assertion over all judged samples, and each lint by its rule.
    pub validation_results: BTreeMap<&'a str, Validation>,
    /// Time, memory, tokens and money.
    pub performance_metrics: Performance,
    /// The samples: suite by suite, in the order of cases, then repeats.
    #[serde(serialize_with = "super::write_samples")]
    #[schemars(with = "Vec<CaseResult<'static>>")]
    pub test_case_results: &'a [SuiteRun],
    /// One sentence for each sample that did not pass.
    #[serde(serialize_with = "super::write_errors")]
    #[schemars(with = "Vec<String>")]
    pub errors: &'a [SuiteRun],
}

/// One kind of assertion over all judged samples, or one lint.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Validation {
    /// Whether it holds everywhere, informational ones aside; of a lint, whether it found nothing that counts.
    pub passed: bool,
    /// How often it holds, or what was found.
    pub details: String,
}

/// Time, memory, tokens and money.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Performance {
    /// Seconds from the first sample started to the last one finished.
    pub total_execution_time: f64,
    /// Mean of the samples' `execution_time`, in seconds.
    pub average_test_time: Option<f64>,
    /// The most memory this process had resident, in MiB: always of the whole run.
    pub memory_usage_mb: Option<f64>,
    /// User and system time over wall time, in percent of one core: always of the whole run.
    pub cpu_usage_percent: Option<f64>,
    /// From the first byte of a request sent to the last byte of its answer read.
    pub latency_ms: Latency,
    /// How long samples waited for a free slot: never part of the latency.
    pub queue_ms: Queue,
    /// Tokens of the answers asked for in this run; replayed ones are not counted.
    pub tokens: Tokens,
    /// US dollars for the answers asked for in this run; null when no price is known.
    pub cost_usd: Option<f64>,
    /// US dollars for judges and embeddings asked in this run, beside `cost_usd`; 0 when none was asked, null when the
    /// price of one is not known.
    pub grader_cost_usd: Option<f64>,
}

/// Latencies of the live answers if there are any, else of the replayed ones; never of both.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Latency {
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 95 % are at most this.
    pub p95: Option<f64>,
    /// 99 % are at most this.
    pub p99: Option<f64>,
    /// How many answers these numbers are from.
    pub samples: usize,
    /// Whether they were measured in an earlier run.
    pub replayed: bool,
}

/// Waiting times.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Queue {
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 95 % are at most this.
    pub p95: Option<f64>,
    /// 99 % are at most this.
    pub p99: Option<f64>,
}

/// Tokens as the provider counted them, or guessed where it does not count.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tokens {
    /// Tokens of the requests.
    pub input: Option<u64>,
    /// Tokens of the answers.
    pub output: Option<u64>,
    /// Whether some of them are guessed, a token for four characters: the provider did not count.
    pub estimated: bool,
}

/// One sample: a case asked once.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseResult<'a> {
    /// The case's position in its suite, from 0.
    pub case_index: usize,
    /// The case.
    pub case_id: &'a str,
    /// The suite.
    pub suite: &'a str,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// The case's variables; empty where the texts are left out of a run of more than 10,000 samples.
    pub input: &'a Map<String, Value>,
    /// The answer; null when there is none, or where it is left out of a run of more than 10,000 samples.
    pub output: Option<&'a str>,
    /// Whether the sample was judged and holds.
    pub passed: bool,
    /// How the sample ended.
    pub state: State,
    /// Seconds from taking the slot to the last judgement, retries and their pauses included.
    pub execution_time: f64,
    /// From the first byte of the request sent to the last byte of the answer read; of a replayed answer when it was live.
    pub latency_ms: Option<f64>,
    /// How long the sample waited for a free slot.
    pub queue_ms: f64,
    /// From the first byte of the request sent to the first piece of text; known only for streamed answers.
    pub time_to_first_token_ms: Option<f64>,
    /// Whether the answer repeats an earlier one (from the cache or a cassette): no new sample.
    pub cached: bool,
    /// Where the answer comes from; null when there is none.
    pub origin: Option<Origin>,
    /// US dollars for the answer, where a price is known; of a replayed answer what it cost when it was live.
    pub cost_usd: Option<f64>,
    /// Tokens of request and answer.
    pub tokens: Tokens,
    /// Why the model stopped, as the provider spells it.
    pub finish_reason: Option<&'a str>,
    /// The model that answered, as it names itself.
    pub model: Option<&'a str>,
    /// How many requests the sample took.
    pub attempts: u32,
    /// The weighted mean of the assertions' scores, in [0, 1]; null without an answer.
    pub score: Option<f64>,
    /// Why there is no answer; null when there is one.
    pub error: Option<Error<'a>>,
    /// The judgements, in the order of the assertions.
    pub assertions: Vec<Assertion<'a>>,
    /// Whom the assertions asked: judges, embeddings, programs. Where one of them could not decide, the answer itself comes
    /// first, and `output` is null.
    pub grader_calls: Vec<GraderCall<'a>>,
}

/// What an assertion asked of a judge, of a server of embeddings or of a program.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraderCall<'a> {
    /// The assertion, shortened.
    pub assertion: &'a str,
    /// The provider's name, or the program with its arguments.
    pub grader: &'a str,
    /// The model asked for; null for programs.
    pub model: Option<&'a str>,
    /// What it was asked.
    pub prompt: &'a str,
    /// What it said.
    pub answer: &'a str,
    /// Tokens, where the provider says.
    pub tokens: Tokens,
    /// US dollars, where a price is known; of a replayed answer what it cost when it was live.
    pub cost_usd: Option<f64>,
    /// From the first byte of the request sent to the last byte of the answer read; 0 for programs.
    pub latency_ms: f64,
    /// Where the answer comes from.
    pub origin: Origin,
}

/// How a sample ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Judged, and it holds.
    Passed,
    /// Judged, and it does not hold.
    Failed,
    /// The provider gave no answer.
    Error,
    /// Not asked.
    NotRun,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Asked for in this run.
    Live,
    /// Taken from the answer cache.
    Cached,
    /// Taken from a cassette.
    Recorded,
}

/// Why a sample has no answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Error<'a> {
    /// A provider's fault (`unreachable`, `timeout`, `rate-limited`, `denied`, `rejected`, `malformed`, `not-recorded`) or
    /// the reason for not asking (`interrupted`, `suite-time-limit`, `rate-limit`, `provider-down`, `lints`, `budget`).
    pub kind: &'static str,
    /// What happened and what to do.
    pub message: std::borrow::Cow<'a, str>,
}

/// One assertion's judgement on one answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Assertion<'a> {
    /// The kind's name, with `not-` in front when negated.
    pub name: &'a str,
    /// The assertion as written, shortened.
    pub label: &'a str,
    /// Whether it holds.
    pub passed: bool,
    /// In [0, 1].
    pub score: f64,
    /// Its share in the sample's score; 0 is informational.
    pub weight: f64,
    /// Why, with the numbers.
    pub reason: &'a str,
}
