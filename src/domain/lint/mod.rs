//! Lints: checks on prompts and on what is put into them, before any model is asked, and scans of answers.
//!
//! [`catalogue`] has the rules as data; [`texts`] are normalised and searched, and [`structure`] is what a prompt's messages,
//! variables and lengths are together.

pub mod catalogue;
mod finding;
mod settings;
mod structure;
pub mod texts;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use finding::{Finding, Severity};
pub use settings::{Ignore, LintSettings};
pub use texts::{MASK, Redaction, normalised};

use super::{
    diagnostic::Place,
    prompt::{Prompt, Variables},
};
use catalogue::{RULES, Rule, Scope, rule};
use structure::{template, variables};
use texts::{hidden, scan, scan::Kind};

/// Findings of one rule that are kept in a report; the rest is counted.
const MOST_OF_A_RULE: usize = 100;

/// What is linted together: a prompt with the variables that it gets.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The prompt.
    pub prompt: &'a Prompt,
    /// Variables of the whole suite.
    pub vars: &'a Map<String, Value>,
    /// Where the suite is configured.
    pub place: Place,
    /// The cases; none for a prompt without a suite.
    pub cases: Vec<CaseSubject<'a>>,
}

/// One set of variables.
#[derive(Debug)]
pub struct CaseSubject<'a> {
    /// The case's name.
    pub id: &'a str,
    /// Where it is written.
    pub place: &'a Place,
    /// The variables it gives itself.
    pub own: &'a Map<String, Value>,
    /// All variables that the prompt sees.
    pub all: &'a Variables,
}

/// What the lints of one suite or of a whole run found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LintReport {
    /// The findings, by place; those that are ignored are among them.
    pub findings: Vec<Finding>,
    /// Findings that were left out, because there are many more of the same rule.
    pub left_out: usize,
}

/// What one rule says about one suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintResult {
    /// The rule's id.
    pub rule: &'static str,
    /// Whether it found nothing that counts.
    pub passed: bool,
    /// How many findings, and the first.
    pub details: String,
}

/// The same as a file has it.
#[derive(Deserialize)]
struct WrittenResult {
    rule: String,
    passed: bool,
    details: String,
}

impl<'de> Deserialize<'de> for LintResult {
    /// By hand: the rule's id is one of the catalogue's, which outlives every file.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WrittenResult { rule, passed, details } = WrittenResult::deserialize(deserializer)?;
        Ok(Self { rule: catalogue::known(&rule).map_err(serde::de::Error::custom)?, passed, details })
    }
}

/// What `lint` found.
#[derive(Debug, Clone)]
pub struct LintRun {
    /// The findings.
    pub report: LintReport,
    /// How many prompts were looked at.
    pub prompts: usize,
    /// How many cases.
    pub cases: usize,
    /// How.
    pub settings: LintSettings,
}

impl LintRun {
    /// How many findings are at the threshold or above.
    pub fn stopping(&self) -> usize {
        self.report.stopping(&self.settings)
    }

    /// Entries of `ignore` that no finding needs.
    pub fn idle_ignores(&self) -> impl Iterator<Item = &Ignore> {
        let ignored: Vec<&Finding> = self.report.findings.iter().filter(|finding| finding.ignored.is_some()).collect();
        self.settings.ignore.iter().filter(move |entry| !ignored.iter().any(|finding| entry.covers(finding.rule, &finding.place.file)))
    }
}

impl LintReport {
    /// The findings that count.
    pub fn counting(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.ignored.is_none())
    }

    /// How many findings stop a run.
    pub fn stopping(&self, settings: &LintSettings) -> usize {
        self.findings.iter().filter(|finding| settings.stops(finding)).count()
    }

    /// Takes in another report; what both found is said once.
    pub fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.findings.sort();
        self.findings.dedup();
        self.left_out += other.left_out;
    }

    /// What each rule that is on says, in the order of the catalogue.
    pub fn results(&self, settings: &LintSettings) -> Vec<LintResult> {
        let on = RULES.iter().filter(|rule| settings.severity(rule.id).is_some());
        on.map(|rule| {
            let found: Vec<&Finding> = self.counting().filter(|finding| finding.rule == rule.id).collect();
            let details = match found.as_slice() {
                [] => "no finding".to_owned(),
                [one] => format!("{}: {}", one.place, one.message),
                [first, rest @ ..] => format!("{}: {}, and {} more", first.place, first.message, rest.len()),
            };
            LintResult { rule: rule.id, passed: found.is_empty(), details }
        })
        .collect()
    }
}

/// Lints a prompt and its variables.
pub fn check(subject: &Subject<'_>, settings: &LintSettings) -> LintReport {
    let mut linting = Linting::of(subject.prompt, subject.vars, &subject.place, settings);
    subject.cases.iter().for_each(|case| linting.case(case));
    linting.finish()
}

/// The lint of one prompt, case by case, so that a million cases need not be there at once.
#[derive(Debug)]
pub struct Linting<'a> {
    collector: Collector<'a>,
    prompt: &'a Prompt,
    vars: &'a Map<String, Value>,
    variables: variables::Seen,
}

