//! What rollouts must survive: an end between any two effects, and every fault that their world has.

/// An end between any two effects of every verb.
mod kill_points;
/// Health numbers that do not come, or are none.
mod metrics;
/// Ports that count, end and fail.
mod ports;
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
