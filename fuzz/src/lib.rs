//! What is fuzzed: every reader of what others wrote. Each function takes any bytes and must come back, with what it promises.
//! `fuzz/fuzz_targets` hands them to libFuzzer; `tests/suite/fuzz.rs` runs the corpora in every test run.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use prompt_cicd::{
    adapters::{actions::event, provider::ProviderFactory},
    config::{self, benchmark, cases as case_files, prompt_file, samples as sample_files},
    domain::{
        answer::{Answer, Origin, Usage},
        benchmark::{
            Tool,
            compare::{Thresholds, compare},
        },
        gate::format,
        pace::RateLimits,
        prompt::template::{Syntax, Template, Variables},
        provider::{HttpSettings, ProviderKind, ProviderSettings, Request, Task},
        regression::{Rules, analysis::analyse},
        suite::assertion::{Assertion, Subject, rule},
    },
    ports::provider::{Provider, Providers as _, Recording},
};
use serde_json::{Map, Value, json};

/// The name of a function here and of its corpus, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 10] = [
    ("benchmarks", benchmarks),
    ("samples", samples),
    ("templates", templates),
    ("config", config),
    ("prompts", prompts),
    ("cases", cases),
    ("assertions", assertions),
    ("answers", answers),
    ("gates", gates),
    ("events", events),
];

/// Analysing more values than this takes longer than reading them.
const FEW: usize = 500;

/// The first byte chooses among `choices`, the rest is the input.
fn choice<T: Copy>(data: &[u8], choices: &[T]) -> Option<(T, Vec<u8>)> {
    let (first, rest) = data.split_first()?;
    // Printable, so that corpora can be read: `a` is the first.
    let at = usize::from(first.wrapping_sub(b'a')) % choices.len();
    Some((*choices.get(at)?, rest.to_vec()))
}

/// Results of benchmark tools, and thresholds for them.
pub fn benchmarks(data: &[u8]) {
    let tools: Vec<Option<Tool>> = Tool::NAMES.into_iter().map(|(tool, _)| Some(tool)).chain([None]).collect();
    let Some((tool, rest)) = choice(data, &tools) else { return };
    let told = benchmark::detect(&rest);
    let Some(tool) = tool.or(told) else {
        drop(benchmark::thresholds::read(&String::from_utf8_lossy(&rest), "thresholds.yml"));
        return;
    };
    if tool == Tool::Criterion {
        let text = String::from_utf8_lossy(&rest);
        let (sample, id) = text.split_once("\n---\n").unwrap_or((&text, ""));
        drop(benchmark::criterion_benchmark(sample, Some(id), "new/sample.json", "name"));
    } else if let Ok(found) = benchmark::read(tool, &mut rest.as_slice(), "file") {
        assert!(!found.is_empty(), "a result has a benchmark");
        let compared = compare(&found, &found, &Thresholds::default(), &Rules::default());
        assert!(!compared.regressed, "nothing is worse than itself");
    }
}

/// Samples of `detect` and `trend`: whatever is read is finite, and can be analysed or is refused with a name.
pub fn samples(data: &[u8]) {
    drop(sample_files::list(&String::from_utf8_lossy(data)));
    if let Ok(series) = sample_files::series(data, "file") {
        assert!(series.values.iter().all(|value| value.is_finite()));
    }
    if let Ok(pair) = sample_files::pair(data, "file") {
        assert!(pair.baseline.iter().chain(&pair.current).all(|value| value.is_finite()));
        if pair.baseline.len().max(pair.current.len()) <= FEW
            && let Ok(question) = pair.written.question()
            && let Ok(found) = analyse(&question, &pair.baseline, &pair.current)
        {
            assert!(!(found.regressed() && found.is_open()), "a regression is decided");
        }
    }
}

fn variables() -> Variables {
    let values = json!({"name": "Ana", "n": 3, "list": [1, "two", null], "map": {"a": {"b": "c"}}, "text": "<b>ü</b>"});
    Variables::new(values.as_object().cloned().unwrap_or_default())
}

/// Templates of every syntax.
pub fn templates(data: &[u8]) {
    let Some((syntax, rest)) = choice(data, &Syntax::ALL) else { return };
    let Ok(source) = std::str::from_utf8(&rest) else { return };
    if let Ok(template) = Template::parse_as(source, syntax) {
        assert_eq!(template.source(), source);
        drop(template.render(&variables()));
        drop(template.render(&Variables::new(Map::new())));
    }
}

/// The configuration.
pub fn config(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Err(problems) = config::parse(text, "prompt-cicd.yml")
    {
        assert!(!problems.is_empty(), "a refusal says why");
    }
}

/// Prompt files with their own cases.
pub fn prompts(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Err(problems) = prompt_file::read(text, "greeting.prompt.yml")
    {
        assert!(!problems.is_empty(), "a refusal says why");
    }
}

/// Case files of every form.
pub fn cases(data: &[u8]) {
    let Some((file, rest)) = choice(data, &["c.jsonl", "c.json", "c.yml", "c.csv", "c.tsv"]) else { return };
    if let Ok(text) = std::str::from_utf8(&rest)
        && let Err(problems) = case_files::parse(text, file)
    {
        assert!(!problems.is_empty(), "a refusal says why");
    }
}

