//! Baselines: what each case's numbers were in the last runs of the default branch, and in releases that were pinned.
//!
//! A run keeps one number for each case and metric: the mean over its live samples. The numbers of several runs are pooled case by
//! case, so that a run is compared with the same cases, and what differs between cases does not stand in the way.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A number for each case, by the metric's name.
pub type Values = BTreeMap<String, BTreeMap<String, f64>>;

/// What each case was: the digest of its variables, assertions and judges.
pub type Definitions = BTreeMap<String, String>;

/// The runs of one suite that baselines are made of, oldest first, and the pinned ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteBaselines {
    /// The suite's name.
    pub suite: String,
    /// Runs that were let go of.
    pub dropped: u64,
    /// The runs that are kept, oldest first.
    pub runs: Vec<BaselineRun>,
    /// Baselines that stay until somebody lets go of them, by name.
    pub pinned: BTreeMap<String, Pinned>,
}

/// A run's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineRun {
    /// Tells it from all other runs.
    pub id: String,
    /// When it began, RFC 3339 in UTC.
    pub at: String,
    /// The commit that was tested, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether its commit was not on the default branch when the run was taken in: such runs are let go of first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// The model that was asked.
    pub model: String,
    /// The digest of the prompt.
    pub digest: String,
    /// What the cases were, where that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cases: Definitions,
    /// The numbers.
    pub values: Values,
}

impl BaselineRun {
    /// Whether it is the same run: by its name, or, as a run and its report have names of their own, by what it was and when.
    pub fn is_same(&self, other: &Self) -> bool {
        let what = (&self.at, &self.commit, &self.digest, &self.model);
        self.id == other.id || what == (&other.at, &other.commit, &other.digest, &other.model)
    }
}

/// A baseline that stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// When it was pinned, RFC 3339 in UTC.
    pub at: String,
    /// The runs that it was pooled from: their commits, where known, else their ids.
    pub of: Vec<String>,
    /// The model that was asked.
    pub model: String,
    /// What the cases were, where that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cases: Definitions,
    /// The pooled numbers.
    pub values: Values,
    /// Of benchmarks the runs themselves: a new run is judged by how those differ, of which a pooled number says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<BaselineRun>,
}

/// Why something cannot be pinned: the record holds so much only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom {
    /// How large the record would be with all of its runs, in bytes of JSON.
    pub bytes: usize,
    /// The runs that count now.
    pub before: usize,
    /// Those of them that would stay.
    pub stay: usize,
}

/// Which runs are pooled, and how they were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen<'b> {
    /// The runs, oldest first.
    pub runs: Vec<&'b BaselineRun>,
    /// What is not as one would expect.
    pub note: Option<String>,
}

impl SuiteBaselines {
    /// The baselines of a suite before its first run.
    pub fn of(suite: &str) -> Self {
        Self { suite: suite.to_owned(), ..Self::default() }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.pinned.is_empty()
    }

    /// Takes a run in, in the order of time. `false`: it is there already, maybe by another way, or has no numbers, and nothing changed.
    pub fn record(&mut self, run: &BaselineRun) -> bool {
        if run.values.values().all(BTreeMap::is_empty) || self.runs.iter().any(|there| there.is_same(run)) {
            return false;
        }
        let place = self.runs.partition_point(|there| (&there.at, &there.id) <= (&run.at, &run.id));
        self.runs.insert(place, run.clone());
        true
    }

    /// Lets go of runs beyond `keep`: of those aside of the default branch first, then of the oldest. Returns how many went.
    pub fn compact(&mut self, keep: usize) -> usize {
        let (aside, oldest) = self.compact_unmerged(keep, &|run| run.aside);
        aside + oldest
    }

    fn compact_oldest(&mut self, keep: usize) -> usize {
        let excess = self.runs.len().saturating_sub(keep);
        self.runs.drain(..excess);
        self.dropped += u64::try_from(excess).unwrap_or(u64::MAX);
        excess
    }

    /// Lets go of the oldest runs until all takes at most `bytes` as JSON; the newest run stays. Returns how many went.
    pub fn fit(&mut self, bytes: usize) -> usize {
        let mut went = 0;
        while self.runs.len() > 1 && serde_json::to_vec(self).is_ok_and(|json| json.len() > bytes) {
            went += self.compact(self.runs.len() - 1);
        }
        went
    }

