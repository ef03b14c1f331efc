//! The one table between the action's inputs, the environment, flags and configuration keys.
//!
//! Precedence: flag, input, environment, file, default. A test compares the table with `action.yml`.

use clap::CommandFactory as _;
use thiserror::Error;

use super::Cli;
use crate::app::config::{Origin, Override};

/// What an input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text, given to the flag as it is.
    Text,
    /// A boolean of YAML 1.2's core schema: `true` gives the first flag, `false` the second where there is one.
    Switch(Option<&'static str>),
    /// A text a line; the flag is given once for each.
    List,
    /// A word of its own and no flag: it stands last, behind `--`, so that nothing in it is read as a flag.
    Word,
}

/// One row: an input of the action and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The input's name in `with:`.
    pub name: &'static str,
    /// The flag it becomes.
    pub flag: &'static str,
    /// The environment variable that says the same outside of the action.
    pub variable: Option<&'static str>,
    /// The configuration key it goes before; `*` stands for every suite.
    pub key: Option<&'static str>,
    /// What it holds.
    pub kind: Kind,
}

/// The input that names the command.
pub const COMMAND: &str = "command";
/// The input with further arguments, split like a shell splits words and never run by one.
pub const ARGS: &str = "args";
/// The input with the folder to work in.
pub const WORKING_DIRECTORY: &str = "working-directory";
/// The input with the token for GitHub; no flag, so that it never stands in a list of processes.
pub const TOKEN: &str = "token";
/// The input with the login that the token writes as.
pub const LOGIN: &str = "login";

/// Every input that becomes a flag.
pub const INPUTS: [Input; 37] = [
    Input { name: "config", flag: "config", variable: Some("PROMPT_CICD_CONFIG"), key: None, kind: Kind::Text },
    Input { name: "config-at", flag: "config-at", variable: None, key: None, kind: Kind::Text },
    Input { name: "filter", flag: "filter", variable: None, key: None, kind: Kind::List },
    Input { name: "tag", flag: "tag", variable: None, key: None, kind: Kind::List },
    Input { name: "provider", flag: "provider", variable: None, key: Some("suites[*].provider"), kind: Kind::Text },
    Input { name: "concurrency", flag: "concurrency", variable: None, key: Some("suites[*].concurrency"), kind: Kind::Text },
    Input { name: "repeat", flag: "repeat", variable: None, key: Some("suites[*].repeat"), kind: Kind::Text },
    Input { name: "confirm", flag: "confirm", variable: None, key: None, kind: Kind::Text },
    Input {
        name: "timeout",
        flag: "timeout",
        variable: Some("PROMPT_TEST_TIMEOUT"),
        key: Some("suites[*].limits.request"),
        kind: Kind::Text,
    },
    Input { name: "shard", flag: "shard", variable: None, key: None, kind: Kind::Text },
    Input { name: "base", flag: "base", variable: None, key: None, kind: Kind::Text },
    Input { name: "record", flag: "record", variable: None, key: None, kind: Kind::Text },
    Input { name: "replay", flag: "replay", variable: None, key: None, kind: Kind::Text },
    Input { name: "cache", flag: "cache", variable: None, key: Some("run.cache"), kind: Kind::Switch(Some("no-cache")) },
    Input { name: "dry-run", flag: "dry-run", variable: None, key: None, kind: Kind::Switch(None) },
    Input { name: "format", flag: "format", variable: None, key: None, kind: Kind::Text },
    Input { name: "report", flag: "report", variable: None, key: None, kind: Kind::List },
    Input { name: "artifacts", flag: "artifacts", variable: None, key: None, kind: Kind::Text },
    Input { name: "baseline", flag: "baseline", variable: None, key: None, kind: Kind::Text },
    Input { name: "changed", flag: "changed", variable: None, key: None, kind: Kind::Switch(Some("all")) },
    Input { name: "comment", flag: "comment", variable: None, key: Some("github.comment"), kind: Kind::Text },
    Input { name: "comment-file", flag: "comment-file", variable: None, key: None, kind: Kind::Text },
    Input { name: "check-run", flag: "check-run", variable: None, key: Some("github.check-run"), kind: Kind::Switch(Some("no-check-run")) },
    Input { name: "no-fail", flag: "no-fail", variable: None, key: None, kind: Kind::Switch(None) },
    Input { name: "log-format", flag: "log-format", variable: None, key: None, kind: Kind::Text },
    Input { name: "prompt", flag: "prompt", variable: None, key: None, kind: Kind::Word },
    Input { name: "environment", flag: "environment", variable: None, key: None, kind: Kind::Text },
    Input { name: "version", flag: "version", variable: None, key: None, kind: Kind::Text },
    Input { name: "to-version", flag: "to", variable: None, key: None, kind: Kind::Text },
    Input { name: "strategy", flag: "strategy", variable: None, key: None, kind: Kind::Text },
    Input { name: "stages", flag: "stages", variable: None, key: None, kind: Kind::Text },
    Input { name: "reason", flag: "reason", variable: None, key: None, kind: Kind::Text },
    Input { name: "approved-by", flag: "approved-by", variable: None, key: None, kind: Kind::Text },
    Input { name: "by", flag: "by", variable: None, key: None, kind: Kind::Text },
    Input { name: "emergency", flag: "emergency", variable: None, key: None, kind: Kind::Switch(None) },
    Input { name: "watch", flag: "watch", variable: None, key: None, kind: Kind::Switch(Some("no-watch")) },
    Input { name: "yes", flag: "yes", variable: None, key: None, kind: Kind::Switch(None) },
];

