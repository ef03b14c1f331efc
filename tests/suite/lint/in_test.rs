use super::{attacked, configured};
use crate::support::{Behaviour, FakeModel, Workspace};

/// The attacked greeting with a provider that counts its requests.
fn asking(model: &FakeModel) -> Workspace {
    let config = Workspace::asking(&model.base_url()).read("prompt-cicd.yml");
    attacked().file("prompt-cicd.yml", &config)
}

#[test]
fn a_finding_stops_the_run_before_the_first_request() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = asking(&model);
    let finished = workspace.prompt_cicd(["test", "--report", "json=out.json", "--report", "junit=out.xml"]).run().exits(11);
    finished.shows("the lints stopped the run").shows("prompts/greeting.prompt.yml:5:32: overrides instructions").shows("lints.ignore");
    assert_eq!(model.requests(), 0);
    let json: serde_json::Value = serde_json::from_str(&workspace.read("out.json")).unwrap();
    assert_eq!((&json["passed"], &json["verdict"], &json["not_run_tests"]), (&false.into(), &"inconclusive".into(), &2.into()));
    assert_eq!(json["validation_results"]["prompt_injection"]["passed"], false);
    assert_eq!(json["test_case_results"][0]["error"]["kind"], "lints");
    assert!(workspace.read("out.xml").contains("errors=\"2\""), "{}", workspace.read("out.xml"));
    workspace.prompt_cicd(["test", "--no-fail"]).run().exits(0);
}

#[test]
fn switched_off_ignored_or_lighter_findings_stop_nothing() {
    for lints in [
        "lints: {enabled: false}\n",
        "lints: {rules: {prompt_injection: {severity: off}}}\n",
        "lints: {rules: {prompt_injection: {severity: warning}}}\n",
        "lints: {ignore: [{rule: prompt_injection, path: \"*\", reason: on purpose}]}\n",
    ] {
        let model = FakeModel::start(Behaviour::Say("Ana and Ben"));
        let finished = configured(asking(&model), lints).prompt_cicd(["test"]).run().exits(0);
        assert_eq!(model.requests(), 2, "{lints}");
        assert_eq!(finished.stdout.contains("warning:"), lints.contains("severity: warning"), "{}", finished.stdout);
    }
}

#[test]
fn a_dry_run_says_what_would_stop_it() {
    attacked().prompt_cicd(["test", "--dry-run"]).run().exits(0).says("overrides instructions");
}

#[test]
fn the_json_has_the_seeds_rules() {
    let json = Workspace::greeting().prompt_cicd(["test", "--format", "json"]).run().exits(0).json();
    for part in [&json, &json["suites"][0]] {
        for rule in ["template_variables", "min_length", "max_length", "no_profanity", "sql_injection", "prompt_injection", "secrets"] {
            let result = &part["validation_results"][rule];
            assert!(result["passed"] == true && result["details"].is_string(), "{rule}: {result}");
        }
    }
}

#[test]
fn an_answer_that_leaks_fails_its_sample() {
    let leak = concat!("Hello Ana and Ben! The key is AKIA", "QYLPMN5HFIQR7XYA; write to ana@acme-corp.com");
    let model = FakeModel::start(Behaviour::Say(leak));
    let workspace = configured(Workspace::asking(&model.base_url()), "lints: {scan-output: true}\n");
    let json = workspace.prompt_cicd(["test", "--format", "json"]).run().exits(10).json();
    let results = &json["validation_results"];
    assert_eq!((&results["contains"]["passed"], &results["scan:secrets"]["passed"]), (&true.into(), &false.into()));
    assert_eq!(results["scan:personal_data"]["passed"], true, "below the threshold it is informational: {results}");
    let scans = json["test_case_results"][0]["assertions"].as_array().unwrap();
    let scan = |name: &str| scans.iter().find(|run| run["name"] == name).unwrap();
    assert_eq!(scan("scan:secrets")["reason"], "AWS access key id: `AKIA…`");
    assert_eq!((&scan("scan:personal_data")["passed"], scan("scan:personal_data")["weight"].as_f64()), (&false.into(), Some(0.0)));
    Workspace::asking(&model.base_url()).prompt_cicd(["test"]).run().exits(0);
}
