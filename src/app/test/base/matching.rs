//! Which case of base is which of head's, and what differs.

use std::{collections::HashMap, sync::Arc};

use crate::{
    app::test::{SuitePlan, plan::CasePlan},
    domain::{regression::comparison::Change, suite::Case},
};

/// Finds each of head's cases among base's: by name, else by equal variables. What differs is said.
pub(super) fn match_cases<'b>(suite: &SuitePlan, base: &'b [Case], whole: bool, changes: &mut Vec<Change>) -> HashMap<usize, &'b Case> {
    let by_id: HashMap<_, &Case> = base.iter().map(|case| (&case.id, case)).collect();
    let cases: Vec<Arc<CasePlan>> = suite.cases.iter().collect();
    let on_head: std::collections::HashSet<_> = cases.iter().map(|case| &case.case.id).collect();
    let mut free: Vec<&Case> = base.iter().filter(|case| !on_head.contains(&case.id)).collect();
    let mut matched = HashMap::new();
    for case in &cases {
        let head = &case.case;
        if let Some(was) = by_id.get(&head.id) {
            if !is_alike(was, head) {
                changes.push(Change::CaseChanged(head.id.clone()));
            }
            matched.insert(case.index, *was);
        } else if let Some(place) = free.iter().position(|was| was.vars == head.vars) {
            let was = free.swap_remove(place);
            changes.push(Change::CaseRenamed { from: was.id.clone(), to: head.id.clone() });
            matched.insert(case.index, was);
        } else {
            changes.push(Change::CaseAdded(head.id.clone()));
        }
    }
    if whole {
        let gone = base.iter().filter(|case| free.iter().any(|free| free.id == case.id));
        changes.extend(gone.map(|case| Change::CaseRemoved(case.id.clone())));
    }
    matched
}

fn is_alike(base: &Case, head: &Case) -> bool {
    let labels =
        |case: &Case| case.assertions.iter().map(|assertion| (assertion.label.clone(), assertion.weight.to_bits())).collect::<Vec<_>>();
    base.vars == head.vars && base.expected == head.expected && base.threshold == head.threshold && labels(base) == labels(head)
}
