//! Check runs, with annotations in batches.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{client::Client, comments::bounded};
use crate::ports::code_host::{Action, Annotation, AnnotationLevel, Check, CodeHostError, Conclusion, Patience, Written};

/// The most annotations that one request may have.
const BATCH: usize = 50;

#[derive(Debug, Deserialize)]
struct Run {
    id: u64,
    html_url: Option<String>,
    external_id: Option<String>,
    output: Output,
}

#[derive(Debug, Deserialize)]
struct Output {
    annotations_count: usize,
}

#[derive(Debug, Deserialize)]
struct Runs {
    check_runs: Vec<Run>,
}

/// Writes the conclusion with the first annotations, then adds the others: whatever fails later, the verdict is there.
pub(super) async fn create(client: &Client, check: &Check<'_>, patience: Patience) -> Result<Written, CodeHostError> {
    let (first, rest) = check.annotations.split_at(check.annotations.len().min(BATCH));
    let mut body = json!({
        "name": check.name,
        "head_sha": check.head,
        "external_id": check.external_id,
        "status": "completed",
        "conclusion": match check.conclusion {
            Conclusion::Success => "success",
            Conclusion::Failure => "failure",
            Conclusion::Neutral => "neutral",
        },
        "output": output(check, first),
    });
    if let (Some(url), Value::Object(fields)) = (check.details_url, &mut body) {
        fields.insert("details_url".to_owned(), url.into());
    }
    let post = client.post(&client.repo(&["check-runs"]), body);
    bounded(&post, "the summary", check.summary)?;

    let mut attempts = 0;
    let run = loop {
        attempts += 1;
        match client.object::<Run>(&post, patience).await {
            Ok(run) => break run,
            Err(error) => client.unsure(error, attempts, patience).await?,
        }
        if let Some(run) = find(client, check, patience).await? {
            break run;
        }
    };
    for (index, batch) in rest.chunks(BATCH).enumerate() {
        append(client, check, run.id, batch, BATCH * (index + 1), patience).await?;
    }
    Ok(Written { action: Action::Created, id: run.id, url: run.html_url.unwrap_or_default() })
}

/// Adds a batch to the `before` annotations that are there. GitHub appends, so an unsure batch is counted before it is
/// sent again.
async fn append(
    client: &Client,
    check: &Check<'_>,
    id: u64,
    batch: &[Annotation],
    before: usize,
    patience: Patience,
) -> Result<(), CodeHostError> {
    let id = id.to_string();
    let there = client.repo(&["check-runs", &id]);
    let mut patch = client.patch(&there, json!({"output": output(check, batch)}));
    patch.repeatable = false;
    let mut attempts = 0;
    loop {
        attempts += 1;
        match client.object::<Run>(&patch, patience).await {
            Ok(_) => return Ok(()),
            Err(error) => client.unsure(error, attempts, patience).await?,
        }
        let now: Run = client.object(&client.get(&there, &[]), patience).await?;
        if now.output.annotations_count > before {
            return Ok(());
        }
    }
}

/// This run's check among those of the commit.
async fn find(client: &Client, check: &Check<'_>, patience: Patience) -> Result<Option<Run>, CodeHostError> {
    let query = [("check_name", check.name), ("filter", "all"), ("per_page", "100")];
    let ask = client.get(&client.repo(&["commits", check.head, "check-runs"]), &query);
    let runs: Runs = client.object(&ask, patience).await?;
    Ok(runs.check_runs.into_iter().find(|run| run.external_id.as_deref() == Some(check.external_id)))
}

fn output(check: &Check<'_>, annotations: &[Annotation]) -> Value {
    let annotations: Vec<Value> = annotations.iter().map(annotation).collect();
    json!({"title": check.title, "summary": check.summary, "annotations": annotations})
}

fn annotation(remark: &Annotation) -> Value {
    let mut fields = json!({
        "path": remark.path,
        "start_line": remark.start_line,
        "end_line": remark.end_line.max(remark.start_line),
        "annotation_level": match remark.level {
            AnnotationLevel::Notice => "notice",
            AnnotationLevel::Warning => "warning",
            AnnotationLevel::Failure => "failure",
        },
        "title": remark.title,
        "message": remark.message,
    });
    // GitHub takes columns only for a remark on one line.
    if let (Some((start, end)), true, Value::Object(fields)) = (remark.columns, remark.start_line >= remark.end_line, &mut fields) {
        fields.insert("start_column".to_owned(), start.into());
        fields.insert("end_column".to_owned(), end.max(start).into());
    }
    fields
}
