//! Prompt files: GitHub's `.prompt.yml` with a few keys of our own, the seed's form, or a text that is one message.

mod own_cases;
mod raw;
mod response_format;

use semver::Version;
use serde_json::{Map, Value, json};

pub use own_cases::OwnCases;

use super::{
    document::{self, Document, has_extension},
    parameters,
    path::Path,
    problems::{Finding, Problems},
    suggest,
    text_layout::text_place,
};
use crate::domain::{
    diagnostic::{Diagnostic, Place},
    digest,
    prompt::{Layout, MessageTemplate, Prompt, Role, Syntax, Template, TemplateError, TextPlace, python_field},
};

/// What a prompt's file holds.
#[derive(Debug)]
pub struct PromptFile {
    /// The prompt.
    pub prompt: Prompt,
    /// The cases it brings along, for suites without cases of their own.
    pub cases: Option<OwnCases>,
}

/// Reads a prompt; with it come warnings.
///
/// # Errors
/// Everything that is wrong in the file, warnings included.
pub fn parse(text: &str, file: &str) -> Result<(Prompt, Vec<Diagnostic>), Vec<Diagnostic>> {
    read(text, file).map(|(file, warnings)| (file.prompt, warnings))
}

/// Reads a prompt and its cases; with it come warnings.
///
/// # Errors
/// Everything that is wrong in the file, warnings included.
pub fn read(text: &str, file: &str) -> Result<(PromptFile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if has_extension(file, &["yml", "yaml", "json"]) { structured(text, file) } else { plain(text, file) }
}

/// An error of a template as a diagnostic of the file the template stands in.
pub fn template_problem(error: &TemplateError, place: &TextPlace, path: &str) -> Diagnostic {
    Diagnostic::error(place.at(error.line, error.column), path, error.message.clone())
}

/// A text file is one message of the user. The line break at the end of the file is not part of it.
fn plain(text: &str, file: &str) -> Result<(PromptFile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let content = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if content.trim().is_empty() {
        return Err(vec![Diagnostic::error(Place::at(file, 1, 1), "", "the prompt is empty")]);
    }
    let syntax = if has_extension(file, &["j2", "jinja", "jinja2"]) { Syntax::Jinja } else { Syntax::Handlebars };
    let place = TextPlace::new(Place::at(file, 1, 1), Layout::Lines { first: 1, indent: 0 });
    let template = Template::parse_as(content, syntax).map_err(|error| vec![template_problem(&error, &place, "")])?;
    let help = "write `{{name}}`, or move the text to `template:` in a `.prompt.yml` with `syntax: python-format`";
    let warnings = foreign_field(content, syntax, &place, "", help).into_iter().collect();
    let message = MessageTemplate { role: Role::User, content: template, place };
    let prompt = Parts { messages: vec![message], ..Parts::default() }.into_prompt(stem(file), file);
    Ok((PromptFile { prompt, cases: None }, warnings))
}

/// A word about `{name}` where variables are written `{{name}}`.
fn foreign_field(content: &str, syntax: Syntax, place: &TextPlace, path: &str, help: &str) -> Option<Diagnostic> {
    if syntax != Syntax::Handlebars || content.contains("{{") {
        return None;
    }
    let (field, line, column) = python_field(content)?;
    let message =
        format!("`{}` is no variable in handlebars; if it is meant as one, `syntax: python-format` reads it", suggest::shorten(field));
    Some(Diagnostic::warning(place.at(line, column), path, message).with_help(help))
}

fn structured(text: &str, file: &str) -> Result<(PromptFile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document = Document::read(text, file)?;
    let mut problems = document.problems(file);
    let mut reader = Reader { text, file, document: &document, problems: &mut problems };
    let prompt = reader.read();
    super::finish(prompt, problems)
}

/// What a prompt consists of, before it has a digest.
#[derive(Debug, Default)]
struct Parts {
    description: Option<String>,
    version: Option<Version>,
    model: Option<String>,
    parameters: Map<String, Value>,
    messages: Vec<MessageTemplate>,
    defaults: Map<String, Value>,
}

