//! `github:`

use crate::{
    config::{GitHubSettings, raw},
    domain::comment::CommentMode,
};

/// Reads `github`, whose values the schema has checked; `None` when something in it is wrong.
pub(in crate::config) fn read(github: &raw::GitHub) -> Option<GitHubSettings> {
    let comment = CommentMode::parse(github.comment.as_ref()?.as_str()?)?;
    Some(GitHubSettings { comment, check_run: github.check_run?, deployments: github.deployments? })
}
