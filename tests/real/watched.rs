//! `monitor` and `detect` over a real Prometheus that the test starts, feeds second by second and kills:
//! `tests/services/prometheus`. It watches for a minute, or for as long as `PROMPT_CICD_REAL_WATCH_SECONDS` says; before a
//! release run it with 600.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use prompt_cicd::domain::stats::rng::SplitMix64;
use serde_json::{Value, json};

const SERVICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/prometheus");

/// A Prometheus with its gateway, stopped in the end.
pub(crate) struct Server {
    pub(crate) ports: [String; 2],
}

impl Server {
    pub(crate) fn start() -> Self {
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let ports = [free(), free()];
        let started = Command::new(format!("{SERVICE}/start.sh")).args(&ports).stdout(Stdio::null()).status().unwrap();
        assert!(started.success(), "{SERVICE}/start.sh {ports:?}");
        Self { ports }
    }

    pub(crate) fn push(&self, job: &str, body: &str) {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.ports[1])).unwrap();
        let length = body.len();
        write!(stream, "PUT /metrics/job/{job} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// As when the machine goes away: no goodbye.
    fn kill(&self) {
        let pid = fs::read_to_string(services().join(format!("{}.pid", self.ports[0]))).unwrap();
        assert!(Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _stopped = Command::new(format!("{SERVICE}/stop.sh")).args(&self.ports).status();
    }
}

fn services() -> PathBuf {
    let folder = std::env::var_os("PROMPT_CICD_SERVICES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/services"), PathBuf::from);
    folder.join("prometheus")
}

