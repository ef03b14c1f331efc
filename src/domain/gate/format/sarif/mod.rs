//! SARIF. Results are counted as they are read; those that leave their level to their rule wait until the run's rules are known.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Format, Readings, has_key, json, number,
    tally::{Each, Tally},
};

/// SARIF.
pub(super) const SARIF: Format = Format {
    name: "sarif",
    tool: "CodeQL, semgrep, zizmor, trivy, prompt-cicd lint, many others",
    measures: &[
        ("findings", "results that are not suppressed and not passes"),
        ("errors", "of level error, their own or else their rule's"),
        ("warnings", "of level warning, which is the default"),
        ("notes", "of level note or none"),
    ],
    looks_like: |text| has_key(text, "runs") && text.contains("\"tool\""),
    read: sarif,
};

/// The most rules of a component, and the most that the results of a run name.
const MOST_RULES: usize = 100_000;
/// The most extensions of a tool.
const MOST_EXTENSIONS: usize = 1_000;

fn sarif(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct File {
        runs: Each<Runs>,
    }
    let runs = json::<File>(text)?.runs.0;
    if runs.count == 0 {
        return Err("it holds no run".to_owned());
    }
    if let Some(why) = runs.unfinished {
        return Err(why);
    }
    let Counts { errors, warnings, notes } = runs.counts;
    Ok(Readings::from([
        ("findings", number(errors + warnings + notes)),
        ("errors", number(errors)),
        ("warnings", number(warnings)),
        ("notes", number(notes)),
    ]))
}

/// How bad a result is; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    fn of(word: &str) -> Self {
        match word {
            "error" => Self::Error,
            "note" | "none" => Self::Note,
            _ => Self::Warning,
        }
    }
}

/// Results that count, by their level.
#[derive(Default)]
struct Counts {
    errors: usize,
    warnings: usize,
    notes: usize,
}

impl Counts {
    fn add(&mut self, level: Level, count: usize) {
        match level {
            Level::Error => self.errors += count,
            Level::Warning => self.warnings += count,
            Level::Note => self.notes += count,
        }
    }
}

/// What is counted of the runs of a file.
#[derive(Default)]
struct Runs {
    count: usize,
    /// Why the first run that cannot be counted on is no run.
    unfinished: Option<String>,
    counts: Counts,
}

#[derive(Deserialize)]
struct Run {
    // Absent: the tool did not run its analysis; that is not "nothing found".
    results: Option<Each<Open>>,
    invocations: Option<Each<Invocations>>,
    #[serde(default)]
    tool: Option<Tool>,
}

impl Tally for Runs {
    type Item = Run;

    fn take(&mut self, run: Run) {
        let counted = match run {
            Run { invocations: Some(Each(Invocations { failed: Some(number), .. })), .. } => {
                Err(format!(".invocations[{number}] has executionSuccessful false: the tool did not finish"))
            }
            Run { results: None, .. } => Err(" has no results: the tool did not finish".to_owned()),
            Run { results: Some(Each(found)), tool, .. } => found.counted(&tool.unwrap_or_default()),
        };
        match counted {
            Ok(counts) => {
                self.counts.errors += counts.errors;
                self.counts.warnings += counts.warnings;
                self.counts.notes += counts.notes;
            }
            Err(why) => {
                self.unfinished.get_or_insert_with(|| format!("runs[{}]{why}", self.count));
            }
        }
        self.count += 1;
    }
}

/// How the tool's own processes ended.
#[derive(Default)]
struct Invocations {
    count: usize,
    failed: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: Option<bool>,
}

impl Tally for Invocations {
    type Item = Invocation;

    fn take(&mut self, invocation: Invocation) {
        if invocation.execution_successful == Some(false) {
            self.failed.get_or_insert(self.count);
        }
        self.count += 1;
    }
}

/// Results that count.
#[derive(Default)]
struct Open {
    /// Those with a level of their own, and those with no rule.
    counts: Counts,
    /// Those that leave it to their rule.
    of_rules: BTreeMap<RuleName, usize>,
    /// Whether they name too many rules.
    too_many: bool,
}

/// How a result names its rule.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct RuleName {
    component: ComponentName,
    index: Option<usize>,
    id: Option<String>,
}

/// How a result names the part of the tool that has its rule.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum ComponentName {
    Driver,
    Extension(usize),
    Named(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    level: Option<String>,
    kind: Option<String>,
    rule_id: Option<String>,
    rule_index: Option<i64>,
    rule: Option<Rule>,
    #[serde(default)]
    suppressions: Vec<Suppression>,
}

#[derive(Deserialize)]
struct Suppression {
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: Option<String>,
    index: Option<i64>,
    tool_component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    index: Option<i64>,
    guid: Option<String>,
    name: Option<String>,
}

impl Found {
    /// Suppressions that somebody has yet to decide on, or said no to, suppress nothing.
    fn counts(&self) -> bool {
        let accepted = |suppression: &Suppression| suppression.status.as_deref().is_none_or(|status| status == "accepted");
        let suppressed = !self.suppressions.is_empty() && self.suppressions.iter().all(accepted);
        !suppressed && self.kind.as_deref().is_none_or(|kind| matches!(kind, "fail" | "open" | "review"))
    }

