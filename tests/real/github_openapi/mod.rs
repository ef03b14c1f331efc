//! Every request that our GitHub client can make, held to GitHub's own description of its API
//! (`tests/services/github-openapi`; `PROMPT_CICD_GITHUB_OPENAPI` is its address).

/// The calls that administrators make.
mod administration;
/// One function for each call of `CodeHost`: add yours there.
mod calls;
/// What stands between the client and the description.
mod recorder;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

use prompt_cicd::{
    adapters::{
        github::{GitHub, Identity, Settings},
        http::Http,
        secret::{Scrubber, Secret},
    },
    ports::{clock::Clock, code_host::Patience},
};
use regex::Regex;
use reqwest::Method;
use serde_json::{Value, json};

use crate::clock::ManualClock;
use recorder::{Recorder, Seen};

/// The repository of all requests.
const REPOSITORY: &str = "octo/prompts";

/// The client, and what it speaks to.
struct World {
    recorder: Recorder,
    github: GitHub,
    clock: Arc<ManualClock>,
}

impl World {
    async fn start(identity: Identity) -> Self {
        let recorder = Recorder::start(&description()).await;
        let clock = Arc::new(ManualClock::default());
        let settings =
            Settings { api_url: recorder.address(), repository: REPOSITORY.to_owned(), token: Secret::new("a-token".to_owned()), identity };
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let github = GitHub::new(settings, &Http::new().unwrap(), time, Arc::new(Scrubber::default())).unwrap();
        Self { recorder, github, clock }
    }

    fn patience(&self) -> Patience {
        Patience::of(&*self.clock, Duration::from_mins(5))
    }
}

fn description() -> String {
    std::env::var("PROMPT_CICD_GITHUB_OPENAPI")
        .expect("PROMPT_CICD_GITHUB_OPENAPI names the server: run scripts/test, or start tests/services/github-openapi/start.sh PORT")
}

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[tokio::test]
async fn github_describes_every_request_that_we_can_make() {
    let mut accepted = BTreeMap::<String, BTreeSet<&str>>::new();
    let (mut paths, mut fields) = (BTreeSet::new(), 0);
    for (name, call) in calls::CALLS {
        let world = World::start(Identity::ActionsBot).await;
        call(&world).await;
        let seen = world.recorder.seen();
        assert!(!seen.is_empty(), "{name} sent nothing");
        for request in seen {
            assert!(request.refused.is_empty(), "{name}: {} {} is refused: {}", request.method, request.path, request.refused);
            fields += each_field_is_held_to_the_description(&request).await;
            accepted.entry(format!("{} {}", request.method, template(&request.path))).or_default().insert(name);
            paths.insert(request.path);
        }
    }
    for (request, names) in &accepted {
        println!("accepted  {request}  ({})", names.iter().copied().collect::<Vec<_>>().join(", "));
    }
    println!("{fields} fields of their bodies are refused with a value of another type");
    let unseen: Vec<String> =
        named_paths().into_iter().filter(|(_, path)| !paths.iter().any(|seen| path.is_match(seen))).map(|(text, _)| text).collect();
    assert!(unseen.is_empty(), "the client names paths that no entry of `calls.rs` asks for: {unseen:?}");
}

/// A description that lets everything pass would prove nothing: each field of an accepted body, given a value that no
/// field has, must be refused. So a field that the description does not know is found too. Returns how many there are.
async fn each_field_is_held_to_the_description(request: &Seen) -> usize {
    let Some(Value::Object(fields)) = &request.body else { return 0 };
    for (name, value) in fields {
        let mut wrong = fields.clone();
        wrong.insert(name.clone(), if value.is_object() { json!(5) } else { json!({"wrong": [5]}) });
        let refused = send(&request.method, &request.path, &Value::Object(wrong)).await;
        assert!(refused.contains("422"), "{} {}: any value passes for `{name}`: {refused}", request.method, request.path);
    }
    fields.len()
}

