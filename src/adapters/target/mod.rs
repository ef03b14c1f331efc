//! What makes a percentage real: flag manifests (files, branches, servers), MLflow aliases, HAProxy weights, objects of Kubernetes, webhooks, programs.
//!
//! `open` makes targets from settings; `tell` has what all of them share: who fails, how long a call may take, and the
//! message that webhooks and programs get.

mod command;
mod flag_branch;
mod flag_file;
mod flagd;
mod haproxy;
mod kubernetes;
mod manifest;
mod mlflow;
mod mlflow_api;
mod mlflow_mirror;
mod open;
mod tell;
#[cfg(test)]
mod tests;
mod webhook;

pub use open::TargetFactory;
