//! `prompt-cicd compare BASE HEAD`: two result files of benchmarks, or one and the runs that were recorded before.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use super::{Failure, Finished, Outcome, Services, TEXT_LIMIT, baseline, history::opened};
use crate::{
    config::benchmark,
    domain::{
        benchmark::{Benchmark, Tool, compare as decide, runs::Measured},
        diagnostic::{Diagnostic, Place},
        regression::Rules,
        suggest::nearest,
        wildcard,
    },
    ports::workspace::WorkspaceError,
    report::{Style, compare::render, samples::Format},
};

/// The most benchmarks of a folder of Criterion's.
const MOST_SAMPLES: usize = 100_000;

/// What head is compared with.
#[derive(Debug, Clone)]
pub enum Base {
    /// Another file.
    File(PathBuf),
    /// The recorded runs of this name; `None`: of head's tool.
    Recorded(Option<String>),
}

/// What a user asked for.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// The configuration, which names the store of recorded runs; `None`: look in the usual places.
    pub config: Option<PathBuf>,
    /// The results before.
    pub base: Base,
    /// The results after.
    pub head: PathBuf,
    /// The names of both formats, where they are not to be guessed.
    pub formats: [Option<String>; 2],
    /// The file of thresholds.
    pub thresholds: Option<PathBuf>,
    /// Shares above which people are told, and above which it fails, as written.
    pub bounds: [Option<String>; 2],
    /// The level of all claims together.
    pub alpha: f64,
    /// How the result is written.
    pub format: Format,
    /// How text looks.
    pub style: Style,
    /// A change that the samples do not prove is no failure.
    pub allow_inconclusive: bool,
}

/// Compares two results, or a result with recorded runs.
///
/// # Errors
/// A file that cannot be read, is of no known format, or of another one; no benchmark in common; nothing recorded.
pub async fn compare(services: &Services, request: &CompareRequest) -> Result<Finished, Failure> {
    match &request.base {
        Base::File(base) => files(services, request, base),
        Base::Recorded(name) => with_recorded(services, request, name.as_deref()).await,
    }
}

fn files(services: &Services, request: &CompareRequest, base_path: &Path) -> Result<Finished, Failure> {
    let rules = rules(request)?;
    let (thresholds, places) = thresholds(services, request)?;
    let [base_format, head_format] = &request.formats;
    // Both at once: one run shows every problem.
    let (base, head) = match (read(services, base_path, base_format.as_deref()), read(services, &request.head, head_format.as_deref())) {
        (Ok(base), Ok(head)) => (base, head),
        (Err(Failure::Samples(one)), Err(Failure::Samples(two))) => {
            return Err(Failure::Samples(one.into_iter().chain(two).collect()));
        }
        (Err(failure), _) | (_, Err(failure)) => return Err(failure),
    };
    let mut notes = Vec::new();
    if base.0 != head.0 {
        notes.push(format!("warning: base is of {} and head of {}: only equal names are compared", base.0.name(), head.0.name()));
    }
    let same_file = services.workspace.identity(base_path) == services.workspace.identity(&request.head);
    let mut found = decide::compare(&base.1, &head.1, &thresholds, &rules);
    if same_file {
        found = found.of_one_measurement("base and head are the same file");
    } else if base.1 == head.1 && same_bytes(services, base_path, &request.head) {
        found = found.of_one_measurement("base and head are byte for byte the same: one measurement, compared with itself");
    }
    let base_name = base_path.display().to_string();
    in_common(&found, request, &base_name)?;
    notes.extend(idle_rules(&thresholds, &places, &found));
    let (excused, tools) = (request.allow_inconclusive && !same_file, [base.0.name(), head.0.name()]);
    finished(request, &found, (&thresholds, &rules), tools, excused, notes)
}

async fn with_recorded(services: &Services, request: &CompareRequest, name: Option<&str>) -> Result<Finished, Failure> {
    let rules = rules(request)?;
    let (thresholds, places) = thresholds(services, request)?;
    let (tool, head) = read(services, &request.head, request.formats[1].as_deref())?;
    let (opened, mut notes) = opened(services, request.config.clone())?;
    let recorded = baseline::recorded(services, &opened, name.unwrap_or(tool.name()), Some(&Measured::of(&head))).await?;
    let pasts = recorded.pasts();
    let mut found = decide::compare_with_runs(&pasts, &head, &thresholds, &rules);
    found.against = Some(recorded.said());
    in_common(&found, request, &recorded.name)?;
    notes.extend(idle_rules(&thresholds, &places, &found));
    let of = pasts.iter().find_map(|past| past.runs.last()).map_or(tool.name(), |run| run.model.as_str());
    finished(request, &found, (&thresholds, &rules), [of, tool.name()], request.allow_inconclusive, notes)
}

