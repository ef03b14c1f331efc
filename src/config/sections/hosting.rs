//! What `env apply` sets up on GitHub: of `environments` and `github`.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use crate::{
    config::{
        path::Path,
        problems::{Finding, Problems},
        raw::{
            Named,
            hosting::{OnHost, Ruleset},
            rollout::Environment,
        },
    },
    domain::{
        duration,
        environment::{self as host, Branches, Enforcement, LONGEST_WAIT, MOST_REVIEWERS, Wanted, WantedEnvironment},
    },
};

/// Reads what is wanted. `labels`: whether those that we give are wanted.
pub(in crate::config) fn read(
    environments: Option<&Named<Environment>>,
    labels: Option<bool>,
    ruleset: Option<&Ruleset>,
    problems: &mut Problems<'_>,
) -> Wanted {
    let mut wanted = Wanted::default();
    for (name, environment) in environments.map(Named::entries).unwrap_or_default() {
        let path = Path::root().key("environments").key(name.as_str()).key("github");
        let nothing = OnHost::default();
        wanted.environments.extend(one(name, environment.github.as_ref().unwrap_or(&nothing), &path, problems));
    }
    if labels == Some(true) {
        wanted.labels = host::labels_of_ours();
    }
    wanted.ruleset = ruleset.and_then(self::ruleset);
    wanted
}

fn one(name: &str, written: &OnHost, path: &Path, problems: &mut Problems<'_>) -> Vec<WantedEnvironment> {
    let mut names = |key: &str, list: Option<&Vec<Option<String>>>| list.map(|list| reviewers(list, &path.key(key), problems));
    let (reviewers, emergency) =
        (names("reviewers", written.reviewers.as_ref()), names("emergency-reviewers", written.emergency_reviewers.as_ref()));
    let variables = written.variables.clone().unwrap_or_default();
    for variable in variables.keys().filter(|variable| !super::is_variable_name(variable) || variable.starts_with("GITHUB_")) {
        let help = "use letters, digits and _, and not GITHUB_ in front".to_owned();
        problems.push(
            Finding::error(path.key("variables").key(variable.as_str()), "GitHub takes no variable of this name").at_key().help(help),
        );
    }
    let regular = WantedEnvironment {
        name: name.to_owned(),
        wait_minutes: written.wait_timer.as_ref().and_then(|text| minutes(text, &path.key("wait-timer"), problems)),
        reviewers,
        prevent_self_review: written.prevent_self_review,
        branches: written.branches.as_ref().and_then(|written| branches(written, &path.key("branches"), problems)),
        // GitHub writes their names in capitals.
        variables: variables.into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect(),
    };
    // Nobody waits in an emergency; the rest is as it is otherwise.
    let urgent = emergency.map(|reviewers| WantedEnvironment {
        name: format!("{name}-emergency"),
        wait_minutes: Some(0),
        reviewers: Some(reviewers),
        prevent_self_review: Some(false),
        ..regular.clone()
    });
    std::iter::once(regular).chain(urgent).collect()
}

fn reviewers(list: &[Option<String>], path: &Path, problems: &mut Problems<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (index, name) in list.iter().enumerate() {
        let Some(name) = name else { continue };
        let fits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let lawful = name.split('/').count() <= 2 && name.split('/').all(fits);
        if lawful {
            names.insert(name.to_lowercase());
        } else {
            let help = "write an account like `octocat`, or a team like `octo-org/prompts`".to_owned();
            problems.push(Finding::error(path.index(index), "this names neither an account nor a team").help(help));
        }
    }
    if names.len() > MOST_REVIEWERS {
        let help = "name a team that has them all".to_owned();
        problems.push(Finding::error(path.clone(), format!("GitHub takes at most {MOST_REVIEWERS} reviewers")).help(help));
    }
    names
}

fn minutes(text: &str, path: &Path, problems: &mut Problems<'_>) -> Option<u32> {
    let wait = match duration::parse(text) {
        Ok(wait) => wait,
        Err(error) => {
            problems.push(Finding::error(path.clone(), error.to_string()));
            return None;
        }
    };
    let whole = u32::try_from(wait.as_secs() / 60).ok().filter(|minutes| Duration::from_mins(u64::from(*minutes)) == wait);
    let fits = whole.filter(|minutes| *minutes <= LONGEST_WAIT);
    if fits.is_none() {
        problems.push(Finding::error(path.clone(), "GitHub takes whole minutes, 30 days at most").help("for example `10m`".to_owned()));
    }
    fits
}

fn branches(written: &Value, path: &Path, problems: &mut Problems<'_>) -> Option<Branches> {
    let fits = |name: &str| !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control());
    match written {
        Value::String(word) if word == "all" => Some(Branches::All),
        Value::String(word) if word == "protected" => Some(Branches::Protected),
        Value::Array(list) => {
            let names: Option<BTreeSet<String>> =
                list.iter().map(|name| name.as_str().filter(|name| fits(name)).map(str::to_owned)).collect();
            if names.is_none() {
                problems.push(Finding::error(path.clone(), "a branch's name is a text without spaces"));
            }
            names.map(Branches::Named)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            let help = "write `all`, `protected`, or a list like `[main, release/*]`".to_owned();
            problems.push(Finding::error(path.clone(), "this says no branches").help(help));
            None
        }
    }
}

