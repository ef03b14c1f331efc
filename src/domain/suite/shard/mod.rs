//! One run spread over several machines: which samples belong to which, and their parts put together again.

mod written;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::run::{Checkout, Keeping, KnownCase, ProcessUse, Sample, SuiteRun, TestRun, TextBounds};
use crate::domain::{digest, regression::comparison::Change};
pub use written::{WrittenPart, WrittenRun};

/// One of several parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub index: u32,
    /// Of how many.
    pub total: u32,
}

impl Shard {
    /// The most parts of a run: what a matrix of GitHub can have.
    pub const MOST: u32 = 256;

    /// The whole run.
    pub const WHOLE: Self = Self { index: 1, total: 1 };

    /// Reads `2/8`.
    pub fn parse(text: &str) -> Option<Self> {
        let (index, total) = text.trim().split_once('/')?;
        let shard = Self { index: index.trim().parse().ok()?, total: total.trim().parse().ok()? };
        ((1..=Self::MOST).contains(&shard.total) && (1..=shard.total).contains(&shard.index)).then_some(shard)
    }

    /// Whether a case belongs to it: by its name alone, so that no other case moves when one comes or goes.
    pub fn has(self, suite: &str, case: &str) -> bool {
        if self.total == 1 {
            return true;
        }
        let digest = digest::sha256_hex(format!("{suite}\n{case}").as_bytes());
        let number = digest.get(..15).and_then(|start| u64::from_str_radix(start, 16).ok()).unwrap_or_default();
        number % u64::from(self.total) == u64::from(self.index - 1)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.total)
    }
}

/// What one of several machines found, with all that is needed to put the run together.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// [`Part::FORMAT`].
    pub format: String,
    /// The version of prompt-cicd that wrote it.
    pub tool: String,
    /// Which part it is.
    pub shard: Shard,
    /// The commit that was tested, where there is one.
    pub commit: Option<String>,
    /// The digest of the configuration file.
    pub config: String,
    /// The digest of everything that all parts together were to ask.
    pub plan: String,
    /// What each suite of the whole run has, in its order.
    pub suites: Vec<Whole>,
    /// What this part found: every suite, though it may have no sample here.
    pub run: TestRun,
}

/// What a suite has in the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whole {
    /// Its name.
    pub name: String,
    /// How many samples.
    pub samples: usize,
    /// How many of base.
    pub of_base: usize,
    /// What differs from base; `None` where nothing is compared.
    pub changes: Option<Vec<Change>>,
}

impl Part {
    /// What every such file begins with.
    pub const FORMAT: &str = "prompt-cicd-shard-2";

    /// Holds equal judgements of this part once.
    pub fn share(&mut self) {
        for suite in &mut self.run.suites {
            let mut keeping = Keeping::default();
            keeping.share(&mut suite.samples);
            suite.base.iter_mut().for_each(|base| keeping.share(&mut base.samples));
        }
    }
}

/// What keeps parts from being one run, with the number of the part that it is about; `None` for all.
pub type Mismatch = (Option<usize>, String);

