//! Baselines: which runs count, what is pooled, what goes first.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::baseline::*;

fn run(at: u32, commit: &str, value: f64) -> BaselineRun {
    BaselineRun {
        id: format!("run-{at}"),
        at: format!("2026-01-01T00:00:{at:02}Z"),
        commit: Some(commit.to_owned()),
        aside: false,
        model: "tiny".to_owned(),
        digest: "d".to_owned(),
        cases: Definitions::new(),
        values: BTreeMap::from([("pass-rate".to_owned(), BTreeMap::from([("a".to_owned(), value)]))]),
    }
}

#[test]
fn the_last_runs_before_a_commit_are_taken() {
    let mut baselines = SuiteBaselines::of("s");
    for (at, commit) in [(1, "c1"), (2, "c2"), (3, "c3"), (4, "c4")] {
        assert!(baselines.record(&run(at, commit, f64::from(at))));
    }
    assert!(!baselines.record(&run(2, "c2", 9.0)), "the same run is kept once");
    let report = BaselineRun { id: "report/2".to_owned(), ..run(2, "c2", 2.0) };
    assert!(!baselines.record(&report), "and so it is by its report");
    let others = [("c9", "d", "tiny"), ("c2", "d2", "tiny"), ("c2", "d", "large")];
    for (commit, digest, model) in others {
        let other = BaselineRun { digest: digest.to_owned(), model: model.to_owned(), ..run(2, commit, 2.0) };
        let other = BaselineRun { id: "report/2".to_owned(), ..other };
        assert!(baselines.clone().record(&other), "{commit} {digest} {model}");
    }
    let before_c3 = |commit: &str| ["c3", "c2", "c1"].iter().zip(0..).find(|(known, _)| **known == commit).map(|(_, far)| far);
    let ids = |chosen: &Chosen<'_>| chosen.runs.iter().map(|run| run.commit.clone().unwrap()).collect::<Vec<_>>();
    let chosen = baselines.last(2, "c3", &before_c3);
    assert_eq!(ids(&chosen), ["c2", "c3"]);
    assert_eq!(chosen.note.unwrap(), "1 recorded run is of commits that do not lead to c3: not counted");
    assert_eq!(baselines.last(2, "c4", &|_| Some(0)).note, None);
    let chosen = baselines.last(2, "c3x", &before_c3);
    assert!(chosen.note.unwrap().contains("nearest recorded commit before c3x is c3"));
    let chosen = baselines.last(2, "other", &|_| None);
    assert!(chosen.runs.is_empty(), "a run of a commit that does not lead here is never a baseline");
    assert_eq!(chosen.note.unwrap(), "4 recorded runs are of commits that do not lead to other: not counted");
    let chosen = baselines.last(2, "c3", &|commit| before_c3(commit).filter(|_| commit != "c2"));
    assert_eq!(ids(&chosen), ["c1", "c3"]);
    assert_eq!(chosen.note.unwrap(), "2 recorded runs are of commits that do not lead to c3: not counted");
    assert!(baselines.of_no_commit(2).runs.is_empty());
    let nowhere = BaselineRun { commit: None, ..run(5, "", 5.0) };
    assert!(baselines.record(&nowhere));
    assert_eq!(baselines.of_no_commit(2).runs, [&nowhere]);
    assert_eq!(baselines.last(9, "c4", &|_| Some(0)).runs.len(), 4);
    baselines.runs.pop();
    let pooled = pooled(&baselines.runs.iter().collect::<Vec<_>>(), &Definitions::new());
    assert!((pooled.values["pass-rate"]["a"] - 2.5).abs() < 1e-12);
    assert!(pooled.note(4).unwrap().contains("what the cases were is not recorded"));
}

/// Somebody ran an old commit again: its run is the newest, and its commit the farthest.
#[test]
fn the_nearest_is_so_by_commits_and_not_by_time() {
    let mut baselines = SuiteBaselines::of("s");
    for (at, commit) in [(1, "c1"), (2, "c2"), (3, "c3"), (4, "c1"), (5, "c1")] {
        assert!(baselines.record(&run(at, commit, f64::from(at))));
    }
    let far = |commit: &str| {
        Some(match commit {
            "c3" => 1,
            "c2" => 2,
            _ => 3,
        })
    };
    let chosen = baselines.last(3, "c4", &far);
    assert_eq!(chosen.runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["run-5", "run-2", "run-3"]);
    assert_eq!(chosen.note.unwrap(), "the nearest recorded commit before c4 is c3");
    // Where nobody says how far, time decides.
    let by_time = baselines.last(2, "c4", &|_| Some(0));
    assert_eq!(by_time.runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["run-4", "run-5"]);
}

