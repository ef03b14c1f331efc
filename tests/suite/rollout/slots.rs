//! At most so many rollouts at once, however many start in the same moment.

use std::{thread, time::Duration};

use crate::support::rollout::Stage;

const PROMPTS: [&str; 8] = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"];

/// Eight prompts with a stable version and a newer one in the file; `most` rollouts at once.
fn eight(most: usize) -> Stage {
    let suite = |prompt: &&str| {
        format!(
            "  - {{name: {prompt}, prompt: prompts/{prompt}.prompt.yml, provider: say, cases: [{{vars: {{name: Ana}}, assert: [{{contains: Ana}}]}}]}}\n"
        )
    };
    let suites = PROMPTS.iter().map(suite).collect::<Vec<_>>().concat();
    let stage = Stage::of(&format!(
        "version: 1\nproviders: {{say: {{kind: echo}}}}\nsuites:\n{suites}store: {{kind: directory, path: state}}\ntargets:\n  flags: \
         {{kind: flagd, path: flags.json}}\nenvironments:\n  production: {{targets: [flags]}}\nrollouts:\n  max-concurrent: {most}\n"
    ));
    for number in ["1.0.0", "2.0.0"] {
        for prompt in PROMPTS {
            let text =
                format!("name: {prompt}\nversion: {number}\nmessages:\n  - {{role: user, content: \"{number} for {{{{name}}}}\"}}\n");
            stage.workspace.write(&format!("prompts/{prompt}.prompt.yml"), text.as_bytes());
            if number == "1.0.0" {
                stage.call(["rollout", "start", prompt]).exits(0);
            }
        }
    }
    stage
}

/// The prompts that are on their way.
fn under_way(stage: &Stage) -> Vec<&'static str> {
    let is_under_way = |prompt: &&str| stage.call(["rollout", "status", prompt, "--format", "json"]).json()["status"] == "in_progress";
    PROMPTS.into_iter().filter(is_under_way).collect()
}

#[test]
fn of_eight_that_start_in_the_same_moment_three_run_and_five_say_which() {
    let stage = eight(3);
    let stage = &stage;
    let started: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = PROMPTS.iter().map(|prompt| scope.spawn(move || stage.call(["rollout", "start", prompt]))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let running = under_way(stage);
    assert_eq!(running.len(), 3, "{running:?}");
    for (prompt, started) in PROMPTS.iter().zip(started) {
        if running.contains(prompt) {
            assert_eq!(started.code, 0, "{prompt}: {}", started.stderr);
        } else {
            assert_eq!(started.code, 20, "{prompt}: {}", started.stderr);
            started.says(&format!("3 rollouts are under way in production ({})", running.join(", ")));
        }
    }
    // Whoever is over leaves its place to another.
    let late = PROMPTS.into_iter().find(|prompt| !running.contains(prompt)).unwrap();
    stage.call(["rollout", "abort", running[0]]).exits(0);
    stage.call(["rollout", "start", late]).exits(0);
    assert_eq!(under_way(stage).len(), 3);
}

#[test]
fn a_start_that_is_killed_anywhere_keeps_no_place() {
    let stage = eight(1);
    let mut undone = 0;
    for after in (0..14).map(|step| Duration::from_micros(step * 2_000)) {
        let mut child = stage.workspace.prompt_cicd(["rollout", "start", "p1"]).spawn();
        thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
        if stage.call(["rollout", "status", "p1", "--format", "json"]).json()["status"] == "in_progress" {
            stage.call(["rollout", "start", "p2"]).exits(20).says("1 rollouts are under way in production (p1)");
            stage.call(["rollout", "step", "p1"]);
            stage.call(["rollout", "abort", "p1"]).exits(0);
        } else {
            undone += 1;
        }
        // The place is free, whatever the one that was killed had taken.
        stage.call(["rollout", "start", "p2"]).exits(0);
        stage.call(["rollout", "abort", "p2"]).exits(0);
    }
    assert!(undone > 0, "none was killed in time");
}