/// Assertions and rules, and answers judged by them: the text after a line of `---` is the answer.
pub fn assertions(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (written, said) = text.split_once("\n---\n").unwrap_or((text, "{\"name\": \"Ana\", \"n\": [1, 2.5, null]}"));
    drop(rule::parse(written));
    let Ok(value) = serde_yaml::from_str::<Value>(written) else { return };
    let Ok(assertion) = Assertion::parse(&value) else { return };
    let (variables, answer) = (variables(), answer(said));
    if assertion.prepare(&variables).is_ok() {
        let judged = assertion.judge(&Subject::new(&answer, &variables, Some(0.01)));
        assert!((0.0..=1.0).contains(&judged.score), "{judged:?}");
    }
}

fn answer(text: &str) -> Answer {
    Answer {
        text: text.to_owned(),
        finish_reason: Some("stop".to_owned()),
        model: None,
        usage: Usage { input_tokens: Some(10), output_tokens: Some(5), estimated: false },
        latency: Duration::from_millis(120),
        time_to_first_token: None,
        origin: Origin::Live,
        raw: serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

/// A server that answers each request with what it was given last.
struct Server {
    says: Arc<Mutex<Vec<u8>>>,
    providers: [Arc<dyn Provider>; 4],
    runtime: tokio::runtime::Runtime,
}

static SERVER: LazyLock<Mutex<Server>> = LazyLock::new(|| Mutex::new(Server::start()));

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base_url = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
        let says = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&says);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                // The request has one body, and the client sends it before it reads.
                let mut seen = Vec::new();
                let mut buffer = [0; 4096];
                while !seen.ends_with(b"}") {
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => break,
                        Ok(n) => seen.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                    }
                }
                let answer = told.lock().map_or_else(|_| Vec::new(), |answer| answer.clone());
                let _closed = stream.write_all(&answer);
            }
        });
        let http = |stream| HttpSettings { base_url: base_url.clone(), api_key_env: None, headers: BTreeMap::new(), stream };
        let factory = ProviderFactory::new(Arc::new(|_: &str| None), "");
        let connect = |kind| {
            let settings = ProviderSettings {
                name: "m".to_owned(),
                kind,
                model: None,
                parameters: Map::new(),
                prices: None,
                limits: RateLimits::default(),
            };
            factory.connect(&settings, &[], &Recording::default()).expect("nothing is asked yet")
        };
        let providers = [
            connect(ProviderKind::OpenAi(http(false))),
            connect(ProviderKind::OpenAi(http(true))),
            connect(ProviderKind::Anthropic(http(false))),
            connect(ProviderKind::Anthropic(http(true))),
        ];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { says, providers, runtime }
    }
}

/// Answers of models over HTTP, whole and streamed, in both dialects. The first byte chooses; the rest is the body.
pub fn answers(data: &[u8]) {
    let Some((chosen, rest)) = choice(data, &[0_usize, 1, 2, 3]) else { return };
    let Ok(server) = SERVER.lock() else { return };
    let kind = if chosen % 2 == 1 { "text/event-stream" } else { "application/json" };
    let length = rest.len();
    let mut whole =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").into_bytes();
    whole.extend(rest);
    if let Ok(mut says) = server.says.lock() {
        *says = whole;
    }
    let Some(provider) = server.providers.get(chosen) else { return };
    let request = Request { task: Task::Chat, model: "m".to_owned(), messages: Vec::new(), parameters: Map::new(), repeat: 0 };
    if let Ok(answer) = server.runtime.block_on(provider.answer(&request, Duration::from_secs(20))) {
        drop((answer.tool_calls(), answer.logprobs()));
    }
}

/// Result files that gates read.
pub fn gates(data: &[u8]) {
    let names: Vec<Option<(&str, &str)>> = format::all()
        .flat_map(|format| format.measures.iter().map(|(measure, _)| Some((format.name, *measure))))
        .chain([Some((format::JSON, "/a/0/b")), None])
        .collect();
    let Some((chosen, rest)) = choice(data, &names) else { return };
    let Ok(text) = std::str::from_utf8(&rest) else { return };
    let found = match chosen {
        Some((format, measure)) => format::read(text, Some(format), measure),
        None => format::read(text, None, "errors"),
    };
    assert!(found.is_err() || found.is_ok_and(f64::is_finite), "a gate judges a number");
}

/// The payload of the event that started a workflow.
pub fn events(data: &[u8]) {
    static FILE: LazyLock<Option<tempfile::NamedTempFile>> = LazyLock::new(|| tempfile::NamedTempFile::new().ok());
    static ALONE: Mutex<()> = Mutex::new(());
    let names = ["pull_request", "push", "merge_group", "workflow_run", "schedule"];
    let (Some((name, rest)), Some(file), Ok(_alone)) = (choice(data, &names), FILE.as_ref(), ALONE.lock()) else { return };
    if std::fs::write(file.path(), rest).is_ok() {
        drop(event::read(name, Some(file.path())));
    }
}
