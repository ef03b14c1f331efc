//! Which cluster, for targets and for the store.

use std::path::PathBuf;

use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
    },
    domain::kubernetes::{ClusterSettings, is_label},
};

/// Reads kubeconfig, context and namespace; `None` when something in them is wrong.
pub(super) fn cluster(
    (kubeconfig, context, namespace): (Option<&str>, Option<&str>, Option<&str>),
    path: &Path,
    problems: &mut Problems<'_>,
) -> Option<ClusterSettings> {
    if let Some(name) = namespace.filter(|name| !name.contains("{{") && !is_label(name)) {
        let message = format!("`{name}` cannot name a namespace");
        problems.push(Finding::error(path.key("namespace"), message).help("use at most 63 of a-z, 0-9 and -".to_owned()));
        return None;
    }
    Some(ClusterSettings {
        kubeconfig: kubeconfig.map(PathBuf::from),
        context: context.map(str::to_owned),
        namespace: namespace.map(str::to_owned),
    })
}
