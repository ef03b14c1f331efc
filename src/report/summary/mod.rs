//! What every report for people says, in words, before it is laid out: raw text, to be escaped by the renderer.

mod not_run;
mod performance;

use super::{
    figures::{Figures, Spread},
    number,
};
use crate::domain::{
    answer::Usage,
    duration,
    price_list::Listed,
    provider::FaultKind,
    regression::Comparison,
    suite::run::{
        AssertionRun, GraderCall, KeptAnswer, PromptIdentity, Sample, SampleResult, SuiteRun, TestRun, TestVerdict, grader_cost_of,
    },
};

pub(super) use not_run::{not_run, not_run_reason};
pub use performance::over_performance;
pub(super) use performance::{limit, limits_not_kept};

/// The longest text shown of one variable.
const LONGEST_VARIABLE: usize = 40;

/// Marks numbers of an earlier run.
pub(super) const REPLAYED: &str = "↻";

/// A verdict's mark: told apart without colour.
pub(super) fn mark(verdict: TestVerdict) -> &'static str {
    match verdict {
        TestVerdict::Passed => "✓",
        TestVerdict::Failed => "✗",
        TestVerdict::Inconclusive => "?",
    }
}

/// A verdict's word.
pub(super) fn word(verdict: TestVerdict) -> &'static str {
    match verdict {
        TestVerdict::Passed => "passed",
        TestVerdict::Failed => "failed",
        TestVerdict::Inconclusive => "inconclusive",
    }
}

/// Why the run has its verdict, in one sentence.
pub(super) fn conclusion(run: &TestRun) -> String {
    let counts = run.counts();
    let suites = number::plural(run.suites.len(), "suite");
    match run.verdict() {
        TestVerdict::Passed => {
            let all = number::plural(counts.total, "sample");
            match run.suites.iter().map(|suite| suite.counts().failed - suite.counting().failed).sum::<usize>() {
                0 => format!("{} of {all} passed in {suites}", number::size(counts.passed)),
                known => format!("{} of {all} passed in {suites}, {} not counted", number::size(counts.passed), number::size(known)),
            }
        }
        TestVerdict::Failed => {
            let of_head = || run.suites.iter().filter(|suite| suite.verdict_of_head() == TestVerdict::Failed);
            let below = of_head().filter(|suite| suite.is_below_pass_rate()).count();
            let over = of_head().filter(|suite| !suite.is_below_pass_rate()).count();
            let against =
                |wanted: fn(&Comparison) -> bool| run.suites.iter().filter(|suite| suite.comparison.as_ref().is_some_and(wanted)).count();
            let regressed = against(Comparison::regressed);
            let open = against(|comparison| comparison.fails() && !comparison.regressed());
            let baseline = run.suites.iter().filter(|suite| suite.baselines.iter().any(|against| against.comparison.fails())).count();
            let reasons = [
                (baseline, "worse than a baseline"),
                (regressed, "regressed against base"),
                (open, "not shown to be as good as base"),
                (below, "below the pass rate"),
                (over, "over a limit on performance"),
            ];
            let reasons =
                reasons.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{} of {suites} {why}", number::size(*count)));
            format!(
                "{}, {} of {} failed{}",
                reasons.collect::<Vec<_>>().join(", "),
                number::size(counts.failed),
                number::plural(counts.total, "sample"),
                match counts.faulted + counts.not_run {
                    0 => String::new(),
                    open => format!(", {} not judged", number::size(open)),
                }
            )
        }
        TestVerdict::Inconclusive if run.is_all_excused() => "every sample is in quarantine, so nothing can be concluded".to_owned(),
        TestVerdict::Inconclusive if counts.total == 0 => "nothing was asked, so nothing can be concluded".to_owned(),
        TestVerdict::Inconclusive if counts.faulted + counts.not_run == 0 => beside(run),
        TestVerdict::Inconclusive => format!(
            "{} of {} not judged, so nothing can be concluded{}",
            number::size(counts.faulted + counts.not_run),
            number::plural(counts.total, "sample"),
            match (run.interrupted, run.stopped_by_lints(), run.stopped_by_budget()) {
                (true, _, _) => " (the run was stopped)",
                (false, true, _) => " (the lints stopped the run)",
                (false, false, true) if run.has_no_budget() => " (the budget allows no request)",
                (false, false, true) => " (the budget was spent)",
                (false, false, false) => "",
            }
        ),
    }
}

