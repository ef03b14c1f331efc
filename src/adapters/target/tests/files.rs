//! Manifests in files.

use std::{fs, path::Path};

use super::{DEADLINE, desired, open};
use crate::{
    domain::target::{Agreement, FlagdPlace, Observed, Shares, TargetKind},
    ports::target::TargetErrorKind,
};

fn flagd(path: &str) -> TargetKind {
    TargetKind::Flagd { place: FlagdPlace::File(path.into()), flag: "{{prompt}}".into() }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn applying_makes_the_file_and_twice_is_once() {
    let folder = tempfile::tempdir().unwrap();
    let target = open(flagd("flags/{{environment}}.json"), folder.path()).unwrap();
    assert_eq!(target.observe(DEADLINE).await, Ok(Observed::default()));
    target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
    let path = folder.path().join("flags/production.json");
    let (text, written) = (fs::read_to_string(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap()), (text, written));
    assert_eq!(target.observe(DEADLINE).await.unwrap().agreement(&desired(10, 1), Shares::Any), Agreement::Confirmed);
    assert_eq!(names(&folder.path().join("flags")), ["production.json"], "nothing is left beside it");
}

#[tokio::test]
async fn a_sleeper_is_fenced() {
    let folder = tempfile::tempdir().unwrap();
    let target = open(flagd("f.json"), folder.path()).unwrap();
    target.apply(&desired(0, 2), "rollback", DEADLINE).await.unwrap();
    let error = target.apply(&desired(50, 1), "late", DEADLINE).await.unwrap_err();
    assert_eq!(error.kind, TargetErrorKind::Fenced);
    assert_eq!(target.observe(DEADLINE).await.unwrap().epoch, Some(2));
}

#[tokio::test]
async fn many_writers_lose_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let writers = (0..8).map(|index| {
        let kind = TargetKind::Flagd { place: FlagdPlace::File("f.json".into()), flag: format!("flag-{index}") };
        let target = open(kind, folder.path()).unwrap();
        tokio::spawn(async move {
            for step in 0..10_u8 {
                target.apply(&desired(step * 10, 1), &format!("{index}-{step}"), DEADLINE).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.path().join("f.json")).unwrap()).unwrap();
    for index in 0..8 {
        assert_eq!(manifest["flags"][format!("flag-{index}")]["metadata"]["operation"], format!("{index}-9"));
    }
}

#[tokio::test]
async fn a_held_lock_ends_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let target = open(flagd("f.json"), folder.path()).unwrap();
    let held = fs::File::open(folder.path()).unwrap();
    held.lock().unwrap();
    let error = target.apply(&desired(10, 1), "op", std::time::Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error.kind, TargetErrorKind::TimedOut);
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn a_broken_file_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f.json"), "{\"flags\": {").unwrap();
    let target = open(flagd("f.json"), folder.path()).unwrap();
    // Somebody may be writing it.
    assert_eq!(target.apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err().kind, TargetErrorKind::Corrupt);
    assert_eq!(target.observe(DEADLINE).await.unwrap_err().kind, TargetErrorKind::Corrupt);
    assert_eq!(fs::read_to_string(folder.path().join("f.json")).unwrap(), "{\"flags\": {");
    fs::write(folder.path().join("f.json"), "{\"flags\": []}").unwrap();
    assert_eq!(target.apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err().kind, TargetErrorKind::Foreign);
}

#[tokio::test]
async fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real.json");
    fs::write(&real, "{\"flags\": {}}").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, folder.path().join("f.json")).unwrap();
    open(flagd("f.json"), folder.path()).unwrap().apply(&desired(10, 1), "op", DEADLINE).await.unwrap();
    assert!(fs::symlink_metadata(folder.path().join("f.json")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&real).unwrap().contains("greeting"));
}

#[test]
fn names_cannot_lead_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(flagd("{{version}}.json"), folder.path()).map(drop).unwrap_err();
    assert!(error.message.contains("cannot hold {{version}}"), "{error}");
    let error = open(flagd("{{user}}.json"), folder.path()).map(drop).unwrap_err();
    assert!(error.message.contains("there is no `{{user}}`"), "{error}");
}
