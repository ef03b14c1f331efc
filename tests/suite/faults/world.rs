//! A prompt with versions in a folder, and the program as a value of this process: its ports can fail, and its clock moves when told.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use clap::Parser as _;
use jiff::{SignedDuration, Timestamp};
use prompt_cicd::{
    adapters::{
        actions::NoCi, http::site::Sites, metric_source::MetricSourceFactory, secret::Scrubber, store::DirectoryStore,
        target::TargetFactory,
    },
    app::{Failure, Finished, Services},
    cli::{Cli, Color, Global, LogFormat},
    domain::{
        audit::Who,
        metric_source::MetricSourceSettings,
        store::{StoreKind, StoreSettings},
        target::{Subject, TargetSettings},
    },
    ports::{
        clock::Clock,
        metric_source::{MetricSource, MetricSources},
        provider::ConnectError,
        store::{Key, Patience, Store, StoreError, Stores},
        target::{Target, Targets},
    },
    report::Style,
    wiring,
};
use serde_json::{Value, json};

use super::ports::{FaultyMetrics, FaultyStore, FaultyTarget, Ports};
use crate::support::clock::START;

/// The clock as a program sees it that starts now.
struct OfOneProgram {
    from: Duration,
    hands: Arc<Hands>,
}

#[async_trait]
impl Clock for OfOneProgram {
    fn now(&self) -> String {
        self.hands.now()
    }

    fn elapsed(&self) -> Duration {
        self.hands.elapsed().saturating_sub(self.from)
    }

    async fn sleep(&self, duration: Duration) {
        self.hands.sleep(duration).await;
    }

    fn jitter(&self) -> f64 {
        self.hands.jitter()
    }
}

/// A clock that moves when it is told to, and whose wall can jump alone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Time {
    elapsed: Duration,
    /// Seconds that the wall is ahead.
    ahead: i64,
}

