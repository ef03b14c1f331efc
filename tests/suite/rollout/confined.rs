//! Files of health numbers lie in the repository.

use std::{fs, os::unix::fs::symlink};

use crate::support::rollout::Stage;

#[test]
fn numbers_from_outside_are_refused_and_keep_nobody_from_going_back() {
    let outside = tempfile::tempdir().unwrap();
    let stage = Stage::new("10m", "10ms");
    stage.rollout("start", []).exits(0);
    let (here, there) = (stage.workspace.path().join("numbers.json"), outside.path().join("numbers.json"));
    fs::copy(&here, &there).unwrap();
    fs::remove_file(&here).unwrap();
    symlink(&there, &here).unwrap();
    for verb in ["step", "run", "plan", "promote", "start"] {
        let refused = stage.rollout(verb, []).exits(3);
        refused.says("metric-sources.numbers.path").says("is outside of the repository").says("files-outside");
    }
    stage.rollout("pause", []).exits(0);
    stage.rollout("status", []).exits(21).shows("paused by a person");
    stage.call(["rollback", "validate", "greeting"]).exits(0);
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    stage.call(["rollback", "status", "greeting"]).exits(0);
    // Whoever trusts the configuration says so.
    let config = stage.workspace.read("prompt-cicd.yml") + "run: {files-outside: true}\n";
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    assert_eq!(stage.share("1.0.0"), "100");
    stage.rollout("retry", []).exits(0);
    stage.rollout("step", []).exits(0).shows("health: healthy");
}
