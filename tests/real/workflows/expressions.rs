//! GitHub's own evaluator of expressions, behind a pipe: `tests/services/validators/expressions.mjs`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

/// How a job stands when a condition asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Status {
    pub(super) success: bool,
    pub(super) failure: bool,
    pub(super) cancelled: bool,
}

pub(super) struct Expressions {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Expressions {
    pub(super) fn start() -> Self {
        let modules = std::env::var("PROMPT_CICD_REAL_EXPRESSIONS")
            .expect("PROMPT_CICD_REAL_EXPRESSIONS is the folder of tests/services/validators/install.sh: run scripts/test");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/validators/expressions.mjs");
        let mut child = Command::new("node").arg(script).arg(modules).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, questions, answers }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("error").is_none(), "{}: {}", question["text"], answer["error"]);
        answer["value"].take()
    }

    /// A value with everything in `${{ }}` in it worked out.
    pub(super) fn resolve(&mut self, value: &Value, context: &Value) -> Value {
        match value {
            Value::String(text) if text.contains("${{") => self.ask(&json!({"kind": "value", "text": text, "context": context})),
            Value::Array(items) => items.iter().map(|item| self.resolve(item, context)).collect(),
            Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), self.resolve(item, context))).collect(),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other.clone(),
        }
    }

    /// The same as a text, as inputs and variables are.
    pub(super) fn text(&mut self, value: &Value, context: &Value) -> String {
        match self.resolve(value, context) {
            Value::String(text) => text,
            Value::Null => String::new(),
            other @ (Value::Bool(_) | Value::Number(_)) => other.to_string(),
            other @ (Value::Array(_) | Value::Object(_)) => panic!("{value} is no text but {other}"),
        }
    }

    /// Whether a condition holds; none asks for success.
    pub(super) fn holds(&mut self, condition: Option<&Value>, context: &Value, status: Status, workspace: Option<&Path>) -> bool {
        let text = match condition {
            None => "success()".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let status = json!({"success": status.success, "failure": status.failure, "cancelled": status.cancelled});
        let question = json!({"kind": "if", "text": text, "context": context, "status": status, "workspace": workspace});
        self.ask(&question).as_bool().unwrap()
    }
}

impl Drop for Expressions {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