/// Why the inputs make no command line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InputError {
    /// A switch that is neither true nor false.
    #[error("input `{name}` is `{value}`: write true or false")]
    NotBoolean {
        /// The input.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// Quotes that do not end.
    #[error("input `{name}` does not split into words: a quote is not closed")]
    NotWords {
        /// The input.
        name: &'static str,
    },
    /// An input that this command has no use for.
    #[error("input `{name}` does not belong to the command `{command}`: remove it")]
    NotOfCommand {
        /// The input.
        name: &'static str,
        /// The command.
        command: String,
    },
}

/// The arguments to parse: those that were given, or, when there are none and the action runs us, those that its inputs
/// make. The environment's come first, so that a flag wins.
///
/// # Errors
/// An input that cannot be used.
pub fn arguments(given: Vec<String>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<String>, InputError> {
    // The runner hands empty `args:` items on as empty arguments.
    let given: Vec<String> = given.into_iter().filter(|argument| !argument.is_empty()).collect();
    let mut arguments = match (given.is_empty(), input(COMMAND, variable)) {
        (true, Some(command)) => of_inputs(&command, variable)?,
        (true, None) | (false, _) => given,
    };
    let Some(position) = subcommand(&arguments) else { return Ok(arguments) };
    let command = arguments.get(position).cloned().unwrap_or_default();
    for row in INPUTS {
        let Some(value) = row.variable.and_then(|name| non_empty(variable(name))) else { continue };
        // The seed's variable is about tests; other commands have a `--timeout` of another meaning.
        let about_tests = row.variable.is_some_and(|name| name.starts_with("PROMPT_TEST_"));
        if takes(&command, row.flag) && (!about_tests || command == "test") {
            arguments.insert(position + 1, format!("--{}={value}", row.flag));
        }
    }
    Ok(arguments)
}

/// What inputs and environment put before the configuration file, for `config show`.
pub fn overrides(variable: &dyn Fn(&str) -> Option<String>) -> Vec<Override> {
    let said = |row: &Input| {
        let of_input = input(row.name, variable).map(|value| (value, Origin::Input(row.name.to_owned())));
        let of_environment = || row.variable.and_then(|name| Some((non_empty(variable(name))?, Origin::Environment(name.to_owned()))));
        of_input.or_else(of_environment)
    };
    INPUTS.iter().filter_map(|row| Some((row.key?, said(row)?))).map(|(key, (value, origin))| Override { key, value, origin }).collect()
}

/// The folder that the action is to work in.
pub fn working_directory(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    input(WORKING_DIRECTORY, variable)
}

/// The token for GitHub, where the action's input has one.
pub fn token(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    input(TOKEN, variable)
}

/// Who the token writes as, where somebody says so.
pub fn login(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    input(LOGIN, variable).or_else(|| non_empty(variable("PROMPT_CICD_LOGIN")))
}

fn of_inputs(command: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<String>, InputError> {
    let words = |name: &'static str, text: &str| shlex::split(text).ok_or(InputError::NotWords { name });
    let mut arguments = words(COMMAND, command)?;
    let called = named(&arguments);
    let mut last = Vec::new();
    for row in INPUTS {
        let Some(value) = input(row.name, variable) else { continue };
        if !called.takes(&row) {
            return Err(InputError::NotOfCommand { name: row.name, command: called.name });
        }
        match row.kind {
            Kind::Word if called.has_word(row.flag) => last.extend(["--".to_owned(), value]),
            Kind::Word | Kind::Text => arguments.push(format!("--{}={value}", row.flag)),
            Kind::List => {
                let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
                arguments.extend(lines.map(|line| format!("--{}={line}", row.flag)));
            }
            Kind::Switch(off) => match (value.as_str(), off) {
                ("true" | "True" | "TRUE", _) => arguments.push(format!("--{}", row.flag)),
                ("false" | "False" | "FALSE", Some(off)) => arguments.push(format!("--{off}")),
                ("false" | "False" | "FALSE", None) => {}
                _ => return Err(InputError::NotBoolean { name: row.name, value }),
            },
        }
    }
    if let Some(more) = input(ARGS, variable) {
        arguments.extend(words(ARGS, &more)?);
    }
    arguments.extend(last);
    Ok(arguments)
}

/// An input as the runner hands it on: upper case, hyphens kept, empty when it is not set.
fn input(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    non_empty(variable(&format!("INPUT_{}", name.replace(' ', "_").to_uppercase())))
}

fn non_empty(value: Option<String>) -> Option<String> {
    value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Where the command stands among the arguments: the first word that names one.
fn subcommand(arguments: &[String]) -> Option<usize> {
    let root = Cli::command();
    arguments.iter().position(|argument| root.find_subcommand(argument).is_some())
}

/// The command that the first words name, down to its last subcommand.
struct Called {
    name: String,
    root: clap::Command,
    command: Option<clap::Command>,
}

fn named(words: &[String]) -> Called {
    let root = Cli::command();
    let mut names: Vec<&str> = Vec::new();
    let mut command = None;
    for word in words {
        let Some(next) = command.as_ref().unwrap_or(&root).find_subcommand(word).cloned() else { break };
        names.push(word);
        command = Some(next);
    }
    let name = if names.is_empty() { words.first().cloned().unwrap_or_default() } else { names.join(" ") };
    Called { name, root, command }
}

impl Called {
    /// Whether the command takes this as a word of its own; others, like `monitor`, have a flag of the name.
    fn has_word(&self, name: &str) -> bool {
        self.command.as_ref().is_some_and(|command| command.get_positionals().any(|argument| argument.get_id() == name))
    }

    fn takes(&self, row: &Input) -> bool {
        let flag = |command: &clap::Command| command.get_arguments().any(|argument| argument.get_long() == Some(row.flag));
        let Some(command) = &self.command else { return flag(&self.root) };
        match row.kind {
            Kind::Word => self.has_word(row.flag) || flag(command),
            Kind::Text | Kind::Switch(_) | Kind::List => flag(&self.root) || flag(command),
        }
    }
}

/// Whether a command has a flag, of its own or from the root.
fn takes(command: &str, flag: &str) -> bool {
    let root = Cli::command();
    let has = |command: &clap::Command| command.get_arguments().any(|argument| argument.get_long() == Some(flag));
    has(&root) || root.find_subcommand(command).is_some_and(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arguments made of these variables.
    fn made(variables: &[(&str, &str)]) -> Result<Vec<String>, InputError> {
        arguments(vec![String::new()], &|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn inputs_become_flags() {
        let got = made(&[
            ("INPUT_COMMAND", "test"),
            ("INPUT_CONFIG", "a b.yml"),
            ("INPUT_FILTER", "\n greeting/ana \n\ngreeting/ben\n"),
            ("INPUT_DRY-RUN", "True"),
            ("INPUT_CACHE", "false"),
            ("INPUT_NO-FAIL", ""),
            ("INPUT_ARGS", "--repeat 3 --report 'json=a b.json'"),
        ]);
        let expected = [
            "test",
            "--config=a b.yml",
            "--filter=greeting/ana",
            "--filter=greeting/ben",
            "--no-cache",
            "--dry-run",
            "--repeat",
            "3",
            "--report",
            "json=a b.json",
        ];
        assert_eq!(got.unwrap(), expected);
    }

    #[test]
    fn nothing_is_run_by_a_shell() {
        let got = made(&[("INPUT_COMMAND", "test"), ("INPUT_ARGS", "--filter $(id) `id` ; id")]);
        assert_eq!(got.unwrap(), ["test", "--filter", "$(id)", "`id`", ";", "id"]);
    }

    #[test]
    fn what_people_write_is_one_argument() {
        let reason = "it's \"bad\" --to 6.6.6\n$(id) `id` 🔥";
        let got =
            made(&[("INPUT_COMMAND", "rollback"), ("INPUT_PROMPT", "--yes"), ("INPUT_REASON", reason), ("INPUT_ARGS", "--timeout 20s")]);
        assert_eq!(got.unwrap(), ["rollback", &format!("--reason={reason}"), "--timeout", "20s", "--", "--yes"]);
        let got = made(&[("INPUT_COMMAND", "monitor"), ("INPUT_PROMPT", "greeting"), ("INPUT_ENVIRONMENT", "production")]);
        assert_eq!(got.unwrap(), ["monitor", "--prompt=greeting", "--environment=production"]);
        let timeout = |command: &str| made(&[("INPUT_COMMAND", command), ("PROMPT_TEST_TIMEOUT", "60")]).unwrap();
        assert_eq!(
            (timeout("test"), timeout("rollback")),
            (vec!["test".to_owned(), "--timeout=60".to_owned()], vec!["rollback".to_owned()])
        );
        let got = made(&[("INPUT_COMMAND", "rollout start"), ("INPUT_PROMPT", "greeting"), ("INPUT_STAGES", "10,100")]);
        assert_eq!(got.unwrap(), ["rollout", "start", "--stages=10,100", "--", "greeting"]);
        assert_eq!(
            made(&[("INPUT_COMMAND", "rollout step"), ("INPUT_STAGES", "10,100")]).unwrap_err().to_string(),
            "input `stages` does not belong to the command `rollout step`: remove it"
        );
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert_eq!(
            made(&[("INPUT_COMMAND", "test"), ("INPUT_DRY-RUN", "yes")]).unwrap_err().to_string(),
            "input `dry-run` is `yes`: write true or false"
        );
        assert_eq!(
            made(&[("INPUT_COMMAND", "init"), ("INPUT_FILTER", "x")]).unwrap_err().to_string(),
            "input `filter` does not belong to the command `init`: remove it"
        );
        assert!(matches!(made(&[("INPUT_COMMAND", "test"), ("INPUT_ARGS", "'a")]), Err(InputError::NotWords { name: "args" })));
    }

    #[test]
    fn arguments_win_over_inputs_and_the_environment_comes_first() {
        let variables = |name: &str| match name {
            "INPUT_COMMAND" => Some("init".to_owned()),
            "PROMPT_TEST_TIMEOUT" => Some("60".to_owned()),
            _ => None,
        };
        let given = ["--verbose", "test", "--timeout", "5s"].map(str::to_owned).to_vec();
        assert_eq!(arguments(given, &variables).unwrap(), ["--verbose", "test", "--timeout=60", "--timeout", "5s"]);
        let given = ["init"].map(str::to_owned).to_vec();
        assert_eq!(arguments(given, &variables).unwrap(), ["init"], "a command without the flag is left alone");
    }

    #[test]
    fn an_input_wins_over_the_environment() {
        let variables = |name: &str| match name {
            "INPUT_TIMEOUT" => Some("10s".to_owned()),
            "PROMPT_TEST_TIMEOUT" => Some("60".to_owned()),
            _ => None,
        };
        let found = overrides(&variables);
        assert_eq!(
            found.iter().map(|found| (found.key, found.value.as_str(), found.origin.to_string())).collect::<Vec<_>>(),
            [("suites[*].limits.request", "10s", "input timeout".to_owned())]
        );
    }
}