    /// Pins under a name, and lets go of old runs until all takes at most `bytes`; returns how many went. `counting` says how many of some runs
    /// count in a comparison: `least` of them, or all there are, stay.
    ///
    /// # Errors
    /// There is no room for so many beside what is pinned: nothing is changed.
    pub fn pin(
        &mut self,
        name: &str,
        pinned: Pinned,
        (bytes, least): (usize, usize),
        counting: &dyn Fn(&[BaselineRun]) -> usize,
    ) -> Result<usize, NoRoom> {
        let size = |record: &Self| serde_json::to_vec(record).map_or(usize::MAX, |json| json.len());
        let mut after = self.clone();
        after.pinned.insert(name.to_owned(), pinned);
        let whole = size(&after);
        let went = after.fit(bytes);
        let (before, stay) = (counting(&self.runs), counting(&after.runs));
        if stay < before.min(least) || size(&after) > bytes {
            return Err(NoRoom { bytes: whole, before, stay });
        }
        *self = after;
        Ok(went)
    }

    /// The `k` runs of the commits that are nearest before `at`, oldest first; of several runs of one commit, and where all are equally far,
    /// the newest. `distance` says how far a commit that leads to `at` is from it, and nothing of others: a run of those never counts, and is
    /// said.
    pub fn last(&self, k: usize, at: &str, distance: &dyn Fn(&str) -> Option<u64>) -> Chosen<'_> {
        let far = |run: &BaselineRun| run.commit.as_deref().and_then(distance);
        let mut near: Vec<(u64, usize, &BaselineRun)> =
            self.runs.iter().enumerate().filter_map(|(place, run)| Some((far(run)?, place, run))).collect();
        near.sort_by_key(|(far, place, _)| (*far, std::cmp::Reverse(*place)));
        near.truncate(k);
        near.reverse();
        // Those that stand before all that count are no matter, once there are enough.
        let first = near.iter().map(|(_, place, _)| *place).min().filter(|_| near.len() == k).unwrap_or(0);
        let others = self.runs.iter().skip(first).filter(|run| far(run).is_none()).count();
        let runs: Vec<&BaselineRun> = near.into_iter().map(|(_, _, run)| run).collect();
        let nearest = runs.last().and_then(|run| run.commit.as_deref());
        let before = nearest
            .filter(|nearest| *nearest != at)
            .map(|nearest| format!("the nearest recorded commit before {} is {}", short(at), short(nearest)));
        let passed_over = counted(others).map(|others| format!("{others} of commits that do not lead to {}: not counted", short(at)));
        let notes: Vec<String> = before.into_iter().chain(passed_over).collect();
        Chosen { runs, note: (!notes.is_empty()).then(|| notes.join("; ")) }
    }

    /// Takes note that these commits reached the default branch after their runs were taken in; whether that changed anything.
    pub fn no_longer_aside(&mut self, merged: &BTreeSet<String>) -> bool {
        let is_merged = |run: &&mut BaselineRun| run.aside && run.commit.as_ref().is_some_and(|commit| merged.contains(commit));
        self.runs.iter_mut().filter(is_merged).map(|run| run.aside = false).count() > 0
    }

    /// The last `k` runs that were made where there was no repository.
    pub fn of_no_commit(&self, k: usize) -> Chosen<'_> {
        let (runs, others) = self.newest(k, |run| run.commit.is_none());
        let newest = (!runs.is_empty()).then(|| "there is no repository here: the newest runs are taken".to_owned());
        let passed_over = counted(others).map(|others| format!("{others} of commits, which cannot be looked up here: not counted"));
        let notes: Vec<String> = newest.into_iter().chain(passed_over).collect();
        Chosen { runs, note: (!notes.is_empty()).then(|| notes.join("; ")) }
    }

    /// The newest `k` of those that count, oldest first, and how many were passed over on the way.
    fn newest(&self, k: usize, counts: impl Fn(&BaselineRun) -> bool) -> (Vec<&BaselineRun>, usize) {
        let (mut runs, mut others) = (Vec::new(), 0);
        for run in self.runs.iter().rev() {
            if runs.len() == k {
                break;
            }
            if counts(run) { runs.push(run) } else { others += 1 }
        }
        runs.reverse();
        (runs, others)
    }

    /// Lets go of runs beyond `keep`: of those that `unmerged` says first, then of the oldest. Returns how many of each went.
    pub fn compact_unmerged(&mut self, keep: usize, unmerged: &dyn Fn(&BaselineRun) -> bool) -> (usize, usize) {
        let mut excess = self.runs.len().saturating_sub(keep);
        let before = self.runs.len();
        self.runs.retain(|run| {
            let goes = excess > 0 && unmerged(run);
            excess -= usize::from(goes);
            !goes
        });
        let went = before - self.runs.len();
        self.dropped += u64::try_from(went).unwrap_or(u64::MAX);
        (went, self.compact_oldest(keep))
    }
}

