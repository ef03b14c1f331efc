//! Carries a workflow out as GitHub does: who calls whom with what, which jobs run, what each may do, and what becomes of it.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Map, Value, json};

use super::{
    expressions::{Expressions, Status},
    queue::Queue,
    step::Step,
    world::{REPOSITORY, World, git, here},
};
use crate::github::event;

/// What starts a run.
pub(super) struct Trigger {
    pub(super) event: &'static str,
    pub(super) payload: Value,
    /// Of a dispatch, as a person gives them.
    inputs: Value,
    pub(super) sha: String,
    pub(super) reference: &'static str,
    /// Somebody presses the button.
    pub(super) cancel: Arc<AtomicBool>,
}

impl Trigger {
    fn new(event: &'static str, payload: Value, sha: String) -> Self {
        Self { event, payload, inputs: json!({}), sha, reference: "refs/heads/main", cancel: Arc::default() }
    }

    /// A person starts it on main.
    pub(super) fn dispatch(world: &World, inputs: &Value) -> Self {
        let mut payload = event("workflow_dispatch", &json!({"ref": "refs/heads/main", "repository": here(), "sender": {"login": "ana"}}));
        // In a payload every input is a text.
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        payload["inputs"] = inputs.as_object().unwrap().iter().map(|(name, value)| (name.clone(), json!(text(value)))).collect();
        Self { inputs: inputs.clone(), ..Self::new("workflow_dispatch", payload, world.sha("main")) }
    }

    pub(super) fn schedule(world: &World, cron: &str) -> Self {
        // None is published: a runner gives the repository, as in every payload, and the workflow and the entry besides.
        let mut payload = event("workflow_dispatch", &json!({"repository": here()}));
        let fields = payload.as_object_mut().unwrap();
        fields.retain(|name, _| ["organization", "repository", "workflow"].contains(&name.as_str()));
        fields.insert("schedule".to_owned(), cron.into());
        Self::new("schedule", payload, world.sha("main"))
    }

    /// The pull request, with the merge commit that GitHub made of it.
    pub(super) fn pull_request(world: &World, action: &str, merge: &str) -> Self {
        Self { reference: "refs/pull/7/merge", ..Self::new("pull_request", world.pull_request(action), merge.to_owned()) }
    }

    pub(super) fn merge_group(world: &World, head: &str) -> Self {
        let group = json!({"head_sha": head, "base_sha": world.sha("main"), "base_ref": "refs/heads/main", "head_ref": "refs/heads/gh-readonly-queue/main/pr-7"});
        let payload = event("merge_group.checks_requested", &json!({"merge_group": group, "repository": here()}));
        Self::new("merge_group", payload, head.to_owned())
    }

    /// Another run ended.
    pub(super) fn workflow_run(world: &World, run: &Run, head: &str) -> Self {
        let about = json!({"id": run.id, "name": run.name, "event": "pull_request", "head_sha": head, "conclusion": run.result,
            "html_url": format!("https://github.com/{REPOSITORY}/actions/runs/{}", run.id), "pull_requests": []});
        let payload = event("workflow_run.completed", &json!({"workflow_run": about, "repository": here()}));
        Self::new("workflow_run", payload, world.sha("main"))
    }

    fn is_fork(&self) -> bool {
        let head = &self.payload["pull_request"]["head"]["repo"]["full_name"];
        self.event == "pull_request" && *head != REPOSITORY
    }
}

/// A job that ran, or did not.
#[derive(Debug)]
pub(super) struct Job {
    /// With those that called it: `rollback / validate`.
    pub(super) name: String,
    pub(super) result: &'static str,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: u64,
    pub(super) name: String,
    /// success, failure, cancelled, or `waiting` for reviewers or behind a run of its group.
    pub(super) result: &'static str,
    pub(super) jobs: Vec<Job>,
    /// Whose reviewers were asked, and what they said.
    pub(super) asked: Vec<String>,
}

impl Run {
    #[track_caller]
    pub(super) fn job(&self, name: &str) -> &Job {
        self.jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no job {name} in {}", self.shown()))
    }

    /// Every job with what became of it.
    pub(super) fn results(&self) -> Vec<(&str, &str)> {
        self.jobs.iter().map(|job| (job.name.as_str(), job.result)).collect()
    }

    /// What every step of ours said, in order.
    pub(super) fn said(&self) -> String {
        let texts: Vec<&str> = self.jobs.iter().flat_map(|job| &job.steps).flat_map(|step| [step.stdout.as_str(), &step.stderr]).collect();
        texts.join("\n")
    }

