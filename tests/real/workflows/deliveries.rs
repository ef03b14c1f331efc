//! Every path through rollouts, rollbacks and monitoring: by schedule, by hand, stopped, refused, cancelled, in an emergency.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    numbers, prompt,
    runner::{Run, Trigger, run, run_text},
    share,
    step::find,
    world::World,
};

/// A reason as people write it who mean harm.
fn hostile() -> String {
    format!("it's \"bad\" --to 6.6.6\n`id` $(id) ${{{{ secrets.X }}}} ::error::x ##[group]y @octo <!-- --> 🔥 {}", "x".repeat(10_000))
}

fn dispatch(world: &World, name: &str, inputs: &Value) -> Run {
    run(world, name, &Trigger::dispatch(world, inputs))
}

fn version(world: &World, number: &str) {
    world.write("prompts/greeting.prompt.yml", &prompt(number, "Hello {{name}}, welcome!"));
    world.commit(&format!("feat: greet as {number}"));
}

/// Through staging and production, as far as it goes at once.
fn live(world: &World) {
    for environment in ["staging", "production"] {
        dispatch(world, "gradual-rollout", &json!({"prompt": "greeting", "environment": environment})).ends("success");
    }
}

/// 1.0.0 is live, 2.0.0 came through staging.
fn ready(hold: &str, interval: &str) -> World {
    let world = super::world(hold, interval);
    live(&world);
    version(&world, "2.0.0");
    dispatch(&world, "gradual-rollout", &json!({"prompt": "greeting", "environment": "staging"})).ends("success");
    world
}

fn production(more: &Value) -> Value {
    let mut inputs = json!({"prompt": "greeting", "environment": "production"});
    inputs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    inputs
}

/// Waits until something is so; it must become so.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_mins(1), "it never came to be: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The caller whose schedule is switched on.
fn scheduled(world: &World) -> String {
    let caller = std::fs::read_to_string(world.repository().join(".github/workflows/gradual-rollout.yml")).unwrap();
    caller.replace("  # schedule:\n  #   - cron", "  schedule:\n    - cron")
}

#[test]
fn a_schedule_carries_a_rollout_to_its_end_and_is_green_and_quiet_after_it() {
    let world = ready("400ms", "150ms");
    let started = dispatch(&world, "gradual-rollout", &production(&json!({"mode": "start"}))).ends("success");
    assert_eq!(
        started.results(),
        [
            ("rollout / mode", "skipped"),
            ("rollout / plan", "success"),
            ("rollout / rollout", "success"),
            ("rollout / step", "skipped"),
            ("rollout / abort", "skipped")
        ]
    );
    assert_eq!(share(&world, "production", "2.0.0"), "10", "{}", started.shown());
    let caller = scheduled(&world);
    let look = || run_text(&world, "gradual-rollout", &caller, &Trigger::schedule(&world, "*/5 * * * *")).ends("success");
    let mut looks = 0;
    while share(&world, "production", "2.0.0") != "100" {
        look();
        looks += 1;
        assert!(looks < 40, "the schedule never ends it");
    }
    println!("the schedule looked {looks} times");
    until("completed", || find(look().job("rollout / step"), "status").outputs["rollout-status"] == "completed");
    let over = look();
    assert_eq!(find(over.job("rollout / step"), "step").outcome, "skipped", "{}", over.shown());
}

#[test]
fn a_schedule_that_comes_while_a_person_works_moves_nothing_twice() {
    let world = ready("600ms", "150ms");
    let mut seen = vec![share(&world, "production", "2.0.0")];
    thread::scope(|scope| {
        let person = scope.spawn(|| dispatch(&world, "gradual-rollout", &production(&json!({}))));
        let caller = scheduled(&world);
        let looks = scope.spawn({
            let (world, caller) = (&world, caller);
            move || {
                (0..4).map(|_| run_text(world, "gradual-rollout", &caller, &Trigger::schedule(world, "*/5 * * * *"))).collect::<Vec<_>>()
            }
        });
        while !person.is_finished() || !looks.is_finished() {
            let now = share(&world, "production", "2.0.0");
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            thread::sleep(Duration::from_millis(5));
        }
        let person = person.join().unwrap();
        // Two writers: one wins, and the other says so.
        for run in looks.join().unwrap().iter().chain([&person]) {
            assert!(run.result == "success" || run.said().contains("run it again"), "{}", run.shown());
        }
    });
    assert_eq!(seen, ["0", "10", "100"], "each stage once, and none goes back");
}

