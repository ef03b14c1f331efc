//! A configuration with an example suite for each prompt that was found.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::find::Found;
use crate::{
    app::Failure,
    domain::prompt::{Prompt, Variables},
};

const HEAD: &str = "# Written by `prompt-cicd init` for the prompts that are here. The cases are examples: change them to what you expect.\nversion: 1\n\nproviders:\n";

const OPENAI: &str = "  openai:\n    kind: openai                          # any server that speaks OpenAI's chat completions\n    base-url: https://api.openai.com/v1\n    model: gpt-4o-mini\n    api-key-env: OPENAI_API_KEY           # the name of the variable, never the key itself\n";

const GITHUB_MODELS: &str = "  github-models:                          # GITHUB_TOKEN; a job needs `permissions: models: read`\n    kind: github-models\n    model: openai/gpt-4o-mini\n";

const ECHO: &str = "  echo: {kind: echo}                      # says the prompt back: prompt-cicd test --provider echo needs no key\n\nsuite-defaults:\n  provider: ";

/// A suite, or why there is none.
#[derive(Debug)]
pub(super) struct Suite {
    /// The prompt's file.
    pub(super) file: String,
    /// As the configuration has it.
    value: Value,
}

/// Whose models the prompts were written for: `publisher/model` is how GitHub Models calls them.
pub(super) fn provider(prompts: &[Found]) -> &'static str {
    let of_github = |found: &Found| found.prompt.model.as_ref().is_some_and(|model| model.contains('/'));
    if prompts.iter().any(of_github) { "github-models" } else { "openai" }
}

/// A suite for each prompt; those whose variables nobody can guess come back with the reason.
pub(super) fn suites(prompts: &[Found]) -> (Vec<Suite>, Vec<(String, String)>) {
    let (mut names, mut suites, mut left_out) = (BTreeSet::new(), Vec::new(), Vec::new());
    for found in prompts {
        let file = found.file.to_string_lossy().replace('\\', "/");
        let mut name = found.prompt.name.clone();
        if !names.insert(name.clone()) {
            name = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem).replace('/', "-");
            names.insert(name.clone());
        }
        let mut suite = Map::from_iter([("name".to_owned(), json!(name)), ("prompt".to_owned(), json!(file))]);
        if !found.has_cases {
            let Some(vars) = example(&found.prompt) else {
                left_out.push((file, "no example of its variables renders it: write a suite with cases for it".to_owned()));
                continue;
            };
            let mut case = Map::from_iter([("id".to_owned(), json!("example"))]);
            if !vars.is_empty() {
                case.insert("vars".to_owned(), Value::Object(vars));
            }
            suite.insert("cases".to_owned(), json!([case]));
            suite.insert("defaults".to_owned(), json!({"assert": [{"min-words": 1}, "not-is-refusal"]}));
        }
        suites.push(Suite { file, value: Value::Object(suite) });
    }
    (suites, left_out)
}

/// The configuration's text.
pub(super) fn text(suites: &[Suite], provider: &str) -> Result<String, Failure> {
    let list: Vec<&Value> = suites.iter().map(|suite| &suite.value).collect();
    let suites = serde_yaml::to_string(&json!({"suites": list})).map_err(|error| Failure::Internal(error.into()))?;
    let described = if provider == "openai" { OPENAI } else { GITHUB_MODELS };
    Ok(format!("{HEAD}{described}{ECHO}{provider}\n\n{suites}"))
}

/// Values that render every message: texts, else numbers, else lists.
fn example(prompt: &Prompt) -> Option<Map<String, Value>> {
    let names: BTreeSet<String> = prompt.messages.iter().flat_map(|message| message.content.variables()).collect();
    let names: Vec<String> = names.into_iter().filter(|name| !prompt.defaults.contains_key(name)).collect();
    let kinds: [fn(&str) -> Value; 4] =
        [|name| json!(format!("example {name}")), |_| json!(1), |name| json!([format!("example {name}")]), |name| json!({"name": name})];
    kinds.into_iter().find_map(|value| {
        let vars: Map<String, Value> = names.iter().map(|name| (name.clone(), value(name))).collect();
        let mut all = prompt.defaults.clone();
        all.extend(vars.clone());
        prompt.render(&Variables::new(all)).is_ok().then_some(vars)
    })
}