/// Why nothing is concluded though every sample of head was judged.
fn beside(run: &TestRun) -> String {
    if run.suites.iter().any(SuiteRun::is_unmeasured) {
        return "a number that has a limit is not known, so nothing can be concluded".to_owned();
    }
    let open: usize = run.suites.iter().map(SuiteRun::unjudged_of_base).sum();
    format!("{} of base not judged, so nothing can be concluded", number::plural(open, "sample"))
}

/// The prompt as people name it: `greeting@1.2.0`.
pub(super) fn prompt(prompt: &PromptIdentity) -> String {
    match &prompt.version {
        Some(version) => format!("{}@{version}", prompt.name),
        None => prompt.name.clone(),
    }
}

/// A suite's pass rate, beside the one it needs where that is not all.
pub(super) fn pass_rate(suite: &SuiteRun) -> String {
    let rate = suite.counting().pass_rate().map_or_else(|| number::UNKNOWN.to_owned(), number::percent);
    if suite.min_pass_rate < 1.0 { format!("{rate}, needs {}", number::bound(suite.min_pass_rate)) } else { rate }
}

/// A sample's name: the case, and which repeat from the second on.
pub(super) fn sample_name(sample: &Sample) -> String {
    match sample.repeat {
        0 => sample.case_id.0.clone(),
        repeat => format!("{} [repeat {}]", sample.case_id, repeat.saturating_add(1)),
    }
}

