//! What GitHub's refusals mean: missing permissions, rate limits, fields.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;
use serde_json::Value;

use super::client::Answer;
use crate::{
    adapters::secret::Scrubber,
    ports::{
        clock::Clock,
        code_host::{Call, CodeHostError},
    },
};

/// What a secondary limit asks for when it does not say.
const SECONDARY_WAIT: Duration = Duration::from_mins(1);
/// No limit lasts longer; a larger number is a mistake.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// The most characters of GitHub's word that are shown.
const MESSAGE_LIMIT: usize = 300;

/// An error, and whether asking again can help.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) error: CodeHostError,
    pub(super) again: Again,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would be the same.
    Never,
    /// The request may have been done or not.
    Transient,
    /// The request was not done, and may be sent again after this time.
    AfterLimit(Duration),
}

impl Trouble {
    pub(super) fn last(error: CodeHostError) -> Box<Self> {
        Box::new(Self { error, again: Again::Never })
    }
}

/// Reads the answers to one request.
pub(super) struct Reader<'a> {
    pub(super) call: Call,
    pub(super) scrubber: &'a Scrubber,
    pub(super) clock: &'a dyn Clock,
}

/// GitHub's error body.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Value,
}

impl Reader<'_> {
    /// The answer itself when it is a success.
    pub(super) fn read(&self, answer: Answer) -> Result<Answer, Box<Trouble>> {
        if answer.status.is_success() { Ok(answer) } else { Err(self.trouble(&answer)) }
    }

    pub(super) fn transient(&self, reason: &str) -> Box<Trouble> {
        let error = CodeHostError::Unreachable { call: self.call.clone(), reason: self.clean(reason), attempts: 1 };
        Box::new(Trouble { error, again: Again::Transient })
    }

    pub(super) fn unusable(&self, status: StatusCode, reason: &str) -> CodeHostError {
        CodeHostError::Unusable { call: self.call.clone(), status: status.as_u16(), reason: self.clean(reason) }
    }

    pub(super) fn too_large_answer(&self, limit: usize) -> CodeHostError {
        let next = "use a smaller file, or a narrower request";
        CodeHostError::TooLarge { call: self.call.clone(), what: "the answer", limit, unit: "bytes", next }
    }

    /// A text of someone else on one line of bounded length, without secrets and control characters.
    fn clean(&self, text: &str) -> String {
        let text = self.scrubber.scrub(text);
        let mut line = String::new();
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        match line.char_indices().nth(MESSAGE_LIMIT) {
            Some((cut, _)) => line.get(..cut).unwrap_or_default().to_owned() + "…",
            None => line,
        }
    }

    fn trouble(&self, answer: &Answer) -> Box<Trouble> {
        let status = answer.status.as_u16();
        let refusal = serde_json::from_slice::<Refusal>(&answer.body).unwrap_or_default();
        let message = self.message(answer, &refusal);
        let call = self.call.clone();
        if answer.status.is_server_error() {
            return self.transient(&format!("{status} {message}"));
        }
        if let Some((secondary, wait)) = self.rate_limit(answer, &message) {
            let until = self.now() + SignedDuration::try_from(wait).unwrap_or_default();
            let until = until.round(Unit::Second).unwrap_or(until).to_string();
            let error = CodeHostError::RateLimited { call, status, until, secondary, message };
            return Box::new(Trouble { error, again: Again::AfterLimit(wait) });
        }
        let fields = || fields(&refusal.errors).iter().map(|field| self.clean(field)).collect();
        Trouble::last(match status {
            401 => CodeHostError::BadToken { call, message },
            403 if message.contains("locked") => {
                CodeHostError::Rejected { call, status, message, fields: fields(), next: "unlock the conversation, or turn comments off" }
            }
            403 if message.contains("SAML") || message.contains("IP allow list") => {
                let next = "an organization's rule stops this token: authorize it for single sign-on, or ask an administrator";
                CodeHostError::Rejected { call, status, message, fields: fields(), next }
            }
            403 => {
                let usual = permission(&call);
                let permission = accepted(&answer.headers, &usual).unwrap_or(usual);
                CodeHostError::PermissionMissing { permission, call, status, message }
            }
            404 => CodeHostError::NotFound { permission: permission(&call), call, status, message },
            409 => CodeHostError::Conflict { call, message },
            410 => {
                let next = "it is gone or turned off: look at the repository's settings";
                CodeHostError::Rejected { call, status, message, fields: fields(), next }
            }
            _ => {
                let next = "change what is sent; please report it if that was prompt-cicd's own";
                CodeHostError::Rejected { call, status, message, fields: fields(), next }
            }
        })
    }

    /// GitHub's word, or what the status is called.
    fn message(&self, answer: &Answer, refusal: &Refusal) -> String {
        if !refusal.message.trim().is_empty() {
            return self.clean(&refusal.message).trim_end_matches('.').to_owned();
        }
        let reason = answer.status.canonical_reason().unwrap_or("without a reason");
        let html = answer.body.trim_ascii_start().first() == Some(&b'<');
        if html { format!("{reason} (an HTML page)") } else { reason.to_owned() }
    }

    /// Whether this is a rate limit: the secondary one, and for how long.
    fn rate_limit(&self, answer: &Answer, message: &str) -> Option<(bool, Duration)> {
        if !matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
            return None;
        }
        let header = |name: &str| answer.headers.get(name)?.to_str().ok().map(str::trim);
        let said = message.to_ascii_lowercase();
        let asked = header(RETRY_AFTER.as_str()).and_then(|wait| wait.parse().ok()).map(Duration::from_secs);
        let used_up = header("x-ratelimit-remaining") == Some("0");
        let named = said.contains("rate limit") || said.contains("abuse detection");
        if answer.status == StatusCode::FORBIDDEN && asked.is_none() && !used_up && !named {
            return None;
        }
        let secondary = !used_up || said.contains("secondary rate limit");
        let reset = || {
            let reset = Timestamp::from_second(header("x-ratelimit-reset")?.parse().ok()?).ok()?;
            Duration::try_from(reset.duration_since(self.server_now(&answer.headers))).ok()
        };
        let wait = asked.or_else(|| if used_up { reset() } else { None }).unwrap_or(SECONDARY_WAIT);
        // A reset that has just passed by one clock has not by the other.
        Some((secondary, wait.clamp(Duration::from_secs(1), LONGEST_WAIT)))
    }

    fn now(&self) -> Timestamp {
        self.clock.now().parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn server_now(&self, headers: &HeaderMap) -> Timestamp {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()).unwrap_or_else(|| self.now())
    }
}

