//! The tools that the model called.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use crate::domain::{
    answer::ToolCall,
    prompt::{TemplateError, Variables},
    suite::assertion::{
        Check, Judgement, Kind, Parameters, Parsed, Problem, Subject,
        excerpt::{code, count, list, shorten},
        json::{Operand, Schema, same},
        operand::{required, unexpected},
    },
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "is-valid-openai-tools-call",
        summary: "The model called tools, and every call names a tool of the request with arguments that fit its JSON Schema.",
        source: "the `tools` and `tool_calls` of OpenAI's chat completions; Anthropic's `tool_use` is read as well",
        keys: &[("value", "the tools in OpenAI's form, instead of those among the request's parameters; may be left out")],
        example: "is-valid-openai-tools-call: [{type: function, function: {name: weather, parameters: {type: object, required: [city], properties: {city: {type: string}}}}}]",
        accepts: "",
        rejects: "",
        parse: |parameters| {
            let tools = parameters.value.map(|value| tools(value).map_err(|problem| vec![problem])).transpose()?;
            Ok(Arc::new(Valid(tools)))
        },
    },
    Kind {
        name: "tool-call",
        summary: "The model called this tool and, where arguments are given, with at least these.",
        source: "`tool_calls` of OpenAI's chat completions, `tool_use` of Anthropic's messages",
        keys: &[("value", "the tool's name"), ("arguments", "arguments that one call must have, each with this value; may use variables")],
        example: "{type: tool-call, value: weather, arguments: {city: \"{{name}}ville\"}}",
        accepts: "",
        rejects: "",
        parse: named,
    },
];

/// Tools by name, each with the schema of its arguments.
type Tools = BTreeMap<String, Schema>;

/// Reads tools in OpenAI's form.
fn tools(value: &Value) -> Result<Tools, Problem> {
    let Value::Array(items) = value else { return Err(unexpected("value", "a list of tools", value)) };
    let mut tools = Tools::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("value[{index}]");
        let function = item.get("function").unwrap_or(item);
        let Some(name) = function.get("name").and_then(Value::as_str) else {
            return Err(
                Problem::new(path, "a tool has no `name`").with_help("write `{type: function, function: {name: …, parameters: …}}`")
            );
        };
        let anything = Value::Bool(true);
        let schema = ["parameters", "input_schema"].iter().find_map(|key| function.get(*key)).unwrap_or(&anything);
        let schema = Schema::parse(schema, &path)
            .map_err(|problems| problems.into_iter().next().unwrap_or_else(|| Problem::new(path, "no schema")))?;
        tools.insert(name.to_owned(), schema);
    }
    if tools.is_empty() { Err(Problem::new("value", "the list of tools is empty")) } else { Ok(tools) }
}

/// `None` when the tools are those of the request.
#[derive(Debug)]
struct Valid(Option<Tools>);

impl Check for Valid {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let of_request;
        let tools = match &self.0 {
            Some(tools) => tools,
            None => match subject.request.and_then(|request| request.parameters.get("tools")).map(tools) {
                Some(Ok(tools)) => {
                    of_request = tools;
                    &of_request
                }
                Some(Err(problem)) => return Judgement::undecided(format!("the tools of the request cannot be read: {}", problem.message)),
                None => return Judgement::undecided("the request has no `tools` among its parameters, and the assertion names none"),
            },
        };
        let calls = subject.answer.tool_calls();
        if calls.is_empty() {
            return Judgement::new(false, "calls no tool");
        }
        for call in &calls {
            let Some(schema) = tools.get(&call.name) else {
                let known: Vec<String> = tools.keys().map(|name| code(name)).collect();
                return Judgement::new(false, format!("calls {}, which is no tool of {}", code(&call.name), list(&known)));
            };
            let misfit = match arguments(call) {
                Ok(arguments) => schema.misfit(&arguments),
                Err(reason) => Some(reason),
            };
            if let Some(misfit) = misfit {
                return Judgement::new(false, format!("the arguments of {}: {misfit}", code(&call.name)));
            }
        }
        Judgement::new(true, format!("{} that fit the tools", count(calls.len(), "call")))
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}

/// A call's arguments as JSON.
fn arguments(call: &ToolCall) -> Result<Cow<'_, Value>, String> {
    match &call.arguments {
        Value::String(text) if text.trim().is_empty() => Ok(Cow::Owned(Value::Object(Map::new()))),
        Value::String(text) => serde_json::from_str(text).map(Cow::Owned).map_err(|error| format!("are not JSON: {error}")),
        value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Ok(Cow::Borrowed(value)),
    }
}

fn named(parameters: &Parameters<'_>) -> Parsed {
    let value = required(parameters).map_err(|problem| vec![problem])?;
    let Some(name) = value.as_str().filter(|name| !name.is_empty()) else {
        return Err(vec![unexpected("value", "the name of a tool", value)]);
    };
    let mut wanted = Vec::new();
    match parameters.all.get("arguments") {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (key, value) in map {
                wanted.push((key.clone(), Operand::parse(value, &format!("arguments.{key}"))?));
            }
        }
        Some(other) => return Err(vec![unexpected("arguments", "a mapping of arguments", other)]),
    }
    Ok(Arc::new(Named { name: name.to_owned(), wanted }))
}

#[derive(Debug)]
struct Named {
    name: String,
    wanted: Vec<(String, Operand)>,
}

impl Check for Named {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let calls = subject.answer.tool_calls();
        let name = code(&self.name);
        let mut differs = None;
        for call in calls.iter().filter(|call| call.name == self.name) {
            match self.difference(call, subject.variables) {
                Ok(None) => return Judgement::new(true, format!("calls {name}")),
                Ok(Some(difference)) => differs = differs.or(Some(difference)),
                Err(error) => return Judgement::undecided(error.message),
            }
        }
        let reason = match (differs, calls.is_empty()) {
            (Some(difference), _) => format!("calls {name}, but {difference}"),
            (None, true) => format!("calls no tool, {name} required"),
            (None, false) => {
                let names: Vec<String> = calls.iter().map(|call| code(&call.name)).collect();
                format!("calls {}, not {name}", list(&names))
            }
        };
        Judgement::new(false, reason)
    }

    fn prepare(&self, variables: &Variables) -> Result<(), TemplateError> {
        self.wanted.iter().try_for_each(|(_, operand)| operand.resolve(variables).map(drop))
    }
}

impl Named {
    fn difference(&self, call: &ToolCall, variables: &Variables) -> Result<Option<String>, TemplateError> {
        let found = match arguments(call) {
            Ok(found) => found,
            Err(reason) => return Ok((!self.wanted.is_empty()).then(|| format!("its arguments {reason}"))),
        };
        for (key, operand) in &self.wanted {
            let wanted = operand.resolve(variables)?;
            match found.get(key) {
                Some(value) if same(value, &wanted) => {}
                Some(value) => return Ok(Some(format!("`{key}` is {}, not {}", shorten(value, 60), shorten(&*wanted, 60)))),
                None => return Ok(Some(format!("without `{key}`"))),
            }
        }
        Ok(None)
    }
}
