//! What is concluded, and how the exit code and every report say it.

use super::*;

#[test]
fn a_worse_prompt_regresses_and_the_cases_are_named() {
    let repository = Repository::new(20, polite);
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base", "--format", "json"]).run().exits(12);
    let json = finished.json();
    assert_eq!((&json["verdict"], &json["regressed"]), (&"failed".into(), &true.into()));
    let suite = &json["suites"][0];
    let comparison = &suite["comparison"];
    assert_eq!(comparison["verdict"], "regressed");
    assert_eq!(comparison["cases"].as_array().unwrap().len(), 20);
    assert_eq!((&comparison["cases"][0]["case_id"], &comparison["cases"][0]["status"]), (&"c0".into(), &"newly failing".into()));
    let pass_rate = &comparison["metrics"][0];
    assert_eq!(
        (&pass_rate["name"], &pass_rate["verdict"], &pass_rate["test"]),
        (&"pass-rate".into(), &"regressed".into(), &"McNemar exact".into())
    );
    assert_eq!((&pass_rate["base"], &pass_rate["head"], &pass_rate["effect"]), (&1.0.into(), &0.0.into(), &(-1.0).into()));
    assert_eq!(suite["base"]["commit"], repository.git(&["rev-parse", "base"]));
    assert_eq!((&suite["base"]["pass_rate"], &suite["base"]["prompt"]["version"]), (&1.0.into(), &"1.2.0".into()));
    assert_eq!(repository.model.requests(), 40, "both sides are asked");

    let text = repository.workspace.prompt_cicd(["test", "--base", "base", "-v"]).run().exits(12);
    let text = text
        .shows("1 of 1 suite regressed against base")
        .shows("pass-rate")
        .shows("newly failing: c0 (1 of 1 passed on base, 0 of 1 on head)");
    text.shows("McNemar exact, 20 cases");
}

#[test]
fn every_format_says_it() {
    let repository = Repository::new(20, polite);
    repository.prompt("Hi {{name}}!");
    for (format, expected) in [
        ("markdown", "| pass-rate | 100 % | 0 % |"),
        ("junit", "<property name=\"comparison\" value=\"regressed\"/>"),
        ("junit", "<testcase name=\"compared with base\" classname=\"greeting\">"),
        ("html", "regressed against base"),
        ("html", "greeting on base"),
    ] {
        repository.workspace.prompt_cicd(["test", "--base", "base", "--format", format]).run().exits(12).shows(expected);
    }
}

#[test]
fn a_regression_can_hide_in_a_suite_that_passes() {
    // Base answers all, head three quarters, and half is enough for the suite.
    let repository = Repository::new(40, |_, said| {
        let number = said.trim_end_matches('!').rsplit('N').next().and_then(|digits| digits.parse::<usize>().ok()).unwrap_or(0);
        Ok(if said.starts_with("Hello") || number % 4 > 0 { said.to_owned() } else { "Never.".to_owned() })
    });
    repository.configure("    defaults:", "    min-pass-rate: 0.5\n    defaults:");
    repository.commit("half is enough");
    repository.prompt("Hi {{name}}!");
    repository.workspace.prompt_cicd(["test", "--no-base"]).run().exits(0);
    let finished = repository.workspace.prompt_cicd(["test", "--base", "HEAD"]).run().exits(12);
    finished.shows("1 of 1 suite regressed against base, 10 of 40 samples failed").shows("-25.0 points");
    repository.workspace.prompt_cicd(["test", "--base", "HEAD", "--no-fail"]).run().exits(0);
}

#[test]
fn an_improvement_is_said_and_passes() {
    let repository = Repository::new(20, |_, said| Ok(if said.starts_with("Hi") { said.to_owned() } else { "Never.".to_owned() }));
    repository.prompt("Hi {{name}}!");
    repository.workspace.prompt_cicd(["test", "--base", "base"]).run().exits(0).shows("improved against base").shows("fixed: c0");
}

