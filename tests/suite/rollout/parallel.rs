//! Targets that are changed at the same time, and those that are not. A slow target waits until the other one has begun too: changed one
//! after the other, neither would ever be done.

use crate::support::rollout::Stage;

/// A target in two files: what it was told last, and `told.txt`. Where there is a file `meet`, it is done only when both have begun; where
/// there is `broken-NAME`, never.
const TARGET: &str = r#"message=$(cat)
case "$message" in
*'"action":"observe"'*)
    if [ -f "$1.json" ]; then cat "$1.json"; else echo '{"shares": null}'; fi
    ;;
*)
    echo "begun $1" >> told.txt
    [ -f "broken-$1" ] && exit 9
    if [ -f meet ]; then
        touch "here-$1"
        tries=0
        while [ ! -f here-one ] || [ ! -f here-two ]; do
            tries=$((tries + 1))
            [ "$tries" -gt 300 ] && exit 9
            sleep 0.05
        done
    fi
    printf '%s' "$message" > "$1.json"
    echo "ended $1" >> told.txt
    ;;
esac
"#;

/// Two such targets, 1.0.0 stable on both, 2.0.0 in the file.
fn stage(rollouts: &str) -> Stage {
    let stage = Stage::of(&format!(
        "version: 1
providers: {{say: {{kind: echo}}}}
suites:
  - {{name: greeting, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{{vars: {{name: Ana}}, assert: [{{contains: Ana}}]}}]}}
store: {{kind: directory, path: state}}
targets:
  one: {{kind: command, command: [sh, target.sh, one], timeout: 20s}}
  two: {{kind: command, command: [sh, target.sh, two], timeout: 20s}}
environments:
  production: {{targets: [one, two]}}
rollouts: {{{rollouts}}}
"
    ));
    stage.workspace.write("target.sh", TARGET.as_bytes());
    stage.rollout("start", []).exits(0);
    stage.version("2.0.0");
    stage.workspace.write("told.txt", b"");
    stage
}

fn told(stage: &Stage) -> Vec<String> {
    let told = stage.workspace.read("told.txt").lines().map(str::to_owned).collect();
    stage.workspace.write("told.txt", b"");
    told
}

/// From now on each waits for the other.
fn meet(stage: &Stage) {
    stage.workspace.write("meet", b"");
    for name in ["one", "two"] {
        drop(std::fs::remove_file(stage.workspace.path().join(format!("here-{name}"))));
    }
}

/// What the targets show of 2.0.0, in the order of the environment.
fn shows(stage: &Stage) -> Vec<(String, bool)> {
    let status = stage.status();
    let targets = status["targets"].as_array().unwrap();
    targets.iter().map(|line| (line["target"].as_str().unwrap().to_owned(), line["confirmed"] == true)).collect()
}

#[test]
fn a_stage_and_a_rollback_change_all_targets_at_the_same_time() {
    for strategy in ["stages: [10, 100]", "strategy: blue-green"] {
        let stage = stage(strategy);
        let verbs: [&[&str]; 3] =
            [&["rollout", "start", "greeting"], &["rollout", "set", "greeting", "100", "--force"], &["rollback", "greeting", "--yes"]];
        for verb in verbs {
            meet(&stage);
            // Held is where blue-green stands while its candidate is prepared.
            let done = stage.call(verb.iter().copied());
            assert!([0, 21].contains(&done.code), "{strategy}, {verb:?}: {} {}", done.stdout, done.stderr);
            let told = told(&stage);
            let begun = told.iter().take(2).filter(|line| line.starts_with("begun ")).count();
            let ended = told.iter().skip(2).filter(|line| line.starts_with("ended ")).count();
            assert_eq!((begun, ended, told.len()), (2, 2, 4), "{strategy}, {verb:?}: {told:?}");
            assert_eq!(shows(&stage), [("one".to_owned(), true), ("two".to_owned(), true)], "{strategy}, {verb:?}");
        }
    }
}

#[test]
fn one_that_fails_keeps_no_other_from_it_and_each_is_named_in_its_place() {
    let stage = stage("stages: [10, 100]");
    stage.workspace.write("broken-one", b"");
    let started = stage.rollout("start", []).exits(21).stdout;
    let (one, two) = (started.find("target one: NOT AS DESIRED").unwrap(), started.find("target two: ok: 1.0.0 90 %, 2.0.0 10 %").unwrap());
    assert!(one < two, "{started}");
    std::fs::remove_file(stage.workspace.path().join("broken-one")).unwrap();
    stage.rollout("step", []).exits(0);
    assert_eq!(shows(&stage), [("one".to_owned(), true), ("two".to_owned(), true)]);
}

#[test]
fn a_rolling_rollout_goes_from_target_to_target() {
    let stage = stage("strategy: rolling");
    stage.workspace.write("broken-one", b"");
    stage.rollout("start", []).exits(21);
    assert_eq!(told(&stage), ["begun one"], "what comes later waits for what comes first");
    std::fs::remove_file(stage.workspace.path().join("broken-one")).unwrap();
    stage.rollout("step", []).exits(0);
    assert_eq!(told(&stage), ["begun one", "ended one", "begun two", "ended two"]);
}
