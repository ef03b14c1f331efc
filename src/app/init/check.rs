//! `init --check`: whether what `init` wrote is what this version would write.

use std::path::Path;

use semver::Version;

use super::{CALLERS, InitRequest, ignored};
use crate::{
    app::{CONFIG_PLACES, Failure, Finished, Outcome, Services, TEXT_LIMIT, test},
    report::init::{Row, State, render},
};

/// Looks at the callers and the configuration; writes nothing.
pub(super) fn check(services: &Services, request: &InitRequest) -> Result<Finished, Failure> {
    let mut rows: Vec<Row> = CALLERS.iter().map(|(name, ours)| caller(services, &request.folder, name, ours)).collect();
    rows.extend(configuration(services, &request.folder));
    rows.push(ignored::row(services, &request.folder));
    let out_of_date = rows.iter().any(Row::is_out_of_date);
    let mut stdout = Vec::new();
    render(request.shape, env!("CARGO_PKG_VERSION"), &rows, &mut stdout).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Finished { outcome: Outcome::OutOfDate { so: out_of_date }, stdout, notes: Vec::new() })
}

fn caller(services: &Services, folder: &Path, name: &str, ours: &str) -> Row {
    let path = folder.join(name);
    let row = |state: State, pinned: Option<&Version>, said: Option<String>| Row {
        file: name.to_owned(),
        state,
        pinned: pinned.map(ToString::to_string),
        said,
    };
    if !services.workspace.exists(&path) {
        return row(State::Missing, None, None);
    }
    let theirs = match services.workspace.read_text(&path, TEXT_LIMIT) {
        Ok(theirs) => theirs,
        Err(error) => return row(State::Broken, None, Some(error.to_string())),
    };
    let (pinned, wanted) = (pin(&theirs), pin(ours));
    if plain(&theirs) == plain(ours) {
        return row(State::Current, pinned.as_ref(), None);
    }
    match (&pinned, &wanted) {
        (Some(pinned), Some(wanted)) if pinned < wanted => row(
            State::Older,
            Some(pinned),
            Some(format!("it calls {pinned}, this is {wanted}: `prompt-cicd init --workflows --force` writes it anew")),
        ),
        (Some(pinned), Some(wanted)) if pinned > wanted => {
            row(State::Newer, Some(pinned), Some(format!("it calls {pinned}, and this program is {wanted}: use that version to check")))
        }
        _ => {
            let place = first_difference(&plain(&theirs), &plain(ours));
            let said = format!(
                "line {place} is not what this version writes: keep it where you changed it, else `prompt-cicd init --workflows --force`"
            );
            row(State::Differs, pinned.as_ref(), Some(said))
        }
    }
}

/// The version in `uses: owner/prompt-cicd/…@v1.2.3`.
fn pin(text: &str) -> Option<Version> {
    let reference = text.lines().filter_map(|line| line.trim().strip_prefix("uses:")).find(|uses| uses.contains("/prompt-cicd/"))?;
    let version = reference.split('#').next()?.trim().rsplit_once("@v")?.1;
    Version::parse(version).ok()
}

/// Without whose copy of prompt-cicd is called, and without the ends of lines.
fn plain(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let trimmed = line.trim_end();
        match trimmed.split_once("uses: ") {
            Some((before, reference)) => match reference.split_once("/prompt-cicd/") {
                Some((_, rest)) => format!("{before}uses: org/prompt-cicd/{rest}"),
                None => trimmed.to_owned(),
            },
            None => trimmed.to_owned(),
        }
    };
    text.trim_end().lines().map(line).collect()
}

/// From 1.
fn first_difference(theirs: &[String], ours: &[String]) -> usize {
    let same = theirs.iter().zip(ours).take_while(|(one, other)| one == other).count();
    same + 1
}

/// A row for each thing that is wrong with the configuration: keys that went are among them.
fn configuration(services: &Services, folder: &Path) -> Vec<Row> {
    let Some(place) = CONFIG_PLACES.iter().find(|place| services.workspace.exists(&folder.join(place))) else {
        return vec![Row { file: "prompt-cicd.yml".to_owned(), state: State::Missing, pinned: None, said: None }];
    };
    let broken = |said: String| Row { file: (*place).to_owned(), state: State::Broken, pinned: None, said: Some(said) };
    match test::check(services, Some(folder.join(place))) {
        Ok(_) => vec![Row { file: (*place).to_owned(), state: State::Current, pinned: None, said: None }],
        Err(failure) => {
            let details = failure.details();
            if details.is_empty() { vec![broken(failure.to_string())] } else { details.into_iter().map(broken).collect() }
        }
    }
}
