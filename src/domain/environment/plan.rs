//! From what is wanted and what is found to what is to be done.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    Alias, Enforcement, Environment, Found, FoundRuleset, Label, Ruleset, Wanted, list,
    made::{Item, Kind, Made},
};

/// What is done with a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It goes away.
    Delete,
}

/// A thing with all that is needed to make, change or delete it.
#[derive(Debug, Clone, PartialEq)]
pub enum Thing {
    /// An environment as it is to be, and as it was found.
    Environment {
        /// To be.
        to_be: Environment,
        /// Found.
        found: Option<Environment>,
    },
    /// A label.
    Label(Label),
    /// A ruleset as it is to be, and as it was found.
    Ruleset {
        /// To be.
        to_be: Ruleset,
        /// Found.
        found: Option<FoundRuleset>,
    },
    /// An alias.
    Alias(Alias),
}

impl Thing {
    /// What it is and its name.
    pub fn item(&self) -> Item {
        Item::new(self.kind(), self.name())
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Environment { .. } => Kind::Environment,
            Self::Label(_) => Kind::Label,
            Self::Ruleset { .. } => Kind::Ruleset,
            Self::Alias(_) => Kind::Alias,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Environment { to_be, .. } => &to_be.name,
            Self::Label(label) => &label.name,
            Self::Ruleset { to_be, .. } => &to_be.name,
            Self::Alias(alias) => &alias.name,
        }
    }
}

/// What is different about one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The key, as the configuration has it.
    pub key: String,
    /// What was found.
    pub before: Option<String>,
    /// What it becomes.
    pub after: Option<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// With what.
    pub thing: Thing,
    /// How it differs.
    pub differences: Vec<Difference>,
    /// Whether we made it.
    pub ours: bool,
}

/// What must be done so that everything is as wanted. Labels that are there keep their looks: somebody chose them. Aliases that are there
/// keep their versions: rollouts move them.
pub fn changes(wanted: &Wanted, found: &Found, made: &Made) -> Vec<Change> {
    let mut changes = Vec::new();
    for environment in &wanted.environments {
        let before = found.environments.iter().find(|found| same(&found.name, &environment.name));
        let to_be = environment.over(before);
        let differences = of_environment(before, &to_be);
        if before.is_none() || !differences.is_empty() {
            changes.push(change(Thing::Environment { to_be, found: before.cloned() }, before.is_some(), differences, made));
        }
    }
    for label in &wanted.labels {
        if !found.labels.iter().any(|found| same(&found.name, &label.name)) {
            let differences = vec![Difference { key: "color".to_owned(), before: None, after: Some(label.color.clone()) }];
            changes.push(change(Thing::Label(label.clone()), false, differences, made));
        }
    }
    if let Some(ruleset) = &wanted.ruleset {
        let before = found.rulesets.iter().find(|found| same(&found.ruleset.name, &ruleset.name));
        let differences = of_ruleset(before.map(|before| &before.ruleset), ruleset);
        if before.is_none() || !differences.is_empty() {
            let thing = Thing::Ruleset { to_be: ruleset.clone(), found: before.cloned() };
            changes.push(change(thing, before.is_some(), differences, made));
        }
    }
    for alias in &wanted.aliases {
        if !found.aliases.iter().any(|found| same(&found.name, &alias.name)) {
            let differences = vec![Difference { key: "version".to_owned(), before: None, after: Some(alias.version.clone()) }];
            changes.push(change(Thing::Alias(alias.clone()), false, differences, made));
        }
    }
    changes
}

/// What may be ours and may be somebody else's: a run was cut off while it made it, and it is there. Of these environments alone where
/// some are named.
pub fn undecided(found: &Found, made: &Made, environments: &[String]) -> Vec<Item> {
    made.pending.iter().filter(|item| found.numbers.contains_key(item) && concerns(item, environments)).cloned().collect()
}

