//! One story: a worse prompt is stopped, a better one is merged, released, rolled out; production gets worse, monitoring calls the emergency
//! rollback, and an issue keeps what happened when. `docs/guides/workflow-story.md` is its transcript; `UPDATE_DOCS=1` writes it anew.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use regex::Regex;
use serde_json::{Value, json};

use super::{
    CONFIG, prompt,
    runner::{Run, Trigger, run, run_text},
    share,
    step::find,
    world::{World, git},
};
use crate::watched::Server;

/// The story as it is told.
#[derive(Default)]
struct Told(String);

impl Told {
    fn chapter(&mut self, title: &str, text: &str) {
        write!(self.0, "\n## {title}\n\n{text}\n").unwrap();
    }

    fn says(&mut self, text: &str) {
        write!(self.0, "\n{text}\n").unwrap();
    }

    /// What became of a run, job by job and step by step.
    fn run(&mut self, started: &str, run: &Run) {
        let mut lines = format!("{started}\n");
        for asked in &run.asked {
            writeln!(lines, "  reviewers of {asked}").unwrap();
        }
        for job in &run.jobs {
            writeln!(lines, "  {} {}: {}", sign(job.result), job.name, job.result).unwrap();
            for step in job.steps.iter().filter(|step| step.outcome != "skipped") {
                let uses = step.uses.split('@').next().unwrap();
                let name = if step.id.is_empty() { uses.to_owned() } else { format!("{uses} ({})", step.id) };
                let code = step.code.map_or_else(String::new, |code| format!(", exit {code}"));
                writeln!(lines, "      {} {name}{code}", sign(step.outcome)).unwrap();
            }
        }
        write!(self.0, "\n```text\n{lines}```\n").unwrap();
    }

    /// Markdown as GitHub got it.
    fn quote(&mut self, markdown: &str) {
        write!(self.0, "\n~~~~markdown\n{}\n~~~~\n", steady(&shortened(markdown)).trim()).unwrap();
    }
}

fn sign(result: &str) -> char {
    match result {
        "success" => '✓',
        "skipped" => '-',
        _ => '✗',
    }
}

/// With the first of many details, and without a line that says what the one before it said.
fn shortened(markdown: &str) -> String {
    let mut parts = markdown.split("<details>");
    let (head, first) = (parts.next().unwrap_or_default(), parts.next());
    let rest: Vec<&str> = parts.collect();
    let mut text = head.to_owned();
    if let Some(first) = first {
        text += "<details>";
        text += first.split("</details>").next().unwrap_or_default();
        text += "</details>\n";
        let last = rest.last().unwrap_or(&first);
        if !rest.is_empty() {
            text.extend(["\n… and ", &rest.len().to_string(), " more like it\n"]);
        }
        text += last.split("</details>").nth(1).unwrap_or_default();
    }
    let end = |line: &str| line.rsplit_once(" | ").map(|(_, end)| end.to_owned());
    let mut lines: Vec<&str> = text.lines().collect();
    lines.dedup_by(|now, before| now.contains("| health: ") && end(now) == end(before));
    lines.join("\n")
}

