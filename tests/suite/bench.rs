use crate::support::{Behaviour, FakeModel, Workspace};

fn workspace(model: &FakeModel) -> Workspace {
    let workspace = Workspace::asking(&model.base_url());
    let config =
        workspace.read("prompt-cicd.yml").replace("model: fake}", "model: fake, prices: {input-per-million: 1, output-per-million: 2}}");
    workspace.file("prompt-cicd.yml", &config)
}

#[test]
fn latency_tokens_and_cost_have_percentiles_with_bounds() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = workspace(&model);
    let json = workspace.prompt_cicd(["bench", "greeting", "--iterations", "21", "--format", "json"]).run().exits(0).json();
    assert_eq!(model.requests(), 22, "whole passes over two cases");
    let bench = &json["bench"][0];
    assert_eq!((bench["suite"].as_str(), bench["replayed"].as_bool()), (Some("greeting"), Some(false)));
    let metric = |name: &str| bench["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == name).unwrap().clone();
    let latency = metric("latency");
    assert_eq!(latency["samples"], 22);
    let percentiles = latency["percentiles"].as_array().unwrap();
    let of = |index: usize, key: &str| percentiles[index][key].as_f64();
    assert!(of(0, "lower").unwrap() <= of(0, "value").unwrap() && of(0, "value").unwrap() <= of(0, "upper").unwrap());
    assert_eq!((percentiles[3]["share"].as_f64(), of(3, "upper")), (Some(0.99), None), "22 values do not bound the 99th percentile");
    assert_eq!((metric("input tokens")["mean"].as_f64(), metric("output tokens")["mean"].as_f64()), (Some(10.0), Some(5.0)));
    assert!((metric("cost")["mean"].as_f64().unwrap() - 20e-6).abs() < 1e-15);
    assert_eq!(bench["metrics"].as_array().unwrap().len(), 4, "an answer in one piece has no first token");
}

#[test]
fn compare_reads_what_bench_writes() {
    let model = FakeModel::start(Behaviour::Echo);
    let workspace = workspace(&model);
    for file in ["base.json", "head.json"] {
        let args = ["bench", "prompts/greeting.prompt.yml", "-n", "6", "-o", file, "--warm-up", "3"];
        workspace.prompt_cicd(args).run().exits(0).shows("p95").shows("output tokens");
    }
    assert_eq!(model.requests(), 2 * (3 + 6));
    let compared = workspace.prompt_cicd(["compare", "base.json", "head.json", "--no-fail"]).run().exits(0);
    compared.shows("greeting: output tokens").shows("greeting: latency").shows("greeting: cost");
}

#[test]
fn what_cannot_be_measured_is_no_result() {
    let model = FakeModel::start(Behaviour::Status(401, "{}"));
    workspace(&model).prompt_cicd(["bench", "greeting", "-n", "4"]).run().exits(31).shows("nothing was measured");
    workspace(&model).prompt_cicd(["bench", "greting"]).run().exits(4).says("did you mean `greeting`?");
    let model = FakeModel::start(Behaviour::Echo);
    workspace(&model).prompt_cicd(["bench", "greeting", "--budget-tokens", "40"]).run().exits(13).shows("without an answer");
    assert!(model.requests() <= 3);
}

#[test]
fn failed_assertions_are_shown_and_decide_nothing() {
    let model = FakeModel::start(Behaviour::Say("no"));
    workspace(&model)
        .prompt_cicd(["bench", "greeting", "-n", "2", "--format", "markdown"])
        .run()
        .exits(0)
        .shows("0 % passed")
        .shows("| latency |");
}
