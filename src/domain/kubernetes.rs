//! Which Kubernetes cluster, and where in it, as the configuration says it.

use std::path::PathBuf;

/// A cluster. What is left out comes from the kubeconfig, or from the service account of the pod that we run in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterSettings {
    /// The kubeconfig; `None`: what `KUBECONFIG` names, the pod's service account, `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; `None`: its current one.
    pub context: Option<String>,
    /// The namespace; `None`: the context's, the pod's, else `default`.
    pub namespace: Option<String>,
}

/// Whether a text can name a namespace or a Service: a DNS label (RFC 1123, section 2.1), at most 63 characters.
pub fn is_label(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= 63
        && ends(text.chars().next())
        && ends(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text can name a ConfigMap or a route: DNS labels with dots between them, at most 253 characters.
pub fn is_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether a text can be a key of a ConfigMap.
pub fn is_data_key(text: &str) -> bool {
    let lawful = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 253 && text.chars().all(lawful) && text != "." && !text.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_a_cluster_takes() {
        assert!(is_label("v1-0-0") && is_name("prompt-flags.shop") && is_data_key("flags.json") && is_data_key("A_b-c.1"));
        for wrong in ["", "-a", "a-", "A", "a_b", "a/b", "a b", "ä", &"a".repeat(64)] {
            assert!(!is_label(wrong), "{wrong}");
        }
        for wrong in ["a..b", ".a", "a.", &"a.".repeat(130)] {
            assert!(!is_name(wrong), "{wrong}");
        }
        for wrong in ["", ".", "..", "../x", "a/b", "a b"] {
            assert!(!is_data_key(wrong), "{wrong}");
        }
    }
}
