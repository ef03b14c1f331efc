//! A store that was restored from a backup: the targets remember a newer epoch than the record.

use std::process::Command;

use crate::support::rollout::Stage;

fn copy(stage: &Stage, from: &str, to: &str) {
    let path = |name: &str| stage.workspace.path().join(name);
    let _absent = std::fs::remove_dir_all(path(to));
    assert!(Command::new("cp").arg("-r").args([path(from), path(to)]).status().unwrap().success());
}

/// The backup is from before two rollbacks; since then 3.0.0 has 10 % at the target, with epoch 2.
fn restored(backup_is_of_a_completed_rollout: bool) -> Stage {
    let stage = Stage::new("10m", "100ms");
    if backup_is_of_a_completed_rollout {
        copy(&stage, "state", "backup");
    }
    stage.rollout("start", []).exits(0);
    if !backup_is_of_a_completed_rollout {
        copy(&stage, "state", "backup");
    }
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    stage.rollout("start", ["--retry"]).exits(0);
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    assert_eq!((stage.share("3.0.0"), stage.status()["epoch"].as_u64()), ("10".to_owned(), Some(2)));
    copy(&stage, "backup", "state");
    stage
}

fn shown(stage: &Stage) -> (u64, String) {
    let manifest: serde_json::Value = serde_json::from_str(&stage.workspace.read("flags.json")).unwrap();
    let flag = &manifest["flags"]["greeting"];
    (flag["metadata"]["epoch"].as_u64().unwrap(), flag["defaultVariant"].as_str().unwrap().to_owned())
}

#[test]
fn an_emergency_gets_through_and_says_that_it_raised_the_epoch() {
    for completed in [false, true] {
        let stage = restored(completed);
        let result = stage.call(["rollback", "greeting", "--to", "1.0.0", "--emergency", "--reason", "it burns", "--format", "json"]);
        let result = result.exits(0).json();
        assert_eq!((result["status"].as_str(), result["to_version"].as_str()), (Some("success"), Some("1.0.0")), "{result}");
        let told = "it burns (a target remembers epoch 2, and the record only 0, as one that was restored from a backup: the epoch is raised to 3)";
        assert!(result.to_string().contains(told), "{result}");
        assert_eq!(shown(&stage), (3, "1.0.0".to_owned()), "{completed}");
        assert_eq!((stage.share("1.0.0"), stage.status()["epoch"].as_u64()), ("100".to_owned(), Some(3)));
        stage.call(["audit", "show", "--format", "json"]).exits(0).shows("the epoch is raised to 3");
        stage.call(["audit", "verify"]).exits(0);
        // From here on all is as ever.
        stage.rollout("step", []).exits(0);
        stage.version("4.0.0");
        stage.rollout("start", []).exits(0);
        assert_eq!(stage.share("4.0.0"), "10");
    }
}

#[test]
fn without_an_emergency_it_is_refused_and_the_next_step_is_named() {
    let stage = restored(false);
    let before = shown(&stage);
    let refused = stage.call(["rollback", "greeting", "--yes"]).exits(23);
    refused.shows("the newer epoch 2").shows("`prompt-cicd rollback greeting -e production --to 1.0.0 --emergency` gets through");
    assert_eq!(shown(&stage), before);
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    assert_eq!(shown(&stage), (3, "1.0.0".to_owned()));
}

#[test]
fn an_epoch_that_somebody_wrote_over_is_named_with_the_way_out() {
    let stage = Stage::new("10m", "100ms");
    stage.rollout("start", []).exits(0);
    let write = |epoch: serde_json::Value| {
        let mut manifest: serde_json::Value = serde_json::from_str(&stage.workspace.read("flags.json")).unwrap();
        manifest["flags"]["greeting"]["metadata"]["epoch"] = epoch;
        stage.workspace.write("flags.json", manifest.to_string().as_bytes());
    };
    write("seven".into());
    let refused = stage.call(["rollback", "greeting", "--yes"]).exits(23);
    let refused = refused.shows("`metadata.epoch` of the flag `greeting` cannot be read").shows("write the number 0 there");
    refused.shows("`prompt-cicd rollback greeting -e production --emergency` writes over it");
    write(0.into());
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    assert_eq!(shown(&stage), (1, "1.0.0".to_owned()));
    // An emergency does not wait for a person who mends it, also where the record says that it is done.
    write("seven".into());
    let through = stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    through.shows("(the epoch that flags remembers cannot be read: it is written over)");
    let (epoch, version) = shown(&stage);
    assert!(epoch > 1 && version == "1.0.0", "{epoch} {version}");
    assert_eq!(stage.status()["epoch"].as_u64(), Some(epoch));
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    write("seven".into());
    let through = stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    through.shows("it is written over");
    assert_eq!(shown(&stage), (epoch + 1, "1.0.0".to_owned()));
    assert_eq!(stage.status()["epoch"].as_u64(), Some(epoch + 1));
    stage.call(["audit", "verify"]).exits(0);
}
