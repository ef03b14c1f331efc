//! Real targets and a real Prometheus: `tests/services/{flagd,mlflow,haproxy,prometheus}`. Each test prints what it measured.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use prompt_cicd::{
    adapters::{http::site::Sites, metric_source::MetricSourceFactory, secret::Scrubber, target::TargetFactory},
    domain::{
        metric_source::{MetricHttp, MetricSourceKind, MetricSourceSettings, Query, QueryValues},
        target::{Agreement, Desired, FlagdPlace, Percent, PinnedVersion, Subject, TargetHttp, TargetKind, TargetSettings},
    },
    ports::{
        metric_source::{MetricErrorKind, MetricSource, MetricSources as _},
        target::{Target, TargetErrorKind, Targets as _},
    },
};

const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) fn variable(name: &str, service: &str) -> String {
    std::env::var(name).unwrap_or_else(|_unset| panic!("{name} is not set: run scripts/test, or tests/services/{service}"))
}

fn sites() -> Sites {
    Sites::new(Arc::new(|_: &str| None), Arc::new(Scrubber::default()))
}

fn desired(percent: u8, epoch: u64) -> Desired {
    let version = |number: &str| PinnedVersion {
        number: number.parse().unwrap(),
        digest: prompt_cicd::domain::digest::sha256_hex(number.as_bytes()),
        text: Some(format!("Hello {{{{name}}}}, this is {number}")),
    };
    Desired {
        subject: Subject { prompt: format!("greeting-{}", std::process::id()), environment: "production".into() },
        stable: version("1.0.0"),
        candidate: Some(version("2.0.0")),
        percent: Percent::new(percent).unwrap(),
        rollout: "greeting-7".into(),
        epoch,
        overwrites: false,
    }
}

fn open(kind: TargetKind) -> Arc<dyn Target> {
    let settings = TargetSettings { name: "t".into(), kind, timeout: DEADLINE };
    TargetFactory::new(sites(), "").open(&settings, &desired(0, 1).subject).unwrap()
}

/// Applies and reads back, wants agreement.
async fn confirm(target: &dyn Target, desired: &Desired, operation: &str) -> Duration {
    let started = Instant::now();
    target.apply(desired, operation, DEADLINE).await.unwrap();
    let observed = target.observe(DEADLINE).await.unwrap();
    let took = started.elapsed();
    assert_eq!(observed.agreement(desired, target.shares()), Agreement::Confirmed);
    took
}

/// Writes and reads back back and forth; prints and returns p50 and p99.
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
async fn speed(name: &str, target: &dyn Target, rounds: usize) -> [Duration; 2] {
    let mut took = Vec::new();
    for round in 0..rounds {
        took.push(confirm(target, &desired([10, 25, 50, 100, 0][round % 5], 9), &format!("{name}-{round}")).await);
    }
    took.sort();
    let quantiles = [took[rounds / 2], took[rounds * 99 / 100]];
    println!("{name}: apply and read back, {rounds} rounds: p50 {:?}, p99 {:?}", quantiles[0], quantiles[1]);
    quantiles
}

