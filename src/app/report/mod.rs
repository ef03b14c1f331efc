//! `prompt-cicd report`: what other runs found.

pub mod merge;