impl Parts {
    fn into_prompt(self, name: String, file: &str) -> Prompt {
        let Self { description, version, model, parameters, messages, defaults } = self;
        let shown: Vec<Value> = messages.iter().map(|message| json!({"role": message.role, "content": message.content.source()})).collect();
        let mut content = json!({"messages": shown, "model": model, "parameters": parameters});
        if let Some(content) = content.as_object_mut() {
            if !defaults.is_empty() {
                content.insert("defaults".to_owned(), Value::Object(defaults.clone()));
            }
            // The same text in another syntax says something else.
            let syntax = messages.first().map(|message| message.content.syntax()).unwrap_or_default();
            if syntax != Syntax::default() {
                content.insert("syntax".to_owned(), syntax.name().into());
            }
        }
        let digest = digest::of_json(&content);
        Prompt { name, description, version, model, parameters, messages, defaults, digest, source: file.to_owned() }
    }
}

struct Reader<'r, 'd> {
    text: &'r str,
    file: &'r str,
    document: &'d Document,
    problems: &'r mut Problems<'d>,
}

impl Reader<'_, '_> {
    fn read(&mut self) -> Option<PromptFile> {
        if self.document.value.is_null() {
            self.error(Path::root(), "the file is empty", "write `messages:` with a role and a content each");
            return None;
        }
        let sound = document::sound::<raw::File>(&self.document.value, self.problems)?;
        let file: raw::File = document::typed(sound, self.problems)?;
        let syntax = self.syntax(file.syntax.as_deref());
        let version = file.version.as_deref().and_then(|text| self.version(text));
        let messages = self.messages(file.messages, file.template, syntax);
        let parameters = self.parameters(file.model_parameters, file.response_format.as_deref(), file.json_schema.as_ref());
        let defaults = self.defaults(file.variables.unwrap_or_default(), syntax.0);
        let cases = self.own_cases(own_cases::Written {
            test_data: file.test_data,
            evaluators: file.evaluators,
            test_cases: file.test_cases,
            validation_rules: file.validation_rules,
        });
        if file.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            self.error(Path::root().key("name"), "must not be blank", "write a name, or remove the key");
        }
        let name = file.name.unwrap_or_else(|| stem(self.file));
        let prompt = Parts { description: file.description, version, model: file.model, parameters, messages, defaults }
            .into_prompt(name, self.file);
        Some(PromptFile { prompt, cases })
    }

    fn error(&mut self, path: Path, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Finding::error(path, message).help(help.into()));
    }

    /// The syntax of the templates, and whether the file names it.
    fn syntax(&mut self, written: Option<&str>) -> (Syntax, bool) {
        let Some(name) = written else {
            let has = |key: &str| self.problems.is_written(&Path::root().key(key));
            // The seed's files have no key for the syntax.
            let seed = has("template") && (has("test_cases") || has("validation_rules"));
            return (if seed { Syntax::PythonFormat } else { Syntax::default() }, false);
        };
        let syntax = Syntax::named(name);
        if syntax.is_none() {
            let message = format!("`{}` is no syntax of templates", suggest::shorten(name));
            let python = ["f-string", "python", "format"].contains(&name).then(|| "did you mean `python-format`?".to_owned());
            let help = python.or_else(|| suggest::help(name, "there are", Syntax::ALL.map(Syntax::name))).unwrap_or_default();
            self.error(Path::root().key("syntax"), message, help);
        }
        (syntax.unwrap_or_default(), true)
    }

    fn version(&mut self, text: &str) -> Option<Version> {
        match Version::parse(text) {
            Ok(version) => Some(version),
            Err(error) => {
                let message = format!("`{}` is no semantic version: {error}", suggest::shorten(text));
                self.error(Path::root().key("version"), message, "write three numbers like 1.2.0, or 1.2.0-rc.1 for what is not released");
                None
            }
        }
    }

    fn messages(
        &mut self,
        messages: Option<Vec<Option<raw::Message>>>,
        template: Option<String>,
        syntax: (Syntax, bool),
    ) -> Vec<MessageTemplate> {
        let root = Path::root();
        let (has_messages, has_template) =
            (self.problems.is_written(&root.key("messages")), self.problems.is_written(&root.key("template")));
        match (has_messages, has_template) {
            (false, false) => self.error(
                root.key("messages"),
                "`messages` is missing",
                "add `messages:`, or `template:` for a single message of the user",
            ),
            (true, true) => {
                self.error(root.key("template"), "`messages` and `template` exclude each other", "move the template into a message");
            }
            (true, false) | (false, true) => {}
        }
        let mut read = Vec::new();
        for (index, message) in messages.unwrap_or_default().into_iter().enumerate() {
            let Some(raw::Message { role, content: Some(content) }) = message else { continue };
            let path = root.key("messages").index(index).key("content");
            read.extend(self.message(role.unwrap_or(raw::RawRole::User).into(), &content, &path, syntax));
        }
        read.extend(template.and_then(|template| self.message(Role::User, &template, &root.key("template"), syntax)));
        read
    }

    fn message(&mut self, role: Role, content: &str, path: &Path, (syntax, named): (Syntax, bool)) -> Option<MessageTemplate> {
        let place = self.place(path, content);
        if content.trim().is_empty() && !content.is_empty() {
            self.error(path.clone(), "must not be blank", "write the text of the message");
        }
        match Template::parse_as(content, syntax) {
            Ok(template) => {
                if !named {
                    self.warn_of_syntax(content, syntax, &place, path);
                }
                Some(MessageTemplate { role, content: template, place })
            }
            Err(error) => {
                self.problems.add(template_problem(&error, &place, &path.to_string()));
                None
            }
        }
    }

    /// A word about variables that look like those of another syntax, where the file names none.
    fn warn_of_syntax(&mut self, content: &str, syntax: Syntax, place: &TextPlace, path: &Path) {
        let help = "add `syntax: python-format`; or `syntax: handlebars`, if it is meant as it stands";
        if let Some(warning) = foreign_field(content, syntax, place, &path.to_string(), help) {
            self.problems.add(warning);
        } else if syntax == Syntax::PythonFormat && content.contains("{{") && python_field(&content.replace("{{", "")).is_none() {
            let message = "`{{` is one brace in python-format, which this file is read as; for variables add `syntax: handlebars`";
            let help = "add `syntax: python-format`, if one brace is meant";
            self.problems.push(Finding::warning(path.clone(), message).help(help.to_owned()));
        }
    }

    fn place(&self, path: &Path, content: &str) -> TextPlace {
        self.document.tree.find(path).map_or_else(
            || TextPlace::new(Place::file(self.file), Layout::Unknown),
            |location| text_place(self.text, self.file, location, content),
        )
    }

    fn parameters(&mut self, written: Option<Map<String, Value>>, format: Option<&str>, schema: Option<&Value>) -> Map<String, Value> {
        let mut findings = Vec::new();
        let path = Path::root().key("modelParameters");
        let mut parameters = parameters::read(&written.unwrap_or_default(), &path, &mut findings);
        let schema_place = schema.and_then(Value::as_str).map(|text| self.place(&Path::root().key("jsonSchema"), text));
        match response_format::read(format, schema, schema_place.as_ref()) {
            Ok(None) => {}
            Ok(Some(format)) => {
                if parameters.insert("response_format".to_owned(), format).is_some() {
                    findings.push(Finding::error(Path::root().key("responseFormat"), "the response format is given twice").at_key());
                }
            }
            Err(problem) => match *problem {
                response_format::Problem::At(finding) => findings.push(finding),
                response_format::Problem::Placed(diagnostic) => self.problems.add(diagnostic),
            },
        }
        self.problems.extend(findings);
        parameters
    }

    fn defaults(&mut self, variables: super::raw::Named<raw::Variable>, syntax: Syntax) -> Map<String, Value> {
        let mut defaults = Map::new();
        for (name, variable) in variables.0 {
            let path = Path::root().key("variables").key(name.as_str());
            match (variable.default, variable.required) {
                (Some(_), Some(true)) => {
                    self.error(path.key("required"), "a variable with a default is never required", "remove `required` or `default`");
                }
                (Some(value), _) => drop(defaults.insert(name, value)),
                // `{{#if name}}` needs a value, and this one is written nowhere.
                (None, Some(false)) if syntax == Syntax::Handlebars => drop(defaults.insert(name, Value::Null)),
                (None, Some(false)) => {
                    let message = format!("says nothing in {syntax}");
                    let help = if syntax == Syntax::Jinja {
                        format!("write `{name} is defined` or `{name}|default('')` in the template, or give a `default`")
                    } else {
                        "give a `default`".to_owned()
                    };
                    self.problems.push(Finding::warning(path.key("required"), message).help(help));
                }
                (None, Some(true) | None) => {}
            }
        }
        defaults
    }
}

/// `prompts/greeting.prompt.yml` → `greeting`.
fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = stem.strip_suffix(".prompt").unwrap_or(stem);
    if stem.is_empty() { name.to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests;
