//! Pull requests from here and from forks, on one machine and on several, in the merge queue; checks, gates, releases.

use serde_json::{Value, json};

use super::{
    prompt,
    runner::{Run, Trigger, run, run_text},
    step::find,
    world::{World, git},
};

fn quick() -> World {
    super::world("0s", "50ms")
}

/// A branch `tune` whose prompt says this.
fn tuned(world: &World, text: &str) -> String {
    git(world.repository(), &["checkout", "--quiet", "-B", "tune", "main"]);
    world.write("prompts/greeting.prompt.yml", &prompt("2.0.0", text));
    world.commit("feat: tune");
    git(world.repository(), &["checkout", "--quiet", "main"]);
    world.propose("tune", "feat: tune the greeting", "Tuned, so that people feel greeted by their names. Closes #3")
}

fn comments(world: &World) -> Vec<String> {
    world.github.state().comments.iter().map(|comment| comment.body.clone()).collect()
}

#[test]
fn a_worse_prompt_is_stopped_and_a_better_one_passes_on_one_machine_and_on_three() {
    let world = quick();
    let merge = tuned(&world, "Hello there!");
    let stopped = run(&world, "prompt-template-pr", &Trigger::pull_request(&world, "opened", &merge)).ends("failure");
    assert_eq!(
        stopped.results(),
        [
            ("prompts / lint", "success"),
            ("prompts / shard", "skipped"),
            ("prompts / test", "failure"),
            ("prompts / code-scanning", "skipped")
        ]
    );
    let one = comments(&world);
    assert!(one.len() == 1 && one[0].contains("greeting"), "{one:?}");
    assert_eq!(find(stopped.job("prompts / test"), "test").outputs["verdict"], "failed");
    assert!(world.artifacts(stopped.id).join("prompt-cicd-reports/report.html").is_file());
    assert_eq!(world.github.state().checks.len(), 1);

    // The same on three machines: the same comment, changed in place; one check of the same name.
    let caller = std::fs::read_to_string(world.repository().join(".github/workflows/prompt-template-pr.yml")).unwrap();
    let caller = caller.replace("shards: \"[1]\"", "shards: \"[1, 2, 3]\"").replace("code-scanning: false", "code-scanning: true");
    let spread = run_text(&world, "prompt-template-pr", &caller, &Trigger::pull_request(&world, "synchronize", &merge)).ends("failure");
    let shards = ["prompts / shard (1)", "prompts / shard (2)", "prompts / shard (3)"];
    for shard in shards {
        assert_eq!(spread.job(shard).result, "success", "{}", spread.shown());
    }
    assert_eq!(find(spread.job("prompts / test"), "merge").code, find(stopped.job("prompts / test"), "test").code, "{}", spread.shown());
    // What one machine uploads, and code scanning gets it.
    for file in ["report.json", "report.xml", "report.html", "report.sarif"] {
        let of = |run: &Run| world.artifacts(run.id).join("prompt-cicd-reports").join(file).is_file();
        assert!(of(&stopped) && of(&spread), "{file}: {}", spread.shown());
    }
    assert_eq!(find(spread.job("prompts / code-scanning"), "github/codeql-action").outcome, "success", "{}", spread.shown());
    let three = comments(&world);
    let verdict = |comment: &str| comment.lines().find(|line| line.starts_with("##")).unwrap().to_owned();
    assert_eq!((three.len(), verdict(&three[0])), (1, verdict(&one[0])), "{three:?}");

    let merge = tuned(&world, "Hello {{name}}, welcome!");
    let passed = run_text(&world, "prompt-template-pr", &caller, &Trigger::pull_request(&world, "synchronize", &merge)).ends("success");
    assert_eq!(find(passed.job("prompts / test"), "merge").outputs["verdict"], "passed");
    assert_ne!(verdict(&comments(&world)[0]), verdict(&one[0]));

    // In the merge queue there is no pull request to comment on, and the required job is the same.
    let queued = run(&world, "prompt-template-pr", &Trigger::merge_group(&world, &merge)).ends("success");
    assert_eq!(find(queued.job("prompts / test"), "test").outputs["verdict"], "passed", "{}", queued.shown());
    assert_eq!(comments(&world).len(), 1);
}

#[test]
fn a_fork_can_only_read_and_the_trusted_half_posts_for_it() {
    let world = quick();
    let merge = tuned(&world, "Hello there!");
    world.github.state().pull().head_repository = Some("eve/prompts".to_owned());
    let forked = run(&world, "prompt-template-pr", &Trigger::pull_request(&world, "opened", &merge)).ends("failure");
    assert!(
        comments(&world).is_empty() && world.artifacts(forked.id).join("prompt-cicd-comment/comment.json").is_file(),
        "{}",
        forked.shown()
    );
    let head = world.sha("tune");
    let posted = run(&world, "prompt-template-publish", &Trigger::workflow_run(&world, &forked, &head)).ends("success");
    assert_eq!((posted.job("publish / publish").result, comments(&world).len()), ("success", 1), "{}", posted.shown());
    // A run that wrote its own comment leaves nothing to post.
    world.github.state().pull().head_repository = Some("octo/prompts".to_owned());
    let own = run(&world, "prompt-template-pr", &Trigger::pull_request(&world, "synchronize", &merge)).ends("failure");
    let nothing = run(&world, "prompt-template-publish", &Trigger::workflow_run(&world, &own, &head)).ends("success");
    assert_eq!(find(nothing.job("publish / publish"), "publish").outcome, "skipped", "{}", nothing.shown());
}

