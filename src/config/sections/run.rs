//! `run:`

use std::path::PathBuf;

use serde_json::Value;

use super::duration_at;
use crate::{
    config::{
        RunSettings,
        path::Path,
        problems::{Finding, Problems},
        raw,
    },
    domain::{budget::Budget, retry::RetryPolicy},
};

/// Reads `run`; `None` when something in it is wrong.
pub(in crate::config) fn read(run: &raw::Run, problems: &mut Problems<'_>) -> Option<RunSettings> {
    let path = Path::root().key("run");
    let retry = run.retry.as_ref().and_then(|retry| retry_policy(retry, &path.key("retry"), problems));
    let cache = cache(run.cache.as_ref(), &path.key("cache"), problems);
    let budget = run.budget.as_ref().map_or_else(Budget::default, |budget| Budget { usd: budget.usd, tokens: budget.tokens });
    Some(RunSettings {
        max_concurrency: usize::try_from(run.max_concurrency?).ok()?,
        retry: retry?,
        cache: cache?,
        budget,
        warm_up: run.warm_up?,
        files_outside: run.files_outside?,
    })
}

fn retry_policy(retry: &raw::Retry, path: &Path, problems: &mut Problems<'_>) -> Option<RetryPolicy> {
    let base = duration_at(retry.base.as_ref(), &path.key("base"), problems);
    let max = duration_at(retry.max.as_ref(), &path.key("max"), problems);
    let budget = duration_at(retry.budget.as_ref(), &path.key("budget"), problems);
    let (base, max, budget) = (base?, max?, budget?);
    if max < base {
        let at = if problems.is_written(&path.key("max")) { path.key("max") } else { path.key("base") };
        problems.push(
            Finding::error(at, "the longest pause is shorter than the first one").help("make `max` at least as long as `base`".to_owned()),
        );
    }
    Some(RetryPolicy { attempts: retry.attempts?, base, max, budget })
}

#[expect(clippy::option_option, reason = "the outer one is whether the value is sound, the inner one whether the cache is on")]
fn cache(cache: Option<&Value>, path: &Path, problems: &mut Problems<'_>) -> Option<Option<PathBuf>> {
    match cache? {
        Value::String(folder) => Some(Some(PathBuf::from(folder))),
        Value::Bool(false) => Some(None),
        Value::Null | Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            problems.push(
                Finding::error(path.clone(), "the cache needs a folder")
                    .help("write `cache: .prompt-cicd/cache`, or `cache: false`".to_owned()),
            );
            None
        }
    }
}
