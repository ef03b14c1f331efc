//! `prompt-cicd report merge FILE…`: the shards of one run become the run they are parts of.

use std::{
    collections::BTreeSet,
    io::{BufReader, Read as _},
    path::{Path, PathBuf},
};

use super::super::{Failure, Finished, Outcome, Services, publish, read_config, test::compare};
use crate::{
    config,
    domain::{
        diagnostic::{Diagnostic, Place},
        digest,
        lint::LintRun,
        suite::{
            run::{SuiteRun, TestRun},
            shard::{self, Merged, Part},
        },
    },
    report::{self, FileFormat, Format, Style},
};

/// The most bytes of one shard's file.
const PART_LIMIT: u64 = 1024 * 1024 * 1024;
/// The most files of a folder.
const MOST_PARTS: usize = 1_000;

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct MergeRequest {
    /// The configuration; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// The files that the shards wrote, or folders that hold them.
    pub files: Vec<PathBuf>,
    /// What standard output gets.
    pub format: Format,
    /// Files to write: a format and a path each.
    pub reports: Vec<(FileFormat, PathBuf)>,
    /// What the CI system and the code host are told.
    pub telling: publish::Telling,
    /// How text looks.
    pub style: Style,
}

/// Puts the run together, compares it with base as the configuration says, and reports it like `test`.
///
/// # Errors
/// Files that are no shards of one run of this configuration; all that is wrong at once.
pub async fn merge(services: &Services, request: &MergeRequest) -> Result<Finished, Failure> {
    let (path, text) = read_config(services, request.config.clone())?;
    let (config, _) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
    let files = files(services, &request.files)?;
    let parts = read(services, &files)?;
    // As the shards asked it: what is checked out, else the job's own commit.
    let commit = services.vcs.commit("HEAD").await.ok();
    let job = Job { commit: commit.as_deref(), config: &digest::sha256_hex(text.as_bytes()), path: &path };
    let merged = put_together(parts, &files, job, &config.regression)?;
    let (mut run, findings) = (merged.run, merged.lints.counting().cloned().collect::<Vec<_>>());
    let clashes = request.reports.iter().filter(|(_, file)| {
        let identity = services.workspace.identity(file);
        files.iter().any(|read| services.workspace.identity(read) == identity)
    });
    let clashes: Vec<Diagnostic> = clashes
        .map(|(format, file)| wrong(file, format!("the {format} report cannot go here: this command reads it"), "name another file"))
        .collect();
    if !clashes.is_empty() {
        return Err(Failure::Shards(clashes));
    }
    request.reports.iter().try_for_each(|(_, file)| services.workspace.probe(file)).map_err(Failure::File)?;
    let mut lost = Vec::new();
    let style = Style { color: false, ..request.style };
    run.suites.retain(|suite| !suite.samples.is_empty());
    run.warnings.extend(report::over_performance(&run));
    let mut linted = LintRun { prompts: run.suites.len(), cases: cases(&run), report: merged.lints, settings: config.lints };
    linted.report.merge(run.scanned(&linted.settings));
    for (format, file) in &request.reports {
        let written = services.workspace.write_by(file, &mut |out| match format {
            FileFormat::Run(format) => report::render(*format, &run, &style, out),
            FileFormat::Sarif => report::lint::render(report::lint::Format::Sarif, &linted, &style, out),
            // The command line takes none.
            FileFormat::Shard => Err(std::io::Error::other("a merged run is no shard")),
        });
        lost.extend(written.err().map(|error| format!("error: the report could not be written: {error}")));
    }
    let mut stdout = Vec::new();
    report::render(request.format, &run, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    let outcome = Outcome::of(&run, !lost.is_empty());
    // Where a file stood in the shards' checkout is not in their files.
    let places = std::collections::BTreeMap::default();
    let told = publish::Told {
        run: &run,
        outcome: &outcome,
        findings: &findings,
        notes: &[],
        places: &places,
        reports: &request.reports.iter().map(|(format, file)| (format.name().to_owned(), file.clone())).collect::<Vec<_>>(),
        config: &path.display().to_string(),
        settings: config.github,
        telling: &request.telling,
    };
    let told = publish::test_run(services, told).await;
    Ok(Finished { outcome, stdout, notes: lost.into_iter().chain(told).collect() })
}

/// How many cases were asked or not, in all suites.
fn cases(run: &TestRun) -> usize {
    let of_suite = |suite: &SuiteRun| suite.samples.iter().map(|sample| sample.case_index).collect::<BTreeSet<_>>().len();
    run.suites.iter().map(of_suite).sum()
}

fn wrong(file: &Path, message: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic::error(Place::file(file.display().to_string()), "", message).with_help(help)
}

/// A folder stands for the `.json` files below it.
fn files(services: &Services, given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in given {
        if services.workspace.is_folder(path) {
            let below = services.workspace.files_below(path, ".json", MOST_PARTS).map_err(Failure::File)?;
            if below.is_empty() {
                return Err(Failure::Shards(vec![wrong(path, "no shard of a run is in this folder", HELP)]));
            }
            files.extend(below);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn read(services: &Services, files: &[PathBuf]) -> Result<Vec<Part>, Failure> {
    let (mut parts, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let input = services.workspace.open(file).map_err(Failure::File)?.take(PART_LIMIT);
        match serde_json::from_reader::<_, Part>(BufReader::with_capacity(64 * 1024, input)) {
            Ok(mut part) => {
                part.share();
                parts.push(part);
            }
            Err(error) => problems.push(wrong(file, format!("no shard of a run: {error}"), HELP)),
        }
    }
    if problems.is_empty() { Ok(parts) } else { Err(Failure::Shards(problems)) }
}

const HELP: &str =
    "pass the files that `prompt-cicd test --shard … --report shard=FILE` wrote at the commit that is checked out, one for each shard";

/// What the parts must be of.
#[derive(Clone, Copy)]
struct Job<'j> {
    commit: Option<&'j str>,
    /// The digest of the configuration file.
    config: &'j str,
    /// Where that is.
    path: &'j Path,
}

fn put_together(
    parts: Vec<Part>,
    files: &[PathBuf],
    job: Job<'_>,
    settings: &crate::domain::regression::Settings,
) -> Result<Merged, Failure> {
    let other_config = parts.iter().any(|part| part.config != job.config);
    let mut merged = shard::merge(parts, job.commit).map_err(|problems| {
        let of =
            |number: Option<usize>| number.and_then(|number| files.get(number)).map_or_else(|| Path::new("the shards"), PathBuf::as_path);
        Failure::Shards(problems.into_iter().map(|(number, what)| wrong(of(number), what, HELP)).collect())
    })?;
    if other_config {
        let message = "the shards were made with another configuration file than this one";
        return Err(Failure::Shards(vec![wrong(
            job.path,
            message,
            "check out the commit that the shards tested, or name its file with --config",
        )]));
    }
    for (suite, whole) in merged.run.suites.iter_mut().zip(&merged.suites) {
        let Some(changes) = whole.changes.clone() else { continue };
        compare(suite, changes, settings);
    }
    merged.run.decide_together();
    Ok(merged)
}
