//! Asking more only while the verdict is open, asking again what failed, and what repeats say.

use super::*;

const ADAPTIVE: &str = "    repeat: {min: 2, max: 6, stop: decided}\n    concurrency: 1\n    defaults:";

/// The number at the end of `Hello N7!`.
fn number(said: &str) -> usize {
    said.trim_end_matches('!').rsplit('N').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// A repository whose suite is asked 2 to 6 times on both sides.
fn adaptive(cases: usize, rule: fn(usize, &str) -> Result<String, u16>) -> Repository {
    let repository = Repository::new(cases, rule);
    repository.configure("    defaults:", ADAPTIVE);
    repository.commit("ask more while it is open");
    repository
}

fn sampling(json: &serde_json::Value) -> serde_json::Value {
    json["suites"][0]["sampling"].clone()
}

#[test]
fn a_clear_difference_stops_at_the_first_look_and_says_what_it_saved() {
    let repository = adaptive(20, polite);
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "HEAD", "--format", "json"]).run().exits(12);
    let json = finished.json();
    let found = sampling(&json);
    assert_eq!((&found["asked"], &found["most"], &found["saved"]), (&80.into(), &240.into(), &160.into()), "{found}");
    assert_eq!((&found["stopped"], &found["look"], &found["looks"]), (&"decided".into(), &1.into(), &5.into()));
    assert_eq!((&found["question"], &found["repeats"]), (&"base".into(), &2.into()));
    assert_eq!(repository.model.requests(), 80, "no call beyond the first look");
    assert_eq!(json["suites"][0]["comparison"]["sampling"], found);
    let rate = &json["suites"][0]["comparison"]["metrics"][0];
    // One-sided bounds of a first look at a third of the repeats: wider than those of a single look.
    assert!(rate["interval"][1].as_f64().unwrap() < -0.02 && rate["p_adjusted"].as_f64().unwrap() <= 0.05, "{rate}");
    for format in ["text", "markdown", "html"] {
        let finished = repository.workspace.prompt_cicd(["test", "--base", "HEAD", "--format", format]).run().exits(12);
        finished.shows("asked 80 of at most 240 samples, saved 160 (2 repeats of 2 to 6)").shows("decided at look 1 of 5");
    }
}

#[test]
fn an_open_question_is_asked_to_the_end_and_rounds_are_interleaved() {
    // Three cases fail on head: too few to be sure, too many to be shown harmless.
    let repository =
        adaptive(20, |_, said| Ok(if said.starts_with("Hi") && number(said) < 3 { "Never.".to_owned() } else { said.to_owned() }));
    repository.configure("    repeat", "    min-pass-rate: 0.5\n    repeat");
    repository.commit("half is enough");
    repository.prompt("Hi {{name}}!");
    let json = repository.workspace.prompt_cicd(["test", "--base", "HEAD", "--format", "json"]).run().exits(0).json();
    let found = sampling(&json);
    assert_eq!((&found["stopped"], &found["asked"], &found["look"], &found["saved"]), (&"most".into(), &240.into(), &5.into(), &0.into()));
    assert_eq!(json["suites"][0]["comparison"]["verdict"], "inconclusive");
    let order: Vec<String> = repository
        .model
        .received(|received| received.iter().map(|request| request.body["messages"][0]["content"].as_str().unwrap().to_owned()).collect());
    let round = &order[80..120];
    assert_eq!((round[0].as_str(), round[1].as_str()), ("Hi N0!", "Hello N0!"), "the third repeat of every case");
    assert_eq!(round.iter().filter(|said| said.starts_with("Hello")).count(), 20, "every round asks both sides of every case");
}

#[test]
fn what_more_answers_cannot_decide_is_not_asked_for() {
    let repository = adaptive(4, echo);
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "HEAD"]).run().exits(0);
    finished.shows("4 of at least 10 cases").shows("cannot be decided by more answers to the same cases (look 1 of 5)");
    assert_eq!(repository.model.requests(), 16);
}

#[test]
fn answers_that_do_not_come_end_the_rounds() {
    let repository = adaptive(12, |_, said| if said.starts_with("Hi") && number(said) == 5 { Err(400) } else { Ok(said.to_owned()) });
    repository.prompt("Hi {{name}}!");
    let json = repository.workspace.prompt_cicd(["test", "--base", "HEAD", "--format", "json"]).run().json();
    assert_eq!((&json["verdict"], &sampling(&json)["stopped"]), (&"inconclusive".into(), &"unjudged".into()), "{}", sampling(&json));
}

