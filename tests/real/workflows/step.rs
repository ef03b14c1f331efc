//! The steps of a job: ours by the binary (or the image that `PROMPT_CICD_IMAGE` names), those of others by stand-ins.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use super::{
    actions::Played,
    expressions::Status,
    runner::{Job, Place, Runner},
    world::REPOSITORY,
};

/// A step that ran, or did not.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) uses: String,
    /// success, failure, cancelled or skipped.
    pub(super) outcome: &'static str,
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) summary: String,
    pub(super) outputs: BTreeMap<String, String>,
}

impl Runner<'_> {
    /// Runs the steps of one job; what became of it, and its outputs.
    pub(super) fn steps(&mut self, place: Place<'_>) -> (&'static str, Value) {
        let (workspace, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let token = self.token(&place);
        let mut context = place.context.clone();
        context["github"]["token"] = json!(token);
        context["github"]["workspace"] = json!(workspace.path());
        context.insert("runner".to_owned(), json!({"os": "Linux", "temp": temp.path()}));
        let env = self.expressions.resolve(&place.definition["env"], &context.clone().into());
        context.insert("env".to_owned(), if env.is_null() { json!({}) } else { env.clone() });
        context.insert("steps".to_owned(), json!({}));
        let mut steps = Vec::new();
        let mut standing = "success";
        for definition in place.definition["steps"].as_array().unwrap() {
            context.insert("job".to_owned(), json!({"status": standing}));
            if self.trigger.cancel.load(Ordering::SeqCst) {
                standing = "cancelled";
            }
            let status = Status { success: standing == "success", failure: standing == "failure", cancelled: standing == "cancelled" };
            let whole: Value = context.clone().into();
            let id = definition["id"].as_str().unwrap_or_default().to_owned();
            let uses = definition["uses"].as_str().expect("our workflows have no program text").to_owned();
            let step = if self.expressions.holds(definition.get("if"), &whole, status, Some(workspace.path())) {
                let mut variables = texts(&env);
                variables.extend(texts(&self.expressions.resolve(&definition["env"], &whole)));
                let with: Map<String, Value> = definition["with"].as_object().cloned().unwrap_or_default();
                let with = with.iter().map(|(key, value)| (key.clone(), self.expressions.text(value, &whole))).collect();
                let at = At { workspace: workspace.path(), temp: temp.path(), token: &token, place: &place };
                Step { id: id.clone(), uses: uses.clone(), ..self.step(&uses, with, variables, &at, &whole) }
            } else {
                Step { id: id.clone(), uses, outcome: "skipped", ..Step::default() }
            };
            let conclusion = if definition["continue-on-error"] == true { "success" } else { step.outcome };
            if standing == "success" && ["failure", "cancelled"].contains(&conclusion) {
                standing = conclusion;
            }
            if !id.is_empty() {
                context["steps"][id] = json!({"outcome": step.outcome, "conclusion": conclusion, "outputs": step.outputs});
            }
            steps.push(step);
        }
        let whole: Value = context.into();
        let outputs = place.definition["outputs"].as_object().cloned().unwrap_or_default();
        let outputs: Map<String, Value> =
            outputs.iter().map(|(key, value)| (key.clone(), self.expressions.text(value, &whole).into())).collect();
        self.run.jobs.push(Job { name: place.name, result: standing, steps });
        (standing, outputs.into())
    }

    /// A token of this job, which may do what the job declares and nothing else.
    fn token(&self, place: &Place<'_>) -> String {
        let mut state = self.world.github.state();
        let token = format!("ghs_{}_{}_0123456789abcdefghij", self.run.id, state.job_tokens.len());
        let mut denied = BTreeSet::new();
        for scope in ["contents", "pull-requests", "issues", "checks", "deployments"] {
            let level = place.permissions.get(scope).map_or("none", String::as_str);
            let refused: &[&str] = match level {
                "write" => &[],
                "read" => &["write"],
                _ => &["read", "write"],
            };
            denied.extend(refused.iter().map(|level| format!("{}={level}", scope.replace('-', "_"))));
        }
        state.job_tokens.insert(token.clone(), denied);
        token
    }

    fn step(
        &mut self,
        uses: &str,
        with: BTreeMap<String, String>,
        variables: BTreeMap<String, String>,
        at: &At<'_>,
        context: &Value,
    ) -> Step {
        match uses {
            "$/" => {
                let inputs = declared(&mut self.expressions, include_str!("../../../action.yml"), &with, context);
                self.ours(&inputs, variables, at, false)
            }
            "$/setup" => {
                let text = include_str!("../../../setup/action.yml");
                let mut context = context.clone();
                context["inputs"] = json!(declared(&mut self.expressions, text, &with, &context));
                let action: Value = serde_yaml::from_str(text).unwrap();
                let inner = action["runs"]["steps"].as_array().unwrap().iter().find(|step| step["id"] == "run").unwrap();
                let given = texts(&self.expressions.resolve(&inner["env"], &context));
                let inputs = given.into_iter().map(|(name, value)| (name.trim_start_matches("INPUT_").to_lowercase(), value)).collect();
                self.ours(&inputs, variables, at, true)
            }
            other => {
                let played = Played {
                    world: self.world,
                    workspace: at.workspace,
                    permissions: &at.place.permissions,
                    run_id: self.run.id,
                    sha: &self.trigger.sha,
                    with,
                };
                match played.play(other) {
                    Ok(()) => Step { outcome: "success", ..Step::default() },
                    Err(why) => Step { outcome: "failure", stderr: why, ..Step::default() },
                }
            }
        }
    }

    /// A step of ours, with the files and variables that a runner gives it. `git` is there only outside of the container.
    fn ours(&self, inputs: &BTreeMap<String, String>, variables: BTreeMap<String, String>, at: &At<'_>, git: bool) -> Step {
        let number = fs::read_dir(at.temp).unwrap().count();
        let files = at.temp.join(number.to_string());
        fs::create_dir(&files).unwrap();
        let path = |name: &str| files.join(name);
        for name in ["output", "summary"] {
            fs::write(path(name), "").unwrap();
        }
        fs::write(path("event.json"), self.trigger.payload.to_string()).unwrap();
        let run = self.run.id.to_string();
        let api = self.world.github.api_url();
        let mut env: BTreeMap<String, String> = [
            ("GITHUB_API_URL", api.as_str()),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_RUN_ID", &run),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_JOB", at.place.id),
            ("GITHUB_SHA", &self.trigger.sha),
            ("GITHUB_REF", self.trigger.reference),
            ("GITHUB_ACTOR", "ana"),
            ("GITHUB_WORKFLOW", &self.run.name),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        env.extend(variables);
        let image = std::env::var("PROMPT_CICD_IMAGE").ok().filter(|_| !git);
        let mut command = match &image {
            Some(image) => in_image(image, inputs, &env, &files, self.trigger.event, at),
            None => as_program(inputs, &env, &files, self.trigger.event, at, git),
        };
        let (out, err) = (File::create(path("stdout")).unwrap(), File::create(path("stderr")).unwrap());
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
        let (code, cancelled) = wait(child, &self.trigger.cancel);
        let read = |name: &str| fs::read_to_string(path(name)).unwrap_or_default();
        Step {
            outcome: match (cancelled, code) {
                (true, _) => "cancelled",
                (false, Some(0)) => "success",
                (false, _) => "failure",
            },
            code,
            stdout: read("stdout"),
            stderr: read("stderr"),
            summary: read("summary"),
            outputs: outputs(&read("output")),
            ..Step::default()
        }
    }
}

