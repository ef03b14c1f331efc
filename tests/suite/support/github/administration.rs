//! Environments, labels and rulesets, as administrators see them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    Request,
    routes::{Reply, created, invalid, not_found, ok},
};

/// An environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// Made by hand: 0.
    pub(crate) id: u64,
    /// As `PUT` sent it.
    pub(crate) rules: Value,
    pub(crate) branches: Vec<(u64, String)>,
    pub(crate) variables: BTreeMap<String, String>,
}

/// What is set up in the repository.
#[derive(Debug, Default)]
pub(crate) struct Administration {
    /// By their names.
    pub(crate) environments: BTreeMap<String, Environment>,
    pub(crate) labels: Vec<Value>,
    /// As they were sent, with `id`.
    pub(crate) rulesets: Vec<Value>,
    last_id: u64,
}

/// Accounts and teams, and their numbers.
const ACCOUNTS: [(&str, u64); 2] = [("ana", 11), ("ben", 12)];
const TEAMS: [(&str, u64); 1] = [("octo/prompts", 21)];

/// `GET /users/{login}` and `GET /orgs/{org}/teams/{slug}`.
pub(super) fn people(parts: &[&str]) -> Reply {
    let number = match parts {
        ["users", login] => ACCOUNTS.iter().find(|(name, _)| name == login).map(|(_, id)| *id),
        ["orgs", org, "teams", slug] => TEAMS.iter().find(|(name, _)| *name == format!("{org}/{slug}")).map(|(_, id)| *id),
        _ => return Reply::Unknown,
    };
    number.map_or_else(not_found, |id| ok(json!({"id": id})))
}

impl Administration {
    pub(super) fn answer(&mut self, request: &Request, below: &[&str]) -> Reply {
        match below[0] {
            "environments" if below.len() == 2 => self.environment(request, below[1]),
            "environments" => self.of_environment(request, below),
            "labels" => self.label(request, below),
            _ => self.ruleset(request, below),
        }
    }

    fn key(&self, name: &str) -> Option<String> {
        self.environments.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
    }

    fn environment(&mut self, request: &Request, name: &str) -> Reply {
        let key = self.key(name);
        match request.method.as_str() {
            "GET" => key.map_or_else(not_found, |key| ok(shown(&key, &self.environments[&key]))),
            "PUT" => {
                self.last_id += 1;
                let new = Environment { id: self.last_id, ..Environment::default() };
                let environment = self.environments.entry(key.unwrap_or_else(|| name.to_owned())).or_insert(new);
                environment.rules = request.body.clone();
                if request.body["deployment_branch_policy"]["custom_branch_policies"] != true {
                    environment.branches.clear();
                }
                ok(shown(name, &environment.clone()))
            }
            "DELETE" => key.map_or_else(not_found, |key| {
                self.environments.remove(&key);
                Reply::Nothing
            }),
            _ => Reply::Unknown,
        }
    }

    fn of_environment(&mut self, request: &Request, below: &[&str]) -> Reply {
        let Some(key) = self.key(below[1]) else { return not_found() };
        self.last_id += 1;
        let (id, environment) = (self.last_id, self.environments.get_mut(&key).unwrap());
        let text = |field: &str| request.body[field].as_str().unwrap().to_owned();
        match (request.method.as_str(), &below[2..]) {
            ("GET", ["deployment-branch-policies"]) => {
                let all: Vec<Value> = environment.branches.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
                ok(json!({"total_count": all.len(), "branch_policies": all}))
            }
            ("POST", ["deployment-branch-policies"]) => {
                environment.branches.push((id, text("name")));
                ok(json!({"id": id, "name": text("name")}))
            }
            ("DELETE", ["deployment-branch-policies", id]) => {
                environment.branches.retain(|(known, _)| known.to_string() != *id);
                Reply::Nothing
            }
            ("GET", ["variables", name]) => {
                environment.variables.get(*name).map_or_else(not_found, |value| ok(json!({"name": name, "value": value})))
            }
            ("POST", ["variables"]) => {
                environment.variables.insert(text("name"), text("value"));
                created(json!({}))
            }
            ("PATCH", ["variables", name]) => {
                environment.variables.insert((*name).to_owned(), text("value"));
                Reply::Nothing
            }
            _ => Reply::Unknown,
        }
    }

