//! What of a prompt's change breaks those who use it: its variables are what callers send, its output contract is what
//! they read.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::prompt::Prompt;

/// The parameters that decide what form an answer has.
const CONTRACT: [&str; 3] = ["response_format", "tools", "tool_choice"];

/// What breaks when `base` becomes `head`; `None` as head: the prompt is gone. Each begins with the prompt's file.
pub fn breaks(file: &str, base: &Prompt, head: Option<&Prompt>) -> Vec<String> {
    let Some(head) = head else { return vec![format!("{file} is gone")] };
    let (was, is) = (variables(base), variables(head));
    let gone = was.difference(&is).map(|name| format!("{file} no longer uses variable `{name}`"));
    let new = is
        .difference(&was)
        .filter(|name| !head.defaults.contains_key(*name))
        .map(|name| format!("{file} wants a new variable `{name}`, which has no default"));
    let without = is
        .intersection(&was)
        .filter(|name| base.defaults.contains_key(*name) && !head.defaults.contains_key(*name))
        .map(|name| format!("{file}: variable `{name}` has no default any more"));
    let contract = |prompt: &Prompt, key: &str| prompt.parameters.get(key).cloned().unwrap_or(Value::Null);
    let changed = CONTRACT
        .into_iter()
        .filter(|key| contract(base, key) != contract(head, key))
        .map(|key| format!("{file} has another output contract (`{key}`)"));
    gone.chain(new).chain(without).chain(changed).collect()
}

fn variables(prompt: &Prompt) -> BTreeSet<String> {
    prompt.messages.iter().flat_map(|message| message.content.variables()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::domain::{
        diagnostic::Place,
        prompt::{Layout, MessageTemplate, Role, Template, TextPlace},
    };

    fn prompt(text: &str, defaults: &Value, parameters: &Value) -> Prompt {
        let map = |value: &Value| value.as_object().cloned().unwrap_or_else(Map::new);
        let content = Template::parse(text).unwrap();
        Prompt {
            name: "greeting".to_owned(),
            description: None,
            version: None,
            model: None,
            parameters: map(parameters),
            messages: vec![MessageTemplate {
                role: Role::User,
                content,
                place: TextPlace::new(Place::file("p.yml"), Layout::Lines { first: 1, indent: 0 }),
            }],
            defaults: map(defaults),
            digest: String::new(),
            source: "p.yml".to_owned(),
        }
    }

    #[test]
    fn variables_and_contracts_are_what_others_rely_on() {
        let (none, base) = (json!({}), prompt("Hi {{name}} from {{place}}", &json!({"place": "here"}), &json!({})));
        let found = |head: &Prompt| breaks("p.yml", &base, Some(head));
        assert_eq!(found(&prompt("Hello {{name}}, {{place}}!", &json!({"place": "there"}), &none)), [""; 0]);
        assert_eq!(found(&prompt("Hi {{name}}", &none, &none)), ["p.yml no longer uses variable `place`"]);
        assert_eq!(
            found(&prompt("Hi {{name}} {{place}} {{day}}{{tone}}", &json!({"place": "", "tone": "kind"}), &none)),
            ["p.yml wants a new variable `day`, which has no default"]
        );
        assert_eq!(found(&prompt("Hi {{name}} {{place}}", &none, &none)), ["p.yml: variable `place` has no default any more"]);
        let contract = json!({"response_format": {"type": "json_object"}, "temperature": 0.3});
        assert_eq!(
            found(&prompt("{{name}} {{place}}", &json!({"place": ""}), &contract)),
            ["p.yml has another output contract (`response_format`)"]
        );
        assert_eq!(breaks("p.yml", &base, None), ["p.yml is gone"]);
    }
}
