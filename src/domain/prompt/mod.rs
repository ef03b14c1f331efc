//! A prompt: a named template with its variables, messages and model settings.

pub mod template;
mod text_place;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use template::{Meant, Reach, Read, Step, Syntax, Template, TemplateError, Variables, python_field};
pub use text_place::{Layout, TextPlace};

/// A prompt as its file has it.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What the prompt is called in reports.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its number, where the file carries one.
    pub version: Option<Version>,
    /// The model it was written for; a suite may name another.
    pub model: Option<String>,
    /// Model parameters in OpenAI's spelling.
    pub parameters: Map<String, Value>,
    /// The messages, in order.
    pub messages: Vec<MessageTemplate>,
    /// Values of variables that neither case nor suite gives.
    pub defaults: Map<String, Value>,
    /// SHA-256 of the canonical content: messages, model, parameters and defaults, not name, comments or formatting.
    pub digest: String,
    /// The file it came from, as the user named it.
    pub source: String,
}

/// One message before its variables are filled in.
#[derive(Debug, Clone)]
pub struct MessageTemplate {
    /// Who says it.
    pub role: Role,
    /// The text with variables.
    pub content: Template,
    /// Where the text is in the prompt's file: `place.at(line, column)` for an error of the template.
    pub place: TextPlace,
}

/// One message as a model sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// The text.
    pub content: String,
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions, in the word of newer OpenAI models.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Prompt {
    /// The messages with `variables` filled in.
    ///
    /// # Errors
    /// The first message that does not render, with its index, when a variable is missing.
    pub fn render(&self, variables: &Variables) -> Result<Vec<Message>, (usize, TemplateError)> {
        self.messages
            .iter()
            .enumerate()
            .map(|(index, message)| {
                let content = message.content.render(variables).map_err(|error| (index, error))?;
                Ok(Message { role: message.role, content })
            })
            .collect()
    }
}
