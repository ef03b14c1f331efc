use std::{path::PathBuf, time::Duration};

use super::*;
use crate::domain::{
    diagnostic::Place,
    lint::{Finding, Severity},
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
        limits_on_performance: Performance::default(),
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
    let whole = Whole { name: "greeting".to_owned(), samples: 80, of_base: 0, changes: None, limits: Performance::default() };
    Part {
        format: Part::FORMAT.to_owned(),
        tool: "1".to_owned(),
        shard,
        commit: None,
        config: "c".to_owned(),
        plan: "p".to_owned(),
        suites: vec![whole],
        lints: lints(),
        run: run(samples),
    }
}

/// What the lints found on each of the machines, and no rule is a text of its own.
fn lints() -> LintReport {
    let place = Place::at("p.yml", 3, 7);
    let ignored = Some("on purpose".to_owned());
    let finding = Finding { place, rule: "secrets", severity: Severity::Error, message: "m".to_owned(), help: "h".to_owned(), ignored };
    LintReport { findings: vec![finding], left_out: 3 }
}

fn refusal(parts: &[Part]) -> String {
    let lines: Vec<String> = merge(parts.to_vec(), None).unwrap_err().iter().map(|(number, what)| format!("{number:?} {what}\n")).collect();
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
        let merged = merge(parts, None).unwrap();
        assert_eq!(serde_json::to_vec(&merged.run).unwrap(), whole, "{total} shards");
        assert_eq!(merged.lints, lints(), "what each machine found is found once");
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
fn a_rule_that_no_catalogue_has_is_no_part() {
    let text = serde_json::to_string(&part(1, 1)).unwrap().replace("\"rule\":\"secrets\"", "\"rule\":\"secretz\"");
    let error = serde_json::from_str::<Part>(&text).unwrap_err().to_string();
    assert!(error.contains("no rule of lints is called `secretz`"), "{error}");
}

#[test]
fn parts_of_different_runs_are_no_run() {
    let with = |change: fn(&mut Part)| {
        let mut other = part(2, 2);
        change(&mut other);
        refusal(&[part(1, 2), other])
    };
    assert_eq!(with(|part| part.commit = Some("abc".to_owned())), "Some(1) of another commit: abc, and none is checked out here\n");
    assert_eq!(with(|part| part.config = "x".to_owned()), "Some(1) made with another configuration file than the first file\n");
    assert_eq!(with(|part| part.plan = "x".to_owned()), "Some(1) made with other prompts, cases or flags than the first file\n");
    assert_eq!(with(|part| part.tool = "2".to_owned()), "Some(1) written by version 2, the first file by 1\n");
    assert_eq!(with(|part| part.format = "x".to_owned()), "Some(1) written in the form `x`, not `prompt-cicd-shard-4`\n");
}

/// Whoever commits shard files to the repository cannot know the commit that they will be in.
#[test]
fn parts_are_of_the_commit_that_the_job_works_at() {
    let of = |commit: Option<&str>| {
        let at = |part: Part| Part { commit: commit.map(str::to_owned), ..part };
        vec![at(part(1, 2)), at(part(2, 2))]
    };
    let said = |commit, job| merge(of(commit), job).map(drop).map_err(|problems| problems.first().cloned().unwrap_or_default().1);
    assert_eq!(said(Some("abc"), Some("abc")), Ok(()));
    assert_eq!(said(None, None), Ok(()));
    assert_eq!(said(Some("old"), Some("abc")), Err("of another commit: old, and abc is checked out here".to_owned()));
    assert_eq!(said(None, Some("abc")), Err("of another commit: none, and abc is checked out here".to_owned()));
    assert_eq!(said(Some("abc"), None), Err("of another commit: abc, and none is checked out here".to_owned()));
}
