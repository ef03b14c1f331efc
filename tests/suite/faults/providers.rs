//! Every way in which a model gives no answer: what one such answer comes to, and what comes of it when it lasts.

use std::fmt::Write as _;

use prompt_cicd::app::exit_code;
use serde_json::Value;

use crate::support::{
    Behaviour, FakeModel, Workspace,
    broken::{BrokenServer, Trouble},
};

const KEY: &str = "very-secret-key-1234";

/// A fault, and whether answers are streamed.
struct Fault {
    name: &'static str,
    trouble: Trouble,
    stream: bool,
}

fn fault(name: &'static str, trouble: Trouble) -> Fault {
    Fault { name, trouble, stream: false }
}

fn ok(body: &str) -> Trouble {
    Trouble::status("200 OK", "", body)
}

fn events(pieces: &str) -> Trouble {
    Trouble::Bytes(format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{pieces}"))
}

const PIECE: &str = r#"data: {"choices":[{"index":0,"delta":{"content":"Hello A"}}]}"#;

fn faults(elsewhere: &str) -> Vec<Fault> {
    let mut all = refused();
    all.extend(answered());
    all.extend(streamed());
    let away = Trouble::status("307 Temporary Redirect", &format!("location: {elsewhere}/chat/completions\r\n"), "");
    all.extend([
        fault("the answer drips and never ends", Trouble::Drip),
        fault("no answer ever", Trouble::Hang),
        fault("the connection is dropped", Trouble::Drop),
        fault("a redirect to another host", away),
    ]);
    all
}

/// What a server refuses, or cannot do.
fn refused() -> Vec<Fault> {
    let error = |status: &str, body: &str| Trouble::status(status, "", body);
    vec![
        fault("401: the key is refused", error("401 Unauthorized", r#"{"error": {"message": "bad key", "code": "invalid_api_key"}}"#)),
        fault("403: the key may not do this", error("403 Forbidden", r#"{"error": {"message": "no access to this model"}}"#)),
        fault(
            "404: no such model (`error.code` is a number)",
            error("404 Not Found", r#"{"error": {"message": "no such model", "code": 404}}"#),
        ),
        fault(
            "404: no such model (`error.code` is a text)",
            error("404 Not Found", r#"{"error": {"message": "no such model", "code": "model_not_found"}}"#),
        ),
        fault(
            "400: the context is too long",
            error(
                "400 Bad Request",
                r#"{"error": {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}}"#,
            ),
        ),
        fault("413: the request is too large", error("413 Payload Too Large", "too large")),
        fault(
            "429 with `Retry-After: 1`",
            Trouble::status("429 Too Many Requests", "retry-after: 1\r\n", r#"{"error": {"message": "slow down"}}"#),
        ),
        fault("429 without", error("429 Too Many Requests", r#"{"error": {"message": "slow down"}}"#)),
        fault(
            "429: the quota is used up",
            error("429 Too Many Requests", r#"{"error": {"message": "no credit", "code": "insufficient_quota"}}"#),
        ),
        fault("500", error("500 Internal Server Error", r#"{"error": {"message": "oops"}}"#)),
        fault("502 with a page of HTML", error("502 Bad Gateway", "<html><title>Bad Gateway</title></html>")),
        fault("503 with `Retry-After: 1`", Trouble::status("503 Service Unavailable", "retry-after: 1\r\n", "")),
        fault("529: overloaded", error("529 Overloaded", r#"{"error": {"type": "overloaded_error", "message": "Overloaded"}}"#)),
    ]
}

/// What comes with a status of 200 and is no answer.
fn answered() -> Vec<Fault> {
    vec![
        fault("200 with broken JSON", ok("{\"choices\": [")),
        fault("200 with a page of HTML", ok("<!DOCTYPE html><title>Sign in</title>")),
        fault("200 with nothing", ok("")),
        fault("200 without choices", ok(r#"{"choices": []}"#)),
        fault("200 with an error (`error.code` is a number)", ok(r#"{"error": {"message": "upstream failed", "code": 502}}"#)),
        fault("200 with an error (`error.code` is a text)", ok(r#"{"error": {"message": "upstream failed", "code": "bad_gateway"}}"#)),
        fault(
            "200 with an error in its choice",
            ok(r#"{"choices": [{"message": {"content": "Hello Ana"}, "error": {"message": "upstream failed", "code": 502}}]}"#),
        ),
        fault(
            "200 with the finish reason `error`",
            ok(r#"{"choices": [{"message": {"content": "Hello Ana"}, "finish_reason": "error"}]}"#),
        ),
        fault("200 with a message without content", ok(r#"{"choices": [{"message": {"role": "assistant"}, "finish_reason": "stop"}]}"#)),
        fault("a broken compression", Trouble::status("200 OK", "content-encoding: gzip\r\n", "this is no gzip")),
        fault("the answer is cut off", Trouble::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{\"choices\":".to_owned())),
    ]
}

/// What goes wrong in a stream.
fn streamed() -> Vec<Fault> {
    vec![
        Fault { name: "the stream ends in the middle", trouble: events(&format!("{PIECE}\n\n")), stream: true },
        Fault { name: "the stream has a broken piece", trouble: events(&format!("{PIECE}\n\ndata: {{\"choi\n\n")), stream: true },
        Fault {
            name: "the stream has an error",
            trouble: events(&format!("{PIECE}\n\ndata: {{\"error\": {{\"message\": \"overloaded\", \"code\": 503}}}}\n\n")),
            stream: true,
        },
        Fault {
            name: "the stream has an error in place of choices",
            trouble: events(&format!("{PIECE}\n\ndata: {{\"object\": \"error\", \"message\": \"overloaded\"}}\n\ndata: [DONE]\n\n")),
            stream: true,
        },
        Fault {
            name: "the stream has an event named `error`",
            trouble: events(&format!("{PIECE}\n\nevent: error\ndata: {{\"message\": \"overloaded\"}}\n\ndata: [DONE]\n\n")),
            stream: true,
        },
        Fault { name: "the stream ends without an answer", trouble: events("data: [DONE]\n\n"), stream: true },
        Fault {
            name: "the stream ends behind an empty piece",
            trouble: events("data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"\"}}]}\n\ndata: [DONE]\n\n"),
            stream: true,
        },
    ]
}

/// One run of one case against a server whose first so many requests meet the trouble.
fn run(fault: &Fault, broken: usize) -> (i32, Value, usize) {
    let server = BrokenServer::start(&fault.trouble, broken);
    let workspace = Workspace::asking(&server.base_url()).file("cases/greeting.jsonl", "{\"id\": \"a\", \"vars\": {\"name\": \"Ana\"}}\n");
    let more = format!("model: fake, api-key-env: MY_KEY, stream: {}}}", fault.stream);
    let config = workspace.read("prompt-cicd.yml").replace("model: fake}", &more)
        + "run: {retry: {attempts: 3, base: 10ms, max: 20ms}}\nsuite-defaults: {limits: {request: 2s}}\n";
    let finished = workspace.file("prompt-cicd.yml", &config).prompt_cicd(["test", "--format", "json"]).env("MY_KEY", KEY).run();
    assert!(!format!("{finished:?}").contains(KEY), "{}: the key is shown: {finished:?}", fault.name);
    (finished.code, finished.json(), server.received().len())
}

/// What a run came to, in a few words.
fn outcome((code, json, requests): &(i32, Value, usize)) -> String {
    let row = exit_code::TABLE.iter().find(|row| i32::from(row.code) == *code).unwrap();
    let sample = &json["test_case_results"][0];
    assert_eq!(sample["attempts"], *requests, "{json:#}");
    match (code, requests) {
        (0, 1) => "passed".to_owned(),
        (0, _) => format!("asked {requests} times, passed"),
        _ => {
            assert_eq!((&sample["state"], &json["failed_tests"], &json["verdict"]), (&"error".into(), &0.into(), &"inconclusive".into()));
            format!("asked {}, exit {code} `{}`", if *requests == 1 { "once".to_owned() } else { format!("{requests} times") }, row.name)
        }
    }
}

/// What is said, without the address and the number of requests.
fn said(json: &Value) -> String {
    let message = json["test_case_results"][0]["error"]["message"].as_str().unwrap();
    let (_, words) = message.split_once("/v1/chat/completions: ").unwrap_or_else(|| panic!("{message}"));
    let words = words.split(" (asked ").next().unwrap();
    // A port of this run's.
    let mut shown = String::new();
    for piece in words.split_inclusive("127.0.0.1:") {
        let piece = if shown.is_empty() { piece } else { piece.trim_start_matches(|c: char| c.is_ascii_digit()) };
        shown.push_str(&piece.replace("127.0.0.1:", "HOST"));
    }
    shown.replace('|', "\\|").replace('<', "&lt;")
}

#[test]
fn the_documents_have_what_every_fault_of_a_provider_leads_to() {
    let other = FakeModel::start(Behaviour::Say("stolen"));
    let faults = faults(&other.base_url());
    let rows: Vec<String> = std::thread::scope(|scope| {
        let runs = faults.iter().map(|fault| scope.spawn(move || (run(fault, 1), run(fault, usize::MAX))));
        let runs: Vec<_> = runs.collect();
        let rows = runs.into_iter().zip(&faults).map(|(run, fault)| {
            let (once, lasting) = run.join().unwrap_or_else(|_| panic!("{}", fault.name));
            assert!(lasting.0 == 30 || lasting.0 == 31, "{}: what lasts never passes: {}", fault.name, lasting.1);
            format!("| {} | {} | {} | {} |", fault.name, outcome(&once), outcome(&lasting), said(&lasting.1))
        });
        rows.collect()
    });
    assert_eq!(other.requests(), 0, "neither questions nor keys follow a redirect");
    let mut table = "| fault | once | for good | what is said |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        writeln!(table, "{row}").unwrap();
    }
    println!("{table}");
    crate::docs::holds("docs/reference/provider-faults.md", "faults", &table);
}
