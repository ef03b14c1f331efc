//! `validation_rules`, as the seed spells them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use super::super::Reader;
use crate::{
    config::{check::mistyped, path::Path},
    domain::{
        diagnostic::Diagnostic,
        suite::assertion::{
            Assertion,
            rule::{self, About, Rule, RuleError},
        },
    },
};

/// Rules that were read, so that equal ones are read once and shared.
#[derive(Debug, Default)]
pub(super) struct Rules {
    read: HashMap<String, (Option<Arc<Assertion>>, &'static rule::Kind)>,
    /// Checks of the prompt that were spoken of.
    said: HashSet<&'static str>,
    /// What judges a case without rules.
    pub(super) answered: Option<Arc<Assertion>>,
}

impl Rules {
    fn read(&mut self, text: &str) -> Result<(Option<Arc<Assertion>>, &'static rule::Kind), RuleError> {
        if let Some(read) = self.read.get(text) {
            return Ok(read.clone());
        }
        let Rule { kind, assertion } = rule::parse(text)?;
        let read = (assertion.map(Arc::new), kind);
        self.read.insert(text.to_owned(), read.clone());
        Ok(read)
    }
}

impl Reader<'_, '_> {
    /// Reads a list of rules; those with problems are left out.
    pub(super) fn rules(&mut self, value: &Value, path: &Path, rules: &mut Rules) -> Vec<Arc<Assertion>> {
        let Some(items) = value.as_array() else {
            let help = "write a list, also for a single rule: `[exact_match]`".to_owned();
            self.problems.push(mistyped(path, "expected a list of rules", false, value).help(help));
            return Vec::new();
        };
        let items = items.iter().enumerate().map(|(index, item)| (item, path.index(index)));
        items.filter_map(|(item, path)| self.rule(item, &path, rules)).collect()
    }

    fn rule(&mut self, item: &Value, path: &Path, rules: &mut Rules) -> Option<Arc<Assertion>> {
        let Some(text) = item.as_str() else {
            let finding = mistyped(path, "expected a rule such as `contains:Hello`", false, item);
            let help = "put the rule in quotes: YAML reads a colon with a space behind it as a map".to_owned();
            self.problems.push(if item.is_object() { finding.help(help) } else { finding });
            return None;
        };
        let place = self.place(path, text);
        match rules.read(text) {
            Ok((assertion, kind)) => {
                if kind.about != About::Answer && rules.said.insert(kind.name) {
                    let what = if kind.about == About::Both { "checks the prompt too" } else { "checks the prompt, not the answer" };
                    let message = format!(
                        "`{}` {what}, which the lints do for every prompt as `lints:` says: that part changes nothing here",
                        kind.name
                    );
                    let help = "set limits and severities under `lints.rules` in the configuration";
                    self.problems.add(Diagnostic::warning(place.at(1, 1), path.to_string(), message).with_help(help));
                }
                assertion
            }
            Err(error) => {
                let diagnostic = Diagnostic::error(place.at(1, error.column), path.to_string(), error.message);
                self.problems.add(Diagnostic { help: error.help, ..diagnostic });
                None
            }
        }
    }
}
