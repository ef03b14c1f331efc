//! What must be survived: an end between any two effects of a rollout, every fault that its world has, and every way in
//! which a model gives no answer.

/// An end between any two effects of every verb.
mod kill_points;
/// Health numbers that do not come, or are none.
mod metrics;
/// Ports that count, end and fail.
mod ports;
/// Models that give no answer.
mod providers;
/// What happens at the same time, or asleep, or by signals.
mod runners;
/// Stores that fail.
mod stores;
/// The table of faults and results.
mod table;
/// Targets that fail.
mod targets;
/// The program in this process.
mod world;
