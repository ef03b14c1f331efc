//! `prompt-cicd pr`: whether a pull request is in order.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{Failure, Finished, Outcome, Services, TEXT_LIMIT, publish::marker_of, read_config};
use crate::{
    config::{self, PullRequestSettings, prompt_file},
    domain::{
        annotation::{Annotation, Level},
        comment::CommentMode,
        diagnostic::Place,
        prompt::Prompt,
        pull_request::{CheckResult, Rules, Size, Status, Subject, breaks, checks, failed},
        suite::{CaseSource, SuiteSettings},
    },
    ports::{
        ci::Event,
        code_host::{
            ChangedFile, ChangedFiles, CodeHost, CodeHostError, Comment, FileStatus, Marker, Patience, PullRequest, PullRequestState,
        },
    },
    report::{
        Style,
        escape::one_line,
        pull_request::{Format, Report, render},
    },
};

/// How long the host may take for everything.
const PATIENCE: Duration = Duration::from_mins(3);
/// GitHub finds out whether a pull request can be merged after it is asked: so often it is asked again, so long apart.
const MERGEABLE: (usize, Duration) = (5, Duration::from_secs(3));
/// How prompts are called where no suite names them.
const PROMPT_NAMES: [&str; 2] = [".prompt.yml", ".prompt.yaml"];
/// The most prompts whose two versions are read.
const PROMPTS: usize = 200;

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct PrRequest {
    /// The configuration; `None`: look in the usual places, and go by the defaults where there is none.
    pub config: Option<PathBuf>,
    /// Which pull request; `None`: the event's.
    pub number: Option<u64>,
    /// What becomes of the comment, instead of the configuration's word.
    pub comment: Option<CommentMode>,
    /// Whether labels are kept, instead of the configuration's word.
    pub labels: Option<bool>,
    /// Nothing is written on the host.
    pub dry_run: bool,
    /// What standard output gets.
    pub format: Format,
    /// How text looks.
    pub style: Style,
}

