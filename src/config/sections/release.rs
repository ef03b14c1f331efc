//! `release:`

use crate::config::{ReleaseSettings, raw};

/// Reads `release`, whose values the schema has checked; `None` when something in it is wrong.
pub(in crate::config) fn read(section: raw::Release) -> Option<ReleaseSettings> {
    Some(ReleaseSettings {
        tag_prefix: section.tag_prefix?,
        files: section.files?.into_iter().flatten().map(Into::into).collect(),
        changelog: section.changelog?.into(),
    })
}
