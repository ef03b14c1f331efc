//! `docs/reference/workflows.md` has every input, output and secret.

use std::fs;

use serde_json::Value;

use super::{REUSABLE, jobs, workflow};
use crate::docs::root;

/// The tables of a workflow, as `docs/reference/workflows.md` has them.
fn tables(name: &str) -> String {
    let workflow = workflow(name);
    let call = &workflow["on"]["workflow_call"];
    let mut lines = vec!["| input | type | default | what |".to_owned(), "|---|---|---|---|".to_owned()];
    for (key, input) in call["inputs"].as_object().unwrap() {
        let default = match (&input["default"], input["required"] == true) {
            (_, true) => "required".to_owned(),
            (Value::String(text), _) if text.is_empty() => String::new(),
            (Value::String(text), _) => format!("`{text}`"),
            (other, _) => format!("`{other}`"),
        };
        lines.push(format!("| `{key}` | {} | {default} | {} |", input["type"].as_str().unwrap(), input["description"].as_str().unwrap()));
    }
    lines.extend([String::new(), "| output | what |".to_owned(), "|---|---|".to_owned()]);
    for (key, output) in call["outputs"].as_object().unwrap() {
        lines.push(format!("| `{key}` | {} |", output["description"].as_str().unwrap()));
    }
    if let Some(secrets) = call["secrets"].as_object() {
        lines.extend([String::new(), "| secret | what |".to_owned(), "|---|---|".to_owned()]);
        lines.extend(secrets.iter().map(|(key, secret)| format!("| `{key}` | {} |", secret["description"].as_str().unwrap())));
    }
    lines.extend([String::new(), "| job | permissions | minutes |".to_owned(), "|---|---|---|".to_owned()]);
    for (job, value) in jobs(&workflow) {
        let scopes = value["permissions"].as_object().unwrap().iter();
        let scopes: Vec<String> = scopes.map(|(scope, level)| format!("`{scope}: {}`", level.as_str().unwrap())).collect();
        let minutes = match (&value["uses"], value["timeout-minutes"].as_u64()) {
            (Value::String(called), _) => {
                format!("those of `{}`", called.trim_start_matches("$/.github/workflows/").trim_end_matches(".yml"))
            }
            (_, Some(minutes)) => minutes.to_string(),
            (_, None) => "`timeout-minutes`".to_owned(),
        };
        lines.push(format!("| `{job}` | {} | {minutes} |", scopes.join(", ")));
    }
    lines.join("\n")
}

#[test]
fn the_reference_has_every_input() {
    let path = root().join("docs/reference/workflows.md");
    let mut text = fs::read_to_string(&path).unwrap();
    for name in REUSABLE {
        let start = format!("<!-- workflow: {name} -->\n");
        let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no {start}"));
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        text = format!("{before}{start}\n{}\n\n<!-- end -->{after}", tables(name));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "UPDATE_DOCS=1 cargo test --test suite workflows writes it anew");
}