    pub(super) fn shown(&self) -> String {
        let step = |step: &Step| format!("    {} {}: {:?}\n{}{}\n", step.uses, step.id, step.outcome, step.stdout, step.stderr);
        let job = |job: &Job| format!("  {}: {}\n{}", job.name, job.result, job.steps.iter().map(step).collect::<String>());
        format!("{}: {}\n{}", self.name, self.result, self.jobs.iter().map(job).collect::<String>())
    }

    #[track_caller]
    pub(super) fn ends(self, result: &str) -> Self {
        assert_eq!(self.result, result, "{}", self.shown());
        self
    }
}

/// Runs a workflow of the repository.
pub(super) fn run(world: &World, name: &str, trigger: &Trigger) -> Run {
    let text = git(world.repository(), &["show", &format!("{}:.github/workflows/{name}.yml", trigger.sha)]);
    run_text(world, name, &text, trigger)
}

/// The same for a text that is not committed.
pub(super) fn run_text(world: &World, name: &str, text: &str, trigger: &Trigger) -> Run {
    let workflow: Value = serde_yaml::from_str(text).unwrap();
    let mut runner = Runner {
        world,
        expressions: Expressions::start(),
        trigger,
        run: Run { id: world.next_run(), name: name.to_owned(), result: "success", jobs: Vec::new(), asked: Vec::new() },
    };
    let inputs = started_by(&workflow["on"], trigger);
    let secrets =
        if trigger.is_fork() { json!({}) } else { json!({"TARGET_TOKEN": "token-of-the-target", "METRICS_TOKEN": "token-of-the-metrics"}) };
    let level = Level { workflow, inputs, secrets, prefix: String::new() };
    let (result, _) = runner.level(&level);
    runner.run.result = result;
    runner.run
}

/// The inputs with which the trigger starts it; panics where GitHub would not start it.
fn started_by(on: &Value, trigger: &Trigger) -> Value {
    let entry = on.get(trigger.event).unwrap_or_else(|| panic!("{on} does not start on {}", trigger.event));
    if trigger.event == "schedule" {
        let entries = entry.as_array().unwrap();
        assert!(entries.iter().any(|entry| entry["cron"] == trigger.payload["schedule"]), "{entry} has no {}", trigger.payload["schedule"]);
    }
    if trigger.event == "pull_request" {
        let usual = json!(["opened", "synchronize", "reopened"]);
        let types = entry.get("types").unwrap_or(&usual).as_array().unwrap();
        assert!(types.contains(&trigger.payload["action"]), "{types:?} without {}", trigger.payload["action"]);
    }
    if trigger.event != "workflow_dispatch" {
        return json!({});
    }
    let known = entry["inputs"].as_object().cloned().unwrap_or_default();
    for name in trigger.inputs.as_object().unwrap().keys() {
        assert!(known.contains_key(name), "the dispatch has no input {name}");
    }
    let value = |(name, input): (String, Value)| {
        let given = trigger.inputs.get(&name).or_else(|| input.get("default")).cloned();
        assert!(given.is_some() || input["required"] != true, "the input {name} is required");
        let empty = if input["type"] == "boolean" { json!(false) } else { json!("") };
        let given = given.unwrap_or(empty);
        if input["type"] == "choice" {
            assert!(input["options"].as_array().unwrap().contains(&given), "{name}: {given} is no choice");
        }
        (name, given)
    };
    known.into_iter().map(value).collect::<Map<_, _>>().into()
}

/// A workflow with what it was called with.
struct Level {
    workflow: Value,
    inputs: Value,
    secrets: Value,
    prefix: String,
}

pub(super) struct Runner<'w> {
    pub(super) world: &'w World,
    pub(super) expressions: Expressions,
    pub(super) trigger: &'w Trigger,
    pub(super) run: Run,
}

/// One job, as its steps see it.
pub(super) struct Place<'p> {
    pub(super) id: &'p str,
    pub(super) name: String,
    pub(super) definition: &'p Value,
    pub(super) permissions: BTreeMap<String, String>,
    /// All contexts that a job has.
    pub(super) context: Map<String, Value>,
}

impl<'w> Runner<'w> {
    fn github(&self) -> Value {
        let event = &self.trigger.payload;
        json!({"event_name": self.trigger.event, "event": event, "sha": self.trigger.sha, "ref": self.trigger.reference, "repository": REPOSITORY,
            "run_id": self.run.id.to_string(), "run_attempt": "1", "workflow": self.run.name, "actor": "ana", "server_url": "https://github.com"})
    }