#[tokio::test]
async fn flag_manifests_are_read_by_other_evaluators() {
    let modules = variable("PROMPT_CICD_REAL_FLAGD", "flagd/install.sh");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    let target = open(TargetKind::Flagd { place: FlagdPlace::File(path.clone()), flag: "greeting".into() });
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/flagd");
    let bits = |program: &str, script: &str| -> Vec<bool> {
        let output = Command::new(program)
            .env("FLAGD_MODULES", &modules)
            .arg(scripts.join(script))
            .arg(&path)
            .args(["greeting", "100000"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text: String = serde_json::from_slice(&output.stdout).unwrap();
        text.chars().map(|bit| bit == '1').collect()
    };
    let python = format!("{modules}/venv/bin/python");
    let evaluators = [(python.as_str(), "evaluate.py"), ("node", "evaluate.mjs")];
    let mut before: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (percent, epoch) in [(10, 1), (25, 1), (50, 1), (100, 1), (0, 2)] {
        confirm(&*target, &desired(percent, epoch), &format!("{percent}")).await;
        for (program, script) in evaluators {
            let now = bits(program, script);
            let count = u32::try_from(now.iter().filter(|bit| **bit).count()).unwrap();
            println!("{script} at {percent} %: {count} of 100000");
            assert!((f64::from(count) / 1_000.0 - f64::from(percent)).abs() <= 0.5, "{script} at {percent} %: {count}");
            if let (Some(before), 1) = (before.get(script), epoch) {
                assert!(before.iter().zip(&now).all(|(before, now)| *now || !before), "{script} lost users at {percent} %");
            }
            before.insert(script, now);
        }
    }
    let [_, p99] = speed("flagd file", &*target, 200).await;
    assert!(p99 < Duration::from_millis(50), "{p99:?}");
}

// Threads of its own, so that a connection MLflow closes while its Python client runs is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn mlflow_serves_what_its_aliases_say() {
    let url = variable("PROMPT_CICD_REAL_MLFLOW", "mlflow/start.sh PORT");
    let http = TargetHttp { url: url.clone(), token_env: None, headers: BTreeMap::new() };
    let target = open(TargetKind::Mlflow {
        http,
        model: "{{prompt}}".into(),
        stable_alias: "production".into(),
        candidate_alias: "candidate".into(),
        mirror: false,
    });
    let load = |alias: &str| {
        let services =
            std::env::var("PROMPT_CICD_SERVICES").unwrap_or_else(|_unset| format!("{}/target/services", env!("CARGO_MANIFEST_DIR")));
        let script = "import mlflow, sys; mlflow.set_tracking_uri(sys.argv[1]); print(mlflow.genai.load_prompt(sys.argv[2]).template)";
        let prompt = format!("prompts:/{}@{alias}", desired(0, 1).subject.prompt);
        let output = Command::new(format!("{services}/mlflow/venv/bin/python")).args(["-c", script, &url, &prompt]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    confirm(&*target, &desired(10, 1), "start").await;
    assert_eq!(
        (load("production").as_str(), load("candidate").as_str()),
        ("Hello {{name}}, this is 1.0.0", "Hello {{name}}, this is 2.0.0")
    );
    confirm(&*target, &desired(100, 1), "full").await;
    assert_eq!(load("production"), "Hello {{name}}, this is 2.0.0");
    confirm(&*target, &desired(0, 2), "rollback").await;
    assert_eq!(load("production"), "Hello {{name}}, this is 1.0.0");
    assert_eq!(target.apply(&desired(100, 1), "late", DEADLINE).await.unwrap_err().kind, TargetErrorKind::Fenced);
    let mut changed = desired(50, 2);
    changed.stable.text = Some("another text".into());
    assert_eq!(target.apply(&changed, "changed", DEADLINE).await.unwrap_err().kind, TargetErrorKind::DigestMismatch);
    let [_, p99] = speed("mlflow", &*target, 50).await;
    assert!(p99 < Duration::from_secs(2), "{p99:?}");
}

/// A server that says its name to every request, on a port of its own.
pub(crate) fn backend(name: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let _read = stream.read(&mut buffer);
            let _sent = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{name}", name.len());
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_moves_traffic_without_losing_a_request() {
    let port = variable("PROMPT_CICD_REAL_HAPROXY", "haproxy/install.sh, then name a free port in it");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/haproxy");
    let ports = [backend("1.0.0").to_string(), backend("2.0.0").to_string()];
    let started = Command::new(scripts.join("start.sh")).arg(&port).args(&ports).output().unwrap();
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let socket = String::from_utf8(started.stdout).unwrap().trim().to_owned();
    let target = open(TargetKind::Haproxy { socket: socket.into(), backend: "prompts".into(), server: "v{{version}}".into() });
    let (stop, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let counts: Arc<[AtomicU32; 2]> = Arc::default();
    let load = std::thread::spawn({
        let (stop, failed, counts, port) = (Arc::clone(&stop), Arc::clone(&failed), Arc::clone(&counts), port.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                let ask = || -> std::io::Result<String> {
                    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))?;
                    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
                    let mut text = String::new();
                    stream.read_to_string(&mut text)?;
                    Ok(text)
                };
                match ask() {
                    Ok(text) if text.ends_with("1.0.0") => drop(counts[0].fetch_add(1, Ordering::Relaxed)),
                    Ok(text) if text.ends_with("2.0.0") => drop(counts[1].fetch_add(1, Ordering::Relaxed)),
                    _ => drop(failed.fetch_add(1, Ordering::Relaxed)),
                }
            }
        }
    });
    for (percent, epoch) in [(10, 1), (50, 1), (100, 1), (0, 2)] {
        confirm(&*target, &desired(percent, epoch), "op").await;
        // The share of the two seconds that follow.
        let before = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_secs(2)).await;
        let [stable, candidate] = [0, 1].map(|arm| f64::from(counts[arm].load(Ordering::Relaxed) - before[arm]));
        let share = candidate / (stable + candidate) * 100.0;
        println!("haproxy at {percent} %: {share:.2} % of {} requests", stable + candidate);
        assert!((share - f64::from(percent)).abs() < 5.0 && stable + candidate > 100.0, "{percent}: {share}");
    }
    let [_, p99] = speed("haproxy", &*target, 200).await;
    stop.store(true, Ordering::Relaxed);
    load.join().unwrap();
    println!("haproxy: {} failed requests", failed.load(Ordering::Relaxed));
    let stopped = Command::new(scripts.join("stop.sh")).arg(&port).status().unwrap();
    assert!(stopped.success() && failed.load(Ordering::Relaxed) == 0 && p99 < Duration::from_secs(2), "{p99:?}");
}

fn prometheus(url: &str) -> Arc<dyn MetricSource> {
    let http = MetricHttp { url: url.into(), token_env: None, headers: BTreeMap::new() };
    let age_query = Some("time() - max(push_time_seconds{job=\"{{prompt}}\"})".to_owned());
    let kind = MetricSourceKind::Prometheus { http, age_query };
    let (timeout, max_age) = (Duration::from_secs(2), Some(Duration::from_secs(20)));
    let settings = MetricSourceSettings { name: "p".into(), kind, timeout, max_age, max_series: 1_000, max_samples: 100_000 };
    MetricSourceFactory::new(sites(), "").open(&settings).unwrap()
}

pub(crate) fn push(gateway: &str, body: &str) {
    let mut stream = TcpStream::connect(gateway).unwrap();
    write!(stream, "PUT /metrics/job/greeting HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn prometheus_gives_numbers_and_names_for_what_is_none() {
    let url = variable("PROMPT_CICD_REAL_PROMETHEUS", "prometheus/start.sh PORT GATEWAY");
    let gateway = variable("PROMPT_CICD_REAL_PUSHGATEWAY", "prometheus/start.sh PORT GATEWAY");
    let source = prometheus(&url);
    let values = QueryValues { prompt: "greeting".into(), environment: "production".into(), version: "2.0.0".into() };
    let query = |text: &str| Query { text: text.into(), values: values.clone() };
    let latency = "# TYPE l histogram\nl_bucket{version=\"2.0.0\",le=\"0.1\"} 50\nl_bucket{version=\"2.0.0\",le=\"0.5\"} 100\n\
                   l_bucket{version=\"2.0.0\",le=\"+Inf\"} 100\nl_sum{version=\"2.0.0\"} 20\nl_count{version=\"2.0.0\"} 100\n";
    push(
        &gateway,
        &format!("errors{{version=\"1.0.0\"}} 0.01\nerrors{{version=\"2.0.0\"}} 0.06\nrequests{{version=\"2.0.0\"}} 0\n{latency}"),
    );
    let of_version = query("errors{version=\"{{version}}\"}");
    let until = Instant::now() + Duration::from_secs(20);
    let reading = loop {
        let reading = source.instant(&of_version, None, DEADLINE).await.unwrap();
        if reading.found.name() != "empty" || Instant::now() > until {
            break reading;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(reading.found.single(), Some(0.06), "{reading:?}");
    for (text, name) in [
        ("errors{version=~\".*\"}", "series"),
        ("errors{version=\"3.0.0\"}", "empty"),
        ("requests{version=\"{{version}}\"} / requests{version=\"{{version}}\"}", "not-a-number"),
        ("errors{version=\"{{version}}\"} / requests{version=\"{{version}}\"}", "infinite"),
        ("histogram_quantile(0.95, sum by (le) (l_bucket{version=\"{{version}}\"}))", "value"),
    ] {
        let reading = source.instant(&query(text), None, DEADLINE).await.unwrap();
        assert_eq!(reading.found.name(), name, "{reading:?}");
    }
    let p95 = source.instant(&query("histogram_quantile(0.95, sum by (le) (l_bucket{version=\"{{version}}\"}))"), None, DEADLINE).await;
    assert!((p95.unwrap().found.single().unwrap() - 0.46).abs() < 1e-9, "0.1 + 0.4 * 45 / 50");
    let bad = source.instant(&query("errors{"), None, DEADLINE).await.unwrap_err();
    assert_eq!(bad.kind, MetricErrorKind::Refused, "{bad}");
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    // Until after now: the first number may be younger than the last whole second.
    let range = source.range(&of_version, now - 5_000, now + 2_000, Duration::from_secs(1), DEADLINE).await.unwrap();
    assert!(!range.found.numbers().is_empty() && range.found.numbers().iter().all(|value| (value - 0.06).abs() < 1e-12), "{range:?}");
    let late = source.instant(&of_version, Some(now + 60_000), DEADLINE).await.unwrap();
    assert_eq!(late.found.name(), "stale", "a minute from now the push is a minute old: {late:?}");
    let mut took = Vec::new();
    for _ in 0..200 {
        took.push(source.instant(&of_version, None, DEADLINE).await.unwrap().took);
    }
    took.sort();
    println!("prometheus: instant query with its age: p50 {:?}, p99 {:?}", took[100], took[198]);
}