#[test]
fn a_round_that_the_budget_does_not_hold_is_not_begun() {
    // A look of 80 samples takes 1,200 tokens, each further round 600; three cases fail on head, which stays open.
    let repository =
        adaptive(20, |_, said| Ok(if said.starts_with("Hi") && number(said) < 3 { "Never.".to_owned() } else { said.to_owned() }));
    repository.configure("    repeat", "    min-pass-rate: 0.5\n    repeat");
    repository.commit("half is enough");
    repository.prompt("Hi {{name}}!");
    let args = ["test", "--base", "HEAD", "--budget-tokens", "2000", "--format", "json"];
    let json = repository.workspace.prompt_cicd(args).run().exits(0).json();
    let found = sampling(&json);
    assert_eq!((&found["stopped"], &found["asked"], &found["look"]), (&"budget".into(), &120.into(), &2.into()), "{found}");
    assert_eq!((repository.model.requests(), json["not_run_tests"].as_u64()), (120, Some(0)), "no round ends halfway");
    let text = repository.workspace.prompt_cicd(args.map(|arg| if arg == "json" { "text" } else { arg })).run().exits(0);
    text.shows("another round would not fit into the run's budget");
}

#[test]
fn without_base_the_pass_rate_decides() {
    let asked = |needed: &str, rule: fn(usize, &str) -> Result<String, u16>| {
        let repository = Repository::new(20, rule);
        repository.configure("    defaults:", &format!("    min-pass-rate: {needed}\n{ADAPTIVE}"));
        let json = repository.workspace.prompt_cicd(["test", "--no-base", "--format", "json"]).run().json();
        let found = sampling(&json);
        assert_eq!(found["question"], "pass-rate");
        (found["stopped"].as_str().unwrap().to_owned(), found["look"].as_u64().unwrap(), repository.model.requests())
    };
    assert_eq!(asked("0.5", echo), ("decided".to_owned(), 1, 40), "40 of 40 is above a half");
    // Eleven of twenty against a half stays open.
    let half: fn(usize, &str) -> Result<String, u16> = |_, said| Ok(if number(said) < 11 { said.to_owned() } else { "Never.".to_owned() });
    assert_eq!(asked("0.5", half), ("most".to_owned(), 5, 120));
    assert_eq!(asked("1.0", echo), ("undecidable".to_owned(), 1, 40), "no number of passing answers proves a rate of 1");
    assert_eq!(asked("1.0", half), ("decided".to_owned(), 1, 40), "one failure decides");
}

#[test]
fn a_dry_run_says_the_least_and_the_most() {
    let repository = adaptive(20, echo);
    repository.workspace.prompt_cicd(["test", "--no-base", "--dry-run"]).run().exits(0).shows("20 cases × 2 to 6 = 40 to 120 requests");
    let fixed = repository.workspace.prompt_cicd(["test", "--no-base", "--repeat", "3", "--dry-run"]).run().exits(0);
    fixed.shows("20 cases × 3 = 60 requests");
}

#[test]
fn what_fails_again_is_confirmed_and_what_passes_is_flaky() {
    // On head case 0 fails always, case 1 the first time only.
    let repository = Repository::new(12, |_, said| {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let fails = said == "Hi N0!" || said == "Hi N1!" && ASKED.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(if fails { "Never.".to_owned() } else { said.to_owned() })
    });
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base", "--confirm", "--format", "json"]).run().exits(10);
    let json = finished.json();
    let suite = &json["suites"][0];
    assert_eq!((&suite["confirmations"][0]["case_id"], &suite["confirmations"][0]["found"]), (&"c0".into(), &"confirmed".into()));
    assert_eq!((&suite["confirmations"][1]["case_id"], &suite["confirmations"][1]["found"]), (&"c1".into(), &"flaky".into()));
    assert_eq!((&suite["confirmations"][1]["head_passed"], &suite["confirmations"][1]["base_judged"]), (&3.into(), &3.into()));
    assert_eq!(suite["confirmations"].as_array().unwrap().len(), 2, "only what failed");
    assert_eq!(repository.model.requests(), 24 + 12, "two cases, three times, both sides");
    assert_eq!((suite["total_tests"].as_u64(), suite["failed_tests"].as_u64()), (Some(12), Some(2)), "no verdict rests on them");
    let rate = &suite["comparison"]["metrics"][0];
    assert!((rate["head"].as_f64().unwrap() - 10.0 / 12.0).abs() < 1e-9, "{rate}");

    for (format, code) in [("text", 10), ("markdown", 10), ("html", 10)] {
        let finished = repository.workspace.prompt_cicd(["test", "--base", "base", "--confirm=2", "--format", format]).run().exits(code);
        finished.shows("asked again: 1 of 1 failing case confirmed").shows("confirmed: c0 (2 of 2 passed again on base, 0 of 2 on head)");
    }
}

