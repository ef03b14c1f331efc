//! `pull-request:`

use crate::{
    config::{PullRequestSettings, raw},
    domain::pull_request::{Check, Level, Rules, Size},
};

/// Reads `pull-request`, whose values the schema has checked; `None` when something in it is wrong.
pub(in crate::config) fn read(section: raw::PullRequest) -> Option<PullRequestSettings> {
    let level = |check: Check| Level::parse(section.checks.get(check.as_str())?.as_str()?);
    let levels = Check::ALL.into_iter().map(|check| Some((check, level(check)?))).collect::<Option<Vec<_>>>()?;
    let patterns = |written: Option<Vec<Option<String>>>| Some(written?.into_iter().flatten().collect::<Vec<String>>());
    Some(PullRequestSettings {
        size_labels: section.size_labels?,
        rules: Rules {
            levels,
            description: usize::try_from(section.description_length?).ok()?,
            size: Size::parse(section.largest_size.as_deref()?)?,
            sources: patterns(section.sources)?,
            tests: patterns(section.tests)?,
            public: patterns(section.public)?,
            docs: patterns(section.docs)?,
            critical: patterns(section.critical)?,
            forbidden: patterns(section.forbidden)?,
        },
    })
}