fn in_common(found: &decide::Comparison, request: &CompareRequest, base: &str) -> Result<(), Failure> {
    if found.rows.iter().any(|row| row.base.is_some() && row.head.is_some() || row.why.is_some()) {
        return Ok(());
    }
    let place = Place::file(request.head.display().to_string());
    let message = format!("no benchmark in common with {base}");
    Err(Failure::Samples(vec![Diagnostic::error(place, "", message).with_help("names are compared as they are written")]))
}

/// Writes what was found. `excused`: what is only too wide is no failure.
fn finished(
    request: &CompareRequest,
    found: &decide::Comparison,
    (thresholds, rules): (&decide::Thresholds, &Rules),
    tools: [&str; 2],
    excused: bool,
    notes: Vec<String>,
) -> Result<Finished, Failure> {
    // No number of samples makes a failed run a measurement.
    let sure = found.rows.iter().all(|row| row.status != decide::Status::Unusable)
        && !(thresholds.missing_fails && found.rows.iter().any(|row| row.status == decide::Status::Missing));
    let open = found.open && !(sure && excused);
    let mut stdout = Vec::new();
    render(request.format, found, tools, rules, &request.style, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { outcome: Outcome::Compared { regressed: found.regressed, open }, stdout, notes })
}

/// Whether two files hold the same; what cannot be read, or is a folder, does not.
fn same_bytes(services: &Services, base: &Path, head: &Path) -> bool {
    let open = |path| services.workspace.open(path).ok().map(|stream| BufReader::with_capacity(256 * 1024, stream));
    let (Some(mut base), Some(mut head)) = (open(base), open(head)) else { return false };
    loop {
        let (Ok(one), Ok(two)) = (base.fill_buf(), head.fill_buf()) else { return false };
        let both = one.len().min(two.len());
        if both == 0 {
            return one.is_empty() && two.is_empty();
        }
        if one.get(..both) != two.get(..both) {
            return false;
        }
        base.consume(both);
        head.consume(both);
    }
}

/// Thresholds for names that no benchmark has are said: most likely a name is misspelt.
fn idle_rules(thresholds: &decide::Thresholds, places: &[Place], found: &decide::Comparison) -> Vec<String> {
    let fits = |pattern: &str| found.rows.iter().any(|row| wildcard::matches(pattern, &row.name));
    let idle = thresholds.rules.iter().zip(places).filter(|(rule, _)| !fits(&rule.pattern));
    idle.map(|(rule, place)| {
        let near = nearest(&rule.pattern, found.rows.iter().map(|row| row.name.as_str()));
        let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("warning: {place}: thresholds for `{}` hold for no benchmark{help}", rule.pattern)
    })
    .collect()
}

fn on_command_line(flag: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Place::file("command line"), flag, message).with_help("`prompt-cicd compare --help` says what each flag takes")
}

/// What is wrong with a file of thresholds is no matter of what was measured.
fn with_form(wrong: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let form = "docs/reference/commands/compare.md shows a file of thresholds";
    wrong.into_iter().map(|problem| if problem.help.is_some() { problem } else { problem.with_help(form) }).collect()
}

fn rules(request: &CompareRequest) -> Result<Rules, Failure> {
    if request.alpha > 0.0 && request.alpha < 0.5 {
        Ok(Rules { alpha: request.alpha, ..Rules::default() })
    } else {
        Err(Failure::Samples(vec![on_command_line("--alpha", "must lie between 0 and 0.5, like 0.05")]))
    }
}

fn thresholds(services: &Services, request: &CompareRequest) -> Result<(decide::Thresholds, Vec<Place>), Failure> {
    let (mut thresholds, places) = match &request.thresholds {
        None => (decide::Thresholds::default(), Vec::new()),
        Some(path) => {
            let text = services.workspace.read_text(path, TEXT_LIMIT).map_err(Failure::File)?;
            benchmark::thresholds::read(&text, &path.display().to_string()).map_err(|wrong| Failure::Samples(with_form(wrong)))?
        }
    };
    let mut wrong = Vec::new();
    let mut percent = |flag: &str, written: Option<&String>| {
        let written = written?;
        let found = benchmark::thresholds::percent(written).filter(|percent| (0.0..=10_000.0).contains(percent));
        if found.is_none() {
            wrong.push(on_command_line(flag, "not a share of 0 or more, like `0.1` or `10%`"));
        }
        found
    };
    let [warn, fail] = &request.bounds;
    let (warn, fail) = (percent("--warn", warn.as_ref()), percent("--fail", fail.as_ref()));
    thresholds.fail = fail.unwrap_or(thresholds.fail);
    // Whoever fails earlier than the default warns is not to be told off for the default.
    thresholds.warn = warn.unwrap_or(if fail.is_some() { thresholds.warn.min(thresholds.fail) } else { thresholds.warn });
    if thresholds.warn > thresholds.fail {
        wrong.push(on_command_line("--warn", "warns later than it fails: it must be at most `--fail`"));
    }
    if wrong.is_empty() { Ok((thresholds, places)) } else { Err(Failure::Samples(wrong)) }
}

