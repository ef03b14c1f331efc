//! Asking one sample after another: whose turn it is, what it costs, and what came of it.

pub(super) mod ask;
pub(super) mod pace;
pub(super) mod priced;
pub(super) mod purse;
pub(super) mod rounds;
pub(super) mod sample;
pub(super) mod warm_up;