fn counted(others: usize) -> Option<String> {
    match others {
        0 => None,
        1 => Some("1 recorded run is".to_owned()),
        many => Some(format!("{many} recorded runs are")),
    }
}

/// A commit's name as people read it.
pub fn short(commit: &str) -> String {
    commit.chars().take(10).collect()
}

/// Numbers of several runs, and the cases that had to be left out of some of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pooled {
    /// The mean over the runs, case by case.
    pub values: Values,
    /// Cases that were another one in every run: they have no number.
    pub changed: BTreeSet<String>,
    /// Cases that were another one in some of the runs: those do not count for them.
    pub partly: BTreeSet<String>,
    /// Runs that do not say what their cases were.
    pub untold: usize,
}

impl Pooled {
    /// What is not as one would expect of so many runs.
    pub fn note(&self, runs: usize) -> Option<String> {
        let mut notes = Vec::new();
        match self.partly.len() {
            0 => {}
            1 => notes.push("1 case changed between these runs: only those that have it as it is now count for it".to_owned()),
            many => {
                notes.push(format!("{many} cases changed between these runs: only those that have them as they are now count for them"));
            }
        }
        match self.untold {
            0 => {}
            all if all == runs => notes.push("what the cases were is not recorded: a changed case cannot be told".to_owned()),
            some => notes.push(format!("{some} of {runs} runs do not say what their cases were: a changed case cannot be told there")),
        }
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

/// The mean of several runs, case by case: a case counts where any of them has it as `now` says it is. A run that does not say
/// what its cases were is taken as it stands.
pub fn pooled(runs: &[&BaselineRun], now: &Definitions) -> Pooled {
    let mut sums: BTreeMap<&str, BTreeMap<&str, (f64, f64)>> = BTreeMap::new();
    let (mut left_out, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for run in runs {
        let other = |case: &str| matches!((run.cases.get(case), now.get(case)), (Some(then), Some(now)) if then != now);
        for (metric, cases) in &run.values {
            let of_metric = sums.entry(metric).or_default();
            for (case, value) in cases.iter().filter(|(_, value)| value.is_finite()) {
                if other(case) {
                    left_out.insert(case.clone());
                    continue;
                }
                kept.insert(case.clone());
                let sum = of_metric.entry(case).or_default();
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
        }
    }
    let mean = |cases: BTreeMap<&str, (f64, f64)>| cases.into_iter().map(|(case, (sum, n))| (case.to_owned(), sum / n)).collect();
    let values = sums.into_iter().filter(|(_, cases)| !cases.is_empty()).map(|(metric, cases)| (metric.to_owned(), mean(cases))).collect();
    Pooled {
        values,
        changed: left_out.difference(&kept).cloned().collect(),
        partly: left_out.intersection(&kept).cloned().collect(),
        untold: runs.iter().filter(|run| run.cases.is_empty()).count(),
    }
}

impl Pinned {
    /// As one run, to be held against what the cases are now.
    pub fn as_run(&self, name: &str) -> BaselineRun {
        BaselineRun {
            id: name.to_owned(),
            at: self.at.clone(),
            commit: None,
            aside: false,
            model: self.model.clone(),
            digest: String::new(),
            cases: self.cases.clone(),
            values: self.values.clone(),
        }
    }
}
