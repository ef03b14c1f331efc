//! The workflows that `init` writes. A new one gets a line here.

/// Callers of our reusable workflows: a path and a text each.
pub const CALLERS: &[(&str, &str)] = &[
    (".github/workflows/prompt-template-pr.yml", include_str!("../../../workflows/prompt-template-pr.yml")),
    (".github/workflows/prompt-template-publish.yml", include_str!("../../../workflows/prompt-template-publish.yml")),
    (".github/workflows/pull-request-checks.yml", include_str!("../../../workflows/pull-request-checks.yml")),
    (".github/workflows/quality-gates.yml", include_str!("../../../workflows/quality-gates.yml")),
    (".github/workflows/prompt-release.yml", include_str!("../../../workflows/prompt-release.yml")),
    (".github/workflows/gradual-rollout.yml", include_str!("../../../workflows/gradual-rollout.yml")),
    (".github/workflows/performance-monitoring.yml", include_str!("../../../workflows/performance-monitoring.yml")),
    (".github/workflows/nightly.yml", include_str!("../../../workflows/nightly.yml")),
    (".github/workflows/emergency-rollback.yml", include_str!("../../../workflows/emergency-rollback.yml")),
];
