//! `baseline update`: a run from its report, filed under the commit that it was made at.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    BaselineRequest,
    benchmarks::{self, OfBenchmarks, hint_of_list},
    is_aside, named, no_commit, problem, take_in,
};
use crate::{
    app::{Failure, Finished, Services, TEXT_LIMIT, history::opened},
    config::prompt_file,
    domain::{
        diagnostic::{Diagnostic, Place},
        history::baseline::{BaselineRun, Definitions, Values, short},
    },
    report::escape::one_line,
};

/// Keeps a run as the newest of the baselines: the report of one that was made, in our own JSON, or a file of benchmarks.
///
/// # Errors
/// A file that is no such report; one of no commit, of altered files or of another commit than `commit`; one whose prompts are not those
/// of the commit; and a store that does not answer.
pub async fn update(
    services: &Services,
    request: &BaselineRequest,
    from: &Path,
    commit: Option<&str>,
    asked: &OfBenchmarks,
) -> Result<Finished, Failure> {
    if benchmarks::is_of_benchmarks(services, from, asked) {
        return benchmarks::update(services, request, from, commit, asked).await;
    }
    let report = Report::read(services, from)?;
    if report.value.get("bench").is_some_and(|bench| !bench.is_null()) {
        return benchmarks::update(services, request, from, commit, asked).await;
    }
    let (opened, mut notes) = opened(services, request.config.clone())?;
    let commit = report.commit(services, commit).await?;
    let wanted = |suite: &Suite| request.suite.as_ref().is_none_or(|wanted| *wanted == suite.name);
    let suites: Vec<Suite> = report.suites()?.into_iter().filter(wanted).collect();
    report.holds_at(services, &suites, &commit).await?;
    let aside = is_aside(services, &commit).await;
    let mut said = String::new();
    for suite in suites.iter().filter(|suite| !suite.values.is_empty()) {
        let run = BaselineRun {
            id: format!("report/{}", report.at),
            at: report.at.clone(),
            commit: Some(commit.clone()),
            aside,
            model: suite.model.clone(),
            digest: suite.digest.clone(),
            cases: Definitions::new(),
            values: suite.values.clone(),
        };
        let (taken, crowded) = take_in(services, &opened, &suite.name, &run).await.map_err(Failure::Store)?;
        notes.extend(crowded);
        let what = match (taken.fresh, taken.stays) {
            (true, true) => "kept",
            (true, false) => "is not kept: there are `history.keep` others, newer or of the default branch",
            (false, _) => "was kept already",
        };
        let until = if aside { "; it counts once its commit is on the default branch" } else { "" };
        writeln!(said, "{}: the run of {} at {} {what}{until}", one_line(&suite.name), one_line(&run.at), short(&commit)).ok();
    }
    if said.is_empty() {
        let of = request.suite.as_ref().map_or_else(|| "no suite".to_owned(), |suite| format!("no suite `{suite}`"));
        return Err(Failure::NothingToDo(format!("{} has {of} with a judged live answer", from.display())));
    }
    Ok(Finished { notes, ..Finished::done(said) })
}

/// The commit that a report of ours is of.
pub(super) async fn commit_of(services: &Services, from: &Path, named_by_user: Option<&str>) -> Result<String, Failure> {
    Report::read(services, from)?.commit(services, named_by_user).await
}

/// A JSON report of ours.
struct Report<'f> {
    file: &'f Path,
    at: String,
    value: Value,
}

/// A suite of a report.
struct Suite {
    name: String,
    model: String,
    digest: String,
    prompt: PathBuf,
    values: Values,
}

impl<'f> Report<'f> {
    fn read(services: &Services, file: &'f Path) -> Result<Self, Failure> {
        let text = services.workspace.read_text(file, 16 * TEXT_LIMIT).map_err(Failure::File)?;
        let value: Value = serde_json::from_str(&text).map_err(|error| not_ours(file, &error.to_string()))?;
        if let Some(hint) = hint_of_list(services, file) {
            return Err(problem(file, "it is not a JSON report of `prompt-cicd test`".to_owned(), hint));
        }
        let tool = value.pointer("/tool/name").and_then(Value::as_str);
        if value.get("schema_version").and_then(Value::as_u64) != Some(1) || tool != Some(env!("CARGO_PKG_NAME")) {
            return Err(not_ours(file, "it is not a JSON report of `prompt-cicd test`"));
        }
        let at = text_of(&value, "started_at").filter(|at| at.parse::<jiff::Timestamp>().is_ok());
        let at = at.ok_or_else(|| not_ours(file, "`started_at` is no time"))?;
        if value.get("interrupted").and_then(Value::as_bool) != Some(false) {
            let help = "run it again, and let it finish";
            return Err(problem(file, "the run was stopped before its end, so it is no baseline".to_owned(), help));
        }
        Ok(Self { file, at, value })
    }