/// Checks a pull request, labels it by its size, and says so in a comment.
///
/// # Errors
/// A configuration that is wrong, no pull request to check, a host that does not tell about it.
pub async fn pr(services: &Services, request: &PrRequest) -> Result<Finished, Failure> {
    let own = own(services, request)?;
    let (number, fork) = number(services, request)?;
    let host = services.code_hosts.open().map_err(|error| Failure::Event(error.to_string()))?;
    let patience = Patience::of(&*services.clock, PATIENCE);
    let pull = settled(services, &host, number, patience).await?;
    if pull.state != PullRequestState::Open {
        return Err(Failure::NothingToDo(format!("pull request #{number} is not open any more")));
    }
    let changed = host.changed_files(number, patience).await.map_err(Failure::CodeHost)?;
    let mut notes = own.notes;
    let broken = Prompts { host: &host, patience, pull: &pull, own: &own.prompts }.breaks(&changed, &mut notes).await?;
    let subject = subject(&pull, &changed, broken);
    let report = Report {
        number,
        head: pull.head.clone(),
        title: pull.title.clone(),
        size: Size::of(pull.lines),
        lines: pull.lines,
        truncated: changed
            .truncated
            .as_ref()
            .map(|_| format!("GitHub tells no more than {} changed files: what is in the others was not looked at", changed.files.len())),
        checks: checks(&subject, &own.settings.rules),
    };
    let mut stdout = Vec::new();
    render(request.format, &report, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let fork = fork || pull.from_fork;
    let mut url = None;
    if !request.dry_run {
        if request.labels.unwrap_or(own.settings.size_labels) {
            notes.extend(labels(&host, &pull, report.size, fork, patience).await);
        }
        let mode = request.comment.unwrap_or(own.comment);
        url = comment(services, &host, &report, (mode, &marker_of("pr", &own.config)), fork, patience, &mut notes).await;
    }
    notes.extend(publish(services, &report, url.as_deref()));
    Ok(Finished { outcome: Outcome::PullRequest { invalid: failed(&report.checks) }, stdout, notes })
}

/// What the configuration says.
struct Own {
    config: String,
    settings: PullRequestSettings,
    comment: CommentMode,
    prompts: BTreeSet<PathBuf>,
    notes: Vec<String>,
}

fn own(services: &Services, request: &PrRequest) -> Result<Own, Failure> {
    let (path, text) = match read_config(services, request.config.clone()) {
        Ok(read) => read,
        Err(Failure::NoConfiguration { .. }) => {
            let (settings, github) = config::default_pull_request();
            return Ok(Own {
                config: super::CONFIG_PLACES[0].to_owned(),
                settings,
                comment: github.comment,
                prompts: BTreeSet::new(),
                notes: Vec::new(),
            });
        }
        Err(failure) => return Err(failure),
    };
    let (config, warnings) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let named = |file: &Path| services.ci.in_repository(&base.join(file));
    let prompts: BTreeSet<PathBuf> = config.suites.iter().flat_map(|suite| named(&suite.prompt)).collect();
    let mut settings = config.pull_request;
    with_suites(&mut settings.rules, &config.suites, &prompts, named);
    Ok(Own { config: path.display().to_string(), settings, comment: config.github.comment, prompts, notes: super::lines(&warnings) })
}

/// The suites' prompts are sources and their cases tests, whatever the patterns say.
fn with_suites(rules: &mut Rules, suites: &[SuiteSettings], prompts: &BTreeSet<PathBuf>, named: impl Fn(&Path) -> Vec<PathBuf>) {
    rules.sources.extend(prompts.iter().map(|prompt| prompt.display().to_string()));
    for suite in suites {
        if let CaseSource::Files(patterns) = &suite.cases {
            rules.tests.extend(patterns.iter().flat_map(|pattern| named(pattern)).map(|pattern| pattern.display().to_string()));
        }
    }
}

/// The pull request's number, and whether the event says that it comes from a fork.
fn number(services: &Services, request: &PrRequest) -> Result<(u64, bool), Failure> {
    if let Some(number) = request.number {
        return Ok((number, false));
    }
    match services.ci.event().map_err(|error| Failure::Event(error.to_string()))? {
        Event::PullRequest(pull) => Ok((pull.number, pull.from_fork)),
        Event::None
        | Event::Push { .. }
        | Event::MergeGroup { .. }
        | Event::WorkflowRun(_)
        | Event::Schedule
        | Event::Dispatch
        | Event::Other(_) => Err(Failure::NothingToDo("no pull request started this run; name one with --number".to_owned())),
    }
}

/// The pull request, once the host knows whether it can be merged, or does not find out in time.
async fn settled(services: &Services, host: &Arc<dyn CodeHost>, number: u64, patience: Patience) -> Result<PullRequest, Failure> {
    let mut left = MERGEABLE.0;
    loop {
        let pull = host.pull_request(number, patience).await.map_err(Failure::CodeHost)?;
        if pull.mergeable.is_some() || pull.state != PullRequestState::Open || left == 0 {
            return Ok(pull);
        }
        left -= 1;
        services.clock.sleep(MERGEABLE.1).await;
    }
}

fn subject(pull: &PullRequest, changed: &ChangedFiles, breaks: Vec<String>) -> Subject {
    let names = changed.files.iter().flat_map(|file| [Some(&file.path), file.previous_path.as_ref()]).flatten().cloned();
    Subject {
        title: pull.title.clone(),
        body: pull.body.clone(),
        lines: pull.lines,
        files: names.collect(),
        mergeable: pull.mergeable,
        breaks,
        truncated: changed.truncated.is_some(),
    }
}

/// Reads the two versions of every changed prompt.
struct Prompts<'p> {
    host: &'p Arc<dyn CodeHost>,
    patience: Patience,
    pull: &'p PullRequest,
    /// Those that suites name.
    own: &'p BTreeSet<PathBuf>,
}

impl Prompts<'_> {
    async fn breaks(&self, changed: &ChangedFiles, notes: &mut Vec<String>) -> Result<Vec<String>, Failure> {
        let named = |path: &str| self.own.contains(Path::new(path)) || PROMPT_NAMES.iter().any(|end| path.ends_with(end));
        let prompt =
            |file: &&ChangedFile| file.status != FileStatus::Added && file.previous_path.iter().chain([&file.path]).any(|path| named(path));
        let files: Vec<&ChangedFile> = changed.files.iter().filter(prompt).collect();
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let base = self.host.compare(&self.pull.base, &self.pull.head, self.patience).await.map_err(Failure::CodeHost)?.merge_base;
        let mut found = Vec::new();
        for file in files.iter().take(PROMPTS) {
            let was = file.previous_path.as_ref().filter(|_| file.status == FileStatus::Renamed).unwrap_or(&file.path);
            let Some(before) = self.prompt(was, &base, notes).await? else { continue };
            if file.status == FileStatus::Removed {
                found.extend(breaks(&file.path, &before, None));
            } else if let Some(after) = self.prompt(&file.path, &self.pull.head, notes).await? {
                found.extend(breaks(&file.path, &before, Some(&after)));
            }
        }
        if files.len() > PROMPTS {
            found.push(format!("{} more prompts change, and were not read", files.len() - PROMPTS));
        }
        Ok(found)
    }

    /// A prompt at a commit; what cannot be read as one is said, and the lints and tests look at it.
    async fn prompt(&self, path: &str, at: &str, notes: &mut Vec<String>) -> Result<Option<Prompt>, Failure> {
        let limit = usize::try_from(TEXT_LIMIT).unwrap_or(usize::MAX);
        let bytes = match self.host.file(path, at, limit, self.patience).await {
            Ok(bytes) => bytes,
            Err(error @ (CodeHostError::NotFound { .. } | CodeHostError::TooLarge { .. })) => {
                notes.push(format!("warning: {}: what of it breaks is not known: {}", one_line(path), one_line(&error.to_string())));
                return Ok(None);
            }
            Err(error) => return Err(Failure::CodeHost(error)),
        };
        let parsed = String::from_utf8(bytes).ok().and_then(|text| prompt_file::parse(&text, path).ok());
        if parsed.is_none() {
            notes.push(format!(
                "warning: {} at {} is no prompt that can be read, so what of it breaks is not known",
                one_line(path),
                one_line(at)
            ));
        }
        Ok(parsed.map(|(prompt, _)| prompt))
    }
}

