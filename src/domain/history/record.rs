//! Recording runs, and letting go of old ones. Nothing that was counted is lost: what goes is added up.

use std::collections::HashSet;

use super::{CaseHistory, CaseResult, Content, NewRun, Run, SuiteHistory, Tally};

impl SuiteHistory {
    /// The history of a suite before its first run.
    pub fn of(suite: &str) -> Self {
        Self { suite: suite.to_owned(), ..Self::default() }
    }

    /// Takes a run in, in the order of time. `false`: it is there already, and nothing changed.
    pub fn record(&mut self, run: &NewRun) -> bool {
        if self.runs.iter().any(|there| there.id == run.id) {
            return false;
        }
        let number = self.next;
        self.next += 1;
        self.prompt.clone_from(&run.prompt);
        let kept = Run {
            number,
            id: run.id.clone(),
            at: run.at.clone(),
            commit: run.commit.clone(),
            altered: run.altered,
            model: run.model.clone(),
        };
        // Times of one form are in the order of their texts.
        let place = self.runs.partition_point(|there| (&there.at, &there.id) <= (&kept.at, &kept.id));
        self.runs.insert(place, kept);
        for result in run.cases.iter().filter(|result| result.passed > 0 || result.failed > 0) {
            let case = self.cases.entry(result.id.clone()).or_default();
            let new = CaseResult(number, result.passed, result.failed);
            match case.contents.iter_mut().find(|content| content.asked == result.asked && content.case == result.case) {
                Some(content) => content.results.push(new),
                None => case.contents.push(Content { asked: result.asked.clone(), case: result.case.clone(), results: vec![new] }),
            }
        }
        self.put_in_order();
        true
    }

    /// Lets go of the oldest runs beyond `keep`; at least one stays. Returns how many went.
    pub fn compact(&mut self, keep: usize) -> usize {
        let excess = self.runs.len().saturating_sub(keep.max(1));
        let going: HashSet<u64> = self.runs.drain(..excess).map(|run| run.number).collect();
        self.let_go(&going);
        excess
    }

    /// Lets go of the runs that began before a time. Returns how many went.
    pub fn compact_before(&mut self, at: &str) -> usize {
        let (going, staying): (Vec<Run>, Vec<Run>) = std::mem::take(&mut self.runs).into_iter().partition(|run| run.at.as_str() < at);
        self.runs = staying;
        self.let_go(&going.iter().map(|run| run.number).collect());
        going.len()
    }

    /// Lets go of the oldest runs until the history takes at most `bytes` as JSON; the newest run stays. Returns how many went.
    pub fn fit(&mut self, bytes: usize) -> usize {
        let mut went = 0;
        while self.runs.len() > 1 && serde_json::to_vec(self).is_ok_and(|json| json.len() > bytes) {
            went += self.compact(self.runs.len() - self.runs.len().div_ceil(4));
        }
        went
    }

    /// All that was ever counted.
    pub fn tally(&self) -> Tally {
        let mut all = self.gone;
        self.cases.values().for_each(|case| all.add(case.tally()));
        all
    }

    fn let_go(&mut self, going: &HashSet<u64>) {
        if going.is_empty() {
            return;
        }
        self.dropped += u64::try_from(going.len()).unwrap_or(u64::MAX);
        for case in self.cases.values_mut() {
            let CaseHistory { older, contents } = case;
            for content in contents.iter_mut() {
                content.results.retain(|result| {
                    let goes = going.contains(&result.0);
                    if goes {
                        older.add(result.tally());
                    }
                    !goes
                });
            }
            contents.retain(|content| !content.results.is_empty());
        }
        let gone = &mut self.gone;
        self.cases.retain(|_, case| {
            let stays = !case.contents.is_empty();
            if !stays {
                gone.add(case.older);
            }
            stays
        });
    }

