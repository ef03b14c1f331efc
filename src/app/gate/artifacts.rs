//! Files of a run's artifacts: each artifact has a folder of its own, so that none writes over another's.

use std::path::{Component, Path, PathBuf};

use crate::{
    app::{Services, inside::Inside},
    domain::gate::Unread,
};

/// Where a file is: in one of the folders, or below `folder` where the path names the artifact too.
///
/// # Errors
/// It is in none, or in several: nobody knows which of them is meant.
pub(super) fn find(services: &Services, inside: &Inside, folder: &Path, file: &Path) -> Result<PathBuf, Unread> {
    let shown = file.display();
    if !file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(Unread(format!("{shown} is no path within an artifact: write the file's name there, or ARTIFACT/FILE")));
    }
    // Without a folder there is no artifact.
    let artifacts = services.workspace.matching(&folder.join("*")).unwrap_or_default();
    let folders = artifacts.into_iter().filter(|artifact| services.workspace.is_folder(artifact));
    let is_there = |path: &PathBuf| services.workspace.size(path).is_some();
    let found: Vec<PathBuf> = std::iter::once(folder.to_owned()).chain(folders).map(|place| place.join(file)).filter(is_there).collect();
    match found.as_slice() {
        [] => Err(Unread(format!("no artifact in {} has the file {shown}; did the job before upload it?", folder.display()))),
        [only] => inside.leads_out(services, only).map_or_else(|| Ok(only.clone()), |why| Err(Unread(why))),
        several => {
            let places: Vec<String> = several.iter().map(|path| path.strip_prefix(folder).unwrap_or(path).display().to_string()).collect();
            Err(Unread(format!("{shown} is in several artifacts ({}): name one of them in the configuration's `file`", places.join(", "))))
        }
    }
}
