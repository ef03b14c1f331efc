use crate::support::{Behaviour, FakeModel, Workspace};

#[test]
fn holding_assertions_pass() {
    let finished = Workspace::greeting().prompt_cicd(["test"]).run().exits(0);
    assert!(finished.stdout.contains("greeting"), "{}", finished.stdout);
}

#[test]
fn a_worse_answer_fails_and_says_why() {
    let model = FakeModel::start(Behaviour::Say("Hi there!"));
    let finished = Workspace::asking(&model.base_url()).prompt_cicd(["test"]).run().exits(10);
    for text in ["ana", "ben", "Hi there!", "Ana"] {
        assert!(finished.stdout.contains(text), "{text} is missing in\n{}", finished.stdout);
    }
}

#[test]
fn no_fail_hides_results_but_not_failures() {
    let model = FakeModel::start(Behaviour::Say("Hi there!"));
    Workspace::asking(&model.base_url()).prompt_cicd(["test", "--no-fail"]).run().exits(0).shows("Hi there!");
    Workspace::empty().prompt_cicd(["test", "--no-fail"]).run().exits(3);
}

#[test]
fn a_pass_rate_below_one_may_be_asked_for() {
    let mostly = |rate: &str| {
        let workspace = Workspace::greeting();
        let config = workspace
            .read("prompt-cicd.yml")
            .replace("    provider: model\n", &format!("    provider: model\n    min-pass-rate: {rate}\n"));
        // The echo contains `Ana` in one of two cases.
        workspace.file("prompt-cicd.yml", &config.replace("{{name}}", "Ana"))
    };
    mostly("0.5").prompt_cicd(["test"]).run().exits(0);
    mostly("0.51").prompt_cicd(["test"]).run().exits(10);
}

#[test]
fn weights_and_thresholds_decide() {
    let weighted = |threshold: &str| {
        let workspace = Workspace::greeting();
        let config = workspace.read("prompt-cicd.yml").replace(
            "      assert:\n        - contains: \"{{name}}\"\n",
            &format!("      threshold: {threshold}\n      assert:\n        - {{type: contains, value: \"{{{{name}}}}\", weight: 3}}\n        - contains: nowhere\n"),
        );
        workspace.file("prompt-cicd.yml", &config)
    };
    weighted("0.75").prompt_cicd(["test"]).run().exits(0);
    weighted("0.76").prompt_cicd(["test"]).run().exits(10);
}

#[test]
fn an_informational_assertion_is_shown_and_never_fails() {
    let workspace = Workspace::greeting();
    let config = workspace.read("prompt-cicd.yml") + "        - {type: contains, value: nowhere, weight: 0}\n";
    let finished = workspace.file("prompt-cicd.yml", &config).prompt_cicd(["test", "--format", "json"]).run().exits(0);
    assert_eq!(finished.json()["test_case_results"][0]["assertions"][1]["passed"], false);
}

#[test]
fn repeats_are_samples_of_their_own() {
    let model = FakeModel::start(Behaviour::Echo);
    let finished = Workspace::asking(&model.base_url()).prompt_cicd(["test", "--repeat", "3", "--format", "json"]).run().exits(0);
    assert_eq!((model.requests(), finished.json()["total_tests"].as_u64()), (6, Some(6)));
}

#[test]
fn the_prompt_its_parameters_and_the_model_reach_the_provider() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = Workspace::asking(&model.base_url()).file(
        "prompts/greeting.prompt.yml",
        "name: greeting\nmodel: from-the-prompt\nmodelParameters: {temperature: 0, maxTokens: 32}\nmessages:\n  - {role: system, content: Be short.}\n  - {role: user, content: \"Hello {{name}}!\"}\n",
    );
    workspace.prompt_cicd(["test", "--filter", "greeting/ana"]).run().exits(0);
    model.received(|received| {
        let body = &received[0].body;
        assert_eq!(received[0].path, "/v1/chat/completions");
        assert_eq!(body["model"], "from-the-prompt");
        assert_eq!((body["temperature"].as_f64(), body["max_tokens"].as_u64()), (Some(0.0), Some(32)));
        assert_eq!(body["messages"][0]["role"], "system");
        assert_eq!(body["messages"][1]["content"], "Hello Ana!");
    });
}

#[test]
fn a_perplexity_that_nobody_knows_is_the_providers_fault_and_one_that_is_known_is_judged() {
    const SURE: &str = r#"{"choices": [{"message": {"content": "Ana"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "Ana", "logprob": -0.5}]}}]}"#;
    let asking = |behaviour, threshold: &str| {
        let model = FakeModel::start(behaviour);
        let workspace = Workspace::asking(&model.base_url());
        let assertion = format!("        - {{type: perplexity, threshold: {threshold}}}\n");
        let config = workspace.read("prompt-cicd.yml").replace("        - contains: \"{{name}}\"\n", &assertion);
        assert!(config.contains(&assertion), "{config}");
        workspace.file("prompt-cicd.yml", &config).prompt_cicd(["test", "--format", "json"]).run()
    };
    let silent = asking(Behaviour::Echo, "1000000").exits(30).json();
    assert_eq!((&silent["verdict"], &silent["error_tests"]), (&"inconclusive".into(), &2.into()));
    let message = silent["test_case_results"][0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("no log-probabilities") && message.contains("`logprobs: true`"), "{message}");
    assert_eq!(silent["test_case_results"][0]["grader_calls"][0]["answer"], "Hello Ana!", "the answer is not lost");
    // e to the power of 0.5 is 1.6487.
    assert_eq!(asking(Behaviour::Body(SURE), "1.65").exits(0).json()["verdict"], "passed");
    assert_eq!(asking(Behaviour::Body(SURE), "1.64").exits(10).json()["verdict"], "failed");
}