#[derive(Debug, Default)]
pub(super) struct Hands(Mutex<Time>);

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> String {
        let start: Timestamp = START.parse().unwrap();
        let time = *self.0.lock().unwrap();
        let wall = start + SignedDuration::try_from(time.elapsed).unwrap() + SignedDuration::from_secs(time.ahead);
        format!("{wall:.3}")
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().elapsed += duration;
        // Others get a turn: who waits for a lock in this process waits for them.
        std::thread::sleep(Duration::from_micros(50));
        tokio::task::yield_now().await;
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

/// One prompt, two flag files, a file of health numbers, a store in a folder.
#[derive(Debug)]
pub(super) struct World {
    folder: tempfile::TempDir,
    pub(super) clock: Arc<Hands>,
}

/// A world at one moment.
#[derive(Debug)]
pub(super) struct Saved {
    folder: tempfile::TempDir,
    time: Time,
}

const CONFIG: &str = "version: 1
providers: {say: {kind: echo}}
suites:
  - {name: greeting, prompt: prompts/greeting.prompt.yml, provider: say, cases: [{vars: {name: Ana}, assert: [{contains: Ana}]}]}
store: {kind: directory, path: state}
targets:
  first: {kind: flagd, path: first.json}
  second: {kind: flagd, path: second.json}
metric-sources:
  numbers: {kind: file, path: numbers.json}
environments:
  production: {targets: [first, second]}
rollouts:
  stages: [10, 50, 100]
  stage-duration: 30s
  stage-timeout: 5m
  health:
    interval: 30s
    metrics:
      - {name: latency, source: numbers, query: '/{{version}}/latency', direction: lower-is-better, bound: 800, guardrail: 5000}
";

impl World {
    /// With the configuration changed by `(what, by what)`.
    pub(super) fn new(changes: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = changes.iter().fold(CONFIG.to_owned(), |text, (what, by)| {
            assert!(text.contains(what), "{what}");
            text.replace(what, by)
        });
        fs::write(folder.path().join("prompt-cicd.yml"), config).unwrap();
        fs::create_dir(folder.path().join("prompts")).unwrap();
        let world = Self { folder, clock: Arc::default() };
        world.numbers(500.0, 500.0);
        world
    }

    /// All that there is now.
    pub(super) fn saved(&self) -> Saved {
        let folder = tempfile::tempdir().unwrap();
        copy(self.path(), folder.path());
        Saved { folder, time: *self.clock.0.lock().unwrap() }
    }

    /// Goes back to what was saved, in the same place.
    pub(super) fn back_to(&self, saved: &Saved) -> &Self {
        for entry in fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        copy(saved.folder.path(), self.path());
        *self.clock.0.lock().unwrap() = saved.time;
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a version into the prompt's file.
    pub(super) fn version(&self, number: &str) {
        let text = format!(
            "name: greeting\nversion: {number}\nmessages:\n  - {{role: user, content: \"Hello {{{{name}}}}, this is {number}!\"}}\n"
        );
        fs::write(self.path().join("prompts/greeting.prompt.yml"), text).unwrap();
    }

    /// The latency of the stable version and of the candidate.
    pub(super) fn numbers(&self, stable: f64, candidate: f64) {
        let numbers = json!({"1.0.0": {"latency": stable}, "2.0.0": {"latency": candidate}, "3.0.0": {"latency": candidate}});
        fs::write(self.path().join("numbers.json"), numbers.to_string()).unwrap();
    }

    /// Lets time go by, on the wall and on the clock that never jumps.
    pub(super) fn later(&self, seconds: u64) {
        self.clock.0.lock().unwrap().elapsed += Duration::from_secs(seconds);
    }

    /// Lets the wall clock jump.
    pub(super) fn jump(&self, seconds: i64) {
        self.clock.0.lock().unwrap().ahead += seconds;
    }

    /// Does what a line says: a command, or `version N`, `later SECONDS`, `numbers STABLE CANDIDATE`, `block FILE`, `free FILE`.
    pub(super) fn does(&self, line: &str) -> u8 {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["version", number] => self.version(number),
            ["later", seconds] => self.later(seconds.parse().unwrap()),
            ["numbers", stable, candidate] => self.numbers(stable.parse().unwrap(), candidate.parse().unwrap()),
            // Nobody can write where a folder stands.
            ["block", file] => {
                fs::rename(self.path().join(file), self.path().join("aside")).unwrap();
                fs::create_dir_all(self.path().join(file).join("x")).unwrap();
            }
            ["free", file] => {
                fs::remove_dir_all(self.path().join(file)).unwrap();
                fs::rename(self.path().join("aside"), self.path().join(file)).unwrap();
            }
            _ => return self.call(&Arc::default(), line).unwrap().code,
        }
        0
    }

    /// What a command shows, which must be JSON.
    pub(super) fn does_and_shows(&self, line: &str) -> Value {
        serde_json::from_str(&self.call(&Arc::default(), line).unwrap().exits(0).stdout).unwrap()
    }

    /// The program in this process, with these ports; `None` when it was killed.
    pub(super) fn call(&self, ports: &Arc<Ports>, line: &str) -> Option<Called> {
        // A runtime of its own: what still works when it is dropped is waited for, so that two processes never overlap.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = self.path().join("prompt-cicd.yml");
        let arguments = ["prompt-cicd", "--config", config.to_str().unwrap()].into_iter().chain(line.split_whitespace());
        let cli = Cli::try_parse_from(arguments).unwrap_or_else(|error| panic!("{line}: {error}"));
        let services = self.services(ports);
        let style = Style { color: false, width: 120, verbose: false };
        let done = runtime.block_on(async {
            tokio::select! {
                biased;
                () = ports.killed() => None,
                done = cli.run(&services, style, &[]) => Some(done),
            }
        });
        done.map(|done| Called::from(&done))
    }

    fn services(&self, ports: &Arc<Ports>) -> Services {
        let made = wiring::services(&Global {
            config: None,
            config_at: None,
            verbose: 0,
            quiet: true,
            color: Color::Never,
            log_format: LogFormat::Text,
        });
        let sites = Sites::new(Arc::new(|_: &str| None), Arc::new(Scrubber::default()));
        let clock: Arc<dyn Clock> = Arc::new(OfOneProgram { from: self.clock.elapsed(), hands: Arc::clone(&self.clock) });
        Services {
            clock: Arc::clone(&clock),
            stores: Arc::new(Opened { ports: Arc::clone(ports), inner: StoreAt(clock) }),
            targets: Arc::new(Opened { ports: Arc::clone(ports), inner: TargetFactory::new(sites.clone(), "") }),
            metric_sources: Arc::new(Opened { ports: Arc::clone(ports), inner: MetricSourceFactory::new(sites, "") }),
            ci: Arc::new(NoCi),
            who: Who { actor: "ana".to_owned(), run: None, workflow: None },
            ..made
        }
    }

    /// The store as it is on the disk.
    pub(super) fn store(&self) -> DirectoryStore {
        DirectoryStore::new(self.path().join("state"), Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    /// A record; null when there is none.
    pub(super) fn record(&self, key: &[&str]) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let patience = Patience::of(&*self.clock, Duration::from_secs(20));
        let found = runtime.block_on(self.store().get(&Key::of(key).unwrap(), patience)).unwrap();
        found.map_or(Value::Null, |found| found.value)
    }

    /// What is kept of the prompt in its environment.
    pub(super) fn deployment(&self) -> Value {
        self.record(&["rollout", "production", "greeting"])
    }

    /// A flag file; null when there is none.
    pub(super) fn flags(&self, file: &str) -> Value {
        fs::read(self.path().join(file)).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap())
    }

    /// The shares that a flag file gives, read from the split itself: `[(version, percent)]`.
    pub(super) fn split(&self, file: &str) -> Value {
        let flags = self.flags(file);
        let flag = &flags["flags"]["greeting"];
        match flag.pointer("/targeting/if/1/fractional") {
            Some(split) => json!(split.as_array().unwrap()[1..].iter().filter(|arm| arm[1] != 0).collect::<Vec<_>>()),
            None => json!([[flag["defaultVariant"], 100]]),
        }
    }
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) code: u8,
    pub(super) stdout: String,
    pub(super) said: String,
}