/// Why the description refuses the request; empty when it does not.
async fn send(method: &str, path: &str, body: &Value) -> String {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Http::new().unwrap().client().request(method, format!("{}{path}", description())).json(body);
    recorder::ask(request).await.1
}

/// The path with words for what differs from one repository to another.
fn template(path: &str) -> String {
    let name = Regex::new("^(v?[0-9]+|[0-9a-f]{40}|head-sha|README.md|main)$").unwrap();
    let parts: Vec<&str> = path.split('/').map(|part| if name.is_match(part) { "…" } else { part }).collect();
    parts.join("/").replace(REPOSITORY, "{owner}/{repo}")
}

/// Every path below the repository that the client's source names, as what it looks like on the wire.
fn named_paths() -> Vec<(String, Regex)> {
    let mut found = Vec::new();
    let calls = Regex::new(r"repo\(&\[([^\]]*)\]\)").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapters/github");
    let mut files: Vec<_> = walk(&folder);
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for call in calls.captures_iter(text.split("#[cfg(test)]").next().unwrap()) {
            let parts = call[1].split(',').map(str::trim).filter(|part| !part.is_empty());
            let parts: Vec<String> = parts
                .map(|part| part.strip_prefix('"').map_or_else(|| "[^/]+".to_owned(), |text| regex::escape(text.trim_end_matches('"'))))
                .collect();
            let path = format!("^/repos/{REPOSITORY}/{}$", parts.join("/"));
            found.push((format!("{}: {}", file.file_name().unwrap().display(), &call[0]), Regex::new(&path).unwrap()));
        }
    }
    assert!(found.len() > 8, "the client's source is written in another way than this test reads: {found:?}");
    found
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn every_call_of_the_port_has_an_entry() {
    let ports = [("mod.rs", "pub trait CodeHost"), ("administration.rs", "pub trait Administration")].map(|(file, port)| {
        source(&format!("src/ports/code_host/{file}")).split_once(port).unwrap().1.split_once("\n}\n").unwrap().0.to_owned()
    });
    let name = Regex::new(r"async fn (\w+)").unwrap();
    let methods: BTreeSet<&str> =
        ports.iter().flat_map(|body| name.captures_iter(body)).map(|found| found.get(1).unwrap().as_str()).collect();
    let entries: BTreeSet<&str> = calls::CALLS.iter().map(|(name, _)| *name).collect();
    assert!(methods.len() > 5, "{methods:?}");
    assert_eq!(entries, methods, "`calls.rs` has an entry for each call of the ports, under its name");
}

#[tokio::test]
async fn a_request_against_the_description_is_refused() {
    let remark = json!({"path": "a.yml", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "x"});
    let check = |annotations: usize, conclusion: &str| {
        let remarks: Vec<&Value> = vec![&remark; annotations];
        json!({"name": "x", "head_sha": "0", "status": "completed", "conclusion": conclusion,
               "output": {"title": "x", "summary": "x", "annotations": remarks}})
    };
    let planted = [
        ("POST", "/repos/octo/prompts/check-runs", check(50, "neutral"), ""),
        ("POST", "/repos/octo/prompts/check-runs", check(51, "neutral"), "422"),
        ("POST", "/repos/octo/prompts/check-runs", check(1, "splendid"), "422"),
        ("POST", "/repos/octo/prompts/issues/7/comments", json!({"body": "x"}), ""),
        ("POST", "/repos/octo/prompts/issues/7/comments", json!({"text": "x"}), "422"),
        ("POST", "/repos/octo/prompts/issues/seven/comments", json!({"body": "x"}), "422"),
        ("PATCH", "/repos/octo/prompts/issues/7", json!({"state": "closed"}), ""),
        ("PATCH", "/repos/octo/prompts/issues/7", json!({"state": "shut"}), "422"),
        ("PUT", "/repos/octo/prompts/check-run", json!({}), "404"),
    ];
    for (method, path, body, why) in planted {
        let refused = send(method, path, &body).await;
        assert!(refused.starts_with(why) && refused.is_empty() == why.is_empty(), "{method} {path} {body}: {refused}");
    }
}
