use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::support::rollout::Stage;

#[test]
fn of_ten_that_start_one_wins() {
    let stage = Stage::new("5m", "30s");
    let codes: Vec<i32> = thread::scope(|scope| {
        let calls: Vec<_> = (0..10).map(|_| scope.spawn(|| stage.rollout("start", []).code)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| [0, 20, 32].contains(code)), "{codes:?}");
    assert_eq!(stage.share("2.0.0"), "10");
}

#[test]
fn two_consoles_cannot_promote_one_stage_twice() {
    let stage = Stage::new("5m", "30s");
    stage.rollout("start", []).exits(0);
    stage.rollout("step", []).exits(0);
    let codes: Vec<i32> = thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| stage.rollout("promote", []).code)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| [0, 20, 32].contains(code)), "{codes:?}");
    assert_eq!(stage.share("2.0.0"), "25");
}

#[test]
fn a_person_stops_a_rollout_however_often_runners_write() {
    for (order, phase) in [("pause", "held"), ("abort", "aborted"), ("abort", "aborted"), ("abort", "aborted")] {
        let stage = Stage::new("5m", "1ms");
        stage.rollout("start", []).exits(0);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        stage.rollout("step", []);
                    }
                });
            }
            let ordered = stage.rollout(order, ["--reason", "stop"]);
            over.store(true, Ordering::SeqCst);
            ordered.exits(0);
        });
        assert_eq!(stage.status()["phase"], phase);
    }
}

#[test]
fn killed_anywhere_the_next_look_puts_it_right() {
    let mut killed = 0;
    for after in (0..20).map(|step| Duration::from_micros(step * 1_400)) {
        let stage = Stage::with("stages: [10, 100]\n  stage-duration: 0s", "1ms");
        let mut child = stage.workspace.prompt_cicd(["rollout", "start", "greeting"]).spawn();
        thread::sleep(after);
        child.kill().unwrap();
        killed += i32::from(!child.wait().unwrap().success());
        let status = stage.status();
        if status["new_version"] == "2.0.0" {
            stage.rollout("step", []);
            stage.rollout("step", []);
            assert_eq!((stage.status()["status"].as_str(), stage.share("2.0.0")), (Some("completed"), "100".to_owned()), "after {after:?}");
        } else {
            assert_eq!(stage.share("1.0.0"), "100", "after {after:?}");
        }
    }
    assert!(killed >= 5, "{killed}");
}

#[test]
fn a_rollback_killed_anywhere_is_finished() {
    for after in (0..15).map(|step| Duration::from_micros(step * 1_800)) {
        let stage = Stage::new("5m", "30s");
        stage.rollout("start", []).exits(0);
        let mut child = stage.workspace.prompt_cicd(["rollback", "greeting", "--yes"]).spawn();
        thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
        stage.call(["rollback", "greeting", "--yes"]).exits(0);
        let status = stage.status();
        assert_eq!((status["phase"].as_str(), stage.share("1.0.0")), (Some("rolled-back"), "100".to_owned()), "after {after:?}");
        assert_eq!(status["epoch"], 1, "one rollback, however often it is asked for: after {after:?}");
    }
}