#[test]
fn an_abort_by_dispatch_stops_the_rollout_that_a_runner_watches() {
    let world = ready("60s", "150ms");
    thread::scope(|scope| {
        let watching = scope.spawn(|| dispatch(&world, "gradual-rollout", &production(&json!({}))));
        until("10 %", || share(&world, "production", "2.0.0") == "10");
        // A second start is refused before anybody is asked; stopping waits for nobody. A scheduled look comes at the same moment.
        let second = dispatch(&world, "gradual-rollout", &production(&json!({}))).ends("failure");
        assert_eq!((second.job("rollout / plan").result, second.job("rollout / rollout").result), ("failure", "skipped"));
        let caller = scheduled(&world);
        let look = scope.spawn({
            let (world, caller) = (&world, caller);
            move || run_text(world, "gradual-rollout", &caller, &Trigger::schedule(world, "*/5 * * * *"))
        });
        let begin = Instant::now();
        let aborted = dispatch(&world, "gradual-rollout", &production(&json!({"mode": "abort", "reason": hostile()})));
        let again = || dispatch(&world, "gradual-rollout", &production(&json!({"mode": "abort", "reason": "again"})));
        // Two writers: one wins, the other says so, and saying it again helps.
        let aborted = if aborted.result == "success" { aborted } else { again().ends("success") };
        println!("aborted {:.1?} after the dispatch", begin.elapsed());
        assert_eq!(find(aborted.job("rollout / abort"), "abort").outputs["rollout-status"], "aborted", "{}", aborted.shown());
        assert_eq!((share(&world, "production", "1.0.0").as_str(), share(&world, "production", "2.0.0").as_str()), ("100", "0"));
        look.join().unwrap();
        let watched = watching.join().unwrap();
        assert!(watched.said().contains("aborted"), "{}", watched.shown());
    });
    assert_eq!(share(&world, "production", "2.0.0"), "0");
}

#[test]
fn a_hotfix_skips_the_stages_and_not_the_reviewers() {
    let world = ready("60s", "150ms");
    world.reviewers.lock().unwrap().insert("production".to_owned(), false);
    let (inputs, before) = (production(&json!({"skip-stages": true})), world.flag_writes());
    let refused = dispatch(&world, "gradual-rollout", &inputs).ends("failure");
    assert_eq!(
        (refused.asked.as_slice(), refused.job("rollout / plan").result),
        (["production: rejected".to_owned()].as_slice(), "success")
    );
    assert!(find(refused.job("rollout / plan"), "$/").stdout.contains("100 %"), "what reviewers see: {}", refused.shown());
    assert_eq!((share(&world, "production", "2.0.0").as_str(), world.flag_writes()), ("0", before), "nothing was changed");
    world.reviewers.lock().unwrap().insert("production".to_owned(), true);
    let hotfix = dispatch(&world, "gradual-rollout", &inputs).ends("success");
    assert_eq!(
        (hotfix.asked.as_slice(), share(&world, "production", "2.0.0").as_str()),
        (["production: approved".to_owned()].as_slice(), "100")
    );
}

#[test]
fn nobody_waits_behind_those_whose_reviewers_do_not_answer() {
    let world = ready("60s", "150ms");
    let away = |environment: &str| *world.away.lock().unwrap() = [environment.to_owned()].into();
    away("production");
    let asked = dispatch(&world, "gradual-rollout", &production(&json!({})));
    assert_eq!((asked.result, asked.asked.as_slice()), ("waiting", ["production: no answer".to_owned()].as_slice()), "{}", asked.shown());
    world.away.lock().unwrap().clear();
    dispatch(&world, "gradual-rollout", &production(&json!({"skip-stages": true}))).ends("success");
    assert_eq!(share(&world, "production", "2.0.0"), "100", "the hotfix did not wait");

    // An emergency that nobody answers, then a look of monitoring whose rollback nobody answers: neither keeps the next one waiting.
    away("production");
    let reason = json!({"reason": "answers in French"});
    assert_eq!(dispatch(&world, "emergency-rollback", &production(&reason)).result, "waiting");
    world.variables.lock().unwrap().insert("MONITORED_PROMPT".to_owned(), "greeting".to_owned());
    let caller = std::fs::read_to_string(world.repository().join(".github/workflows/performance-monitoring.yml")).unwrap();
    let allowed = caller.replace("allow-rollback: false", "allow-rollback: true");
    let look = || run_text(&world, "performance-monitoring", &allowed, &Trigger::schedule(&world, "*/30 * * * *"));
    away("production-emergency");
    numbers(&world, 950.0, 0.2);
    for _ in 0..2 {
        let looked = look();
        assert_eq!(
            (looked.job("monitor / monitor").result, looked.asked.as_slice()),
            ("failure", ["production-emergency: no answer".to_owned()].as_slice()),
            "{}",
            looked.shown()
        );
    }
    assert_eq!(share(&world, "production", "2.0.0"), "100");
    away("production");
    let skipping = dispatch(&world, "emergency-rollback", &production(&json!({"reason": "now", "skip-confirmation": true})));
    assert_eq!(find(skipping.job("rollback / rollback"), "rollback").outputs["sla-met"], "true", "{}", skipping.shown());
    assert_eq!(share(&world, "production", "1.0.0"), "100");
}