    /// The commit that the run is of, in full: the one that the report names, which is the one that the user names; without git the latter.
    async fn commit(&self, services: &Services, named_by_user: Option<&str>) -> Result<String, Failure> {
        let given = match named_by_user {
            Some(name) => Some(named(services, "--commit", name).await?),
            None => None,
        };
        let found = self.value.get("checked_out").filter(|found| !found.is_null());
        let why = found.and_then(|found| text_of(found, "why"));
        if found.is_some_and(|found| found.get("altered").and_then(Value::as_bool) != Some(false)) {
            let why = why.map_or_else(String::new, |why| format!(": {}", one_line(&why)));
            let help = "commit what was changed, and test again with --report json=FILE";
            return Err(problem(self.file, format!("the run is of altered files, so it is of no commit{why}"), help));
        }
        match (found.and_then(|found| text_of(found, "commit")), given) {
            (Some(tested), Some(given)) if tested != given => {
                let message = format!("the run is of {}, and --commit names {}", one_line(&short(&tested)), short(&given));
                Err(problem(self.file, message, "leave out --commit, or name the report of that commit"))
            }
            (Some(tested), _) => services.vcs.commit(&tested).await.map_err(|why| no_commit(&self.file.display().to_string(), why)),
            (None, Some(given)) => Ok(given),
            (None, None) => {
                let message =
                    "the report names no commit: there was no repository where it was made, or an older version made it".to_owned();
                Err(problem(self.file, message, "test again in a repository, or name the commit that was tested with --commit"))
            }
        }
    }

    fn suites(&self) -> Result<Vec<Suite>, Failure> {
        let suites = self.value.get("suites").and_then(Value::as_array).ok_or_else(|| not_ours(self.file, "it has no `suites`"))?;
        let suite = |suite: &Value| {
            let prompt = suite.get("prompt")?;
            Some(Suite {
                name: text_of(suite, "name")?,
                model: text_of(suite, "model")?,
                digest: text_of(prompt, "digest")?,
                prompt: PathBuf::from(text_of(prompt, "file")?),
                values: values(suite.get("test_case_results")?.as_array()?),
            })
        };
        let suite =
            |value: &Value| suite(value).ok_or_else(|| not_ours(self.file, "a suite of it lacks its name, model, prompt or results"));
        suites.iter().map(suite).collect()
    }

    /// Whether the prompts of these suites are what the commit has; all that are not at once.
    async fn holds_at(&self, services: &Services, suites: &[Suite], commit: &str) -> Result<(), Failure> {
        let mut wrong = Vec::new();
        for suite in suites {
            let file = suite.prompt.display().to_string();
            let bytes = services.vcs.file(commit, &suite.prompt, TEXT_LIMIT).await;
            let bytes = bytes.map_err(|why| no_commit(&self.file.display().to_string(), why))?;
            let text = bytes.map(String::from_utf8);
            let message = match text {
                None => format!("{} is not in it", one_line(&file)),
                Some(Err(_not_text)) => format!("{} cannot be read there: it is not UTF-8 text", one_line(&file)),
                Some(Ok(text)) => match prompt_file::read(&text, &file) {
                    Ok((found, _)) if found.prompt.digest == suite.digest => continue,
                    Ok(_) => format!("{} is another prompt there", one_line(&file)),
                    Err(_problems) => format!("{} cannot be read there", one_line(&file)),
                },
            };
            let message = format!("suite `{}` did not test what commit {} has: {message}", one_line(&suite.name), short(commit));
            let help = "name the report of that commit, or the commit of that report with --commit; paths are relative to the folder that the run was made in";
            wrong.push(Diagnostic::error(Place::file(self.file.display().to_string()), "", message).with_help(help));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Baseline(wrong)) }
    }
}

fn not_ours(file: &Path, why: &str) -> Failure {
    problem(
        file,
        why.to_owned(),
        "pass the file that `prompt-cicd test --report json=FILE` wrote, or a file of benchmarks with its --from-format",
    )
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// The mean of each metric and case over the live samples of a report.
fn values(samples: &[Value]) -> Values {
    let mut sums: BTreeMap<(&str, &str), (f64, f64)> = BTreeMap::new();
    let judged = |sample: &&Value| matches!(sample.get("state").and_then(Value::as_str), Some("passed" | "failed"));
    let live = |sample: &&Value| sample.get("cached").and_then(Value::as_bool) == Some(false);
    let number = |sample: &Value, key: &str| sample.get(key).and_then(Value::as_f64);
    let passed = |sample: &Value| f64::from(u8::from(sample.get("passed").and_then(Value::as_bool) == Some(true)));
    let samples = || samples.iter().filter(judged).filter(live);
    let graded = samples().any(|sample| number(sample, "score").is_some_and(|score| (score - passed(sample)).abs() > 1e-12));
    for sample in samples() {
        let Some(case) = sample.get("case_id").and_then(Value::as_str) else { continue };
        let counted = sample.pointer("/tokens/estimated").and_then(Value::as_bool) != Some(true);
        let tokens = || Some(sample.pointer("/tokens/input")?.as_f64()? + sample.pointer("/tokens/output")?.as_f64()?);
        let found = [
            ("pass-rate", Some(passed(sample))),
            ("score", number(sample, "score").filter(|_| graded)),
            ("latency", number(sample, "latency_ms")),
            ("time-to-first-token", number(sample, "time_to_first_token_ms")),
            ("tokens", tokens().filter(|_| counted)),
            ("cost", number(sample, "cost_usd").filter(|_| counted)),
        ];
        for (metric, value) in found {
            let Some(value) = value.filter(|value| value.is_finite()) else { continue };
            let sum = sums.entry((metric, case)).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    let mut values = Values::new();
    for ((metric, case), (sum, n)) in sums {
        values.entry(metric.to_owned()).or_default().insert(case.to_owned(), sum / n);
    }
    values
}