/// `None` where none is wanted; the schema has checked the words.
fn ruleset(written: &Ruleset) -> Option<host::Ruleset> {
    let enforcement = match written.enforcement.as_deref()? {
        "active" => Enforcement::Active,
        "evaluate" => Enforcement::Evaluate,
        _ => return None,
    };
    let full = |name: String| if name.starts_with('~') || name.starts_with("refs/") { name } else { format!("refs/heads/{name}") };
    Some(host::Ruleset {
        name: written.name.clone()?,
        enforcement,
        branches: names(written.branches.as_ref()).into_iter().map(full).collect(),
        excluded: names(written.excluded_branches.as_ref()).into_iter().map(full).collect(),
        checks: names(written.required_checks.as_ref()).into_iter().collect(),
        up_to_date: written.up_to_date?,
    })
}

fn names(list: Option<&Vec<Option<String>>>) -> Vec<String> {
    list.into_iter().flatten().flatten().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const REST: &str = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: s, prompt: p, provider: say, cases: c.jsonl}]\n\
                        targets: {t: {kind: flagd, path: flags.json}}\n";

    fn wanted(environments: &str, github: &str) -> Result<Wanted, Vec<String>> {
        match parse(&format!("{REST}environments: {environments}\ngithub: {github}\n"), "c.yml") {
            Ok((config, _)) => Ok(config.hosting),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn an_environment_becomes_one_on_the_host_and_one_for_emergencies() {
        let text = "{production: {targets: [t], github: {reviewers: [Ana, Octo/Prompts], wait-timer: 10m, branches: [main, release/*], \
                    variables: {days: \"9\"}, emergency-reviewers: [Ben]}}}";
        let wanted = wanted(text, "{labels: false, ruleset: {enforcement: active, branches: [main, ~ALL]}}").unwrap();
        let [regular, urgent] = wanted.environments.as_slice() else { panic!("{wanted:?}") };
        assert_eq!((regular.wait_minutes, regular.prevent_self_review), (Some(10), None));
        assert_eq!(regular.reviewers.as_ref().unwrap().iter().collect::<Vec<_>>(), ["ana", "octo/prompts"]);
        assert_eq!(regular.variables["DAYS"], "9");
        assert_eq!((urgent.name.as_str(), urgent.wait_minutes), ("production-emergency", Some(0)));
        assert_eq!(urgent.branches, regular.branches);
        assert!(wanted.labels.is_empty());
        assert_eq!(wanted.ruleset.unwrap().branches, ["refs/heads/main".to_owned(), "~ALL".to_owned()].into());
    }

    #[test]
    fn profiles_lie_under_what_is_written() {
        let text = "{development: {targets: [t], profile: development}, staging: {targets: [t], profile: staging, rollouts: {stages: [20, 100]}}, \
                    production: {targets: [t], profile: production, github: {variables: {PROMPT_CICD_RETENTION_DAYS: \"365\"}}}}";
        let (config, _) = parse(&format!("{REST}environments: {text}\n"), "c.yml").unwrap();
        let stages = |at: usize| -> Vec<u8> { config.environments[at].plan.stages.iter().map(|stage| stage.traffic.get()).collect() };
        assert_eq!((stages(0), stages(1), stages(2)), (vec![100], vec![20, 100], vec![10, 25, 50, 100]));
        assert_eq!(config.environments.iter().map(|environment| environment.approval).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(config.environments.iter().map(|environment| environment.max_concurrent).collect::<Vec<_>>(), [10, 3, 1]);
        let days: Vec<&str> =
            config.hosting.environments.iter().map(|wanted| wanted.variables["PROMPT_CICD_RETENTION_DAYS"].as_str()).collect();
        assert_eq!(days, ["7", "30", "365"]);
        assert_eq!(config.hosting.environments[2].prevent_self_review, Some(true));
        assert!(!config.hosting.labels.is_empty() && config.hosting.ruleset.is_none());
        // What the file says of all environments is said for each of them.
        let all = format!("{REST}rollouts: {{stages: [30, 100]}}\nenvironments: {{production: {{targets: [t], profile: production}}}}\n");
        assert_eq!(parse(&all, "c.yml").unwrap().0.environments[0].plan.stages.len(), 2);
    }

    #[test]
    fn what_github_would_refuse_is_said_now() {
        for (github, expected) in [
            ("{wait-timer: 90s}", "whole minutes"),
            ("{wait-timer: 721h}", "30 days at most"),
            ("{reviewers: [a b]}", "neither an account nor a team"),
            ("{reviewers: [a/b/c]}", "neither an account nor a team"),
            ("{branches: some}", "this says no branches"),
            ("{variables: {GITHUB_X: \"1\"}}", "no variable of this name"),
            ("{reviewrs: [a]}", "did you mean `reviewers`?"),
        ] {
            let problems = wanted(&format!("{{production: {{targets: [t], github: {github}}}}}"), "{}").unwrap_err();
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{github}: {problems:?}");
        }
        let problems = wanted("{production: {targets: [t], profile: prodction}}", "{ruleset: {enforcement: on}}").unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains("did you mean `production`?")), "{problems:?}");
    }
}