/// Puts the parts of a run together. The order of the parts does not count.
///
/// # Errors
/// Everything that keeps them from being one run, each with the number of the part in `parts` that it is about; `None` for all.
pub fn merge(mut parts: Vec<Part>) -> Result<(TestRun, Vec<Whole>), Vec<Mismatch>> {
    let problems = mismatches(&parts);
    if !problems.is_empty() {
        return Err(problems);
    }
    parts.sort_by_key(|part| part.shard);
    let Some(first) = parts.first() else { return Err(vec![(None, "no parts".to_owned())]) };
    let wholes = first.suites.clone();
    let mut problems = Vec::new();
    // All of a part may be in quarantine, and not all of the run.
    let of_parts: Vec<String> = parts.iter().flat_map(|part| &part.run.suites).filter_map(SuiteRun::excused).collect();
    let samples = wholes.iter().map(|whole| whole.samples).fold(0, usize::saturating_add);
    let others = TextBounds::others(samples, wholes.len()).unwrap_or(usize::MAX);
    let suites: Vec<SuiteRun> = wholes.iter().filter_map(|whole| suite(whole, &mut parts, others, &mut problems)).collect();
    if !problems.is_empty() {
        return Err(problems.into_iter().map(|problem| (None, problem)).collect());
    }
    let runs = || parts.iter().map(|part| &part.run);
    let mut warnings: Vec<String> = Vec::new();
    let of_all: Vec<String> = suites.iter().filter_map(SuiteRun::excused).collect();
    for warning in runs().flat_map(|run| &run.warnings).chain(&of_all) {
        if !warnings.contains(warning) && (of_all.contains(warning) || !of_parts.contains(warning)) {
            warnings.push(warning.clone());
        }
    }
    let merged = TestRun {
        started_at: runs().map(|run| run.started_at.clone()).min().unwrap_or_default(),
        checkout: Checkout::of_parts(runs().map(|run| run.checkout.as_ref())),
        // They ran beside one another.
        duration: runs().map(|run| run.duration).max().unwrap_or_default(),
        suites,
        interrupted: runs().any(|run| run.interrupted),
        warnings,
        process: ProcessUse {
            peak_memory_mib: runs().map(|run| run.process.peak_memory_mib).fold(0.0, f64::max),
            cpu_percent: runs().map(|run| run.process.cpu_percent).fold(0.0, f64::max),
        },
    };
    Ok((merged, wholes))
}

/// What makes parts no parts of one run.
fn mismatches(parts: &[Part]) -> Vec<(Option<usize>, String)> {
    let Some(first) = parts.first() else { return Vec::new() };
    let mut problems = Vec::new();
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        let mut wrong = |what: String| problems.push((Some(number), what));
        let shard = part.shard;
        if part.format != Part::FORMAT {
            wrong(format!("written in the form `{}`, not `{}`", part.format, Part::FORMAT));
        }
        if part.tool != first.tool {
            wrong(format!("written by version {}, the first file by {}", part.tool, first.tool));
        }
        if shard.total != first.shard.total {
            wrong(format!("shard {shard}, but the first file is of {} shards", first.shard.total));
        } else if !(1..=shard.total).contains(&shard.index) {
            wrong(format!("there is no shard {shard}"));
        } else if seen.insert(shard.index, number).is_some() {
            wrong(format!("shard {shard} a second time"));
        }
        if part.commit != first.commit {
            let name = |commit: &Option<String>| commit.clone().unwrap_or_else(|| "none".to_owned());
            wrong(format!("of another commit: {}, the first file is of {}", name(&part.commit), name(&first.commit)));
        }
        if part.config != first.config {
            wrong("made with another configuration file than the first file".to_owned());
        } else if part.plan != first.plan || part.suites != first.suites {
            wrong("made with other prompts, cases or flags than the first file".to_owned());
        }
    }
    // A shard that belongs to another number of shards is said already.
    if problems.is_empty() {
        let missing: Vec<String> = (1..=first.shard.total)
            .filter(|index| !seen.contains_key(index))
            .map(|index| Shard { index, total: first.shard.total }.to_string())
            .collect();
        if !missing.is_empty() {
            problems.push((None, format!("shard {} is missing", missing.join(", "))));
        }
    }
    problems
}

/// One suite of all parts, which lose it; `None` where it has no sample at all, as in the run that is not spread.
fn suite(whole: &Whole, parts: &mut [Part], others: usize, problems: &mut Vec<String>) -> Option<SuiteRun> {
    let of_part = |part: &mut Part| {
        let place = part.run.suites.iter().position(|suite| suite.name == whole.name)?;
        Some(part.run.suites.remove(place))
    };
    let mut runs = parts.iter_mut().filter_map(of_part);
    let mut merged = SuiteRun { comparison: None, ..runs.next()? };
    for run in runs {
        merged.known.extend(run.known);
        merged.samples.extend(run.samples);
        merged.duration = merged.duration.max(run.duration);
        if let (Some(base), Some(more)) = (&mut merged.base, run.base) {
            base.samples.extend(more.samples);
        }
    }
    together(&mut merged.samples, whole.samples, others, &whole.name, problems);
    merged.known = known(merged.known, &merged.samples);
    if let Some(base) = &mut merged.base {
        together(&mut base.samples, whole.of_base, others, &format!("{} on base", whole.name), problems);
    }
    Some(merged)
}