/// What is wrong with which field, from the `errors` of a 422.
fn fields(errors: &Value) -> Vec<String> {
    let one = |error: &Value| {
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        match (error.as_str(), text("field"), text("message").or_else(|| text("code"))) {
            (Some(said), ..) | (None, None, Some(said)) => Some(said.to_owned()),
            (None, Some(field), said) => Some(format!("`{field}`: {}", said.unwrap_or("invalid"))),
            (None, None, None) => None,
        }
    };
    errors.as_array().map_or(std::slice::from_ref(errors), Vec::as_slice).iter().filter_map(one).take(5).collect()
}

/// The permission that GitHub says it wants, as a workflow writes it. Of several that would do, the usual one.
///
/// `x-accepted-github-permissions` is like `issues=write; pull_requests=write`: ways apart by `;`, and within a way
/// everything apart by `,` is needed.
fn accepted(headers: &HeaderMap, usual: &str) -> Option<String> {
    let header = headers.get("x-accepted-github-permissions")?.to_str().ok()?;
    let written = |way: &str| {
        let needed = way.split(',').filter_map(|part| part.trim().split_once('='));
        needed.map(|(name, level)| format!("{}: {level}", name.replace('_', "-"))).collect::<Vec<_>>().join(", ")
    };
    let ways: Vec<String> = header.split(';').map(written).filter(|way| !way.is_empty()).collect();
    ways.iter().find(|way| *way == usual).or_else(|| ways.first()).cloned()
}

