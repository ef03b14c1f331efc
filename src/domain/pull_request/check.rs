//! Each check is a row: what it looks at and what it says.

use serde::Serialize;

use super::{
    description::{has_footer, issue, shown},
    size::Size,
    title,
};
use crate::domain::wildcard;

/// What a check that does not hold does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It fails the run.
    Fail,
    /// It is said.
    Warn,
    /// It is not made.
    Off,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Warn, Self::Off];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// The checks, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The title follows Conventional Commits.
    Title,
    /// The description is long enough to say something.
    Description,
    /// An issue is closed by it.
    Issue,
    /// It is not too large to be read.
    Size,
    /// Tests or suites change with sources or prompts.
    Tests,
    /// Documents change with public things.
    Docs,
    /// It can be merged.
    Conflict,
    /// Nothing breaks without the title saying so.
    Breaking,
    /// No file is changed that must not be.
    Forbidden,
}

impl Check {
    /// In the order of reports.
    pub const ALL: [Self; 9] =
        [Self::Title, Self::Description, Self::Issue, Self::Size, Self::Tests, Self::Docs, Self::Conflict, Self::Breaking, Self::Forbidden];

    /// In the configuration and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::Issue => "issue",
            Self::Size => "size",
            Self::Tests => "tests",
            Self::Docs => "docs",
            Self::Conflict => "conflict",
            Self::Breaking => "breaking",
            Self::Forbidden => "forbidden",
        }
    }

    /// What it looks at, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Title => "The title follows Conventional Commits 1.0.",
            Self::Description => "The description is long enough to say something.",
            Self::Issue => "The description closes an issue (`Closes #12`).",
            Self::Size => "It is not larger than `largest-size`.",
            Self::Tests => "Tests or cases change with sources or prompts.",
            Self::Docs => "Documents change with public things.",
            Self::Conflict => "It can be merged.",
            Self::Breaking => "What breaks others is announced: critical paths, a variable or the output contract of a prompt.",
            Self::Forbidden => "No file is changed that must not be.",
        }
    }

    /// What holds unless the configuration says otherwise.
    pub fn default_level(self) -> Level {
        match self {
            Self::Title | Self::Conflict | Self::Forbidden => Level::Fail,
            Self::Description | Self::Issue | Self::Size | Self::Tests | Self::Docs | Self::Breaking => Level::Warn,
        }
    }
}

/// A pull request as the checks see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Lines added and removed.
    pub lines: u64,
    /// Every changed file, renamed ones under both names.
    pub files: Vec<String>,
    /// Whether it can be merged; `None`: the host does not know yet.
    pub mergeable: Option<bool>,
    /// What breaks, found in the prompts: a variable that is gone, another output contract.
    pub breaks: Vec<String>,
    /// Whether the list of files is cut; then what is not there proves nothing.
    pub truncated: bool,
}

/// What the checks compare with. Patterns are paths in which `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What each check does.
    pub levels: Vec<(Check, Level)>,
    /// Characters a description needs.
    pub description: usize,
    /// The largest size that is fine.
    pub size: Size,
    /// Sources and prompts: a change wants tests.
    pub sources: Vec<String>,
    /// Tests and suites.
    pub tests: Vec<String>,
    /// Public things: a change wants documents.
    pub public: Vec<String>,
    /// Documents.
    pub docs: Vec<String>,
    /// Paths whose change may break others.
    pub critical: Vec<String>,
    /// Files that must not be changed or added.
    pub forbidden: Vec<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It holds.
    Passed,
    /// It does not hold, and is only said.
    Warned,
    /// It does not hold.
    Failed,
}

/// A check with what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckResult {
    /// Which.
    pub check: Check,
    /// How it ended.
    pub status: Status,
    /// What was seen, and what to do where it does not hold.
    pub message: String,
}

/// Makes every check that is not off.
pub fn checks(subject: &Subject, rules: &Rules) -> Vec<CheckResult> {
    let level = |check: Check| rules.levels.iter().find(|(of, _)| *of == check).map_or(check.default_level(), |(_, level)| *level);
    let made = Check::ALL.into_iter().filter_map(|check| {
        let bad = match level(check) {
            Level::Off => return None,
            Level::Warn => Status::Warned,
            Level::Fail => Status::Failed,
        };
        Some(match seen(check, subject, rules) {
            Ok(message) => CheckResult { check, status: Status::Passed, message },
            Err(message) => CheckResult { check, status: bad, message },
        })
    });
    made.collect()
}