#[test]
fn without_base_every_failing_case_is_asked_again() {
    let repository = Repository::new(12, |_, said| Ok(if said == "Hello N4!" { "Never.".to_owned() } else { said.to_owned() }));
    let finished = repository.workspace.prompt_cicd(["test", "--no-base", "--confirm"]).run().exits(10);
    finished.shows("confirmed: c4 (0 of 3 on head)");
    assert_eq!(repository.model.requests(), 15);
    let finished = repository.workspace.prompt_cicd(["test", "--no-base", "--confirm=0"]).run().exits(2);
    assert!(finished.stderr.contains("a whole number from 1 to 100 is needed"), "{}", finished.stderr);
}

#[test]
fn every_failing_case_gets_its_own_answers_and_none_of_the_cache() {
    // Every third case fails always; case 1 fails when it is asked first, in whichever order the cases come.
    let repository = Repository::new(60, |_, said| {
        use std::sync::atomic::{AtomicBool, Ordering};
        static ASKED: AtomicBool = AtomicBool::new(false);
        let fails = number(said).is_multiple_of(3) || number(said) == 1 && !ASKED.swap(true, Ordering::SeqCst);
        Ok(if fails { format!("Never. {}", said.to_lowercase()) } else { said.to_owned() })
    });
    let json = repository.workspace.prompt_cicd(["test", "--no-base", "--cache", "--confirm=2", "--format", "json"]).run().exits(10).json();
    assert_eq!(repository.model.requests(), 60 + 21 * 2, "what failed is asked anew, though the cache has an answer");
    let found = json["suites"][0]["confirmations"].as_array().unwrap();
    let expected: Vec<usize> = (0..60).filter(|case| case % 3 == 0 || *case == 1).collect();
    assert_eq!(found.len(), expected.len());
    for (confirmation, case) in found.iter().zip(expected) {
        let (passed, word) = if case == 1 { (2, "flaky") } else { (0, "confirmed") };
        assert_eq!(confirmation["case_id"], format!("c{case}"));
        let numbers = (&confirmation["head_passed"], &confirmation["head_judged"], &confirmation["found"]);
        assert_eq!(numbers, (&passed.into(), &2.into(), &word.into()), "{confirmation}");
    }
}

#[test]
fn repeats_say_how_often_one_or_all_of_k_answers_pass() {
    // Every fourth case passes on every second answer.
    let repository = Repository::new(20, |before, said| {
        Ok(if number(said).is_multiple_of(4) && before.is_multiple_of(2) { "Never.".to_owned() } else { said.to_owned() })
    });
    repository.configure("    defaults:", "    repeat: 3\n    concurrency: 1\n    min-pass-rate: 0.5\n    defaults:");
    let json = repository.workspace.prompt_cicd(["test", "--no-base", "--format", "json"]).run().exits(0).json();
    let at = json["suites"][0]["pass_at"].as_array().unwrap().clone();
    assert_eq!(at.len(), 3);
    let rate = json["suites"][0]["pass_rate"].as_f64().unwrap();
    assert!((at[0]["any"].as_f64().unwrap() - rate).abs() < 1e-12 && (at[0]["all"].as_f64().unwrap() - rate).abs() < 1e-12);
    assert_eq!(at[2]["any"], 1.0);
    assert!((at[2]["all"].as_f64().unwrap() - 0.75).abs() < 1e-12, "{at:?}");
    repository
        .workspace
        .prompt_cicd(["test", "--no-base"])
        .run()
        .exits(0)
        .shows("pass@3 100 %")
        .shows("(20 cases, 3 answers or more each)");
}

#[test]
fn a_metric_that_is_wanted_and_not_measured_is_open() {
    let repository = Repository::new(12, echo);
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base"]).run().exits(0);
    assert!(!finished.stdout.contains("not measured on either side"), "nobody asked for a cost: {}", finished.stdout);
    // The fake model has no price.
    repository.configured(
        "regression: {on-inconclusive: fail, metrics: {cost: {fail: 0.1}, pass-rate: {decides: warn}, tokens: {decides: off}}}\n",
    );
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base", "--format", "json"]).run().exits(12);
    let metrics = finished.json()["suites"][0]["comparison"]["metrics"].as_array().unwrap().clone();
    let cost = metrics.iter().find(|metric| metric["name"] == "cost").unwrap_or_else(|| panic!("{metrics:?}"));
    assert_eq!((&cost["verdict"], &cost["why"]), (&"inconclusive".into(), &"not measured on either side".into()));
    repository.workspace.prompt_cicd(["test", "--base", "base"]).run().exits(12).shows("not measured on either side");
    // A kind of assertion that no suite has is no different; one that another suite has is not asked of this one.
    let text = repository.workspace.read("prompt-cicd.yml").replace("cost: {fail: 0.1}", "is-json: {direction: higher-is-better}");
    repository.workspace.write("prompt-cicd.yml", text.as_bytes());
    repository.workspace.prompt_cicd(["test", "--base", "base"]).run().exits(12).shows("not measured on either side");
}
