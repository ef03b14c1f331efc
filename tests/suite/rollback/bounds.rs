//! What a rollback reads before it acts, and how long it waits for answers.

use std::{net::TcpListener, path::PathBuf};

use super::completed;
use crate::support::rollout::Stage;

/// The files in which the store keeps a version's record.
pub(super) fn records(stage: &Stage, version: &str) -> Vec<PathBuf> {
    let mut folders = vec![stage.workspace.path().join("state")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().contains("registry/greeting")
                && path.file_name().unwrap().to_str().unwrap().starts_with(version)
            {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn no_older_record_is_read_than_it_takes() {
    let stage = completed();
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.rollout("run", []).exits(0);
    let oldest = records(&stage, "1.0.0");
    assert!(!oldest.is_empty(), "the record of 1.0.0");
    for file in oldest {
        std::fs::write(file, b"{ torn").unwrap();
    }
    // The broken one is a line of the list; going back to 2.0.0 does not need it.
    let list = stage.call(["rollback", "list-versions", "greeting"]).exits(0);
    list.shows("1.0.0 corrupt: its content does not have its digest any more").shows("2.0.0 previous stable").shows("3.0.0 current");
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    assert_eq!(stage.share("2.0.0"), "100");
}

#[test]
fn an_archived_version_is_not_gone_back_to() {
    let stage = completed();
    stage.version("3.0.0");
    stage.rollout("start", []).exits(0);
    stage.rollout("run", []).exits(0);
    stage.call(["registry", "archive", "greeting", "3.0.0"]).exits(20).says("stable in production");
    stage.call(["registry", "archive", "greeting", "2.0.0"]).exits(0).shows("archived");
    stage.call(["rollback", "greeting", "--yes", "--to", "2.0.0"]).exits(20).says("2.0.0 is archived");
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    assert_eq!(stage.share("1.0.0"), "100");
    stage.version("2.0.0");
    stage.rollout("start", []).exits(20).says("registry archive --undo");
    stage.call(["registry", "archive", "greeting", "2.0.0", "--undo"]).exits(0);
    stage.rollout("start", []).exits(0);
}

#[test]
fn reading_back_what_is_there_already_ends_with_the_time() {
    let stage = completed();
    stage.call(["rollback", "greeting", "--yes"]).exits(0);
    // Now a target that takes every connection and never answers: only reading back tells that nothing is to be done.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", deaf.local_addr().unwrap());
    let config = stage.workspace.read("prompt-cicd.yml");
    let config = config.replace("{kind: flagd, path: flags.json}", &format!("{{kind: webhook, url: '{url}', timeout: 60s}}"));
    stage.workspace.write("prompt-cicd.yml", config.as_bytes());
    let late = stage.call(["rollback", "greeting", "--yes", "--timeout", "1s", "--format", "json"]).exits(23).json();
    let took = late["duration_seconds"].as_f64().unwrap();
    assert!((1.0..6.0).contains(&took), "{late}");
    assert_eq!((late["status"].as_str(), late["sla_met"].as_bool()), (Some("timeout"), Some(false)), "{late}");
}

#[test]
fn the_status_of_a_rollback_reads_the_targets() {
    let stage = Stage::new("5m", "30s");
    stage.call(["rollback", "status", "greeting"]).exits(0).shows("no rollback so far").shows("as it should be");
    stage.rollout("start", []).exits(0);
    stage.rollout("abort", []).exits(0);
    // The rollout's own status says that it was stopped; the rollback is well.
    stage.call(["rollback", "greeting", "--emergency"]).exits(0);
    stage.rollout("status", []).exits(21);
    let status = stage.call(["rollback", "status", "greeting", "--format", "json"]).exits(0);
    assert!(status.stdout.starts_with('['), "{}", status.stdout);
    std::fs::write(stage.workspace.path().join("flags.json"), r#"{"flags": {}}"#).unwrap();
    stage.call(["rollback", "status", "greeting"]).exits(21).shows("NOT as it should be");
}