    /// Results in the order of the runs, and of contents the one with the newest run last.
    fn put_in_order(&mut self) {
        let place: std::collections::HashMap<u64, usize> = self.runs.iter().enumerate().map(|(place, run)| (run.number, place)).collect();
        let of = |result: &CaseResult| place.get(&result.0).copied();
        for case in self.cases.values_mut() {
            case.contents.iter_mut().for_each(|content| content.results.sort_by_key(of));
            case.contents.sort_by_key(|content| content.results.last().map(of));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::NewResult, *};

    pub(super) fn run(at: u32, cases: &[(&str, &str, u32, u32)]) -> NewRun {
        let result = |(id, asked, passed, failed): &(&str, &str, u32, u32)| NewResult {
            id: (*id).to_owned(),
            asked: (*asked).to_owned(),
            case: "c".to_owned(),
            passed: *passed,
            failed: *failed,
        };
        NewRun {
            id: format!("run-{at}"),
            at: format!("2026-01-01T00:00:{at:02}.000Z"),
            commit: None,
            model: "tiny".to_owned(),
            prompt: "p".to_owned(),
            altered: false,
            cases: cases.iter().map(result).collect(),
        }
    }

    #[test]
    fn runs_stand_in_the_order_of_time_whoever_writes_first() {
        let mut history = SuiteHistory::of("s");
        for at in [3, 1, 2] {
            assert!(history.record(&run(at, &[("a", if at == 3 { "new" } else { "old" }, at, 0)])));
        }
        assert_eq!(history.runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["run-1", "run-2", "run-3"]);
        let case = &history.cases["a"];
        assert_eq!(case.newest().unwrap().asked, "new");
        assert_eq!(case.contents[0].results.iter().map(|result| result.1).collect::<Vec<_>>(), [1, 2]);
        assert!(!history.record(&run(2, &[("a", "old", 9, 9)])), "the same run does not count twice");
        assert_eq!(history.tally(), Tally { passed: 6, failed: 0 });
    }

    #[test]
    fn a_case_that_is_gone_leaves_only_its_sum() {
        let mut history = SuiteHistory::of("s");
        history.record(&run(1, &[("removed", "x", 1, 1), ("kept", "x", 1, 0)]));
        history.record(&run(2, &[("kept", "x", 0, 1)]));
        assert_eq!(history.compact(1), 1);
        assert_eq!(history.cases.keys().collect::<Vec<_>>(), ["kept"]);
        assert_eq!((history.gone, history.cases["kept"].older), (Tally { passed: 1, failed: 1 }, Tally { passed: 1, failed: 0 }));
        assert_eq!((history.compact(0), history.runs.len()), (0, 1), "the newest run stays");
        assert_eq!((history.compact_before("2027"), history.runs.len(), history.dropped), (1, 0, 2));
        assert_eq!(history.tally(), Tally { passed: 2, failed: 2 });
    }

    proptest! {
        /// Whatever is recorded, in whatever order and however often it is compacted: no sample is lost or doubled, and the
        /// history stays within its bounds.
        #[test]
        fn nothing_is_lost_and_everything_is_bounded(
            runs in prop::collection::vec((0_u32..40, prop::collection::vec((0_usize..5, 0_usize..3, 0_u32..4, 0_u32..4), 0..6)), 1..40),
            keep in 1_usize..8,
            bytes in 200_usize..3_000,
        ) {
            let (mut history, mut sum, mut seen) = (SuiteHistory::of("s"), Tally::default(), std::collections::BTreeSet::new());
            for (index, (at, cases)) in runs.iter().enumerate() {
                let mut named: Vec<(String, String, u32, u32)> = Vec::new();
                for (id, asked, passed, failed) in cases {
                    let id = format!("case-{id}");
                    if named.iter().all(|(there, ..)| *there != id) {
                        named.push((id, format!("asked-{asked}"), *passed, *failed));
                    }
                }
                let cases: Vec<_> = named.iter().map(|(id, asked, passed, failed)| (id.as_str(), asked.as_str(), *passed, *failed)).collect();
                let new = NewRun { id: format!("run-{index}"), ..run(*at, &cases) };
                prop_assert!(history.record(&new));
                let kept_already = history.clone();
                prop_assert!(!history.record(&new));
                prop_assert_eq!(&history, &kept_already);
                seen.insert(index);
                for (_, _, passed, failed) in &named {
                    sum.add(Tally { passed: u64::from(*passed), failed: u64::from(*failed) });
                }
                history.compact(keep);
                prop_assert!(history.runs.len() <= keep);
                history.fit(bytes);
                prop_assert!(history.runs.len() == 1 || serde_json::to_vec(&history).unwrap().len() <= bytes);
                prop_assert_eq!(history.tally(), sum);
                prop_assert_eq!(usize::try_from(history.dropped).unwrap() + history.runs.len(), seen.len());
                prop_assert!(history.runs.is_sorted_by_key(|run| run.at.clone()));
                let numbers: Vec<u64> = history.runs.iter().map(|run| run.number).collect();
                let results = history.cases.values().flat_map(|case| &case.contents).flat_map(|content| &content.results);
                prop_assert!(results.clone().all(|result| numbers.contains(&result.0)));
            }
            let text = serde_json::to_string(&history).unwrap();
            prop_assert_eq!(serde_json::from_str::<SuiteHistory>(&text).unwrap(), history);
        }
    }
}