/// A sample's variables, each shortened: `name="Ana", age=7`.
pub(super) fn variables(sample: &Sample) -> String {
    let shown = sample.vars.iter().map(|(name, value)| {
        let value = value.to_string();
        format!("{name}={}", super::escape::truncate_chars(&value, LONGEST_VARIABLE))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A latency of some samples, marked where it was measured in an earlier run; empty when there is none.
pub(super) fn latency(figures: &Figures, of: impl Fn(&Spread) -> Option<f64>) -> String {
    let shown = of(&figures.latency_ms).map(number::millis);
    shown.map_or_else(String::new, |shown| if figures.replayed { format!("{shown} {REPLAYED}") } else { shown })
}

/// Before a number that is a guess.
const ABOUT: &str = "≈";

/// Dollars; marked where tokens were guessed, empty where nobody knows.
pub(super) fn cost(usd: Option<f64>, usage: Usage) -> String {
    usd.map_or_else(String::new, |usd| format!("{}{}", if usage.estimated { ABOUT } else { "" }, number::usd(usd)))
}

/// Tokens in and out, as far as they are known, marked where they are guessed; empty when neither is.
pub(super) fn tokens(usage: Usage) -> String {
    let known = |count: Option<u64>| count.map_or_else(|| number::UNKNOWN.to_owned(), number::count);
    let about = if usage.estimated { ABOUT } else { "" };
    match usage {
        Usage { input_tokens: None, output_tokens: None, .. } => String::new(),
        Usage { input_tokens, output_tokens, .. } => format!("{about}{} + {}", known(input_tokens), known(output_tokens)),
    }
}

/// The judged samples of a suite that passed, or that did not.
pub(super) fn judged(suite: &SuiteRun, wanted: bool) -> impl Iterator<Item = (&Sample, &KeptAnswer, &[AssertionRun])> {
    suite.samples.iter().filter_map(move |sample| match &sample.result {
        SampleResult::Judged { answer, passed, assertions, .. } if *passed == wanted => Some((sample, answer, &**assertions)),
        SampleResult::Judged { .. } | SampleResult::Faulted(_) | SampleResult::NotRun(_) => None,
    })
}

/// The first reason that weighs against a sample: what its one-line summary says.
pub(super) fn main_failure(assertions: &[AssertionRun]) -> Option<&AssertionRun> {
    let failing = || assertions.iter().filter(|assertion| !assertion.passed);
    failing().find(|assertion| assertion.weight > 0.0).or_else(|| failing().next())
}

/// A failing assertion in one line.
pub(super) fn assertion(assertion: &AssertionRun) -> String {
    let note = if assertion.weight > 0.0 { "" } else { " (informational)" };
    format!("{}{note}: {}", assertion.label, assertion.reason)
}

/// One provider's fault, and how many samples it left without an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FaultGroup<'a> {
    pub kind: FaultKind,
    pub message: &'a str,
    pub count: usize,
    /// The first few cases it hit.
    pub cases: Vec<&'a str>,
}

/// Cases named for a fault; the count says how many there are.
const NAMED_CASES: usize = 3;

impl FaultGroup<'_> {
    /// `2 samples (ana, ben)`: how many and which.
    pub(super) fn samples(&self) -> String {
        let more = if self.count > self.cases.len() { ", …" } else { "" };
        format!("{} ({}{more})", number::plural(self.count, "sample"), self.cases.join(", "))
    }
}

/// The faults of a suite, each message once, the most frequent first.
pub(super) fn faults(suite: &SuiteRun) -> Vec<FaultGroup<'_>> {
    let mut positions = std::collections::HashMap::new();
    let mut groups: Vec<FaultGroup<'_>> = Vec::new();
    let of_base = suite.base.iter().flat_map(|base| &base.samples);
    for sample in suite.samples.iter().chain(of_base) {
        if let SampleResult::Faulted(fault) = &sample.result {
            let position = *positions.entry((fault.kind, fault.message.as_str())).or_insert(groups.len());
            match groups.get_mut(position) {
                Some(group) => {
                    group.count += 1;
                    if group.cases.len() < NAMED_CASES {
                        group.cases.push(&sample.case_id.0);
                    }
                }
                None => {
                    groups.push(FaultGroup { kind: fault.kind, message: &fault.message, count: 1, cases: vec![sample.case_id.0.as_str()] });
                }
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

/// Whom an assertion asked, what that cost and what was said.
pub(super) fn grader_call(call: &GraderCall) -> String {
    let model = call.model.as_ref().map(|model| format!(" ({model})")).unwrap_or_default();
    let cost = call.cost_usd.map(|dollars| format!(", {}", number::usd(dollars))).unwrap_or_default();
    let replayed = if call.origin.is_replayed() { ", replayed" } else { "" };
    format!("{}: {}{model}{cost}{replayed} said {}", call.label, call.grader, call.answer)
}

/// The run in sentences: how the samples ended, what they cost, what was replayed.
pub(super) fn totals(run: &TestRun) -> Vec<String> {
    let counts = run.counts();
    let figures = Figures::of(&run.suites);
    let mut ends = vec![format!("{} of {} passed", number::size(counts.passed), number::plural(counts.total, "sample"))];
    for (count, end) in [(counts.failed, "failed"), (counts.faulted, "without an answer"), (counts.not_run, "not run")] {
        if count > 0 {
            ends.push(format!("{} {end}", number::size(count)));
        }
    }
    let mut sentences = vec![format!("{}, in {}.", ends.join(", "), duration::human(run.duration))];
    if figures.live > 0 {
        sentences.push(spent(&figures));
    }
    sentences.extend(listed(run));
    if figures.replays() > 0 {
        let sources = [(figures.cached, "from the cache"), (figures.recorded, "from a cassette")];
        let sources: Vec<_> = sources.iter().filter(|(n, _)| *n > 0).map(|(n, source)| format!("{} {source}", number::size(*n))).collect();
        sentences.push(format!(
            "{REPLAYED} {} of {} replayed ({}) at no cost, with the latency they had when they were live.",
            number::size(figures.replays()),
            number::plural(figures.answers(), "answer"),
            sources.join(", ")
        ));
    }
    sentences.extend(graders(run));
    sentences
}

/// What judges and embeddings cost beside the answers.
fn graders(run: &TestRun) -> Option<String> {
    let calls = run.samples().flat_map(|sample| &sample.asked).filter(|call| call.model.is_some());
    let (live, replayed) =
        calls.fold((0, 0), |(live, replayed), call| if call.origin.is_replayed() { (live, replayed + 1) } else { (live + 1, replayed) });
    let cost = grader_cost_of(run.samples()).map_or_else(|| "unknown".to_owned(), number::usd);
    let again = if replayed > 0 { format!(", {} replayed at no cost", number::size(replayed)) } else { String::new() };
    (live + replayed > 0).then(|| format!("Judges and embeddings: {} asked for {cost}{again}.", number::plural(live, "question")))
}

/// The listed prices that costs were reckoned with: how old they are, and where today's are.
fn listed(run: &TestRun) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for listed in run.suites.iter().filter_map(|suite| suite.listed.as_ref()) {
        let (input, output) = (number::usd(listed.input_per_million), number::usd(listed.output_per_million));
        let Listed { model, as_of, source, .. } = listed;
        let sentence = format!(
            "The cost of {model} is estimated: {input} for a million tokens in and {output} out, as listed on {as_of}; {source} has the prices of today."
        );
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    said
}

fn spent(figures: &Figures) -> String {
    let cost = figures.cost_usd.map_or_else(|| "unknown (no price, or tokens that were not counted)".to_owned(), number::usd);
    let known = |count: Option<u64>| count.map_or_else(|| "an unknown number of".to_owned(), number::count);
    match figures.tokens {
        Usage { input_tokens: None, output_tokens: None, .. } => format!("Cost: {cost}. The provider did not count tokens."),
        Usage { input_tokens, output_tokens, estimated } => {
            let guessed = if estimated { " (estimated: a provider did not count)" } else { "" };
            format!("Cost: {cost}, for {} tokens in and {} out{guessed}.", known(input_tokens), known(output_tokens))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::ProviderFault;
    use crate::report::fixture;

    #[test]
    fn faults_are_grouped_and_the_frequent_ones_come_first() {
        let mut run = fixture::passing(4);
        for (sample, message) in run.suites[0].samples.iter_mut().zip(["once", "often", "often", "often"]) {
            sample.result = SampleResult::Faulted(ProviderFault::new(FaultKind::Timeout, message));
        }
        let groups = faults(&run.suites[0]);
        assert_eq!(groups.iter().map(|group| (group.message, group.count)).collect::<Vec<_>>(), [("often", 3), ("once", 1)]);
        assert_eq!(groups[0].samples().matches(", ").count(), 2, "{}", groups[0].samples());
    }

    #[test]
    fn an_empty_run_concludes_nothing() {
        let mut run = fixture::passing(0);
        run.suites.clear();
        assert_eq!(conclusion(&run), "nothing was asked, so nothing can be concluded");
        assert_eq!(totals(&run), ["0 of 0 samples passed, in 4.2 s."]);
    }

    #[test]
    fn the_failure_that_weighs_is_named_first() {
        let informational = AssertionRun { weight: 0.0, passed: false, ..fixture::assertion("latency", "latency: 1s", true, "took 2 s") };
        let weighty = fixture::assertion("contains", "contains: Ana", false, "not found");
        let both = [informational.clone(), weighty.clone()];
        assert_eq!(main_failure(&both), Some(&weighty));
        assert_eq!(main_failure(&both[..1]), Some(&informational));
        assert_eq!(assertion(&informational), "latency: 1s (informational): took 2 s");
    }
}
