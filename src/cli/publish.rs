//! `prompt-cicd publish`.

use std::path::PathBuf;

use crate::{app::publish::PublishRequest, domain::comment::CommentMode};

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