/// Whether something belongs to one of these environments; where none is named, everything does.
pub fn concerns(item: &Item, environments: &[String]) -> bool {
    let named = |name: &str| environments.iter().any(|wanted| same(wanted, name));
    environments.is_empty()
        || match item.kind {
            Kind::Environment => named(&item.name),
            Kind::Alias => named(Alias::environment_of(&item.name)),
            Kind::Label | Kind::Ruleset => false,
        }
}

/// What `destroy` takes away: all that we made and that is still there, of these environments alone where some are named.
pub fn demolition(found: &Found, made: &Made, environments: &[String]) -> Vec<Change> {
    let ours = |kind: Kind, name: &str| made.has(&Item::new(kind, name));
    let named = |name: &str| environments.is_empty() || environments.iter().any(|wanted| same(wanted, name));
    let of_environments = found.environments.iter().filter(|found| named(&found.name));
    let mut things: Vec<Thing> =
        of_environments.map(|found| Thing::Environment { to_be: found.clone(), found: Some(found.clone()) }).collect();
    things.extend(found.aliases.iter().filter(|alias| named(alias.environment())).cloned().map(Thing::Alias));
    if environments.is_empty() {
        things.extend(found.labels.iter().cloned().map(Thing::Label));
        things.extend(found.rulesets.iter().map(|found| Thing::Ruleset { to_be: found.ruleset.clone(), found: Some(found.clone()) }));
    }
    things.retain(|thing| ours(thing.kind(), thing.name()));
    things.into_iter().map(|thing| Change { action: Action::Delete, thing, differences: Vec::new(), ours: true }).collect()
}