#[test]
fn a_run_whose_commit_was_merged_is_aside_no_longer() {
    let mut baselines = SuiteBaselines::of("s");
    for (at, commit) in [(1, "f1"), (2, "f2"), (3, "m1")] {
        baselines.record(&BaselineRun { aside: commit.starts_with('f'), ..run(at, commit, 1.0) });
    }
    assert!(baselines.no_longer_aside(&BTreeSet::from(["f1".to_owned(), "m1".to_owned()])));
    assert!(!baselines.no_longer_aside(&BTreeSet::from(["f1".to_owned()])));
    assert_eq!((baselines.compact(2), baselines.runs[0].commit.as_deref()), (1, Some("f1")));
}

#[test]
fn a_case_counts_only_in_runs_that_have_it_as_it_is() {
    let is = |digest: &str| Definitions::from([("a".to_owned(), digest.to_owned())]);
    let of = |at, value, digest: &str| BaselineRun { cases: is(digest), ..run(at, "c", value) };
    let (old, new) = (of(1, 0.0, "old"), of(2, 1.0, "new"));
    let some = pooled(&[&old, &new], &is("new"));
    assert_eq!((some.values["pass-rate"]["a"], some.changed.len(), some.partly.len()), (1.0, 0, 1));
    assert!(some.note(2).unwrap().contains("1 case changed between these runs"), "{some:?}");
    let none = pooled(&[&old, &new], &is("newer"));
    assert_eq!((none.values.len(), none.changed.len(), none.note(2)), (0, 1, None));
    let untold = pooled(&[&old, &run(3, "c", 0.5)], &is("old"));
    assert_eq!((untold.values["pass-rate"]["a"], untold.untold), (0.25, 1));
}

#[test]
fn unmerged_runs_go_before_merged_ones() {
    let mut baselines = SuiteBaselines::of("s");
    for (at, commit) in [(1, "m1"), (2, "f1"), (3, "m2"), (4, "f2"), (5, "m3")] {
        baselines.record(&run(at, commit, 1.0));
    }
    let unmerged = |run: &BaselineRun| run.commit.as_deref().is_some_and(|commit| commit.starts_with('f'));
    let commits = |found: &SuiteBaselines| found.runs.iter().filter_map(|run| run.commit.clone()).collect::<Vec<_>>();
    assert_eq!(baselines.compact_unmerged(5, &unmerged), (0, 0));
    assert_eq!((baselines.compact_unmerged(4, &unmerged), commits(&baselines).len()), ((1, 0), 4));
    assert_eq!(commits(&baselines), ["m1", "m2", "f2", "m3"]);
    assert_eq!((baselines.compact_unmerged(2, &unmerged), commits(&baselines)), ((1, 1), vec!["m2".to_owned(), "m3".to_owned()]));
    assert_eq!(baselines.dropped, 3);
    // What was aside when it was taken in never pushes out what was not.
    let aside = BaselineRun { aside: true, ..run(6, "f3", 1.0) };
    assert!(baselines.record(&aside));
    assert_eq!((baselines.compact(2), commits(&baselines)), (1, vec!["m2".to_owned(), "m3".to_owned()]));
}

proptest! {
    #[test]
    fn runs_stay_in_order_and_within_bounds(times in prop::collection::vec(0_u32..50, 1..40), keep in 1_usize..10, bytes in 300_usize..2_000) {
        let mut baselines = SuiteBaselines::of("s");
        for (index, at) in times.iter().enumerate() {
            let new = BaselineRun { id: index.to_string(), ..run(*at, &format!("c{index}"), 1.0) };
            prop_assert!(baselines.record(&new));
            baselines.compact(keep);
            baselines.fit(bytes);
            prop_assert!(baselines.runs.len() <= keep && baselines.runs.is_sorted_by_key(|run| run.at.clone()));
            prop_assert!(baselines.runs.len() == 1 || serde_json::to_vec(&baselines).unwrap().len() <= bytes);
            prop_assert_eq!(usize::try_from(baselines.dropped).unwrap() + baselines.runs.len(), index + 1);
        }
    }
}
