//! Prompt files: GitHub's `.prompt.yml` with a few keys of our own, or a text that is one message.

mod raw;
mod response_format;

use semver::Version;
use serde_json::{Map, Value, json};

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
    prompt::{Layout, MessageTemplate, Prompt, Role, Template, TemplateError, TextPlace},
};

/// Reads a prompt; with it come warnings.
///
/// # Errors
/// Everything that is wrong in the file, warnings included.
pub fn parse(text: &str, file: &str) -> Result<(Prompt, Vec<Diagnostic>), Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if has_extension(file, &["yml", "yaml", "json"]) {
        structured(text, file)
    } else {
        plain(text, file).map(|prompt| (prompt, Vec::new()))
    }
}

/// An error of a template as a diagnostic of the file the template stands in.
pub fn template_problem(error: &TemplateError, place: &TextPlace, path: &str) -> Diagnostic {
    Diagnostic::error(place.at(error.line, error.column), path, error.message.clone())
}

/// A text file is one message of the user. The line break at the end of the file is not part of it.
fn plain(text: &str, file: &str) -> Result<Prompt, Vec<Diagnostic>> {
    let content = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if content.trim().is_empty() {
        return Err(vec![Diagnostic::error(Place::at(file, 1, 1), "", "the prompt is empty")]);
    }
    let place = TextPlace::new(Place::at(file, 1, 1), Layout::Lines { first: 1, indent: 0 });
    let template = Template::parse(content).map_err(|error| vec![template_problem(&error, &place, "")])?;
    let message = MessageTemplate { role: Role::User, content: template, place };
    Ok(Parts { messages: vec![message], ..Parts::default() }.into_prompt(stem(file), file))
}

fn structured(text: &str, file: &str) -> Result<(Prompt, Vec<Diagnostic>), Vec<Diagnostic>> {
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
        if let (Some(content), false) = (content.as_object_mut(), defaults.is_empty()) {
            content.insert("defaults".to_owned(), Value::Object(defaults.clone()));
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
    fn read(&mut self) -> Option<Prompt> {
        if self.document.value.is_null() {
            self.error(Path::root(), "the file is empty", "write `messages:` with a role and a content each");
            return None;
        }
        let sound = document::sound::<raw::File>(&self.document.value, self.problems)?;
        let file: raw::File = document::typed(sound, self.problems)?;
        self.warn_of_unread();
        self.syntax(file.syntax.as_deref());
        let version = file.version.as_deref().and_then(|text| self.version(text));
        let messages = self.messages(file.messages, file.template);
        let parameters = self.parameters(file.model_parameters, file.response_format.as_deref(), file.json_schema.as_ref());
        let defaults = self.defaults(file.variables.unwrap_or_default());
        let name = file.name.unwrap_or_else(|| stem(self.file));
        Some(
            Parts { description: file.description, version, model: file.model, parameters, messages, defaults }
                .into_prompt(name, self.file),
        )
    }

    fn error(&mut self, path: Path, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Finding::error(path, message).help(help.into()));
    }

    fn warn_of_unread(&mut self) {
        for key in ["testData", "evaluators"] {
            let path = Path::root().key(key);
            if self.problems.is_written(&path) {
                let finding = Finding::warning(path, format!("`{key}` is not read: cases and assertions come from the suite"));
                self.problems.push(finding.at_key().help("move it to a suite in prompt-cicd.yml".to_owned()));
            }
        }
    }

    fn syntax(&mut self, syntax: Option<&str>) {
        match syntax {
            None | Some("handlebars") => {}
            Some(name @ ("python-format" | "jinja" | "jinja2" | "f-string")) => {
                let message = format!("templates in `{name}` are not supported yet");
                self.error(Path::root().key("syntax"), message, "write variables as `{{name}}` and use `syntax: handlebars`");
            }
            Some(name) => {
                let message = format!("`{}` is no syntax of templates", suggest::shorten(name));
                let help = suggest::help(name, "there are", ["handlebars"]).unwrap_or_default();
                self.error(Path::root().key("syntax"), message, help);
            }
        }
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

    fn messages(&mut self, messages: Option<Vec<Option<raw::Message>>>, template: Option<String>) -> Vec<MessageTemplate> {
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
            read.extend(self.message(role.unwrap_or(raw::RawRole::User).into(), &content, &path));
        }
        read.extend(template.and_then(|template| self.message(Role::User, &template, &root.key("template"))));
        read
    }

    fn message(&mut self, role: Role, content: &str, path: &Path) -> Option<MessageTemplate> {
        let place = self.place(path, content);
        match Template::parse(content) {
            Ok(content) => Some(MessageTemplate { role, content, place }),
            Err(error) => {
                self.problems.add(template_problem(&error, &place, &path.to_string()));
                None
            }
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

    fn defaults(&mut self, variables: super::raw::Named<raw::Variable>) -> Map<String, Value> {
        let mut defaults = Map::new();
        for (name, variable) in variables.0 {
            let path = Path::root().key("variables").key(name.as_str());
            match (variable.default, variable.required) {
                (Some(_), Some(true)) => {
                    self.error(path.key("required"), "a variable with a default is never required", "remove `required` or `default`");
                }
                (Some(value), _) => drop(defaults.insert(name, value)),
                (None, _) => {}
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