/// Keeps the label of the size. A token that may not is said, and hides no verdict.
async fn labels(host: &Arc<dyn CodeHost>, pull: &PullRequest, size: Size, fork: bool, patience: Patience) -> Option<String> {
    let outdated = size.outdated(&pull.labels);
    let missing = !pull.labels.iter().any(|label| label == size.label());
    if fork && (missing || !outdated.is_empty()) {
        return Some(format!("warning: the label {} is not set: the token of a pull request from a fork can only read", size.label()));
    }
    let set = async {
        if missing {
            host.add_labels(pull.number, &[size.label()], patience).await?;
        }
        for label in &outdated {
            host.remove_label(pull.number, label, patience).await?;
        }
        Ok::<(), CodeHostError>(())
    };
    set.await.err().map(|error| format!("warning: the label {} is not set: {}", size.label(), one_line(&error.to_string())))
}

/// The one comment of this command; its address comes back.
async fn comment(
    services: &Services,
    host: &Arc<dyn CodeHost>,
    report: &Report,
    (mode, marker): (CommentMode, &Marker),
    fork: bool,
    patience: Patience,
    notes: &mut Vec<String>,
) -> Option<String> {
    if mode == CommentMode::Off {
        return None;
    }
    if fork {
        notes.push(
            "warning: no comment is written: the token of a pull request from a fork can only read; the job summary says the same"
                .to_owned(),
        );
        return None;
    }
    let mut body = markdown(report)?;
    if let Some(url) = services.ci.run().and_then(|run| run.url) {
        body.extend([format!(
            "[This run]({url}) · commit {}\n",
            crate::report::escape::markdown(report.head.get(..10).unwrap_or(&report.head))
        )]);
    }
    let comment = Comment { pull_request: report.number, marker, body: &body };
    match host.put_comment(&comment, mode, patience).await {
        Ok(written) => written.map(|written| written.url),
        Err(error) => {
            notes.push(format!("warning: no comment is written: {}", one_line(&error.to_string())));
            None
        }
    }
}

fn markdown(report: &Report) -> Option<String> {
    let style = Style { color: false, width: 120, verbose: false };
    let mut text = Vec::new();
    render(Format::Markdown, report, &style, &mut text).ok()?;
    String::from_utf8(text).ok()
}

fn publish(services: &Services, report: &Report, comment: Option<&str>) -> Vec<String> {
    let ci = &services.ci;
    if !ci.is_present() {
        return Vec::new();
    }
    let annotation = |check: &CheckResult| {
        let level = match check.status {
            Status::Passed => return None,
            Status::Warned => Level::Warning,
            Status::Failed => Level::Error,
        };
        let title = format!("pull request: {}", check.check.as_str());
        Some(Annotation { level, place: Place::file(""), title, message: check.message.clone() })
    };
    ci.annotate(&report.checks.iter().filter_map(annotation).collect::<Vec<_>>());
    let mut untold = Vec::new();
    let summary = markdown(report).ok_or_else(|| "the job summary could not be written".to_owned());
    if let Err(error) = summary.and_then(|text| ci.append_summary(&text).map_err(|error| error.to_string())) {
        untold.push(format!("warning: {error}"));
    }
    let invalid = failed(&report.checks);
    let outputs = [
        ("verdict", if invalid { "failed" } else { "passed" }.to_owned()),
        ("exit-code", Outcome::PullRequest { invalid }.exit_code().to_string()),
        ("passed", report.checks.iter().filter(|check| check.status == Status::Passed).count().to_string()),
        ("failed", report.checks.iter().filter(|check| check.status == Status::Failed).count().to_string()),
        ("comment-url", comment.unwrap_or_default().to_owned()),
    ];
    untold.extend(ci.set_outputs(&outputs).err().map(|error| format!("warning: {error}")));
    untold
}