/// Latencies around 800 ms, a quarter more in the second half, with 5 % of noise; errors that stay as they are.
fn feed(server: &Server, rng: &mut SplitMix64, slow: bool, odd: bool) {
    let mut noise = || (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0;
    let latency = if slow { 1_000.0 } else { 800.0 } * (1.0 + 0.05 * noise());
    let errors = 0.01 * (1.0 + 0.05 * noise());
    let partial = if odd { "NaN" } else { "1" };
    server.push("greeting", &format!("latency_ms {latency}\nerror_rate {errors}\nhalf {partial}\nnothing NaN\nendless +Inf\n"));
}

fn configuration(folder: &Path, server: &Server, window: Duration, step: Duration, keys: &str) {
    let url = format!("http://127.0.0.1:{}", server.ports[0]);
    let metric =
        |name: &str, query: &str| format!("    - {{name: {name}, source: prom, query: {query}, direction: lower-is-better, {keys}}}\n");
    let text = format!(
        "version: 1\nproviders: {{say: {{kind: echo}}}}\nsuites: [{{name: s, prompt: p, provider: say, cases: c.jsonl}}]\n\
         metric-sources: {{prom: {{kind: prometheus, url: \"{url}\"}}}}\nmonitor:\n  window: {}s\n  step: {}s\n  metrics:\n{}{}",
        window.as_secs(),
        step.as_secs(),
        metric("latency", "latency_ms"),
        metric("errors", "error_rate"),
    );
    fs::write(folder.join("prompt-cicd.yml"), text).unwrap();
}

fn program(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_prompt-cicd")).current_dir(folder).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// One pass: its exit code and each metric's verdict with its reasons.
fn pass(folder: &Path) -> (i32, Vec<(String, String)>) {
    let (code, out, err) = program(folder, &["monitor", "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("exit {code}: {err}"));
    let metric = |metric: &Value| (metric["verdict"].as_str().unwrap().to_owned(), metric["reasons"].to_string());
    (code, report["metrics"].as_array().unwrap().iter().map(metric).collect())
}

fn series(server: &Server, query: &str, from: f64, to: f64) -> Vec<f64> {
    let url = format!("http://127.0.0.1:{}/api/v1/query_range?query={query}&start={from}&end={to}&step=1", server.ports[0]);
    let output = Command::new("curl").args(["-sf", &url]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let points = answer["data"]["result"][0]["values"].as_array().unwrap();
    points.iter().map(|point| point[1].as_str().unwrap().parse().unwrap()).collect()
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
fn a_regression_is_found_and_a_server_that_dies_is_never_healthy() {
    let seconds = std::env::var("PROMPT_CICD_REAL_WATCH_SECONDS").map_or(60, |seconds| seconds.parse().unwrap());
    let (half, folder) = (Duration::from_secs(seconds / 2), tempfile::tempdir().unwrap());
    let server = Server::start();
    let mut rng = SplitMix64::new(20_261_121);
    let begin = Instant::now();
    let mut told = (false, 0_u32);
    // Until the first half is over there is nothing to find.
    configuration(folder.path(), &server, half, Duration::from_secs(1), "anomaly: 4.5");
    let mut changed_at = now();
    while begin.elapsed() < 2 * half {
        let slow = begin.elapsed() >= half;
        if slow && !told.0 {
            let (code, verdicts) = pass(folder.path());
            assert_eq!(code, 0, "before the change: {verdicts:?}");
            (told.0, changed_at) = (true, now());
        }
        // Gone for whole seconds: a scrape each second cannot miss it.
        feed(&server, &mut rng, slow, (told.1 / 8).is_multiple_of(2));
        told.1 += 1;
        thread::sleep(Duration::from_millis(500));
    }
    let end = now();

    // `monitor` against the window before, and by change point.
    let window = half.saturating_sub(Duration::from_secs(4));
    let ago = half.as_secs() + 2;
    configuration(folder.path(), &server, window, Duration::from_secs(1), &format!("baseline: {{ago: {ago}s, margin: 0.1}}"));
    let (code, verdicts) = pass(folder.path());
    println!("baseline: exit {code}, {verdicts:?}");
    assert_eq!((code, verdicts[0].0.as_str(), verdicts[1].0.as_str()), (12, "degraded", "healthy"), "{verdicts:?}");
    assert!(verdicts[0].1.contains("regressed"), "{verdicts:?}");
    configuration(
        folder.path(),
        &server,
        (2 * half).saturating_sub(Duration::from_secs(4)),
        Duration::from_secs((seconds / 60).max(1)),
        "change-point: 0.1",
    );
    let (code, verdicts) = pass(folder.path());
    println!("change point: exit {code}, {verdicts:?}");
    assert_eq!((code, verdicts[0].0.as_str(), verdicts[1].0.as_str()), (12, "degraded", "healthy"), "{verdicts:?}");

    // `detect` on the same numbers, as the server gives them.
    for (query, expected) in [("latency_ms", 12), ("error_rate", 0)] {
        let (before, after) =
            (series(&server, query, changed_at - window.as_secs_f64(), changed_at - 2.0), series(&server, query, changed_at + 3.0, end));
        let samples = json!({"metric_name": query, "baseline_values": before, "current_values": after, "consider_direction": "increase", "margin": 0.1});
        fs::write(folder.path().join("samples.json"), samples.to_string()).unwrap();
        let (code, out, err) = program(folder.path(), &["detect", "samples.json"]);
        println!("detect {query}, {} against {} values: exit {code}\n{out}", before.len(), after.len());
        assert_eq!(code, expected, "{query}: {out}{err}");
    }

    // What is no number has its name, and nothing of it is healthy.
    for (query, named) in [("nothing", "not a number"), ("endless", "infinite"), ("missing_entirely", "no data"), ("half", "not complete")]
    {
        let text = fs::read_to_string(folder.path().join("prompt-cicd.yml")).unwrap().replace("error_rate", query);
        fs::write(folder.path().join("odd.yml"), text).unwrap();
        let (code, out, _) = program(folder.path(), &["monitor", "errors", "-c", "odd.yml", "--format", "json"]);
        let report: Value = serde_json::from_str(&out).unwrap();
        println!("{query}: exit {code}, {}", report["metrics"][0]["reasons"]);
        assert_eq!((code, report["verdict"].as_str()), (30, Some("inconclusive")), "{out}");
        assert!(report["metrics"][0]["findings"].to_string().contains(named), "{query}: {out}");
    }

    // Killed while passes run, one after the other.
    configuration(folder.path(), &server, window, Duration::from_secs(1), "warning: 10000");
    assert_eq!(pass(folder.path()).0, 0, "healthy while it lives");
    let dead = Arc::new(AtomicBool::new(false));
    let (watched, at) = (Arc::clone(&dead), folder.path().to_owned());
    let passes = thread::spawn(move || {
        let (mut alive, mut gone) = (0, 0);
        while gone < 5 {
            let after = watched.load(Ordering::SeqCst);
            let (code, verdicts) = pass(&at);
            match code {
                0 if !after => alive += 1,
                30 => {
                    assert!(verdicts.iter().any(|(verdict, _)| verdict == "inconclusive"), "{verdicts:?}");
                    gone += 1;
                }
                code => panic!("exit {code}, server {}: {verdicts:?}", if after { "dead" } else { "alive" }),
            }
            if after {
                assert!(verdicts.iter().all(|(verdict, _)| verdict == "inconclusive"), "{verdicts:?}");
            }
        }
        (alive, gone)
    });
    thread::sleep(Duration::from_millis(700));
    server.kill();
    dead.store(true, Ordering::SeqCst);
    let (alive, gone) = passes.join().unwrap();
    println!("{alive} passes before the kill: exit 0; {gone} after it: exit 30");
    assert!(alive > 0, "no pass before the kill");
}
