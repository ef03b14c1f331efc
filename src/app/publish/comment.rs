//! The one comment on a pull request: written, or handed on as a file where this run may not write.

use std::time::Duration;

use super::{COMMENT_FILE, Told};
use crate::{
    app::{Failure, Services},
    domain::{comment::CommentMode, digest},
    ports::{
        ci::{Event, PullRequestEvent},
        code_host::{CodeHostError, Comment, Marker, Patience, Written},
    },
    report::{
        comment::{self, About, Around, CommentData},
        escape::one_line,
    },
};

/// How long the comment may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// What became of a comment.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Where it is.
    pub(super) url: Option<String>,
    /// The file that has its data, where this run may not write it.
    pub(super) file: Option<String>,
}

/// Writes the comment of a run. Nothing here changes a verdict.
pub(super) async fn of_run(services: &Services, told: &Told<'_>, event: &Event, notes: &mut Vec<String>) -> Left {
    let mode = told.telling.comment.unwrap_or(told.settings.comment);
    let Event::PullRequest(pull) = event else { return Left::default() };
    if mode == CommentMode::Off {
        return Left::default();
    }
    let data = data(told, pull);
    if pull.from_fork {
        let why = "the token of a pull request from a fork can only read, so no comment is written";
        return Left { url: None, file: hand_on(services, told, &data, why, notes) };
    }
    let host = match services.code_hosts.open() {
        Ok(host) => host,
        Err(error) => {
            notes.push(format!("warning: no comment is written: {}", one_line(&error.to_string())));
            return Left::default();
        }
    };
    let run = services.ci.run();
    let around = Around { run_url: run.as_ref().and_then(|run| run.url.as_deref()), untrusted: false };
    let marker = marker(&data.config);
    let body = comment::render(&data, around);
    let comment = Comment { pull_request: data.pull_request, marker: &marker, body: &body };
    match host.put_comment(&comment, mode, Patience::of(&*services.clock, PATIENCE)).await {
        Ok(written) => Left { url: said(written, notes), file: None },
        Err(error @ CodeHostError::PermissionMissing { .. }) => {
            let why = format!("no comment is written: {}", one_line(&error.to_string()));
            Left { url: None, file: hand_on(services, told, &data, &why, notes) }
        }
        Err(error) => {
            notes.push(format!("warning: no comment is written: {}", one_line(&error.to_string())));
            Left::default()
        }
    }
}

/// Makes the comment of an earlier push say that nothing is left to test; writes none where there is none.
pub(super) async fn of_nothing(
    services: &Services,
    config: &str,
    mode: CommentMode,
    event: &Event,
    notes: &mut Vec<String>,
) -> Option<String> {
    let Event::PullRequest(pull) = event else { return None };
    amend(services, &CommentData::of_nothing(config, pull.number, &pull.head), mode, pull, notes).await
}

/// Makes the comment of an earlier push say that this one could not be tested; what went wrong with that comes back.
pub(super) async fn of_failure(services: &Services, config: &str, mode: CommentMode, event: &Event, failure: &Failure) -> Vec<String> {
    let Event::PullRequest(pull) = event else { return Vec::new() };
    let why: Vec<String> = std::iter::once(failure.to_string()).chain(failure.details()).collect();
    let mut notes = Vec::new();
    let data = CommentData::of_failure(config, pull.number, &pull.head, failure.exit_code(), &why);
    match amend(services, &data, mode, pull, &mut notes).await {
        Some(_) => Vec::new(),
        None => notes,
    }
}

/// Changes the comment of an earlier push, where there is one.
async fn amend(
    services: &Services,
    data: &CommentData,
    mode: CommentMode,
    pull: &PullRequestEvent,
    notes: &mut Vec<String>,
) -> Option<String> {
    if mode == CommentMode::Off || pull.from_fork {
        return None;
    }
    // Without a host there is no comment to change; where one is needed, that was said.
    let host = services.code_hosts.open().ok()?;
    let run = services.ci.run();
    let body = comment::render(data, Around { run_url: run.as_ref().and_then(|run| run.url.as_deref()), untrusted: false });
    let marker = marker(&data.config);
    let comment = Comment { pull_request: pull.number, marker: &marker, body: &body };
    match host.amend_comment(&comment, Patience::of(&*services.clock, PATIENCE)).await {
        Ok(written) => said(written, notes),
        Err(error) => {
            notes.push(format!("warning: the comment of an earlier push stays as it is: {}", one_line(&error.to_string())));
            None
        }
    }
}

/// Which comment is a test's: one for each configuration.
pub(super) fn marker(config: &str) -> Marker {
    marker_of("test", config)
}

/// Which comment is ours: one for each configuration and kind of run.
pub(in crate::app) fn marker_of(kind: &str, config: &str) -> Marker {
    let plain = config.strip_prefix("./").unwrap_or(config);
    // A name that no marker may have is known by its digest.
    let named = Marker::new(&format!("{kind}:{plain}"));
    named.unwrap_or_else(|| {
        let digest = digest::sha256_hex(plain.as_bytes());
        Marker::new(&format!("{kind}:sha256:{digest}")).expect("hexadecimal digits are lawful in a marker")
    })
}

fn data(told: &Told<'_>, pull: &PullRequestEvent) -> CommentData {
    let reports: Vec<String> = told
        .reports
        .iter()
        .filter(|(format, _)| matches!(format.as_str(), "html" | "json"))
        .map(|(_, path)| path.display().to_string())
        .collect();
    let about =
        About { config: told.config, pull_request: pull.number, head: &pull.head, exit_code: told.outcome.exit_code(), reports: &reports };
    let mut data = comment::of_run(told.run, about);
    data.say_first(told.notes);
    data
}

/// Writes the data to a file for the run that may comment, and says how to go on. Where the file is comes back.
fn hand_on(services: &Services, told: &Told<'_>, data: &CommentData, why: &str, notes: &mut Vec<String>) -> Option<String> {
    let path = told.telling.comment_file.clone().unwrap_or_else(|| COMMENT_FILE.into());
    let written = serde_json::to_vec(data)
        .map_err(|error| error.to_string())
        .and_then(|text| services.workspace.write(&path, &text).map_err(|error| error.to_string()));
    let next = match &written {
        Ok(()) => format!(
            "its data is in {}: upload it as an artifact, and a `workflow_run` job posts it with `prompt-cicd publish`",
            path.display()
        ),
        Err(error) => format!("its data could not be written either: {error}"),
    };
    notes.push(format!("warning: {why}; {next}"));
    written.is_ok().then(|| path.display().to_string())
}

/// Where the comment is.
pub(super) fn said(written: Option<Written>, notes: &mut Vec<String>) -> Option<String> {
    let url = written?.url;
    notes.push(format!("comment: {}", one_line(&url)));
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configuration_has_a_marker_of_its_own() {
        assert_eq!(marker("./prompt-cicd.yml"), marker("prompt-cicd.yml"));
        assert_eq!(marker("prompt-cicd.yml").to_string(), "<!-- prompt-cicd:test:prompt-cicd.yml -->");
        for odd in ["a b.yml", "a--b.yml", "--> x", "ž.yml", &"x".repeat(300)] {
            assert!(marker(odd).to_string().starts_with("<!-- prompt-cicd:test:sha256:"), "{odd}");
        }
        assert_ne!(marker("a b.yml"), marker("a  b.yml"));
    }
}