impl From<&Result<Finished, Failure>> for Called {
    fn from(done: &Result<Finished, Failure>) -> Self {
        match done {
            Ok(finished) => Self {
                code: finished.outcome.exit_code(),
                stdout: String::from_utf8(finished.stdout.clone()).unwrap(),
                said: finished.notes.join("\n"),
            },
            Err(failure) => Self { code: failure.exit_code(), stdout: String::new(), said: failure.to_string() },
        }
    }
}

impl Called {
    #[track_caller]
    pub(super) fn exits(self, code: u8) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.said);
        self
    }
}

struct StoreAt(Arc<dyn Clock>);

struct Opened<T> {
    ports: Arc<Ports>,
    inner: T,
}

impl Stores for Opened<StoreAt> {
    fn open(&self, settings: &StoreSettings) -> Result<Arc<dyn Store>, StoreError> {
        let StoreKind::Directory { path } = &settings.kind else { panic!("{settings:?}") };
        let inner = DirectoryStore::new(path, Arc::clone(&self.inner.0));
        Ok(Arc::new(FaultyStore { inner, ports: Arc::clone(&self.ports) }))
    }
}

impl Targets for Opened<TargetFactory> {
    fn open(&self, settings: &TargetSettings, subject: &Subject) -> Result<Arc<dyn Target>, ConnectError> {
        let inner = self.inner.open(settings, subject)?;
        Ok(Arc::new(FaultyTarget { inner, ports: Arc::clone(&self.ports) }))
    }
}

impl MetricSources for Opened<MetricSourceFactory> {
    fn open(&self, settings: &MetricSourceSettings) -> Result<Arc<dyn MetricSource>, ConnectError> {
        let inner = self.inner.open(settings)?;
        Ok(Arc::new(FaultyMetrics { inner, ports: Arc::clone(&self.ports) }))
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