#[test]
fn a_run_that_is_cancelled_half_way_is_gone_on_with_by_the_next_step() {
    let world = ready("1s", "150ms");
    let trigger = Trigger::dispatch(&world, &production(&json!({"stages": "10,50,100"})));
    let cancelled = thread::scope(|scope| {
        let running = scope.spawn(|| run(&world, "gradual-rollout", &trigger));
        until("10 %", || share(&world, "production", "2.0.0") == "10");
        trigger.cancel.store(true, Ordering::SeqCst);
        running.join().unwrap()
    });
    assert_eq!(cancelled.result, "cancelled", "{}", cancelled.shown());
    let step = || dispatch(&world, "gradual-rollout", &production(&json!({"mode": "step"})));
    until("completed", || {
        let looked = step();
        looked.job("rollout / step").steps.iter().any(|step| step.outputs.get("rollout-status").is_some_and(|status| status == "completed"))
    });
    assert_eq!(share(&world, "production", "2.0.0"), "100");
}

#[test]
fn an_emergency_works_while_a_rollout_runs_and_leaves_a_post_mortem_and_an_artifact() {
    let world = ready("60s", "150ms");
    let emergency = |more: Value| {
        production(&json!({"reason": hostile()}))
            .as_object()
            .cloned()
            .map(|mut all| {
                all.extend(more.as_object().unwrap().clone());
                Value::from(all)
            })
            .unwrap()
    };
    thread::scope(|scope| {
        let watching = scope.spawn(|| dispatch(&world, "gradual-rollout", &production(&json!({}))));
        until("10 %", || share(&world, "production", "2.0.0") == "10");
        // Nobody may: what is asked is refused, and nothing changes.
        world.reviewers.lock().unwrap().extend([("production".to_owned(), false), ("production-emergency".to_owned(), true)]);
        let refused = dispatch(&world, "emergency-rollback", &emergency(json!({}))).ends("failure");
        assert_eq!(refused.results(), [("rollback / validate", "success"), ("rollback / rollback", "failure")], "{}", refused.shown());
        assert_eq!(
            (refused.asked.as_slice(), share(&world, "production", "2.0.0").as_str()),
            (["production: rejected".to_owned()].as_slice(), "10")
        );
        // A version that is not there is found before anybody is asked.
        let unknown = dispatch(&world, "emergency-rollback", &emergency(json!({"to-version": "9.9.9"}))).ends("failure");
        assert!(unknown.asked.is_empty() && unknown.said().contains("9.9.9"), "{}", unknown.shown());

        let begin = Instant::now();
        let timed = scope.spawn({
            let world = &world;
            move || {
                until("back", || share(world, "production", "1.0.0") == "100");
                begin.elapsed()
            }
        });
        let rolled = dispatch(&world, "emergency-rollback", &emergency(json!({"skip-confirmation": true})));
        let back = timed.join().unwrap();
        let job = rolled.job("rollback / rollback");
        let step = find(job, "rollback");
        println!("from the dispatch to all traffic being back: {back:.2?}");
        assert!(back <= Duration::from_secs(10), "{back:?}");
        assert_eq!(rolled.asked, ["production-emergency: approved"]);
        assert_eq!((rolled.job("rollback / validate").result, step.code), ("skipped", Some(0)), "{}", rolled.shown());
        assert_eq!((step.outputs["sla-met"].as_str(), step.outputs["rollout-status"].as_str()), ("true", "rolled-back"));
        let kept = world.artifacts(rolled.id).join(&step.outputs["rollback-id"]).join("rollback.json");
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
        assert_eq!((kept["status"].as_str(), kept["trigger"].as_str()), (Some("success"), Some("emergency")), "{kept}");
        assert!(kept["watch"].is_object() && kept["reason"].as_str().unwrap().starts_with("it's \"bad\" --to 6.6.6\n`id`"), "{kept}");
        // Either of the two may be the one that tells people.
        let watched = watching.join().unwrap();
        assert!(watched.said().contains("rolled"), "{}", watched.shown());
        let issues = world.github.state().issues.clone();
        // Its title says how health is after it, once somebody looked.
        let told = issues.iter().find(|issue| issue.title.ends_with("greeting in production (2.0.0 → 1.0.0)"));
        let Some(issue) = told else { panic!("{issues:#?}\n{}\n{}", rolled.shown(), watched.shown()) };
        assert!(issue.body.contains("trigger | emergency") && !issue.body.contains("@octo"), "{}", issue.body);
    });
    assert_eq!(share(&world, "production", "2.0.0"), "0", "whoever watched it changes nothing any more");
}

