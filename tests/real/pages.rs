//! The report and the comment as people see them: in Debian's Chromium, driven by `PROMPT_CICD_REAL_CHROMIUM`.
//! The pictures are in `target/pages`; look at them.
#![expect(clippy::print_stderr, reason = "where the pictures are, and the figures, are what it is run for")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    github::{FakeGitHub, File, State},
    model_server::{Behaviour, FakeModel},
};

const CONFIG: &str = "version: 1
providers:
  support: {kind: openai, base-url: \"BASE\", model: tiny-2, prices: {input-per-million: 0.15, output-per-million: 0.6}}
run: {retry: {attempts: 1}}
suites:
  - name: support replies
    prompt: prompts/reply.prompt.yml
    provider: support
    cases: cases/reply.jsonl
    repeat: 2
    defaults:
      assert:
        - contains: \"{{name}}\"
        - contains: \"{{order}}\"
        - {type: max-words, value: 60, weight: 0}
  - name: subject lines
    prompt: prompts/subject.prompt.yml
    provider: support
    cases: cases/subject.jsonl
    defaults:
      assert: [{max-words: 8}]
";
const NAMES: [&str; 16] =
    ["Ana", "Ben", "Cleo", "Žofie", "Emil", "Fatima", "Giulia", "你好", "Ida", "Jonas", "Kim", "Lea", "Mats", "Nora", "Oskar", "Zoe"];

/// What a small model might say: shorter, and often without the name, once it is told to be short; nothing about Zoe.
fn reply(_: usize, said: &str) -> Result<String, u16> {
    let word = |after: &str| said.split(after).nth(1).and_then(|rest| rest.split([' ', ',', '.']).next()).unwrap_or_default();
    let (name, order) = (word("to "), word("order "));
    Ok(match said.split(' ').next() {
        Some("Write") => format!(
            "Dear {name},\n\nthank you for your message about order {order}. We have looked into it and will send you a replacement within three working days.\n\nKind regards\nYour support team"
        ),
        _ if name == "Zoe" => return Err(500),
        Some("Reply") if order.ends_with(['0', '2', '4', '6', '8']) => format!("Order {order} will be replaced within three working days."),
        Some("Reply") => {
            format!("Dear {name},\n\norder {order} will be replaced within three working days.\n\nKind regards\nYour support team")
        }
        _ => "Your order: what happens next".to_owned(),
    })
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn prompt_cicd(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prompt-cicd"));
    command.current_dir(folder).env_clear().env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", folder);
    command
}

/// Where the pictures and pages go.
fn pages() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Every view of these pages as the browser found it.
fn look(kind: &str, given: &[(&str, &Path)]) -> Vec<Value> {
    let modules = std::env::var("PROMPT_CICD_REAL_CHROMIUM").expect("PROMPT_CICD_REAL_CHROMIUM names the folder: run scripts/test");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/chromium/look.mjs");
    let mut command = Command::new("timeout");
    command.args(["240", "node"]).arg(script).arg(modules).arg(pages()).arg(kind);
    command.args(given.iter().map(|(name, file)| format!("{name}={}", file.display())));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let views: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    for view in &views {
        eprintln!("{}: loaded in {} ms", view["picture"].as_str().unwrap(), view["loaded_ms"]);
    }
    views
}

/// Nothing is fetched, nothing complains, nothing is wider than the window, everything can be read.
#[track_caller]
fn well(view: &Value) {
    let name = format!("{} {}", view["page"], view["view"]);
    assert_eq!(view["requests"], json!([]), "{name}");
    assert_eq!(view["complaints"], json!([]), "{name}");
    assert_eq!(view["overflow"], 0, "{name} is wider than its window");
    assert_eq!(view["faint"], json!([]), "{name} has text of too little contrast");
}

/// A pull request that makes replies shorter and worse: its report, its comment and its job summary.
fn pull_request() -> (tempfile::TempDir, String, String) {
    let model = FakeModel::start(Behaviour::Rule(reply));
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "prompt-cicd.yml", &CONFIG.replace("BASE", &model.base_url()));
    let cases = |count: usize| -> String {
        let case =
            |(index, name): (usize, &&str)| json!({"id": name.to_lowercase(), "vars": {"name": name, "order": (1001 + index).to_string()}});
        let lines: Vec<String> = NAMES.iter().take(count).enumerate().map(case).map(|case| format!("{case}\n")).collect();
        lines.concat()
    };
    write(here, "cases/reply.jsonl", &cases(NAMES.len()));
    write(here, "cases/subject.jsonl", &cases(3));
    let prompt = |version: &str, text: &str| {
        format!(
            "name: support-reply\nversion: {version}\nmessages:\n  - {{role: system, content: You answer for a shop.}}\n  - role: user\n    content: |-\n      {text}\n"
        )
    };
    write(here, "prompts/reply.prompt.yml", &prompt("1.4.0", "Write a kind reply to {{name}} about order {{order}}."));
    write(here, "prompts/subject.prompt.yml", "name: subject\nmessages:\n  - {role: user, content: \"Subject for {{name}}\"}\n");
    git(here, &["init", "--quiet", "--initial-branch=main"]);
    git(here, &["add", "-A"]);
    git(here, &["commit", "--quiet", "-m", "base"]);
    let base = git(here, &["rev-parse", "HEAD"]);
    write(here, "prompts/reply.prompt.yml", &prompt("1.5.0", "Reply to {{name}}, order {{order}}, in one line."));
    let mut state = State::new();
    "1".repeat(40).clone_into(&mut state.pull().head);
    base.clone_into(&mut state.pull().base);
    state.pull().files = vec![File::modified("prompts/reply.prompt.yml"), File::modified("cases/subject.jsonl")];
    let github = FakeGitHub::start(state);
    let repository = json!({"full_name": "octo/prompts"});
    let event = json!({"repository": repository, "pull_request": {"number": 7,
        "head": {"sha": "1".repeat(40), "ref": "tune", "repo": repository}, "base": {"sha": base, "ref": "main", "repo": repository}}});
    write(here, "event.json", &event.to_string());
    write(here, "summary.md", "");
    let path = |name: &str| here.join(name).display().to_string();
    let variables = [
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
        ("GITHUB_REPOSITORY", "octo/prompts".to_owned()),
        ("GITHUB_RUN_ID", "42".to_owned()),
        ("GITHUB_TOKEN", github.state().token.to_owned()),
        ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
        ("GITHUB_EVENT_PATH", path("event.json")),
        ("GITHUB_STEP_SUMMARY", path("summary.md")),
        ("GITHUB_WORKSPACE", path("")),
    ];
    let output = prompt_cicd(here).args(["test", "--report", "html=report.html"]).envs(variables).output().unwrap();
    assert_eq!(output.status.code(), Some(12), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let comment = github.state().comments.first().map(|comment| comment.body.clone()).expect("there is a comment");
    let summary = fs::read_to_string(here.join("summary.md")).unwrap();
    (folder, comment, summary)
}

/// Markdown as GitHub shows it, near enough: its flavour, its width, its colours.
fn rendered(markdown: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.alerts = true;
    options.extension.footnotes = true;
    options.render.r#unsafe = true;
    let html = comrak::markdown_to_html(markdown, &options);
    let style = "
        :root { --ground: #fff; --text: #1f2328; --line: #d1d9e0; --panel: #f6f8fa; --link: #0969da; --added: #dafbe1; --removed: #ffebe9; }
        @media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --text: #f0f6fc; --line: #3d444d; --panel: #151b23; --link: #4493f8; } }
        body { margin: 0 auto; max-width: 800px; padding: 16px; background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, 'DejaVu Sans', sans-serif; }
        h2, h3 { line-height: 1.25; } h2 { padding-bottom: .3em; border-bottom: 1px solid var(--line); }
        table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; margin-bottom: 16px; }
        th, td { padding: 6px 13px; border: 1px solid var(--line); } tr:nth-child(2n) { background: var(--panel); }
        pre { padding: 16px; overflow: auto; background: var(--panel); border-radius: 6px; } code { font-family: 'DejaVu Sans Mono', monospace; font-size: 85%; overflow-wrap: anywhere; }
        a { color: var(--link); } li, p, summary { overflow-wrap: anywhere; }";
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Markdown</title><style>{style}</style><body>{html}</body></html>"
    )
}

#[test]
fn the_report_and_the_comment_are_readable_everywhere_and_the_report_by_keyboard() {
    let (folder, comment, summary) = pull_request();
    let report = look("report", &[("report", &folder.path().join("report.html"))]);
    assert_eq!(report.len(), 4);
    report.iter().for_each(well);
    let keys = &report[0]["keyboard"];
    eprintln!("by keyboard: {keys}");
    assert_eq!(keys["slash"], json!({"name": "text", "seen": true}));
    assert!(keys["none"].as_str().unwrap().starts_with("0 of "), "{keys}");
    assert!(keys["before"] == keys["again"] && keys["before"] != keys["none"], "{keys}");
    assert_eq!(keys["state"], json!({"name": "state", "seen": true}));
    assert_ne!(keys["all"], keys["before"], "the arrow key changes what is shown");
    for (at, name) in ["suite", "beside", "text", "summary"].iter().enumerate() {
        assert_eq!(keys["order"][at], json!({"name": name, "seen": true}), "{keys}");
    }
    assert_eq!(keys["opened"], 2, "head and base side by side: {keys}");
    assert_eq!(keys["sides"], json!([[true, true, false], [false, false, true]]), "what is gone stands on base's side");
    for (name, markdown) in [("comment", comment), ("summary", summary)] {
        let page = pages().join(format!("{name}.html"));
        fs::write(&page, rendered(&markdown)).unwrap();
        look("comment", &[(name, &page)]).iter().for_each(well);
    }
}

#[test]
fn five_thousand_samples_open_within_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let case = |number: usize| json!({"id": format!("c{number}"), "vars": {"name": format!("N{number}")}});
    let cases: Vec<String> = (0..5_000).map(|number| format!("{}\n", case(number))).collect();
    write(folder.path(), "cases.jsonl", &cases.concat());
    write(
        folder.path(),
        "p.prompt.yml",
        "name: p\nmessages:\n  - {role: user, content: \"Hello {{name}}, this is what a short answer of a model looks like.\"}\n",
    );
    write(
        folder.path(),
        "prompt-cicd.yml",
        "version: 1\nproviders: {model: {kind: echo}}\nsuites:\n  - {name: many, prompt: p.prompt.yml, provider: model, cases: cases.jsonl, defaults: {assert: [contains: never, is-json, {max-words: 3}]}}\n",
    );
    let output = prompt_cicd(folder.path()).args(["test", "--quiet", "--report", "html=report.html"]).output().unwrap();
    assert_eq!(output.status.code(), Some(10), "{}", String::from_utf8_lossy(&output.stderr));
    let report = folder.path().join("report.html");
    let found = look("large", &[("large", &report)]).remove(0);
    let megabytes = fs::metadata(&report).unwrap().len() / 1_000_000;
    eprintln!("5,000 samples ({megabytes} MB): drawn after {} ms, filtered in {} ms", found["loaded_ms"], found["filter_ms"]);
    well(&found);
    assert!(found["loaded_ms"].as_u64().unwrap() <= 2_000, "{}", found["loaded_ms"]);
    assert_eq!(found["filtered"], "1 of 5000 samples");
}