#[test]
fn few_cases_are_open_and_the_configuration_decides_what_that_does() {
    let repository = Repository::new(4, echo);
    repository.prompt("Hi {{name}}!");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base"]).run().exits(0);
    finished
        .shows("inconclusive against base")
        .shows("4 of at least 10 cases")
        .shows("how many cases would decide is not known")
        .shows("is no proof");
    repository.configured("regression: {on-inconclusive: fail}\n");
    let finished = repository.workspace.prompt_cicd(["test", "--base", "base"]).run().exits(12);
    finished.shows("1 of 1 suite not shown to be as good as base").shows("it fails the run");
}

#[test]
fn the_same_quality_never_regresses() {
    // Seven of ten answers are right, by chance: the text of a request decides, and the seed is part of it.
    fn noisy(_: usize, said: &str) -> Result<String, u16> {
        let hash = said.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Ok(if (hash >> 32) % 10 < 7 { said.to_owned() } else { "Never.".to_owned() })
    }
    let repository = Repository::new(40, noisy);
    repository.configure("    defaults:", "    min-pass-rate: 0.1\n    concurrency: 16\n    defaults:");
    repository.commit("noise is fine");
    for seed in 0..20 {
        repository.prompt(&format!("Hello {{{{name}}}}! ({seed})"));
        let finished = repository.workspace.prompt_cicd(["test", "--base", "HEAD", "--format", "json", "-q"]).run();
        let json = finished.json();
        assert_eq!(json["regressed"], false, "seed {seed}: {}", json["suites"][0]["comparison"]);
        assert_eq!(finished.code, 0, "seed {seed}");
    }
}

#[test]
fn an_outage_on_one_side_is_never_a_pass() {
    for broken in ["Hello", "Hi"] {
        let rule: fn(usize, &str) -> Result<String, u16> = if broken == "Hello" {
            |_, said| if said.starts_with("Hello") { Err(503) } else { Ok(said.to_owned()) }
        } else {
            |_, said| if said.starts_with("Hi") { Err(503) } else { Ok(said.to_owned()) }
        };
        let repository = Repository::new(12, rule);
        repository.configured("run: {retry: {attempts: 1}}\n");
        repository.prompt("Hi {{name}}!");
        let finished = repository.workspace.prompt_cicd(["test", "--base", "base", "--format", "json"]).run();
        let json = finished.json();
        assert_eq!((finished.code, &json["verdict"]), (30, &"inconclusive".into()), "{broken}: {json}");
        assert_eq!(json["regressed"], false, "{broken}: an outage is no regression");
        assert_eq!(json["suites"][0]["comparison"]["verdict"], "inconclusive", "{broken}");
    }
}

#[test]
fn sides_take_turns_on_every_case() {
    let repository = Repository::new(8, echo);
    repository.configure("    defaults:", "    concurrency: 1\n    defaults:");
    repository.commit("one at a time");
    repository.prompt("Hi {{name}}!");
    repository.workspace.prompt_cicd(["test", "--base", "HEAD"]).run().exits(0);
    let order: Vec<String> = repository
        .model
        .received(|received| received.iter().map(|request| request.body["messages"][0]["content"].as_str().unwrap().to_owned()).collect());
    let pairs: Vec<(&str, &str)> = order.chunks(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
    assert_eq!(pairs[0], ("Hi N0!", "Hello N0!"));
    assert_eq!(pairs[1], ("Hello N1!", "Hi N1!"), "whatever drifts meets both alike");
    assert_eq!(pairs.len(), 8);
}

#[test]
fn what_an_interrupted_run_has_is_reported_and_no_pass() {
    use std::io::Read as _;
    let repository = Repository::with(30, Behaviour::AnswerThenHang(10));
    repository.prompt("Hi {{name}}!");
    let mut child = repository.workspace.prompt_cicd(["test", "--base", "base", "--format", "json", "-q"]).spawn();
    while repository.model.requests() < 11 {
        std::thread::yield_now();
    }
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap()), nix::sys::signal::Signal::SIGTERM).unwrap();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&json["verdict"], &json["interrupted"], &json["regressed"]), (&"inconclusive".into(), &true.into(), &false.into()));
    assert!(json["suites"][0]["base"]["not_run_tests"].as_u64().unwrap() > 0);
}