impl<'a> Linting<'a> {
    /// Looks at the prompt and the suite's variables.
    pub fn of(prompt: &'a Prompt, vars: &'a Map<String, Value>, place: &Place, settings: &'a LintSettings) -> Self {
        let mut collector = Collector::new(settings);
        for message in &prompt.messages {
            let source = message.content.source();
            let mut found = collector.in_text(source, Kind::Message);
            found.sort_by_key(|(_, start, _)| *start);
            let mut reached = Reached { text: source, at: 0, line: 1, column: 1 };
            for (rule, start, said) in found {
                let (line, column) = reached.go(start);
                collector.add(rule, message.place.at(line, column), said);
            }
        }
        collector.values(&prompt.defaults, &Place::file(&prompt.source), "the default of");
        collector.values(vars, place, "the suite's");
        Self { collector, prompt, vars, variables: variables::Seen::default() }
    }

    /// Looks at a case.
    pub fn case(&mut self, case: &CaseSubject<'_>) {
        self.variables.case(self.prompt, case, self.collector.settings);
        self.collector.values(case.own, case.place, &format!("case `{}`,", case.id));
    }

    /// Everything that was found.
    pub fn finish(mut self) -> LintReport {
        template::check(self.prompt, self.vars, &self.variables, &mut self.collector);
        self.variables.report(self.prompt, &mut self.collector);
        self.collector.finish()
    }
}

/// What one rule says about an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerScan {
    /// The rule's id.
    pub rule: &'static str,
    /// What was found, where something was.
    pub found: Option<String>,
    /// Whether that fails the sample.
    pub fails: bool,
}

/// Scans an answer with every rule for texts that is on; `file` is that of the case.
pub fn scan_answer(text: &str, file: &str, settings: &LintSettings) -> Vec<AnswerScan> {
    let collector = Collector::new(settings);
    let mut found: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for (rule, _, said) in collector.in_text(text, Kind::Value) {
        found.entry(rule.id).or_insert((0, said)).0 += 1;
    }
    let on = RULES.iter().filter(|rule| rule.scope != Scope::Structure && settings.ignored(rule.id, file).is_none());
    on.filter_map(|rule| {
        let severity = settings.severity(rule.id)?;
        let found = found.remove(rule.id).map(|(count, first)| match count {
            1 => first,
            _ => format!("{first}, and {} more", count - 1),
        });
        Some(AnswerScan { rule: rule.id, fails: found.is_some() && severity >= settings.fail_on, found })
    })
    .collect()
}

/// Takes findings in, at the severity that the configuration gives them.
#[derive(Debug)]
struct Collector<'s> {
    settings: &'s LintSettings,
    found: BTreeSet<Finding>,
    counts: BTreeMap<(&'static str, bool), usize>,
    left_out: usize,
}

impl<'s> Collector<'s> {
    fn new(settings: &'s LintSettings) -> Self {
        Self { settings, found: BTreeSet::new(), counts: BTreeMap::new(), left_out: 0 }
    }

    fn add_by_id(&mut self, id: &str, place: Place, message: impl Into<String>) {
        if let Some(rule) = rule(id) {
            self.add(rule, place, message);
        }
    }

    fn add(&mut self, rule: &'static Rule, place: Place, message: impl Into<String>) {
        let Some(severity) = self.settings.severity(rule.id) else { return };
        let ignored = self.settings.ignored(rule.id, &place.file).map(str::to_owned);
        // What is ignored must not crowd out what counts.
        let count = self.counts.entry((rule.id, ignored.is_some())).or_default();
        if *count >= MOST_OF_A_RULE {
            self.left_out += 1;
            return;
        }
        *count += 1;
        self.found.insert(Finding { place, rule: rule.id, severity, message: message.into(), help: rule.help.to_owned(), ignored });
    }

    /// What the rules that are on find in a text: rule, byte, message.
    fn in_text(&self, text: &str, kind: Kind) -> Vec<(&'static Rule, usize, String)> {
        let wanted = |id: &str| self.settings.severity(id).is_some();
        let hits = scan::scan(text, kind, &wanted).into_iter();
        let mut found: Vec<_> = hits.filter_map(|hit| Some((rule(hit.rule)?, hit.start, hit.message()))).collect();
        if wanted(hidden::RULE) {
            found.extend(hidden::find(text).into_iter().filter_map(|(start, said)| Some((rule(hidden::RULE)?, start, said))));
        }
        found
    }

    /// Every text in some variables.
    fn values(&mut self, vars: &Map<String, Value>, place: &Place, whose: &str) {
        for (name, value) in vars {
            self.value(value, name, place, whose);
        }
    }

    fn value(&mut self, value: &Value, name: &str, place: &Place, whose: &str) {
        match value {
            Value::String(text) => {
                for (rule, _, said) in self.in_text(text, Kind::Value) {
                    self.add(rule, place.clone(), format!("{said}, in {whose} variable `{name}`"));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.value(item, name, place, whose)),
            Value::Object(map) => map.iter().for_each(|(key, item)| self.value(item, &format!("{name}.{key}"), place, whose)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn finish(self) -> LintReport {
        LintReport { findings: self.found.into_iter().collect(), left_out: self.left_out }
    }
}

/// How far a text was walked, with the line and column of that place, both from 1, the column in characters: the places of many
/// findings are one walk.
struct Reached<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl Reached<'_> {
    /// Walks on to a byte at or behind the place that was reached.
    fn go(&mut self, to: usize) -> (usize, usize) {
        let between = self.text.get(self.at..to).unwrap_or_default();
        let last_line = between.rsplit('\n').next().unwrap_or_default().chars().count();
        self.column = if between.contains('\n') { 1 + last_line } else { self.column + last_line };
        self.line += between.matches('\n').count();
        self.at = self.at.max(to);
        (self.line, self.column)
    }
}