/// Whether a check that can fail the run does not hold.
pub fn failed(results: &[CheckResult]) -> bool {
    results.iter().any(|result| result.status == Status::Failed)
}

/// What a check sees: `Ok` when it holds.
fn seen(check: Check, subject: &Subject, rules: &Rules) -> Result<String, String> {
    let changed = |patterns: &[String]| subject.files.iter().filter(|file| matches_any(patterns, file)).cloned().collect::<Vec<_>>();
    match check {
        Check::Title => title::wrong(&subject.title).map_or_else(|| Ok("follows Conventional Commits".to_owned()), Err),
        Check::Description => {
            let length = shown(&subject.body).trim().chars().count();
            let said = format!("{length} characters");
            if length >= rules.description {
                Ok(said)
            } else {
                Err(format!("{said}, fewer than {}: say what changes and why", rules.description))
            }
        }
        Check::Issue => issue(&shown(&subject.body))
            .map(|issue| format!("closes {issue}"))
            .ok_or_else(|| "names no issue that it closes: write `Closes #12`".to_owned()),
        Check::Size => {
            let size = Size::of(subject.lines);
            let said = format!("{} lines ({})", subject.lines, size.label());
            if size <= rules.size { Ok(said) } else { Err(format!("{said}: smaller changes are read more carefully")) }
        }
        Check::Tests => together(&changed(&rules.sources), &changed(&rules.tests), "tests or suites", subject.truncated),
        Check::Docs => together(&changed(&rules.public), &changed(&rules.docs), "documents", subject.truncated),
        Check::Conflict => match subject.mergeable {
            Some(true) => Ok("can be merged".to_owned()),
            Some(false) => Err("conflicts with the branch it goes to: merge that branch into it".to_owned()),
            // Not knowing is no proof of a conflict, and none of its absence.
            None => Err("whether it can be merged is not known yet: run this again in a minute".to_owned()),
        },
        Check::Breaking => {
            let mut breaks = subject.breaks.clone();
            breaks.extend(changed(&rules.critical).into_iter().map(|file| format!("{file} is a critical path")));
            let announced = subject.title.split(':').next().is_some_and(|head| head.ends_with('!')) || has_footer(&shown(&subject.body));
            match (breaks.is_empty(), announced) {
                (true, false) if subject.truncated => Err(unsure("what breaks others")),
                (true, _) => Ok("nothing that breaks".to_owned()),
                (false, true) => Ok(format!("announced: {}", breaks.join("; "))),
                (false, false) => Err(format!("{}: announce it with `!` in the title", breaks.join("; "))),
            }
        }
        Check::Forbidden => {
            let files = changed(&rules.forbidden);
            if !files.is_empty() {
                Err(format!("must not be changed here: {}", files.join(", ")))
            } else if subject.truncated && !rules.forbidden.is_empty() {
                Err(unsure("what must not be changed"))
            } else {
                Ok("none".to_owned())
            }
        }
    }
}

/// What is said where nothing was found among a part of the files: that is no proof that there is nothing.
fn unsure(what: &str) -> String {
    format!("{what} may be among the files that the host does not tell: make smaller pull requests of it")
}

/// Whether `wanted` changes where `because` does.
fn together(because: &[String], wanted: &[String], what: &str, truncated: bool) -> Result<String, String> {
    match (because.first(), wanted.first()) {
        (None, _) if truncated => Err(unsure(&format!("what asks for {what}"))),
        (None, _) => Ok("not needed".to_owned()),
        (Some(_), Some(file)) => Ok(format!("{file} changes too")),
        (Some(file), None) => {
            let unsure = if truncated { " among the files that the host tells" } else { "" };
            Err(format!("{file} changes, and no {what} do{unsure}"))
        }
    }
}

