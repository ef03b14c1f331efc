//! What a configuration that was fetched means by files beside it: those are where it came from, and not where we run. A flag file that is
//! made anew here would be read back, and nobody would ever read it.

use std::{path::Path, sync::Arc};

use crate::{
    app::rollout::refusing::Refusing,
    domain::{
        store::{StoreKind, StoreSettings},
        target::{FlagdPlace, Subject, TargetKind, TargetSettings},
    },
    ports::{
        mirror::Mirror,
        provider::ConnectError,
        store::{Store, StoreError, Stores},
        target::{Target, Targets},
    },
};

/// Opens targets; those beside the configuration refuse whatever they are asked, and the others are done all the same.
pub(super) struct Afar {
    pub(super) targets: Arc<dyn Targets>,
}

impl Targets for Afar {
    fn open(&self, settings: &TargetSettings, subject: &Subject) -> Result<Arc<dyn Target>, ConnectError> {
        match &settings.kind {
            TargetKind::Flagd { place: FlagdPlace::File(file), .. } if file.is_relative() => {
                Ok(Arc::new(Refusing { name: settings.name.clone(), message: beside(&settings.name, file) }))
            }
            TargetKind::Flagd { .. }
            | TargetKind::Mlflow { .. }
            | TargetKind::Haproxy { .. }
            | TargetKind::Kubernetes { .. }
            | TargetKind::Webhook { .. }
            | TargetKind::Command(_) => self.targets.open(settings, subject),
        }
    }

    fn mirror(&self, settings: &TargetSettings, prompt: &str) -> Result<Arc<dyn Mirror>, ConnectError> {
        self.targets.mirror(settings, prompt)
    }
}

fn beside(name: &str, file: &Path) -> String {
    format!(
        "target \"{name}\": {} is a file beside the configuration, and --config-at reads that from GitHub: here is no such folder; write `path` as an \
         absolute one, `branch` for a file of a branch or `url` for a server, or run it without --config-at where the file is",
        file.display()
    )
}

/// Opens stores that are where they say, wherever we run.
pub(super) struct StoresAfar {
    pub(super) stores: Arc<dyn Stores>,
    /// `auto` is a branch of the code host then.
    pub(super) in_job: bool,
}

impl Stores for StoresAfar {
    fn open(&self, settings: &StoreSettings) -> Result<Arc<dyn Store>, StoreError> {
        let path: Option<&Path> = match &settings.kind {
            StoreKind::Auto { path, .. } => (!self.in_job).then_some(path),
            StoreKind::Directory { path } | StoreKind::Sqlite { path } => Some(path),
            StoreKind::Postgres { .. } | StoreKind::Git { .. } | StoreKind::GitHub { .. } | StoreKind::Kubernetes { .. } => None,
        };
        match path.filter(|path| path.is_relative()) {
            None => self.stores.open(settings),
            Some(path) => Err(StoreError::Settings(format!(
                "store: {} is beside the configuration, and --config-at reads that from GitHub: nothing of the state is here; write \
                 `store: {{kind: github}}` (or git, postgres, kubernetes, an absolute path), or run it without --config-at where the state is",
                path.display()
            ))),
        }
    }
}
