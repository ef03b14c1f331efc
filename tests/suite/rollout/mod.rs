//! `prompt-cicd rollout` with the folder store and a flag file.

/// Every change is in the audit log.
mod audit;
/// The behaviour cases of the system this project grew from.
mod behaviour;
/// Files of health numbers outside of the repository.
mod confined;
/// A rollback that reached the targets and not the record.
mod interrupted;
/// Flags on a branch.
mod on_branch;
/// What people order.
mod orders;
/// Targets that are changed at the same time, and those that are not.
mod parallel;
/// Two at once, and one that is killed.
mod races;
/// How often a good version is rolled back, and a bad one is caught.
mod simulation;
/// At most so many at once.
mod slots;
/// From the first stage to the last, and back.
mod story;
/// Blue-green, rolling, approvals, shares of one's own.
mod strategies;