/// Whether a path matches one of the patterns; `*` stands for any characters, slashes included.
fn matches_any(patterns: &[String], path: &str) -> bool {
    patterns.iter().any(|pattern| wildcard::matches(pattern, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let list = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Rules {
            levels: Vec::new(),
            description: 50,
            size: Size::L,
            sources: list(&["src/*", "prompts/*"]),
            tests: list(&["tests/*", "cases/*"]),
            public: list(&["src/api/*"]),
            docs: list(&["docs/*", "*.md"]),
            critical: list(&["schema/*"]),
            forbidden: list(&["*.pem", ".env"]),
        }
    }

    fn sound() -> Subject {
        let body = "Closes #12. The greeting asks for one sentence, because answers grew too long.".to_owned();
        let files = ["prompts/greeting.yml", "cases/greeting.jsonl"].map(str::to_owned).into();
        Subject { title: "feat: shorten the greeting".to_owned(), body, lines: 20, files, mergeable: Some(true), ..Subject::default() }
    }

    fn failing(subject: &Subject) -> Vec<(Check, Status)> {
        checks(subject, &rules())
            .into_iter()
            .filter(|result| result.status != Status::Passed)
            .map(|result| (result.check, result.status))
            .collect()
    }

    #[test]
    fn a_sound_pull_request_passes_every_check() {
        assert_eq!(failing(&sound()), []);
        assert_eq!(checks(&sound(), &rules()).len(), Check::ALL.len());
    }

    #[test]
    fn each_check_can_fail() {
        let change = |with: &dyn Fn(&mut Subject)| {
            let mut subject = sound();
            with(&mut subject);
            failing(&subject)
        };
        assert_eq!(change(&|pull| pull.title = "wip".to_owned()), [(Check::Title, Status::Failed)]);
        assert_eq!(change(&|pull| pull.body = "Fixes #1".to_owned()), [(Check::Description, Status::Warned)]);
        assert_eq!(change(&|pull| pull.body = "x".repeat(60)), [(Check::Issue, Status::Warned)]);
        assert_eq!(change(&|pull| pull.lines = 1001), [(Check::Size, Status::Warned)]);
        assert_eq!(change(&|pull| drop(pull.files.pop())), [(Check::Tests, Status::Warned)]);
        assert_eq!(change(&|pull| pull.files.push("src/api/a.rs".to_owned())), [(Check::Docs, Status::Warned)]);
        assert_eq!(change(&|pull| pull.mergeable = Some(false)), [(Check::Conflict, Status::Failed)]);
        assert_eq!(change(&|pull| pull.mergeable = None), [(Check::Conflict, Status::Failed)]);
        assert_eq!(change(&|pull| pull.breaks.push("variable `name` is gone".to_owned())), [(Check::Breaking, Status::Warned)]);
        assert_eq!(change(&|pull| pull.files.push("schema/a.json".to_owned())), [(Check::Breaking, Status::Warned)]);
        assert_eq!(change(&|pull| pull.files.push("keys/a.pem".to_owned())), [(Check::Forbidden, Status::Failed)]);
        let announced = |pull: &mut Subject| {
            pull.breaks.push("variable `name` is gone".to_owned());
            pull.title = "feat!: shorten".to_owned();
        };
        assert_eq!(change(&announced), []);
    }

    #[test]
    fn what_a_template_says_in_comments_is_no_description() {
        let template = "<!-- Say what changes and why. Closes #123\nBREAKING CHANGE: none -->\n";
        let of = |body: &str| failing(&Subject { body: body.to_owned(), breaks: vec!["x".to_owned()], ..sound() });
        let nothing = [(Check::Description, Status::Warned), (Check::Issue, Status::Warned), (Check::Breaking, Status::Warned)];
        assert_eq!(of(template), nothing);
        assert_eq!(of(&(template.to_owned() + "<!-- " + &sound().body)), nothing);
        let announced = format!("{template}{}\n\nBREAKING CHANGE: callers send `tone`", sound().body);
        assert_eq!(of(&announced), []);
        assert_eq!(of(&announced.replace("callers send `tone`", "")), [(Check::Breaking, Status::Warned)]);
        assert_eq!(of(&(sound().body + " This is no BREAKING CHANGE: all stays")), [(Check::Breaking, Status::Warned)]);
    }

    #[test]
    fn what_is_not_told_is_no_proof_of_absence() {
        let files = vec!["README.md".to_owned()];
        let cut = Subject { truncated: true, files: files.clone(), ..sound() };
        let all = [Check::Tests, Check::Docs, Check::Breaking].map(|check| (check, Status::Warned));
        assert_eq!(failing(&cut), [all.as_slice(), &[(Check::Forbidden, Status::Failed)]].concat());
        assert_eq!(failing(&Subject { files, ..sound() }), []);
    }

    #[test]
    fn a_check_can_be_off_or_stricter() {
        let levels = vec![(Check::Title, Level::Off), (Check::Issue, Level::Fail)];
        let subject = Subject { title: "wip".to_owned(), body: "x".repeat(60), ..sound() };
        let results = checks(&subject, &Rules { levels, ..rules() });
        assert!(results.iter().all(|result| result.check != Check::Title));
        assert_eq!(results.iter().find(|result| result.check == Check::Issue).unwrap().status, Status::Failed);
    }
}