/// Without what differs from run to run.
fn steady(text: &str) -> String {
    let mut text = text.replace('\u{200b}', "");
    for (pattern, instead) in [
        (r"\b\d{4}-\d{2}-\d{2}T[0-9:.]+Z", "TIME"),
        (r"\b\d{2}:\d{2}:\d{2}(\.\d+)?\b", "TIME"),
        (r"\b[0-9a-f]{40}\b", "COMMIT"),
        (r"\b[0-9a-f]{7,12}\b(?:…)?", "COMMIT"),
        (r"\b\d+(\.\d+)? (ms|µs|s)\b", "… s"),
        (r"runs/\d+", "runs/1"),
        (r"(?m)^(\| \w+ \| latency \|).*$", "$1 …"),
        (r"confirmed: ([a-z.]+)\.[0-9.]+", "confirmed: $1…"),
        (r"\d+ looks, 0 healthy, \d+ unhealthy, \d+ undecided", "… looks"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:9090"),
        (r"[▁▂▃▄▅▆▇█]{2,}", "▄▆█"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, instead).into_owned();
    }
    text
}

fn dispatch(world: &World, name: &str, inputs: &Value) -> Run {
    run(world, name, &Trigger::dispatch(world, inputs))
}

/// Production's numbers, until Prometheus has them.
fn measure(server: &Server, latency: u32, errors: &str) {
    let versions = ["1.0.0", "2.0.0"].map(|version| format!("latency_ms{{version=\"{version}\"}} {latency}\n")).concat();
    server.push("greeting", &format!("{versions}errors {errors}\n"));
    let begin = Instant::now();
    let shows = || {
        let url = format!("http://127.0.0.1:{}/api/v1/query?query=max(latency_ms)", server.ports[0]);
        let said = std::process::Command::new("curl").args(["-sfg", &url]).output().unwrap();
        String::from_utf8_lossy(&said.stdout).contains(&format!("\"{latency}\""))
    };
    while !shows() {
        assert!(begin.elapsed() < Duration::from_secs(30), "Prometheus never shows {latency}");
        thread::sleep(Duration::from_millis(100));
    }
}

fn tuned(world: &World, text: &str) -> String {
    git(world.repository(), &["checkout", "--quiet", "-B", "tune", "main"]);
    world.write("prompts/greeting.prompt.yml", &prompt("2.0.0", text));
    world.commit("feat: welcome people");
    git(world.repository(), &["checkout", "--quiet", "main"]);
    world.propose("tune", "feat: welcome people", "People shall feel welcome when they are greeted. Closes #3")
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
fn from_a_worse_prompt_to_a_post_mortem() {
    let server = Server::start();
    let world = World::new();
    let config = CONFIG
        .replace("FLAGS", &world.flags_url)
        .replace("METRICS", &format!("numbers: {{kind: prometheus, url: \"http://127.0.0.1:{}\"}}", server.ports[0]))
        .replace("HOLD", "2s")
        .replace("INTERVAL", "500ms")
        .replace("QUERY", "max(latency_ms{version=\"{{version}}\"})")
        .replace("P95", "max(latency_ms)")
        .replace("ERRORS", "max(errors)");
    world.write("prompt-cicd.yml", &config);
    let cases: Vec<String> =
        (1..=12).map(|number| format!("{{\"id\": \"c{number}\", \"vars\": {{\"name\": \"Name{number}\"}}}}\n")).collect();
    world.write("cases/greeting.jsonl", &cases.concat());
    world.write("prompts/greeting.prompt.yml", &prompt("1.0.0", "Hello {{name}}!"));
    world.commit("feat: greet");
    world.reviewers.lock().unwrap().insert("production".to_owned(), true);
    world.variables.lock().unwrap().insert("MONITORED_PROMPT".to_owned(), "greeting".to_owned());
    measure(&server, 400, "0.001");
    for environment in ["staging", "production"] {
        dispatch(&world, "gradual-rollout", &json!({"prompt": "greeting", "environment": environment})).ends("success");
    }

    let mut told = Told::default();
    told.0.push_str(
        "# The four workflows, from beginning to end\n\nWhat `tests/real/workflows/story.rs` does and sees. The workflows are those that `init --workflows` writes; conditions, inputs and outputs\n\
         are worked out by GitHub's own evaluator, our steps are run by the program, other actions by stand-ins, against a GitHub of our own that keeps state and gives\n\
         each job only what it declares. Flags are on a server, metrics in a real Prometheus. The test checks each fact and writes this page; measured numbers and\n\
         times, which differ each time, are shown as `…` or `TIME`. 1.0.0 of the prompt is live.\n",
    );

    told.chapter("A worse prompt is stopped", "Somebody leaves the name out: `Hello there!`.");
    let merge = tuned(&world, "Hello there!");
    let stopped = run(&world, "prompt-template-pr", &Trigger::pull_request(&world, "opened", &merge)).ends("failure");
    told.run("prompt-template-pr, by pull request 7", &stopped);
    let comment = world.github.state().comments[0].body.clone();
    assert!(comment.contains("does not contain") || comment.contains("contains"), "{comment}");
    told.says("The comment on the pull request:");
    told.quote(&comment);

    told.chapter("A better one is merged", "`Hello {{name}}, welcome!` is pushed to the same branch. The comment is changed in place.");
    let merge = tuned(&world, "Hello {{name}}, welcome!");
    let passed = run(&world, "prompt-template-pr", &Trigger::pull_request(&world, "synchronize", &merge)).ends("success");
    told.run("prompt-template-pr, by pull request 7", &passed);
    let checked = run(&world, "pull-request-checks", &Trigger::pull_request(&world, "synchronize", &merge)).ends("success");
    told.run("pull-request-checks, by pull request 7", &checked);
    let comments = world.github.state().comments.clone();
    assert_eq!(comments.len(), 2, "one of each workflow, changed in place");
    told.quote(comments[0].body.lines().take(3).collect::<Vec<_>>().join("\n").as_str());
    world.merge("tune");

    told.chapter("It is released, and goes to staging", "By hand: `gh workflow run prompt-release.yml -f prompt=greeting`.");
    let released = dispatch(&world, "prompt-release", &json!({"prompt": "greeting"})).ends("success");
    told.run("prompt-release, by a person", &released);
    assert_eq!(world.github.state().releases[0]["tag_name"], "greeting/v2.0.0");
    assert_eq!((share(&world, "staging", "2.0.0").as_str(), share(&world, "production", "2.0.0").as_str()), ("100", "0"));
    told.says("The release is tagged `greeting/v2.0.0`. Staging serves 2.0.0 to everybody, production to nobody.");

    told.chapter(
        "Production, stage by stage",
        "By hand again, after the reviewers of the GitHub environment said yes: 10 %, then 100 %, healthy for 2 s at each stage.",
    );
    let rolled_out = dispatch(&world, "gradual-rollout", &json!({"prompt": "greeting", "environment": "production"})).ends("success");
    told.run("gradual-rollout, by a person", &rolled_out);
    assert_eq!(share(&world, "production", "2.0.0"), "100");
    told.says("The job summary in the end:");
    told.quote(&find(rolled_out.job("rollout / rollout"), "run").summary);

    told.chapter(
        "Production gets worse",
        "An hour later latency is at 6 s, and 30 % of the answers are errors. Nobody is at work; the schedule is.",
    );
    let caller = fs::read_to_string(world.repository().join(".github/workflows/performance-monitoring.yml")).unwrap();
    let caller = caller.replace("allow-rollback: false", "allow-rollback: true");
    let look = || run_text(&world, "performance-monitoring", &caller, &Trigger::schedule(&world, "*/30 * * * *"));
    let fine = look().ends("success");
    told.run("performance-monitoring, by schedule, before", &fine);
    measure(&server, 6_000, "0.3");
    let (before, begin) = (Timestamp::now(), Instant::now());
    let (back, alarmed) = thread::scope(|scope| {
        let back = scope.spawn(|| {
            while share(&world, "production", "1.0.0") != "100" {
                assert!(begin.elapsed() < Duration::from_mins(1), "it never comes back");
                thread::sleep(Duration::from_millis(10));
            }
            begin.elapsed()
        });
        // The version before is watched, and finds the numbers of Prometheus as bad as they are: people must look.
        let alarmed = look();
        (back.join().unwrap(), alarmed)
    });
    let ended = Timestamp::now();
    told.run("performance-monitoring, by schedule", &alarmed);
    let alarmed = alarmed.ends("failure");
    let step = find(alarmed.job("monitor / rollback / rollback"), "rollback");
    println!("from the scheduled look to all traffic being back: {back:.2?}");
    assert!(back <= Duration::from_secs(10), "{back:?}");
    assert_eq!((step.outputs["sla-met"].as_str(), share(&world, "production", "2.0.0").as_str()), ("true", "0"), "{}", alarmed.shown());
    told.says("Within 10 s of the beginning of that look, production served 1.0.0 to everybody again; the test measures it each time. The last step is red because the version\nthat is back is watched, too, and the numbers in Prometheus stay bad: people must look.");

    told.chapter(
        "What is left of it",
        "The rollback is an artifact for 30 days. The post-mortem is an issue; its times are held to the test's own clock:",
    );
    let artifact = world.artifacts(alarmed.id).join(&step.outputs["rollback-id"]).join("rollback.json");
    let record: Value = serde_json::from_str(&fs::read_to_string(artifact).unwrap()).unwrap();
    let moment = |key: &str| record[key].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(before <= moment("start_time") && moment("start_time") <= moment("end_time") && moment("end_time") <= ended, "{record}");
    let took = record["duration_seconds"].as_f64().unwrap();
    assert!(took <= back.as_secs_f64() + 1.0, "{record}");
    let issues = world.github.state().issues.clone();
    let issue = issues.iter().find(|issue| issue.title.contains("greeting in production (2.0.0 → 1.0.0)")).unwrap();
    let start = &record["start_time"].as_str().unwrap()[..19];
    assert!(issue.body.contains(&start.replace('T', " ")) || issue.body.contains(start), "{record}: {}", issue.body);
    told.says(&format!("`{}` ({}):", issue.title, issue.labels.join(", ")));
    told.quote(&issue.body);
    let open: Vec<String> = issues.iter().filter(|issue| issue.open).map(|issue| format!("- {}", issue.title)).collect();
    told.says(&format!("Open issues:\n\n{}", open.join("\n")));
    check(&told.0);
}

/// The page tells what happened.
fn check(story: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides/workflow-story.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&page, story).unwrap();
    }
    let kept = fs::read_to_string(&page).unwrap_or_default();
    let different = kept.lines().zip(story.lines()).find(|(kept, now)| kept != now);
    assert!(kept == *story, "{} is another story, first {different:?}; UPDATE_DOCS=1 writes it anew", page.display());
}