    /// Runs all jobs of a workflow; what became of it, and what of each job.
    fn level(&mut self, level: &Level) -> (&'static str, Map<String, Value>) {
        let mut base = Map::new();
        base.insert("github".to_owned(), self.github());
        base.insert("inputs".to_owned(), level.inputs.clone());
        base.insert("vars".to_owned(), json!(*self.world.variables.lock().unwrap()));
        let Some(queue) = self.enter(&level.workflow, &base) else { return ("waiting", Map::new()) };
        let jobs = level.workflow["jobs"].as_object().unwrap();
        let mut done: Map<String, Value> = Map::new();
        while done.len() < jobs.len() {
            let needs = |job: &Value| match &job["needs"] {
                Value::String(one) => vec![one.clone()],
                Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
            };
            let ready = jobs.iter().find(|(id, job)| !done.contains_key(*id) && needs(job).iter().all(|need| done.contains_key(need)));
            let (id, job) = ready.expect("jobs that need each other");
            let needed: Map<String, Value> = needs(job).into_iter().map(|need| (need.clone(), done[&need].clone())).collect();
            let mut context = base.clone();
            context.insert("needs".to_owned(), needed.clone().into());
            let results: Vec<&str> = needed.values().map(|need| need["result"].as_str().unwrap()).collect();
            if results.contains(&"waiting") {
                self.run.jobs.push(Job { name: format!("{}{id}", level.prefix), result: "waiting", steps: Vec::new() });
                done.insert(id.clone(), json!({"result": "waiting", "outputs": {}}));
                continue;
            }
            let status = Status {
                success: results.iter().all(|result| *result == "success"),
                failure: results.contains(&"failure"),
                cancelled: self.trigger.cancel.load(Ordering::SeqCst),
            };
            let status = Status { success: status.success && !status.cancelled, ..status };
            let (result, outputs) = if self.expressions.holds(job.get("if"), &context.clone().into(), status, None) {
                self.job(level, id, job, context)
            } else {
                self.run.jobs.push(Job { name: format!("{}{id}", level.prefix), result: "skipped", steps: Vec::new() });
                ("skipped", json!({}))
            };
            done.insert(id.clone(), json!({"result": result, "outputs": outputs}));
        }
        let has = |wanted: &str| done.values().any(|job| job["result"] == wanted);
        let result = match (has("failure"), has("cancelled"), has("waiting")) {
            (true, _, _) => "failure",
            (false, true, _) => "cancelled",
            (false, false, true) => "waiting",
            (false, false, false) => "success",
        };
        let waits = has("waiting");
        queue.leave(waits);
        (result, done)
    }