    fn label(&mut self, request: &Request, below: &[&str]) -> Reply {
        let is = |label: &Value, name: &str| label["name"].as_str().unwrap().eq_ignore_ascii_case(name);
        match (request.method.as_str(), below) {
            ("GET", ["labels"]) => {
                let (page, size) = request.page();
                let numbered = |label: &Value| {
                    let mut label = label.clone();
                    label["id"] = label["id"].as_u64().unwrap_or(0).into();
                    label
                };
                let shown = self.labels.iter().skip((page - 1) * size).take(size).map(numbered).collect();
                Reply::Page(shown, self.labels.len())
            }
            ("POST", ["labels"]) => {
                if self.labels.iter().any(|label| is(label, request.body["name"].as_str().unwrap())) {
                    let errors = json!([{"resource": "Label", "field": "name", "code": "already_exists"}]);
                    return Reply::Json(StatusCode::UNPROCESSABLE_ENTITY, json!({"message": "Validation Failed", "errors": errors}));
                }
                self.last_id += 1;
                let mut made = request.body.clone();
                made["id"] = self.last_id.into();
                self.labels.push(made.clone());
                created(made)
            }
            ("DELETE", ["labels", name @ ..]) => {
                let before = self.labels.len();
                self.labels.retain(|label| !is(label, &name.join("/")));
                if self.labels.len() < before { Reply::Nothing } else { not_found() }
            }
            _ => Reply::Unknown,
        }
    }

    fn ruleset(&mut self, request: &Request, below: &[&str]) -> Reply {
        let at = |id: &str| self.rulesets.iter().position(|ruleset| ruleset["id"].as_u64().is_some_and(|number| number.to_string() == id));
        match (request.method.as_str(), below) {
            ("GET", ["rulesets"]) => {
                let short = |ruleset: &Value| json!({"id": ruleset["id"], "name": ruleset["name"], "enforcement": ruleset["enforcement"], "target": ruleset["target"]});
                Reply::Page(self.rulesets.iter().map(short).collect(), self.rulesets.len())
            }
            ("GET", ["rulesets", id]) => at(id).map_or_else(not_found, |at| ok(self.rulesets[at].clone())),
            ("POST", ["rulesets"]) => {
                if self.rulesets.iter().any(|ruleset| ruleset["name"] == request.body["name"]) {
                    return invalid("name", "Name must be unique");
                }
                self.last_id += 1;
                let mut made = request.body.clone();
                made["id"] = self.last_id.into();
                self.rulesets.push(made.clone());
                created(made)
            }
            ("PUT", ["rulesets", id]) => at(id).map_or_else(not_found, |at| {
                let mut changed = request.body.clone();
                changed["id"] = self.rulesets[at]["id"].clone();
                self.rulesets[at] = changed.clone();
                ok(changed)
            }),
            ("DELETE", ["rulesets", id]) => at(id).map_or_else(not_found, |at| {
                self.rulesets.remove(at);
                Reply::Nothing
            }),
            _ => Reply::Unknown,
        }
    }
}

/// As GitHub tells of it: a rule for each thing that is set.
fn shown(name: &str, environment: &Environment) -> Value {
    let rules = &environment.rules;
    let mut list = Vec::new();
    if rules["wait_timer"].as_u64().unwrap_or_default() > 0 {
        list.push(json!({"id": 1, "type": "wait_timer", "wait_timer": rules["wait_timer"]}));
    }
    let reviewers = rules["reviewers"].as_array().cloned().unwrap_or_default();
    if !reviewers.is_empty() || rules["prevent_self_review"] == true {
        let of = |reviewer: &Value| {
            let id = reviewer["id"].as_u64().unwrap();
            let login = ACCOUNTS.iter().find(|(_, known)| *known == id).map(|(name, _)| *name);
            let team = TEAMS.iter().find(|(_, known)| *known == id).map(|(name, _)| name.rsplit('/').next());
            json!({"type": reviewer["type"], "reviewer": {"id": id, "login": login, "slug": team}})
        };
        let shown: Vec<Value> = reviewers.iter().map(of).collect();
        list.push(
            json!({"id": 2, "type": "required_reviewers", "prevent_self_review": rules["prevent_self_review"] == true, "reviewers": shown}),
        );
    }
    json!({"id": environment.id, "name": name, "protection_rules": list, "deployment_branch_policy": rules["deployment_branch_policy"]})
}