/// Where a step runs.
struct At<'a> {
    workspace: &'a Path,
    temp: &'a Path,
    token: &'a str,
    place: &'a Place<'a>,
}

/// Every input that an action declares, given or by its default.
fn declared(
    expressions: &mut super::expressions::Expressions,
    action: &str,
    with: &BTreeMap<String, String>,
    context: &Value,
) -> BTreeMap<String, String> {
    let action: Value = serde_yaml::from_str(action).unwrap();
    let known = action["inputs"].as_object().unwrap();
    for name in with.keys() {
        assert!(known.contains_key(name), "Unexpected input(s) '{name}'");
    }
    let value = |(name, input): (&String, &Value)| {
        let value = with.get(name).cloned().unwrap_or_else(|| expressions.text(&input["default"], context));
        (name.clone(), value)
    };
    known.iter().map(value).collect()
}

fn as_program(
    inputs: &BTreeMap<String, String>,
    env: &BTreeMap<String, String>,
    files: &Path,
    event: &str,
    at: &At<'_>,
    git: bool,
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"));
    command.env_clear().current_dir(at.workspace).envs(env);
    command.env("HOME", at.temp).env("TMPDIR", at.temp).env("GITHUB_ACTIONS", "true").env("CI", "true");
    command.env("PATH", if git { std::env::var("PATH").unwrap() } else { "/nowhere".to_owned() });
    command.env("GITHUB_EVENT_NAME", event).env("GITHUB_EVENT_PATH", files.join("event.json")).env("GITHUB_WORKSPACE", at.workspace);
    command.env("GITHUB_OUTPUT", files.join("output")).env("GITHUB_STEP_SUMMARY", files.join("summary"));
    command.envs(inputs.iter().map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), value)));
    command
}

fn in_image(
    image: &str,
    inputs: &BTreeMap<String, String>,
    env: &BTreeMap<String, String>,
    files: &Path,
    event: &str,
    at: &At<'_>,
) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/run-action"));
    command.args(["--image", image, "--files"]).arg(files).arg("--event").arg(format!("{event}={}", files.join("event.json").display()));
    for (name, value) in inputs.iter().filter(|(name, _)| *name != "token") {
        command.arg("--with").arg(format!("{name}={value}"));
    }
    command.arg("--env").arg(format!("GITHUB_TOKEN={}", at.token));
    for (name, value) in env {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    command.arg(at.workspace);
    command
}

/// Waits for a step; when the run is cancelled, it is ended as GitHub ends it: SIGINT, then SIGTERM, then SIGKILL.
fn wait(mut child: Child, cancel: &AtomicBool) -> (Option<i32>, bool) {
    let mut signals = ["-INT", "-TERM", "-KILL"].into_iter();
    let (mut cancelled, mut last) = (false, Instant::now());
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), cancelled);
        }
        if cancel.load(Ordering::SeqCst) && (!cancelled || last.elapsed() > Duration::from_millis(2_500)) {
            if let Some(signal) = signals.next() {
                let _sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
            }
            (cancelled, last) = (true, Instant::now());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    };
    map.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// What a step wrote into its file of outputs.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(head) = lines.next() {
        let (name, delimiter) = head.split_once("<<").unwrap_or_else(|| panic!("{head} is no output"));
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        found.insert(name.to_owned(), value.join("\n"));
    }
    found
}

/// The step of a job that has this id, or uses this action.
pub(super) fn find<'s>(job: &'s Job, which: &str) -> &'s Step {
    let found = job.steps.iter().find(|step| step.id == which || step.uses.starts_with(which));
    found.unwrap_or_else(|| panic!("{} has no step {which}", job.name))
}
