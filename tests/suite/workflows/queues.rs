//! Who waits for whom: a run keeps its group for as long as it waits for reviewers, up to 30 days.

use serde_json::Value;

use super::{REUSABLE, jobs, workflow};

/// Those whose newer run makes an older one pointless.
const CANCELLED: [&str; 3] = ["prompt-template-pr", "pull-request-checks", "quality-gates"];

/// Whether a job can wait for people: it has a GitHub environment, or calls a workflow with such a job.
fn asks(job: &Value) -> bool {
    let called = job["uses"].as_str().and_then(|uses| uses.strip_prefix("$/.github/workflows/")?.strip_suffix(".yml"));
    job.get("environment").is_some() || called.is_some_and(|called| jobs(&workflow(called)).any(|(_, job)| asks(job)))
}

/// The group of a workflow or job, with whether a newer run ends an older one.
fn group(of: &Value) -> Option<(&str, bool)> {
    let concurrency = of.get("concurrency")?;
    Some((concurrency["group"].as_str().unwrap(), concurrency["cancel-in-progress"].as_bool().unwrap()))
}

#[test]
fn nobody_waits_behind_a_run_that_waits_for_reviewers() {
    let asking: Vec<&str> = REUSABLE.into_iter().filter(|name| jobs(&workflow(name)).any(|(_, job)| asks(job))).collect();
    assert_eq!(asking, ["gradual-rollout", "performance-monitoring", "emergency-rollback"]);
    for name in asking {
        let workflow = workflow(name);
        let held = jobs(&workflow).filter(|(_, job)| asks(job)).filter_map(|(_, job)| group(job)).chain(group(&workflow));
        for (group, _) in held {
            assert!(group.contains("github.run_id"), "{name}: whoever waits for reviewers keeps {group}");
        }
    }
}

#[test]
fn every_workflow_that_asks_nobody_has_queues_of_its_own() {
    let mut groups = Vec::new();
    for name in REUSABLE {
        let workflow = workflow(name);
        let own: Vec<(&str, bool)> = group(&workflow).into_iter().chain(jobs(&workflow).filter_map(|(_, job)| group(job))).collect();
        // Whoever puts a version back in an emergency waits for nobody, and two at once are safe.
        assert_eq!(own.is_empty(), name == "emergency-rollback", "{name}: {own:?}");
        for (group, cancelled) in own {
            assert!(group.starts_with(&format!("{name}-")), "{name}: its group is {group}");
            assert_eq!(cancelled, CANCELLED.contains(&name), "{name}");
            groups.push(group.to_owned());
        }
    }
    let all = groups.len();
    groups.sort();
    groups.dedup();
    assert_eq!(groups.len(), all, "two share a queue");
}