/// What a request needs, by its path below the repository: comments of a pull request live under `issues`.
fn permission(call: &Call) -> String {
    let below = call.path.split_once("/repos/").map_or("", |(_, below)| below);
    let parts: Vec<&str> = below.split('/').skip(2).collect();
    let name = match parts.first() {
        Some(&"pulls") => "pull-requests",
        Some(&"issues") if parts.contains(&"comments") => "pull-requests",
        Some(&("issues" | "labels")) => "issues",
        Some(&"environments") if parts.contains(&"variables") => "environments",
        Some(&"environments") if call.method == "GET" => "actions",
        Some(&"rulesets") if call.method == "GET" => "metadata",
        Some(&("environments" | "rulesets")) => "administration",
        Some(&"deployments") => "deployments",
        Some(&"statuses") => "statuses",
        None if call.path.contains("/teams/") => "members",
        Some(&("check-runs" | "commits")) => "checks",
        Some(&("contents" | "compare" | "git" | "releases")) => "contents",
        Some(_) | None => "metadata",
    };
    let level = if call.method == "GET" { "read" } else { "write" };
    format!("{name}: {level}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_request_has_its_permission() {
        for (method, path, expected) in [
            ("GET", "/repos/o/r/pulls/7", "pull-requests: read"),
            ("GET", "/api/v3/repos/o/r/pulls/7/files", "pull-requests: read"),
            ("POST", "/repos/o/r/issues/7/comments", "pull-requests: write"),
            ("PATCH", "/repos/o/r/issues/comments/1", "pull-requests: write"),
            ("POST", "/repos/o/r/issues", "issues: write"),
            ("PATCH", "/repos/o/r/check-runs/1", "checks: write"),
            ("GET", "/repos/o/r/commits/abc/check-runs", "checks: read"),
            ("GET", "/repos/o/pulls/contents/issues/a.md", "contents: read"),
            ("GET", "/user", "metadata: read"),
            ("PUT", "/repos/o/r/environments/production", "administration: write"),
            ("GET", "/repos/o/r/environments/production", "actions: read"),
            ("POST", "/repos/o/r/environments/production/variables", "environments: write"),
            ("POST", "/repos/o/r/labels", "issues: write"),
            ("POST", "/repos/o/r/rulesets", "administration: write"),
            ("GET", "/repos/o/r/rulesets", "metadata: read"),
            ("GET", "/orgs/o/teams/prompts", "members: read"),
            ("POST", "/repos/o/r/deployments", "deployments: write"),
            ("POST", "/repos/o/r/releases", "contents: write"),
        ] {
            assert_eq!(permission(&Call { method: method.to_owned(), path: path.to_owned() }), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_github_accepts_wins_over_the_table() {
        let said = |value: &'static str| {
            let headers = HeaderMap::from_iter([("x-accepted-github-permissions".parse().unwrap(), value.parse().unwrap())]);
            accepted(&headers, "pull-requests: write")
        };
        assert_eq!(said("issues=write; pull_requests=write").unwrap(), "pull-requests: write");
        assert_eq!(said("contents=write,pull_requests=write; issues=write").unwrap(), "contents: write, pull-requests: write");
        assert_eq!(said("nonsense"), None);
    }

    #[test]
    fn fields_in_all_their_forms() {
        let errors = json!(["plain", {"resource": "X", "field": "body", "code": "too_long"}, {"message": "only said"}, {}, 7]);
        assert_eq!(fields(&errors), ["plain", "`body`: too_long", "only said"]);
        assert_eq!(fields(&json!("one")), ["one"]);
        assert!(fields(&Value::Null).is_empty());
    }
}