#[test]
fn a_pull_request_out_of_order_is_told_what_is_missing() {
    let world = quick();
    let merge = tuned(&world, "Hello {{name}}, welcome!");
    world.github.state().pull().title = "tuned it a bit".to_owned();
    let wrong = run(&world, "pull-request-checks", &Trigger::pull_request(&world, "edited", &merge)).ends("failure");
    let step = find(wrong.job("checks / check"), "check");
    assert_eq!((step.code, step.outputs["verdict"].as_str()), (Some(13), "failed"), "{}", wrong.shown());
    assert!(comments(&world)[0].contains("title"), "{:?}", comments(&world));
    world.github.state().pull().title = "feat: greet by name".to_owned();
    let fine = run(&world, "pull-request-checks", &Trigger::pull_request(&world, "edited", &merge)).ends("success");
    assert_eq!((comments(&world).len(), world.github.state().pull().labels.len()), (1, 1), "{}", fine.shown());
}

#[test]
fn gates_judge_artifacts_of_their_run_and_a_missing_one_closes_its_gate() {
    let world = quick();
    let config = std::fs::read_to_string(world.repository().join("prompt-cicd.yml")).unwrap();
    world.write("prompt-cicd.yml", &format!("{config}gates:\n  rules: {{tests: {{file: junit.xml, measure: failures, at-most: 0}}}}\n"));
    let junit = "<testsuites tests=\"2\" failures=\"0\"><testsuite name=\"a\" tests=\"2\" failures=\"0\"><testcase name=\"x\"/><testcase name=\"y\"/></testsuite></testsuites>";
    // What is committed at the artifact's place is not what this run found out.
    world.write("quality/junit.xml", junit);
    world.write("quality/quality-tests/junit.xml", junit);
    world.commit("ci: gates");
    let missing = run(&world, "quality-gates", &Trigger::dispatch(&world, &json!({}))).ends("failure");
    assert!(missing.said().contains("no artifact in quality has the file junit.xml"), "{}", missing.shown());
    let place = world.artifacts(world.next_run() + 1).join("quality-tests");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("junit.xml"), junit).unwrap();
    let open = run(&world, "quality-gates", &Trigger::dispatch(&world, &json!({}))).ends("success");
    assert_eq!(find(open.job("gates / gates"), "gates").outputs["verdict"], "passed", "{}", open.shown());
}

#[test]
fn a_release_is_tagged_and_rolled_out_to_staging_and_production_waits_for_staging() {
    let world = quick();
    let production = json!({"prompt": "greeting", "environment": "production"});
    let early = run(&world, "gradual-rollout", &Trigger::dispatch(&world, &production)).ends("failure");
    assert!(early.said().contains("staging"), "{}", early.shown());
    assert_eq!(world.flag_writes(), 0);

    let dry = run(&world, "prompt-release", &Trigger::dispatch(&world, &json!({"prompt": "greeting", "dry-run": true}))).ends("success");
    assert_eq!((dry.job("rollout").result, world.github.state().releases.len()), ("skipped", 0), "{}", dry.shown());
    let released = run(&world, "prompt-release", &Trigger::dispatch(&world, &json!({"prompt": "greeting"}))).ends("success");
    let step = find(released.job("release / release"), "release");
    assert_eq!((step.outputs["version"].as_str(), step.outputs["tag"].as_str()), ("1.0.0", "greeting/v1.0.0"), "{}", released.shown());
    assert_eq!(world.github.state().releases[0]["tag_name"], "greeting/v1.0.0");
    assert_eq!((super::share(&world, "staging", "1.0.0").as_str(), super::share(&world, "production", "1.0.0").as_str()), ("100", "0"));

    // By hand, and only now.
    let promoted = run(&world, "gradual-rollout", &Trigger::dispatch(&world, &production)).ends("success");
    assert_eq!(super::share(&world, "production", "1.0.0"), "100", "{}", promoted.shown());
    let deployed: Vec<String> = world.github.state().deployments.iter().map(|one| format!("{} {}", one.environment, one.state())).collect();
    assert_eq!(deployed, ["staging success", "production success"]);

    // A repository of prompts without any tag: its first version.
    let whole = run(&world, "prompt-release", &Trigger::dispatch(&world, &json!({}))).ends("success");
    assert_eq!(find(whole.job("release / release"), "release").outputs["tag"], "v0.1.0", "{}", whole.shown());
    assert_eq!(whole.job("rollout").result, "skipped");
}

#[test]
fn a_caller_that_grants_too_little_is_refused_before_anything_runs() {
    let world = quick();
    let caller = std::fs::read_to_string(world.repository().join(".github/workflows/emergency-rollback.yml")).unwrap();
    for scope in ["contents: write", "deployments: write", "issues: write"] {
        let less = caller.lines().filter(|line| !line.trim().starts_with(scope)).collect::<Vec<_>>().join("\n");
        let given = json!({"prompt": "greeting", "environment": "production", "reason": "x"});
        let trigger = Trigger::dispatch(&world, &given);
        let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run_text(&world, "emergency-rollback", &less, &trigger)));
        let message = refused.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("is requesting"), "{scope}: {message}");
    }
    assert_eq!(world.github.requests(), Vec::<String>::new());
    assert_eq!(world.flag(), Value::Null);
}
