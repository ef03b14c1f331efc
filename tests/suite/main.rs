//! The end-to-end tests: one binary, a folder for each command.
#![expect(clippy::disallowed_methods, reason = "tests use files, processes and clocks directly")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

/// The action: its inputs and outputs, and a call as the runner makes it.
mod action;
/// In a workflow: outputs, job summary, annotations, masks.
mod actions;
/// The import table of the rings holds, and the test that holds it can fail.
mod architecture;
/// `prompt-cicd test --base`: head against base.
mod base;
/// The behaviour cases of the system this project grew from.
mod behaviour;
/// The same of versions and pull requests.
mod behaviour_releases;
/// `prompt-cicd bench`: numbers with their bounds, which `compare` reads.
mod bench;
/// What every command shares: help, completions, usage errors.
mod cli;
/// `prompt-cicd compare`: result files of benchmark tools.
mod compare;
/// `prompt-cicd config`: all problems at once, each with its place.
mod config;
/// `prompt-cicd detect`, `trend`, `distributions`: numbers in, a verdict out.
mod detect;
/// Documents name only what exists, and their commands run.
mod docs;
/// `prompt-cicd doctor`: what is wrong, and what to do.
mod doctor;
/// `prompt-cicd env`: what GitHub has for environments.
mod env;
/// What rollouts must survive: an end between any two effects, every fault of their world.
mod faults;
/// The corpora that fuzzing left.
mod fuzz;
/// `prompt-cicd gate`: rules over other tools' numbers.
mod gate;
/// The GitHub client against a GitHub of our own: what it asks, what it makes of refusals.
mod github;
/// The history of cases: what is kept, what it decides, and quarantines.
mod history;
/// `prompt-cicd init`: what it writes runs as it stands.
mod init;
/// `prompt-cicd lint`, and the lints before the first request of `test`.
mod lint;
/// Where health numbers come from, against fakes that lie, stall and overflow.
mod metric_sources;
/// `prompt-cicd monitor`: one pass over the metrics of production.
mod monitor;
/// What people are told of rollouts and rollbacks, whatever becomes of the channel.
mod notify;
/// `prompt-cicd pr`: the checks of a pull request.
mod pr;
/// What a run tells GitHub: comments, check runs, forks, changed prompts only.
mod publish;
/// `prompt-cicd registry`: what changes is written down.
mod registry;
/// The scripts of the release workflow.
mod release;
/// `prompt-cicd report merge`: shards become the run they are parts of.
mod report;
/// `prompt-cicd rollback`: the version before comes back, whatever state it was in.
mod rollback;
/// `prompt-cicd rollout`: stages, orders, races, and what a kill leaves behind.
mod rollout;
/// The composite action that fetches the program.
mod setup;
/// Stores: one contract, and what each of them must survive.
mod store;
/// The world the binary runs in.
mod support;
/// What makes a percentage real, against fakes and an evaluator nobody here wrote.
mod targets;
/// `prompt-cicd test`: from files to verdicts.
mod test;
/// `prompt-cicd release`: versions from tags and commits.
mod versions;
/// The reusable workflows: their form, and their steps carried out.
mod workflows;
