//! One run spread over several machines: which samples belong to which, and their parts put together again.

mod mismatch;
mod written;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    performance::Performance,
    run::{Checkout, Keeping, KnownCase, ProcessUse, Sample, SuiteRun, TestRun, TextBounds},
};
use crate::domain::{digest, lint::LintReport, regression::comparison::Change};
use mismatch::mismatches;
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
    /// What the lints found in the whole run: every machine looks at all of it.
    pub lints: LintReport,
    /// What this part found: every suite, though it may have no sample here.
    pub run: TestRun,
}

/// What a suite has in the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// What all its samples together may come to: no part can tell.
    pub limits: Performance,
}

impl Part {
    /// What every such file begins with.
    pub const FORMAT: &str = "prompt-cicd-shard-4";

    /// Holds equal judgements of this part once.
    pub fn share(&mut self) {
        for suite in &mut self.run.suites {
            let mut keeping = Keeping::default();
            keeping.share(&mut suite.samples);
            suite.base.iter_mut().for_each(|base| keeping.share(&mut base.samples));
        }
    }
}

/// All parts as one.
#[derive(Debug)]
pub struct Merged {
    /// The run that they are parts of.
    pub run: TestRun,
    /// What each of its suites has.
    pub suites: Vec<Whole>,
    /// What the lints found in it.
    pub lints: LintReport,
}

/// What keeps parts from being one run, with the number of the part that it is about; `None` for all.
pub type Mismatch = (Option<usize>, String);

/// Puts the parts of a run together, as of the commit that this `job` works at. The order of the parts does not count.
///
/// # Errors
/// Everything that keeps them from being one run, each with the number of the part in `parts` that it is about; `None` for all.
pub fn merge(mut parts: Vec<Part>, job: Option<&str>) -> Result<Merged, Vec<Mismatch>> {
    let problems = mismatches(&parts, job);
    if !problems.is_empty() {
        return Err(problems);
    }
    parts.sort_by_key(|part| part.shard);
    let Some(first) = parts.first() else { return Err(vec![(None, "no parts".to_owned())]) };
    let (wholes, lints) = (first.suites.clone(), first.lints.clone());
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
    let run = TestRun {
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
    Ok(Merged { run, suites: wholes, lints })
}

/// One suite of all parts, which lose it; `None` where it has no sample at all, as in the run that is not spread.
fn suite(whole: &Whole, parts: &mut [Part], others: usize, problems: &mut Vec<String>) -> Option<SuiteRun> {
    let of_part = |part: &mut Part| {
        let place = part.run.suites.iter().position(|suite| suite.name == whole.name)?;
        Some(part.run.suites.remove(place))
    };
    let mut runs = parts.iter_mut().filter_map(of_part);
    let mut merged = SuiteRun { comparison: None, limits_on_performance: whole.limits, ..runs.next()? };
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