/// A result with the tool it is of.
pub(super) fn read(services: &Services, path: &Path, format: Option<&str>) -> Result<(Tool, Vec<Benchmark>), Failure> {
    let file = path.display().to_string();
    let wrong = |message: String, help: Option<String>| {
        let diagnostic = Diagnostic::error(Place::file(&file), "", message);
        Failure::Samples(vec![help.map_or(diagnostic.clone(), |help| diagnostic.with_help(help))])
    };
    let asked = match format {
        None => None,
        Some(name) => Some(Tool::parse(name).ok_or_else(|| {
            let (message, help) = benchmark::unknown_tool(name);
            wrong(message, help)
        })?),
    };
    if services.workspace.is_folder(path) {
        return match asked {
            None | Some(Tool::Criterion) => Ok((Tool::Criterion, criterion(services, path)?)),
            Some(tool) => Err(wrong(format!("a folder, and {} writes a file", tool.name()), None)),
        };
    }
    let prefix = prefix(services, path)?;
    let looks_like = benchmark::detect(&prefix);
    let Some(tool) = asked.or(looks_like) else {
        let help = if prefix.trim_ascii_start().starts_with(b"[") {
            "for a list of names, units and values say --format customSmallerIsBetter or --format customBiggerIsBetter".to_owned()
        } else {
            let names: Vec<&str> = Tool::NAMES.into_iter().map(|(_, name)| name).collect();
            format!("say which with --format: {}", names.join(", "))
        };
        return Err(wrong("not a result of any tool that is known".to_owned(), Some(help)));
    };
    let mut stream = services.workspace.open(path).map_err(Failure::File)?;
    benchmark::read(tool, &mut stream, &file).map(|found| (tool, found)).map_err(|mut wrong| {
        if let (Some(other), Some(first)) = (looks_like.filter(|other| *other != tool), wrong.first_mut()) {
            first.help = Some(format!("it looks like {0}: did you mean `--format {0}`?", other.name()));
        }
        Failure::Samples(wrong)
    })
}

/// The beginning of a file.
pub(super) fn prefix(services: &Services, path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File(WorkspaceError::Io { path: path.to_owned(), source });
    let mut prefix = Vec::new();
    services.workspace.open(path).map_err(Failure::File)?.take(benchmark::PREFIX).read_to_end(&mut prefix).map_err(failed)?;
    Ok(prefix)
}

/// The tool that a file looks like the result of.
pub(super) fn looks_like(services: &Services, path: &Path) -> Result<Option<Tool>, Failure> {
    prefix(services, path).map(|prefix| benchmark::detect(&prefix))
}

/// Every benchmark below a folder of Criterion's: the latest run, or the baseline that the folder is of.
fn criterion(services: &Services, folder: &Path) -> Result<Vec<Benchmark>, Failure> {
    // All runs of a benchmark, by its folder: a benchmark of which there are some, and not the latest, did not end.
    let ids = services.workspace.files_below(folder, benchmark::CRITERION_ID, MOST_SAMPLES).map_err(Failure::File)?;
    let samples = services.workspace.files_below(folder, benchmark::CRITERION_SAMPLE, MOST_SAMPLES).map_err(Failure::File)?;
    let of = |file: &PathBuf| file.parent().and_then(Path::parent).map(Path::to_owned);
    let benchmarks: BTreeSet<PathBuf> = ids.iter().chain(&samples).filter_map(of).collect();
    if !samples.iter().any(|file| file.ends_with(benchmark::CRITERION_ENDING)) {
        let message = format!("no {} below this folder", benchmark::CRITERION_ENDING);
        let help = "name the folder that Criterion writes, usually target/criterion";
        return Err(Failure::Samples(vec![Diagnostic::error(Place::file(folder.display().to_string()), "", message).with_help(help)]));
    }
    let mut found = Vec::new();
    for own in benchmarks {
        let file = own.join(benchmark::CRITERION_ENDING);
        let name = own.strip_prefix(folder).unwrap_or(&own).display().to_string();
        let text = |path: &PathBuf| services.workspace.read_text(path, TEXT_LIMIT).map_err(Failure::File);
        // Beside the samples, else beside those of an earlier run.
        let id = ids.iter().find(|id| **id == file.with_file_name(benchmark::CRITERION_ID));
        let id = id.or_else(|| ids.iter().find(|id| id.starts_with(&own))).map(text).transpose()?;
        let shown = file.display().to_string();
        let benchmark = if samples.contains(&file) {
            benchmark::criterion_benchmark(&text(&file)?, id.as_deref(), &shown, &name)
        } else {
            benchmark::criterion_interrupted(id.as_deref(), &shown, &name)
        };
        found.push(benchmark.map_err(Failure::Samples)?);
    }
    benchmark::distinct(&found, &folder.display().to_string()).map_err(Failure::Samples)?;
    Ok(found)
}
