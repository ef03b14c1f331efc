//! The check run: the conclusion with more annotations than a step's log can show.

use super::{Told, comment::PATIENCE, conclusion};
use crate::{
    app::Services,
    domain::annotation::{Annotation, Level},
    ports::{
        ci::Event,
        code_host::{self, AnnotationLevel, Check, Patience},
    },
    report::{
        self,
        comment::{About, Around},
        escape::{one_line, terminal, truncate_chars},
    },
};

/// The most annotations of one check run: 20 requests.
const MOST: usize = 1_000;
/// GitHub takes 64 KB of a message, and shows far less.
const MESSAGE: usize = 4_000;

/// Writes the check run; the error says why there is none.
pub(super) async fn of_run(services: &Services, told: &Told<'_>, event: &Event, annotations: &[Annotation]) -> Result<(), String> {
    let none = |why: &str| format!("warning: no check run is written: {}", one_line(why));
    let run = services.ci.run();
    let head = match event {
        Event::PullRequest(pull) if pull.from_fork => return Err(none("the token of a pull request from a fork can only read")),
        // Checks belong to the proposed commit, not to the merge that is checked out.
        Event::PullRequest(pull) => Some(pull.head.clone()),
        Event::None
        | Event::Push { .. }
        | Event::MergeGroup { .. }
        | Event::WorkflowRun(_)
        | Event::Schedule
        | Event::Dispatch
        | Event::Other(_) => run.as_ref().and_then(|run| run.commit.clone()),
    };
    let head = head.ok_or_else(|| none("the commit is not known (GITHUB_SHA is not set)"))?;
    let host = services.code_hosts.open().map_err(|error| none(&error.to_string()))?;
    let about = About { config: told.config, pull_request: 0, head: &head, exit_code: told.outcome.exit_code(), reports: &[] };
    let data = report::comment::of_run(told.run, about);
    let url = run.as_ref().and_then(|run| run.url.as_deref());
    let summary = report::comment::render(&data, Around { run_url: url, untrusted: false });
    let mut remarks: Vec<code_host::Annotation> = annotations.iter().filter_map(|annotation| remark(services, annotation)).collect();
    let left = remarks.len().saturating_sub(MOST);
    remarks.truncate(MOST);
    let more = if left > 0 { format!(" ({left} more annotations are not shown)") } else { String::new() };
    let title = truncate_chars(&one_line(&report::comment::conclusion(&data)), 200).into_owned() + &more;
    let name = format!("prompt-cicd: {}", one_line(told.config));
    let id = run.as_ref().map_or_else(String::new, |run| format!("{}:{}", run.id, told.config));
    let check = Check {
        name: &name,
        head: &head,
        external_id: &id,
        details_url: url,
        conclusion: conclusion(told.run),
        title: &title,
        summary: &summary,
        annotations: &remarks,
    };
    host.create_check(&check, Patience::of(&*services.clock, PATIENCE)).await.map(|_| ()).map_err(|error| none(&error.to_string()))
}

/// A remark as the host takes it; none for a file outside of the repository.
fn remark(services: &Services, annotation: &Annotation) -> Option<code_host::Annotation> {
    let file = std::path::Path::new(&annotation.place.file);
    let path = services.ci.in_repository(file).first()?.to_string_lossy().into_owned();
    let number = |value: Option<usize>| value.and_then(|value| u32::try_from(value).ok());
    let line = number(annotation.place.line).unwrap_or(1).max(1);
    Some(code_host::Annotation {
        path,
        start_line: line,
        end_line: line,
        columns: number(annotation.place.column).map(|column| (column, column)),
        level: match annotation.level {
            Level::Error => AnnotationLevel::Failure,
            Level::Warning => AnnotationLevel::Warning,
            Level::Notice => AnnotationLevel::Notice,
        },
        title: truncate_chars(&one_line(&annotation.title), 200).into_owned(),
        message: truncate_chars(&terminal(&annotation.message), MESSAGE).into_owned(),
    })
}