/// What we made once, is still there, and is not wanted any more.
pub fn left_over(wanted: &Wanted, found: &Found, made: &Made) -> Vec<Item> {
    let mut wanted_items: BTreeSet<Item> =
        wanted.environments.iter().map(|environment| Item::new(Kind::Environment, &environment.name)).collect();
    wanted_items.extend(wanted.labels.iter().map(|label| Item::new(Kind::Label, &label.name)));
    wanted_items.extend(wanted.ruleset.iter().map(|ruleset| Item::new(Kind::Ruleset, &ruleset.name)));
    wanted_items.extend(wanted.aliases.iter().map(|alias| Item::new(Kind::Alias, &alias.name)));
    let there = demolition(found, made, &[]).into_iter().map(|change| change.thing.item());
    there.filter(|item| !wanted_items.contains(item)).collect()
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn change(thing: Thing, there: bool, differences: Vec<Difference>, made: &Made) -> Change {
    let ours = !there || made.has(&thing.item());
    Change { action: if there { Action::Update } else { Action::Create }, thing, differences, ours }
}

/// The keys whose values differ; of something new those that say something.
fn of_environment(before: Option<&Environment>, to_be: &Environment) -> Vec<Difference> {
    let nothing = Environment::default();
    let from = before.unwrap_or(&nothing);
    let minutes = |environment: &Environment| format!("{} min", environment.wait_minutes);
    let mut differences = Vec::new();
    let mut add = |key: &str, differs: bool, was: String, is: String| {
        if differs {
            differences.push(Difference { key: key.to_owned(), before: before.is_some().then_some(was), after: Some(is) });
        }
    };
    add("reviewers", from.reviewers != to_be.reviewers, list(&from.reviewers), list(&to_be.reviewers));
    add("wait-timer", from.wait_minutes != to_be.wait_minutes, minutes(from), minutes(to_be));
    let (was, is) = (from.prevent_self_review, to_be.prevent_self_review);
    add("prevent-self-review", was != is, was.to_string(), is.to_string());
    add("branches", from.branches != to_be.branches, from.branches.shown(), to_be.branches.shown());
    for (name, value) in &to_be.variables {
        let was = from.variables.get(name);
        if was != Some(value) {
            differences.push(Difference { key: format!("variables.{name}"), before: was.cloned(), after: Some(value.clone()) });
        }
    }
    differences
}

fn of_ruleset(before: Option<&Ruleset>, to_be: &Ruleset) -> Vec<Difference> {
    let values = |ruleset: &Ruleset| {
        [
            ("enforcement", enforcement(ruleset.enforcement)),
            ("branches", list(&ruleset.branches)),
            ("excluded-branches", list(&ruleset.excluded)),
            ("required-checks", list(&ruleset.checks)),
            ("up-to-date", ruleset.up_to_date.to_string()),
        ]
    };
    let was = before.map(values);
    values(to_be)
        .into_iter()
        .enumerate()
        .filter_map(|(index, (key, after))| {
            let before = was.as_ref().and_then(|was| was.get(index)).map(|(_, value)| value.clone());
            // Of something new, that nothing is left out says nothing.
            if before.is_none() && key == "excluded-branches" && to_be.excluded.is_empty() {
                return None;
            }
            (before.as_ref() != Some(&after)).then(|| Difference { key: key.to_owned(), before, after: Some(after) })
        })
        .collect()
}

fn enforcement(enforcement: Enforcement) -> String {
    enforcement.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::{Branches, WantedEnvironment, labels_of_ours};

    fn wanted() -> Wanted {
        let production = WantedEnvironment {
            name: "production".to_owned(),
            reviewers: Some(["ana".to_owned()].into()),
            wait_minutes: Some(5),
            variables: [("DAYS".to_owned(), "90".to_owned())].into(),
            ..WantedEnvironment::default()
        };
        let ruleset = Ruleset {
            name: "prompt-cicd".to_owned(),
            enforcement: Enforcement::Active,
            branches: ["~DEFAULT_BRANCH".to_owned()].into(),
            excluded: BTreeSet::new(),
            checks: ["prompts / test".to_owned()].into(),
            up_to_date: false,
        };
        Wanted { environments: vec![production], labels: labels_of_ours(), ruleset: Some(ruleset), aliases: Vec::new() }
    }

    /// What there is once the changes are made.
    fn after(wanted: &Wanted, found: &Found, made: &Made) -> (Found, Made) {
        let (mut then, mut made) = (found.clone(), made.clone());
        for change in changes(wanted, found, &Made::default()) {
            let number = u64::try_from(then.numbers.len()).unwrap();
            if change.action == Action::Create {
                made.did(&change.thing.item(), number);
            }
            then.numbers.entry(change.thing.item()).or_insert(number);
            match change.thing {
                Thing::Environment { to_be, .. } => {
                    then.environments.retain(|found| !same(&found.name, &to_be.name));
                    then.environments.push(to_be);
                }
                Thing::Label(label) => then.labels.push(label),
                Thing::Alias(alias) => then.aliases.push(alias),
                Thing::Ruleset { to_be, found } => {
                    then.rulesets.retain(|other| other.ruleset.name != to_be.name);
                    then.rulesets.push(FoundRuleset { id: 1, ruleset: to_be, whole: found.map(|found| found.whole).unwrap_or_default() });
                }
            }
        }
        (then, made)
    }

    #[test]
    fn what_was_done_is_not_done_again() {
        let (then, made) = after(&wanted(), &Found::default(), &Made::default());
        assert_eq!(changes(&wanted(), &then, &made), []);
        assert_eq!(left_over(&wanted(), &then, &made), []);
        assert_eq!(demolition(&then, &made, &[]).len(), 2 + labels_of_ours().len());
        assert_eq!(demolition(&then, &made, &["production".to_owned()]).len(), 1);
    }

    #[test]
    fn what_nobody_speaks_of_stays_and_what_is_not_ours_is_never_deleted() {
        let theirs = Environment {
            name: "Production".to_owned(),
            reviewers: ["ben".to_owned()].into(),
            prevent_self_review: true,
            branches: Branches::Protected,
            ..Environment::default()
        };
        let red = Label::new("Rollback", "ff0000", "theirs");
        let found = Found { environments: vec![theirs.clone()], labels: vec![red], ..Found::default() };
        let all = changes(&wanted(), &found, &Made::default());
        let Change { action: Action::Update, thing: Thing::Environment { to_be, .. }, differences, ours: false } = &all[0] else {
            panic!("{all:?}")
        };
        assert_eq!((to_be.prevent_self_review, &to_be.branches), (true, &Branches::Protected));
        let keys: Vec<&str> = differences.iter().map(|difference| difference.key.as_str()).collect();
        assert_eq!(keys, ["reviewers", "wait-timer", "variables.DAYS"]);
        assert!(all.iter().all(|change| change.thing.name() != "rollback"));
        let (then, made) = after(&wanted(), &found, &Made::default());
        let gone: Vec<String> = demolition(&then, &made, &[]).iter().map(|change| change.thing.name().to_lowercase()).collect();
        assert!(!gone.contains(&"production".to_owned()) && !gone.contains(&"rollback".to_owned()), "{gone:?}");
    }

    #[test]
    fn what_may_be_somebody_elses_is_told_and_never_deleted() {
        let (then, _) = after(&wanted(), &Found::default(), &Made::default());
        let item = Item::new(Kind::Environment, "production");
        let made = Made::default().about_to([item.clone(), Item::new(Kind::Environment, "nowhere")]);
        assert_eq!(demolition(&then, &made, &[]), []);
        assert_eq!(undecided(&then, &made, &[]), std::slice::from_ref(&item));
        assert_eq!(undecided(&then, &made, &["Production".to_owned()]), [item]);
        assert_eq!(undecided(&then, &made, &["staging".to_owned()]), []);
        assert_eq!(left_over(&Wanted::default(), &then, &made), []);
    }

    #[test]
    fn an_alias_is_made_where_there_is_none_and_left_to_rollouts_where_there_is_one() {
        let alias = |version: &str| Alias { name: "Registry/production/greeting".to_owned(), version: version.to_owned() };
        let wanted = Wanted { aliases: vec![alias("2.0.0")], ..Wanted::default() };
        let planned = changes(&wanted, &Found::default(), &Made::default());
        let [Change { action: Action::Create, thing, differences, ours: true }] = planned.as_slice() else { panic!("{planned:?}") };
        assert_eq!((thing.name(), differences[0].after.as_deref()), ("Registry/production/greeting", Some("2.0.0")));
        let item = thing.item();
        let found = Found { aliases: vec![alias("1.0.0")], numbers: [(item.clone(), Alias::OURS)].into(), ..Found::default() };
        assert_eq!(changes(&wanted, &found, &Made::default()), []);
        let mut made = Made::default();
        assert_eq!(demolition(&found, &made, &[]), [], "what a rollout or a person put there stays");
        made.did(&item, Alias::OURS);
        let of = |environment: &str| demolition(&found, &made, &[environment.to_owned()]).len();
        assert_eq!((demolition(&found, &made, &[]).len(), of("production"), of("staging")), (1, 1, 0));
        // The same name without our operation is somebody else's.
        assert!(made.clone().going_by(&[(item, Alias::THEIRS)].into(), &BTreeSet::new()).made.is_empty());
        assert_eq!(left_over(&Wanted::default(), &found, &made).len(), 1);
    }

    #[test]
    fn branches_that_were_left_out_by_hand_are_a_difference() {
        let (mut then, made) = after(&wanted(), &Found::default(), &Made::default());
        then.rulesets[0].ruleset.excluded = ["~DEFAULT_BRANCH".to_owned()].into();
        let changes = changes(&wanted(), &then, &made);
        let [Change { action: Action::Update, differences, .. }] = changes.as_slice() else { panic!("{changes:?}") };
        let [Difference { key, before, after }] = differences.as_slice() else { panic!("{differences:?}") };
        assert_eq!((key.as_str(), before.as_deref(), after.as_deref()), ("excluded-branches", Some("~DEFAULT_BRANCH"), Some("none")));
    }

    #[test]
    fn what_is_not_wanted_any_more_is_told_and_left() {
        let (then, made) = after(&wanted(), &Found::default(), &Made::default());
        let fewer = Wanted { environments: Vec::new(), ..wanted() };
        assert_eq!(changes(&fewer, &then, &made), []);
        assert_eq!(left_over(&fewer, &then, &made), [Item::new(Kind::Environment, "production")]);
    }
}
