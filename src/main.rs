//! The process edge: parse, call, write, turn the conclusion into an exit code.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use prompt_cicd::{
    app::{self, Failure, exit_code},
    cli::{Cli, inputs},
    report::escape::{one_line, workflow_command_safe},
    wiring,
};

fn main() -> ExitCode {
    if let Err(error) = wiring::enter_working_directory() {
        return ExitCode::from(failed(&error));
    }
    let given = std::env::args_os()
        .skip(1)
        .map(|argument| argument.into_string().map_err(|argument| format!("{} is not UTF-8 text", argument.display())));
    let arguments = given
        .collect::<Result<Vec<_>, _>>()
        .and_then(|given| inputs::arguments(given, &wiring::variable).map_err(|error| error.to_string()));
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => {
            say(&workflow_command_safe(&format!("error: {error}")));
            return ExitCode::from(2);
        }
    };
    // clap answers usage errors (2), --help and --version itself.
    let cli = match Cli::try_parse_from(std::iter::once("prompt-cicd".to_owned()).chain(arguments)).and_then(Cli::checked) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            if code == 0 {
                drop(error.print());
            } else {
                // What was typed comes back in it, and may be anybody's.
                say(&workflow_command_safe(error.render().to_string().trim_end()));
            }
            return ExitCode::from(code);
        }
    };
    let grouped = wiring::start_log(&cli.global);
    let code = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(run(cli, grouped));
            // What was not waited for any more (a disk that hangs) does not keep the process.
            runtime.shutdown_background();
            code
        }
        Err(error) => failed(&Failure::Internal(error.into())),
    };
    ExitCode::from(code)
}

/// Runs the command. `grouped` is what ends the group of its log, where there is one.
async fn run(cli: Cli, grouped: Option<&str>) -> u8 {
    let services = wiring::services(&cli.global);
    let style = wiring::style(&cli.global);
    let no_fail = cli.no_fail();
    let ran = Box::pin(cli.run(&services, style, &inputs::overrides(&wiring::variable))).await;
    if let Some(end) = grouped {
        say(end);
    }
    match ran {
        Ok(finished) => {
            for note in &finished.notes {
                say(note);
            }
            let written = io::stdout().write_all(&finished.stdout).and_then(|()| io::stdout().flush());
            let code = finished.outcome.exit_code();
            match written {
                // Whoever closed the pipe has seen enough; the conclusion stands.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    say(&format!("error: standard output: {error}"));
                    exit_code::strongest([code, 3])
                }
                Ok(()) | Err(_) if no_fail => exit_code::without_results(code),
                Ok(()) | Err(_) => code,
            }
        }
        Err(failure) => {
            for note in app::publish::failure(&services, &failure) {
                say(&note);
            }
            failed(&failure)
        }
    }
}

fn failed(failure: &Failure) -> u8 {
    for detail in failure.details() {
        say(&detail);
    }
    say(&format!("error: {}", one_line(&failure.to_string())));
    if let Some(hint) = failure.hint() {
        say(&format!("  help: {hint}"));
    }
    failure.exit_code()
}

/// Nobody is left to be told that standard error is gone.
fn say(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
