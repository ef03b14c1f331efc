//! Which failures of a target are tried again until the deadline, and which are told at once.

use serde_json::Value;

use crate::support::rollout::Stage;

/// A target in a file, which fails as often as there are lines in `failing`.
const TARGET: &str = r#"message=$(cat)
case "$message" in
*'"action":"observe"'*)
    if [ -f shown.json ]; then cat shown.json; else echo '{"shares": null}'; fi
    ;;
*)
    if [ -s failing ]; then
        sed -i 1d failing
        echo "not now" >&2
        exit 9
    fi
    [ -f hang ] && sleep 100
    printf '%s' "$message" > shown.json
    ;;
esac
"#;

/// 2.0.0 has 10 % at a flag file and at a program.
fn at_ten() -> Stage {
    let stage = Stage::of(
        "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: greeting, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Ana}]}]}
store: {kind: directory, path: state}
targets:
  flags: {kind: flagd, path: flags.json}
  program: {kind: command, command: [sh, target.sh], timeout: 20s}
environments:
  production: {targets: [flags, program]}
rollouts: {stage-duration: 10m}
",
    );
    stage.workspace.write("target.sh", TARGET.as_bytes());
    stage.rollout("start", []).exits(0);
    stage.version("2.0.0");
    stage.rollout("start", []).exits(0);
    stage
}

fn target<'r>(result: &'r Value, name: &str) -> &'r Value {
    result["targets"].as_array().unwrap().iter().find(|target| target["target"] == name).unwrap()
}

#[test]
fn a_failure_that_can_heal_is_tried_again_and_one_that_cannot_is_told_at_once() {
    let stage = at_ten();
    stage.workspace.write("failing", b"once\ntwice\n");
    let good = stage.workspace.read("flags.json");
    for (text, tries, says) in [
        // Somebody else's file, and one that nobody can read: half written, it is whole a moment later.
        ("{\"features\": {}}", 1, "flags.json is no flag manifest: it has no map `flags`"),
        ("{\"flags\": {", 2, "flags.json is no flag manifest: no JSON: EOF while parsing an object at line 1 column 11"),
    ] {
        stage.workspace.write("flags.json", text.as_bytes());
        let back = stage.call(["rollback", "greeting", "--yes", "--timeout", "25s", "--format", "json"]).exits(23);
        let result = back.json();
        let flags = target(&result, "flags");
        assert_eq!((flags["confirmed"].as_bool(), flags["attempts"].as_u64()), (Some(false), Some(tries)), "{result}");
        assert!(flags["shows"].as_str().unwrap().contains(says), "{result}");
        assert_eq!(result["status"], "failed", "the time was not up: {result}");
        let program = target(&result, "program");
        assert_eq!(program["confirmed"], true, "{result}");
        if tries == 1 {
            assert_eq!(program["attempts"], 3, "{result}");
        }
        assert_eq!(stage.workspace.read("flags.json"), text, "what others wrote stays");
    }
    let told = stage.call(["rollback", "greeting", "--yes"]).exits(23);
    told.shows("put back what was there, other flags too, or write {\"flags\": {}} where there were none");
    stage.workspace.write("flags.json", good.as_bytes());
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
}

#[test]
fn a_target_that_does_not_answer_is_told_with_what_it_shows_and_why() {
    let stage = at_ten();
    stage.workspace.write("hang", b"");
    let back = stage.call(["rollback", "greeting", "--emergency", "--timeout", "3s"]).exits(23);
    back.shows("2.0.0 has 10 % instead of 0 %").shows("target \"program\": program `sh`: not done within");
    assert_eq!(stage.share("1.0.0"), "100", "the other one is back");
    stage.call(["rollback", "status", "greeting"]).exits(23).says("`prompt-cicd rollback resume greeting -e production` finishes it");
    std::fs::remove_file(stage.workspace.path().join("hang")).unwrap();
    stage.call(["rollback", "resume", "greeting"]).exits(0);
}
