//! What keeps files from being the parts of one run, and that run from being this job's.

use std::collections::BTreeMap;

use super::{Mismatch, Part, Shard};

/// What makes parts no parts of one run of the commit that this `job` works at; `None`: it works at none, and neither may they.
pub(super) fn mismatches(parts: &[Part], job: Option<&str>) -> Vec<Mismatch> {
    let Some(first) = parts.first() else { return Vec::new() };
    let mut problems = Vec::new();
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        let mut wrong = |what: String| problems.push((Some(number), what));
        let shard = part.shard;
        if part.format != Part::FORMAT {
            wrong(format!("written in the form `{}`, not `{}`", part.format, Part::FORMAT));
        }
        if part.tool != first.tool {
            wrong(format!("written by version {}, the first file by {}", part.tool, first.tool));
        }
        if shard.total != first.shard.total {
            wrong(format!("shard {shard}, but the first file is of {} shards", first.shard.total));
        } else if !(1..=shard.total).contains(&shard.index) {
            wrong(format!("there is no shard {shard}"));
        } else if seen.insert(shard.index, number).is_some() {
            wrong(format!("shard {shard} a second time"));
        }
        // A file that was committed cannot name the commit that it is in: nobody passes a check with results of another run.
        if part.commit.as_deref() != job {
            let of = part.commit.as_deref().unwrap_or("none");
            wrong(format!("of another commit: {of}, and {} is checked out here", job.unwrap_or("none")));
        }
        if part.config != first.config {
            wrong("made with another configuration file than the first file".to_owned());
        } else if part.plan != first.plan || part.suites != first.suites {
            wrong("made with other prompts, cases or flags than the first file".to_owned());
        }
    }
    // A shard that belongs to another number of shards is said already.
    if problems.is_empty() {
        let missing: Vec<String> = (1..=first.shard.total)
            .filter(|index| !seen.contains_key(index))
            .map(|index| Shard { index, total: first.shard.total }.to_string())
            .collect();
        if !missing.is_empty() {
            problems.push((None, format!("shard {} is missing", missing.join(", "))));
        }
    }
    problems
}