#[test]
fn monitoring_looks_reports_on_mondays_and_calls_the_emergency_where_it_may() {
    let world = ready("0s", "100ms");
    dispatch(&world, "gradual-rollout", &production(&json!({}))).ends("success");
    let (half_hour, monday) = ("*/30 * * * *", "0 9 * * 1");
    let look = |cron: &str| run(&world, "performance-monitoring", &Trigger::schedule(&world, cron));
    assert_eq!(look(half_hour).ends("success").results(), [("monitor", "skipped")], "nobody named a prompt");
    world.variables.lock().unwrap().insert("MONITORED_PROMPT".to_owned(), "greeting".to_owned());
    let measured = world.numbers.lock().unwrap().take();
    let gone = look(half_hour).ends("failure");
    assert_eq!(find(gone.job("monitor / monitor"), "monitor").code, Some(31), "without numbers nothing is healthy: {}", gone.shown());
    *world.numbers.lock().unwrap() = measured;
    let fine = look(half_hour).ends("success");
    assert_eq!(find(fine.job("monitor / monitor"), "monitor").outputs["verdict"], "healthy", "{}", fine.shown());

    numbers(&world, 950.0, 0.2);
    let critical = look(half_hour).ends("failure");
    assert_eq!(find(critical.job("monitor / monitor"), "monitor").outputs["rollback-requested"], "true");
    assert_eq!(
        (critical.job("monitor / rollback").result, share(&world, "production", "2.0.0").as_str()),
        ("skipped", "100"),
        "it may not"
    );
    assert_eq!(world.github.state().issues.iter().filter(|issue| issue.open).count(), 2, "one for each cause");

    let weekly = look(monday);
    assert_eq!(
        (weekly.job("monitor / weekly").result, weekly.job("monitor / monitor").result),
        ("success", "skipped"),
        "{}",
        weekly.shown()
    );
    let report = world.github.state().issues.iter().find(|issue| issue.title == "Report of greeting in production").cloned().unwrap();
    assert!(report.body.contains("| deployment frequency |") && report.body.contains("| errors |"), "{}", report.body);

    let caller = std::fs::read_to_string(world.repository().join(".github/workflows/performance-monitoring.yml")).unwrap();
    let allowed = caller.replace("allow-rollback: false", "allow-rollback: true");
    let rolled = run_text(&world, "performance-monitoring", &allowed, &Trigger::schedule(&world, half_hour)).ends("failure");
    assert_eq!(find(rolled.job("monitor / rollback / rollback"), "rollback").outputs["sla-met"], "true", "{}", rolled.shown());
    assert_eq!(share(&world, "production", "1.0.0"), "100");
}

#[test]
fn what_cannot_be_is_refused_with_its_reason_before_anybody_is_asked() {
    let world = ready("0s", "100ms");
    dispatch(&world, "gradual-rollout", &production(&json!({}))).ends("success");
    world.reviewers.lock().unwrap().insert("production".to_owned(), true);
    let writes = world.flag_writes();
    let cases = [
        (json!({"prompt": "greting"}), "there is no prompt `greting`"),
        (json!({"environment": "nowhere"}), "there is no environment `nowhere`"),
        (json!({"stages": "10,5"}), "stages"),
        (json!({"strategy": "yolo"}), "canary"),
        (json!({"mode": "abort", "prompt": "greting"}), "did you mean `greeting`?"),
        (json!({"mode": "step", "prompt": "greting"}), "did you mean `greeting`?"),
        (json!({"mode": "abort"}), "the rollout is completed"),
        (json!({}), "2.0.0 is the stable version here already"),
    ];
    for (more, says) in cases {
        let refused = dispatch(&world, "gradual-rollout", &production(&more)).ends("failure");
        assert!(refused.said().contains(says), "{more}: {says} is missing in\n{}", refused.shown());
        assert!(refused.asked.is_empty(), "{more}: {:?}", refused.asked);
    }
    // A schedule for something that was never rolled out has nothing to do, and says so.
    let fresh = super::world("0s", "100ms");
    let idle = dispatch(&fresh, "gradual-rollout", &production(&json!({"mode": "step"}))).ends("success");
    assert!(idle.said().contains("nothing was ever rolled out"), "{}", idle.shown());
    let nowhere = dispatch(
        &world,
        "emergency-rollback",
        &json!({"prompt": "greting", "environment": "production", "reason": "x", "skip-confirmation": true}),
    );
    assert!(nowhere.ends("failure").said().contains("greting"));
    assert_eq!(world.flag_writes(), writes);
}
