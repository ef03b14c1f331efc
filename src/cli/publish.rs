//! `prompt-cicd publish`.

use std::path::PathBuf;

use crate::{
    app::publish::{PublishRequest, Telling},
    domain::comment::CommentMode,
};

/// Post the comment of a run that could only read, like that of a pull request from a fork
///
/// Belongs into a job that `workflow_run` starts. The file is posted only when its pull request still has the commit that the
/// other run was about. Exit 0: posted. 3: not a file of ours, or not such a job. 13: it does not belong to the pull request as it is now.
/// 30, 31, 32: GitHub did not answer, refused, or something else changed the comment.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data that `prompt-cicd test` wrote, like .prompt-cicd/comment.json
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Change the comment in place (update), or write it anew at the end (recreate)
    #[arg(long, value_name = "MODE", value_parser = super::test::comment, default_value_t = CommentMode::Update)]
    comment: CommentMode,
}

impl Args {
    pub(super) fn request(self) -> PublishRequest {
        PublishRequest { report: self.report, mode: self.comment }
    }
}

// What a run of suites tells GitHub; no doc comment, which would stand in the help of the commands that take it.
#[derive(Debug, clap::Args)]
pub(super) struct Told {
    /// On pull requests: change the comment in place (update), write it anew at the end (recreate), or write none (off)
    #[arg(long, value_name = "MODE", value_parser = super::test::comment)]
    comment: Option<CommentMode>,
    /// Where the comment's data goes when this run may not write [default: .prompt-cicd/comment.json]
    #[arg(long, value_name = "FILE")]
    comment_file: Option<PathBuf>,
    /// Make a check run with every annotation; the job needs `checks: write`
    #[arg(long, overrides_with = "no_check_run")]
    check_run: bool,
    /// Make none, even if the configuration says so
    #[arg(long)]
    no_check_run: bool,
}

impl From<Told> for Telling {
    fn from(told: Told) -> Self {
        Self {
            comment: told.comment,
            check_run: match (told.check_run, told.no_check_run) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            comment_file: told.comment_file,
        }
    }
}