    /// The rule, where there is one. Negative numbers are SARIF's way to say nothing.
    fn rule(self) -> Option<RuleName> {
        let place = |index: Option<i64>| index.and_then(|index| usize::try_from(index).ok());
        let (mut index, mut id, mut component) = (place(self.rule_index), self.rule_id, ComponentName::Driver);
        if let Some(rule) = self.rule {
            index = index.or(place(rule.index));
            id = id.or(rule.id);
            if let Some(Component { index, guid, name }) = rule.tool_component {
                component = match (place(index), guid.or(name)) {
                    (Some(index), _) => ComponentName::Extension(index),
                    (None, Some(name)) => ComponentName::Named(name),
                    (None, None) => ComponentName::Driver,
                };
            }
        }
        (index.is_some() || id.is_some()).then_some(RuleName { component, index, id })
    }
}

impl Tally for Open {
    type Item = Found;

    fn take(&mut self, found: Found) {
        if !found.counts() {
            return;
        }
        if let Some(level) = &found.level {
            return self.counts.add(Level::of(level), 1);
        }
        match found.rule() {
            None => self.counts.add(Level::Warning, 1),
            Some(rule) => {
                if self.of_rules.len() < MOST_RULES || self.of_rules.contains_key(&rule) {
                    *self.of_rules.entry(rule).or_default() += 1;
                } else {
                    self.too_many = true;
                }
            }
        }
    }
}

impl Open {
    /// All of them, now that the rules are known. The error continues the name of the run.
    fn counted(self, tool: &Tool) -> Result<Counts, String> {
        let many = |rules: &ToolComponent| rules.rules.0.too_many;
        let too_many = self.too_many || tool.driver.iter().chain(&tool.extensions.0.list).any(many);
        if too_many {
            return Err(format!(" has more than {MOST_RULES} rules"));
        }
        if tool.extensions.0.too_many {
            return Err(format!(" has more than {MOST_EXTENSIONS} extensions of its tool"));
        }
        let mut counts = self.counts;
        for (rule, count) in self.of_rules {
            // SARIF 2.1.0, 3.27.10.
            counts.add(tool.level(&rule).unwrap_or(Level::Warning), count);
        }
        Ok(counts)
    }
}

/// What has rules.
#[derive(Default, Deserialize)]
struct Tool {
    driver: Option<ToolComponent>,
    #[serde(default)]
    extensions: Each<Extensions>,
}

#[derive(Deserialize)]
struct ToolComponent {
    name: Option<String>,
    guid: Option<String>,
    #[serde(default)]
    rules: Each<Rules>,
}

#[derive(Default)]
struct Extensions {
    list: Vec<ToolComponent>,
    too_many: bool,
}

impl Tally for Extensions {
    type Item = ToolComponent;

    fn take(&mut self, component: ToolComponent) {
        if self.list.len() < MOST_EXTENSIONS {
            self.list.push(component);
        } else {
            self.too_many = true;
        }
    }
}

/// The levels of a component's rules.
#[derive(Default)]
struct Rules {
    by_index: Vec<Level>,
    /// The worst where several have one id.
    by_id: BTreeMap<String, Level>,
    too_many: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: Option<String>,
    default_configuration: Option<Configuration>,
}

#[derive(Deserialize)]
struct Configuration {
    level: Option<String>,
}

impl Tally for Rules {
    type Item = Descriptor;

    fn take(&mut self, rule: Descriptor) {
        if self.by_index.len() >= MOST_RULES {
            self.too_many = true;
            return;
        }
        let level = rule.default_configuration.and_then(|settings| settings.level).map_or(Level::Warning, |level| Level::of(&level));
        self.by_index.push(level);
        if let Some(id) = rule.id {
            let worst = self.by_id.entry(id).or_insert(level);
            *worst = level.max(*worst);
        }
    }
}

impl Rules {
    /// The level of a rule. Where its number and its id are of two rules, the worse of both.
    fn level(&self, rule: &RuleName) -> Option<Level> {
        let by_index = rule.index.and_then(|index| self.by_index.get(index).copied());
        by_index.max(self.by_id(rule.id.as_deref()))
    }

    /// A result may name a part of a rule: `CA1000/1` is of `CA1000` (3.5.4).
    fn by_id(&self, id: Option<&str>) -> Option<Level> {
        let mut id = id?;
        loop {
            if let Some(level) = self.by_id.get(id) {
                return Some(*level);
            }
            (id, _) = id.rsplit_once('/')?;
        }
    }
}

impl Tool {
    fn level(&self, rule: &RuleName) -> Option<Level> {
        let all = || self.driver.iter().chain(&self.extensions.0.list);
        let named = match &rule.component {
            ComponentName::Driver => self.driver.as_ref(),
            ComponentName::Extension(index) => self.extensions.0.list.get(*index),
            ComponentName::Named(name) => {
                all().find(|component| [&component.guid, &component.name].into_iter().flatten().any(|own| own == name))
            }
        };
        // Some tools name no component, and have their rules in one of the extensions.
        let anywhere = || all().filter_map(|component| component.rules.0.by_id(rule.id.as_deref())).max();
        named.and_then(|component| component.rules.0.level(rule)).or_else(anywhere)
    }
}
