//! Which case of base is which of head's, and what differs.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    app::test::{SuitePlan, plan::CasePlan},
    domain::{digest, regression::comparison::Change, suite::Case},
};

/// Finds each of head's cases among base's: by name, else by equal variables. What differs is said.
pub(super) fn match_cases<'b>(suite: &SuitePlan, base: &'b [Case], whole: bool, changes: &mut Vec<Change>) -> HashMap<usize, &'b Case> {
    let cases: Vec<Arc<CasePlan>> = suite.cases.iter().collect();
    let head: Vec<(usize, &Case)> = cases.iter().map(|case| (case.index, &case.case)).collect();
    matched(&head, base, whole, changes)
}

fn matched<'b>(head: &[(usize, &Case)], base: &'b [Case], whole: bool, changes: &mut Vec<Change>) -> HashMap<usize, &'b Case> {
    let by_id: HashMap<_, &Case> = base.iter().map(|case| (&case.id, case)).collect();
    let on_head: HashSet<_> = head.iter().map(|(_, case)| &case.id).collect();
    // What is there under another name is found by its variables; of several alike the first.
    let mut free: HashMap<String, VecDeque<&Case>> = HashMap::new();
    for case in base.iter().filter(|case| !on_head.contains(&case.id)) {
        free.entry(variables(case)).or_default().push_back(case);
    }
    let mut matched = HashMap::new();
    for (index, head) in head {
        if let Some(was) = by_id.get(&head.id) {
            if !is_alike(was, head) {
                changes.push(Change::CaseChanged(head.id.clone()));
            }
            matched.insert(*index, *was);
        } else if let Some(was) = free.get_mut(&variables(head)).and_then(VecDeque::pop_front) {
            changes.push(Change::CaseRenamed { from: was.id.clone(), to: head.id.clone() });
            matched.insert(*index, was);
        } else {
            changes.push(Change::CaseAdded(head.id.clone()));
        }
    }
    if whole {
        let left: HashSet<_> = free.values().flatten().map(|case| &case.id).collect();
        let gone = base.iter().filter(|case| left.contains(&case.id));
        changes.extend(gone.map(|case| Change::CaseRemoved(case.id.clone())));
    }
    matched
}

/// The variables of a case in one text, in the order of their names.
fn variables(case: &Case) -> String {
    digest::of_json(&Value::Object(case.vars.clone()))
}

fn is_alike(base: &Case, head: &Case) -> bool {
    let labels =
        |case: &Case| case.assertions.iter().map(|assertion| (assertion.label.clone(), assertion.weight.to_bits())).collect::<Vec<_>>();
    base.vars == head.vars && base.expected == head.expected && base.threshold == head.threshold && labels(base) == labels(head)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{diagnostic::Place, suite::CaseId};

    fn case(id: &str, n: usize) -> Case {
        Case {
            id: CaseId(id.to_owned()),
            description: None,
            vars: json!({"n": n}).as_object().cloned().unwrap(),
            expected: None,
            assertions: Vec::new(),
            assertion_lines: Vec::new(),
            threshold: None,
            tags: Vec::new(),
            place: Place::file("cases.jsonl"),
        }
    }

    #[test]
    fn a_renamed_case_is_found_by_its_variables() {
        let base = [case("a", 1), case("b", 2), case("c", 2), case("d", 4)];
        let head = [case("a", 1), case("x", 2), case("y", 5)];
        let head: Vec<_> = head.iter().enumerate().collect();
        let mut changes = Vec::new();
        let found = matched(&head, &base, true, &mut changes);
        assert_eq!(found.get(&1).map(|case| case.id.0.as_str()), Some("b"));
        let id = |id: &str| CaseId(id.to_owned());
        let renamed = Change::CaseRenamed { from: id("b"), to: id("x") };
        let expected = [renamed, Change::CaseAdded(id("y")), Change::CaseRemoved(id("c")), Change::CaseRemoved(id("d"))];
        assert_eq!(changes, expected);
    }

    /// Holding each of head against each of base would be 10,000 million comparisons.
    #[test]
    fn a_hundred_thousand_other_names_are_matched() {
        let all = |name: &str, from: usize| (0..100_000).map(|n| case(&format!("{name}{n}"), from + n)).collect::<Vec<_>>();
        let (base, head) = (all("old", 0), all("new", 99_999));
        let head: Vec<_> = head.iter().enumerate().collect();
        let mut changes = Vec::new();
        assert_eq!(matched(&head, &base, true, &mut changes).len(), 1);
        assert_eq!(changes.len(), 1 + 99_999 + 99_999);
    }
}