    /// Enters the group of a workflow or job; `None`: somebody is in it.
    fn enter(&mut self, of: &Value, context: &Map<String, Value>) -> Option<Queue<'w>> {
        let group = match of.get("concurrency") {
            None => None,
            Some(concurrency) => Some(self.expressions.text(&concurrency["group"], &context.clone().into())),
        };
        Queue::enter(self.world, group)
    }

    fn job(&mut self, level: &Level, id: &str, job: &Value, mut context: Map<String, Value>) -> (&'static str, Value) {
        let name = format!("{}{id}", level.prefix);
        let wanted = job.get("permissions").or_else(|| level.workflow.get("permissions")).cloned().unwrap_or_else(|| json!({}));
        context.insert("secrets".to_owned(), level.secrets.clone());
        if let Some(uses) = job["uses"].as_str() {
            return self.call(uses, &name, job, &wanted, context);
        }
        let permissions = wanted.as_object().unwrap().iter();
        // The token of a fork's pull request can only read, whatever is written.
        let level_of = |level: &Value| if self.trigger.is_fork() { "read".to_owned() } else { level.as_str().unwrap().to_owned() };
        let permissions: BTreeMap<String, String> = permissions.map(|(scope, level)| (scope.clone(), level_of(level))).collect();
        let Some(queue) = self.enter(job, &context) else {
            self.run.jobs.push(Job { name, result: "waiting", steps: Vec::new() });
            return ("waiting", json!({}));
        };
        let environment = self.expressions.text(&job["environment"], &context.clone().into());
        if self.world.away.lock().unwrap().contains(&environment) {
            self.run.asked.push(format!("{environment}: no answer"));
            self.run.jobs.push(Job { name, result: "waiting", steps: Vec::new() });
            queue.leave(true);
            return ("waiting", json!({}));
        }
        let answer = self.world.reviewers.lock().unwrap().get(&environment).copied();
        if let Some(yes) = answer {
            self.run.asked.push(format!("{environment}: {}", if yes { "approved" } else { "rejected" }));
            if !yes {
                self.run.jobs.push(Job { name, result: "failure", steps: Vec::new() });
                return ("failure", json!({}));
            }
        }
        let matrix = self.expressions.resolve(&job["strategy"]["matrix"], &context.clone().into());
        let Some((key, values)) = matrix.as_object().and_then(|matrix| matrix.iter().next()) else {
            return self.steps(Place { id, name, definition: job, permissions, context });
        };
        let (mut worst, mut last) = ("success", json!({}));
        let values = values.as_array().filter(|values| !values.is_empty()).expect("Matrix vector does not contain any values").clone();
        for (index, value) in values.iter().enumerate() {
            let mut context = context.clone();
            context.insert("matrix".to_owned(), json!({ key: value }));
            context.insert(
                "strategy".to_owned(),
                json!({"job-index": index, "job-total": values.len(), "fail-fast": false, "max-parallel": values.len()}),
            );
            let place = Place { id, name: format!("{name} ({value})"), definition: job, permissions: permissions.clone(), context };
            let (result, outputs) = self.steps(place);
            if result != "success" {
                worst = result;
            }
            last = outputs;
        }
        (worst, last)
    }

    /// Calls a reusable workflow, which is ours.
    fn call(&mut self, uses: &str, name: &str, job: &Value, granted: &Value, context: Map<String, Value>) -> (&'static str, Value) {
        let version = format!("@v{}", env!("CARGO_PKG_VERSION"));
        let place =
            uses.strip_prefix("$/").or_else(|| uses.strip_prefix("org/prompt-cicd/")?.strip_suffix(&version)).expect("a workflow of ours");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(place)).unwrap();
        let workflow: Value = serde_yaml::from_str(&text).unwrap();
        // Before anything runs, and also for jobs that would be skipped.
        for (inner, job) in workflow["jobs"].as_object().unwrap() {
            for (scope, need) in job["permissions"].as_object().unwrap() {
                let has = &granted[scope];
                assert!(
                    has == need || has == "write",
                    "The nested job '{inner}' is requesting '{scope}: {need}', but is only allowed '{has}'"
                );
            }
        }
        let declared = &workflow["on"]["workflow_call"];
        let context = Value::from(context);
        let with = self.expressions.resolve(&job["with"], &context);
        let given = with.as_object().cloned().unwrap_or_default();
        for key in given.keys() {
            assert!(declared["inputs"].get(key).is_some(), "{name}: Invalid input, {key} is not defined in the referenced workflow.");
        }
        let value = |(key, input): (&String, &Value)| {
            let value = given.get(key).or_else(|| input.get("default")).cloned();
            let value = value.unwrap_or_else(|| panic!("{name}: Input {key} is required, but not provided while calling."));
            let value = match (input["type"].as_str().unwrap(), value) {
                ("boolean", value @ Value::Bool(_)) | ("number", value @ Value::Number(_)) | ("string", value @ Value::String(_)) => value,
                ("string", Value::Null) => json!(""),
                ("string", other) => json!(other.to_string()),
                (kind, other) => panic!("{name}: the input {key} is a {kind}, and gets {other}"),
            };
            (key.clone(), value)
        };
        let inputs: Map<String, Value> = declared["inputs"].as_object().unwrap().iter().map(value).collect();
        let secrets = self.expressions.resolve(&job["secrets"], &context);
        let secrets = secrets.as_object().cloned().unwrap_or_default();
        for key in secrets.keys() {
            assert!(declared["secrets"].get(key).is_some(), "{name}: Invalid secret, {key} is not defined in the referenced workflow.");
        }
        let outputs = declared["outputs"].as_object().cloned().unwrap_or_default();
        let level = Level { workflow, inputs: inputs.clone().into(), secrets: secrets.into(), prefix: format!("{name} / ") };
        let (result, jobs) = self.level(&level);
        let context = json!({"jobs": jobs, "inputs": inputs, "github": context["github"], "vars": context["vars"]});
        let outputs: Map<String, Value> =
            outputs.iter().map(|(key, output)| (key.clone(), self.expressions.text(&output["value"], &context).into())).collect();
        (result, outputs.into())
    }
}