/// What is known of the cases of all parts, in the order that a run which is not spread has: quarantines, then flaky cases, each in the
/// order of the cases.
fn known(mut all: Vec<KnownCase>, samples: &[Sample]) -> Vec<KnownCase> {
    if all.is_empty() {
        return all;
    }
    let mut place: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in samples {
        place.entry(&sample.case_id.0).or_insert(sample.case_index);
    }
    all.sort_by_key(|known| (known.quarantine.is_none(), place.get(known.case.0.as_str()).copied()));
    all
}

/// Puts samples in order, and lets texts go that the whole run would not have kept.
fn together(all: &mut [Sample], expected: usize, others: usize, name: &str, problems: &mut Vec<String>) {
    let key = |sample: &Sample| (sample.case_index, sample.repeat);
    all.sort_unstable_by_key(key);
    let twice = all.iter().zip(all.iter().skip(1)).filter(|(one, other)| key(one) == key(other)).count();
    if twice > 0 {
        problems.push(format!("suite `{name}`: {twice} samples are there twice"));
    } else if all.len() != expected {
        problems.push(format!("suite `{name}`: {} samples of {expected} are there", all.len()));
    }
    Keeping::new(TextBounds { others, ..TextBounds::default() }).finish(all);
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use super::*;
    use crate::domain::{
        provider::{FaultKind, ProviderFault},
        suite::{
            CaseId,
            run::{NotRun, PromptIdentity, SampleResult},
        },
    };

    fn sample(index: usize, repeat: u32) -> Sample {
        let result = if index.is_multiple_of(2) {
            SampleResult::NotRun(NotRun::Interrupted)
        } else {
            SampleResult::Faulted(ProviderFault::new(FaultKind::Timeout, format!("no answer to {index}")))
        };
        Sample {
            case_id: CaseId(format!("case-{index}")),
            case_index: index,
            repeat,
            vars: std::sync::Arc::default(),
            result,
            queue: Duration::from_nanos(index as u64 * 3 + 1),
            execution: Duration::from_micros(index as u64),
            attempts: 1,
            asked: Vec::new(),
        }
    }

    fn run(samples: Vec<Sample>) -> TestRun {
        let suite = SuiteRun {
            name: "greeting".to_owned(),
            prompt: PromptIdentity { name: "p".to_owned(), version: None, digest: "d".to_owned(), file: PathBuf::from("p.yml") },
            provider: "model".to_owned(),
            model: "m".to_owned(),
            listed: None,
            min_pass_rate: 0.95,
            lints: Vec::new(),
            sampling: None,
            confirmations: Vec::new(),
            known: Vec::new(),
            baselines: Vec::new(),
            duration: Duration::from_millis(1234),
            samples,
            base: None,
            comparison: None,
        };
        let process = ProcessUse { peak_memory_mib: 12.5, cpu_percent: 1.0 / 3.0 };
        let duration = Duration::from_secs(2);
        TestRun {
            started_at: "2026-01-02T03:04:05Z".to_owned(),
            checkout: None,
            duration,
            suites: vec![suite],
            interrupted: false,
            warnings: vec!["one".to_owned()],
            process,
        }
    }

    fn all() -> Vec<Sample> {
        (0..40).flat_map(|index| (0..2).map(move |repeat| sample(index, repeat))).collect()
    }

    fn part(index: u32, total: u32) -> Part {
        let shard = Shard { index, total };
        let samples = all().into_iter().filter(|sample| shard.has("greeting", &sample.case_id.0)).collect();
        let whole = Whole { name: "greeting".to_owned(), samples: 80, of_base: 0, changes: None };
        Part {
            format: Part::FORMAT.to_owned(),
            tool: "1".to_owned(),
            shard,
            commit: None,
            config: "c".to_owned(),
            plan: "p".to_owned(),
            suites: vec![whole],
            run: run(samples),
        }
    }

    fn refusal(parts: &[Part]) -> String {
        let lines: Vec<String> = merge(parts.to_vec()).unwrap_err().iter().map(|(number, what)| format!("{number:?} {what}\n")).collect();
        lines.concat()
    }

    #[test]
    fn any_number_of_shards_in_any_order_is_the_same_run_byte_for_byte() {
        let whole = serde_json::to_vec(&run(all())).unwrap();
        for total in 1..=9 {
            let mut parts: Vec<Part> = (1..=total).map(|index| part(index, total)).collect();
            parts.reverse();
            parts.rotate_left(usize::try_from(total).unwrap() / 2);
            // Each goes through its file.
            let parts: Vec<Part> = parts.iter().map(|part| serde_json::from_slice(&serde_json::to_vec(part).unwrap()).unwrap()).collect();
            assert_eq!(serde_json::to_vec(&merge(parts).unwrap().0).unwrap(), whole, "{total} shards");
        }
    }

    #[test]
    fn every_case_is_in_one_shard_and_stays_there() {
        for total in 1..=8 {
            for index in 0..100 {
                let holders = (1..=total).filter(|shard| Shard { index: *shard, total }.has("suite", &format!("case {index}")));
                assert_eq!(holders.count(), 1);
            }
        }
        // Fixed for good: a change would move cases between machines.
        let of = |case: &str| (1..=8).find(|index| Shard { index: *index, total: 8 }.has("greeting", case)).unwrap();
        assert_eq!(["ana", "ben", "c3", "é"].map(of), EXPECTED);
    }

    /// SHA-256 of "greeting\nana" …, its first 60 bits modulo 8, plus 1.
    const EXPECTED: [u32; 4] = [6, 2, 2, 1];

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!(Shard::parse("2/8"), Some(Shard { index: 2, total: 8 }));
        for wrong in ["", "0/8", "9/8", "1/0", "1", "a/b", "1/257", "-1/2"] {
            assert_eq!(Shard::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_missing_or_there_twice_is_said() {
        assert_eq!(refusal(&[part(1, 3), part(3, 3)]), "None shard 2/3 is missing\n");
        assert_eq!(refusal(&[part(1, 2), part(2, 2), part(2, 2)]), "Some(2) shard 2/2 a second time\n");
        assert_eq!(refusal(&[part(1, 2), part(2, 3)]), "Some(1) shard 2/3, but the first file is of 2 shards\n");
        let mut short = part(2, 2);
        short.run.suites[0].samples.pop();
        assert_eq!(refusal(&[part(1, 2), short]), "None suite `greeting`: 79 samples of 80 are there\n");
        let mut twice = part(2, 2);
        let again = twice.run.suites[0].samples[0].clone();
        twice.run.suites[0].samples.push(again);
        assert_eq!(refusal(&[part(1, 2), twice]), "None suite `greeting`: 1 samples are there twice\n");
    }

    #[test]
    fn parts_of_different_runs_are_no_run() {
        let with = |change: fn(&mut Part)| {
            let mut other = part(2, 2);
            change(&mut other);
            refusal(&[part(1, 2), other])
        };
        assert_eq!(with(|part| part.commit = Some("abc".to_owned())), "Some(1) of another commit: abc, the first file is of none\n");
        assert_eq!(with(|part| part.config = "x".to_owned()), "Some(1) made with another configuration file than the first file\n");
        assert_eq!(with(|part| part.plan = "x".to_owned()), "Some(1) made with other prompts, cases or flags than the first file\n");
        assert_eq!(with(|part| part.tool = "2".to_owned()), "Some(1) written by version 2, the first file by 1\n");
        assert_eq!(with(|part| part.format = "x".to_owned()), "Some(1) written in the form `x`, not `prompt-cicd-shard-2`\n");
    }
}
