/// Files that cannot be used: each has its message, with the place and what to do.
mod bad_input;
/// The original system, case by case.
mod behaviour;
/// Budgets and limits by the minute: nothing is asked past them, and what is left never passes.
mod budget;
/// Cassettes: record, replay, survive a signal, keep secrets out.
mod cassette;
/// A full disk: what is lost is said.
mod full_disk;
/// Judges, embeddings, programs: they decide, or there is no judgement.
mod graded;
/// GitHub Models, where nobody names a provider.
mod implied;
/// Files that a configuration names stay in its repository.
mod inside;
/// SIGINT and SIGTERM: what was done is kept and reported.
mod interrupt;
/// The clock runs on the request alone.
mod latency;
/// Many cases in little memory.
mod memory;
/// Files that change while a run goes on.
mod mid_run;
/// Limits on what a whole suite comes to.
mod performance;
/// Prices of the list, and tokens nobody counted: used, and said.
mod prices;
/// Nothing goes out but to the configured providers.
mod privacy;
/// Provider faults: their own state, their own exit codes, bounded time.
mod providers;
/// What standard output and report files get.
mod reports;
/// `--filter`, `--tag`, `--dry-run`: an empty selection is never green.
mod selection;
/// Strict before it costs: what can be known to be wrong is said before the first request.
mod strict;
/// Prompts in every syntax and every form of file, with the cases they bring along.
mod syntax;
/// Passed, failed, and what decides.
mod verdicts;
