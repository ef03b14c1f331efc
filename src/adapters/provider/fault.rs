//! What a server's refusal means: kind, message, next step.

use reqwest::StatusCode;
use serde_json::Value;

use crate::domain::provider::FaultKind;

/// The most characters of a server's own words that are shown.
const WORDS: usize = 300;

/// What a status without an answer means.
pub(super) fn kind_of(status: StatusCode) -> FaultKind {
    match status.as_u16() {
        401 | 403 => FaultKind::Denied,
        408 => FaultKind::Timeout,
        429 => FaultKind::RateLimited,
        500.. => FaultKind::Unreachable,
        _ => FaultKind::Rejected,
    }
}

/// Whether an error body says that the quota is used up: waiting for seconds does not bring it back.
pub(super) fn is_out_of_quota(body: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return false };
    let error = value.get("error").unwrap_or(&value);
    let says = |key: &str| error.get(key).and_then(Value::as_str);
    ["code", "type"]
        .into_iter()
        .filter_map(says)
        .any(|word| matches!(word, "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" | "access_terminated"))
}

/// What a number inside an error (`error.code`) means; servers put HTTP statuses there.
pub(super) fn kind_of_code(error: &Value) -> Option<FaultKind> {
    let code = error.get("code")?;
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    let status = StatusCode::from_u16(u16::try_from(number).ok()?).ok()?;
    (status.is_client_error() || status.is_server_error()).then(|| kind_of(status))
}

/// The server's words in an error body: the message of `{"error": …}` in its many spellings with its code, the title
/// of an HTML page, else the text. Bounded, on one line.
pub(super) fn words_of(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => error_words(value.get("error").filter(|error| !error.is_null()).unwrap_or(&value)),
        Err(_) => text_words(&String::from_utf8_lossy(body)),
    }
}

/// The words of one error object: message, then code or type where it adds something.
pub(super) fn error_words(error: &Value) -> String {
    let Value::Object(fields) = error else {
        return plain(error.as_str().map_or_else(|| error.to_string(), ToOwned::to_owned).as_str());
    };
    let message = ["message", "detail", "error_description", "msg"]
        .iter()
        .find_map(|key| fields.get(*key))
        .map_or_else(|| error.to_string(), |message| message.as_str().map_or_else(|| message.to_string(), ToOwned::to_owned));
    let code = ["code", "type"].iter().find_map(|key| fields.get(*key)?.as_str().filter(|code| !code.is_empty()));
    code.map_or_else(|| plain(&message), |code| format!("{} ({})", plain(&message), bounded(&plain(code), 60)))
}

/// Words of a body that is no JSON.
fn text_words(text: &str) -> String {
    if looks_like_html(text.as_bytes()) {
        html_title(text).map_or_else(|| "an HTML page".to_owned(), |title| format!("an HTML page titled \"{title}\""))
    } else {
        plain(text)
    }
}

/// Whether a body is a web page.
pub(super) fn looks_like_html(body: &[u8]) -> bool {
    let head = body.get(..body.len().min(200)).unwrap_or(body).to_ascii_lowercase();
    let head = head.trim_ascii_start();
    head.starts_with(b"<!doctype html") || head.starts_with(b"<html") || (head.starts_with(b"<") && head.windows(5).any(|w| w == b"<head"))
}

fn html_title(text: &str) -> Option<String> {
    // Lower-casing ASCII keeps every byte offset.
    let lower = text.to_ascii_lowercase();
    let from = lower.find("<title")? + lower.get(lower.find("<title")?..)?.find('>')? + 1;
    let to = from + lower.get(from..)?.find("</title")?;
    let title = plain(text.get(from..to)?);
    (!title.is_empty()).then(|| bounded(&title, 80))
}

/// `text` on one line, without control characters, at most 300 characters.
pub(super) fn plain(text: &str) -> String {
    // A server may send megabytes: what cannot be shown is not looked at.
    let text: String = text.chars().take(WORDS * 4).map(|c| if c.is_control() || is_format(c) { ' ' } else { c }).collect();
    bounded(&text.split_whitespace().collect::<Vec<_>>().join(" "), WORDS)
}

/// Characters that turn or hide the text around them.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// At most `limit` characters, with an ellipsis where something was cut.
pub(super) fn bounded(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statuses_have_kinds() {
        let table = [
            (302, FaultKind::Rejected),
            (400, FaultKind::Rejected),
            (401, FaultKind::Denied),
            (403, FaultKind::Denied),
            (404, FaultKind::Rejected),
            (408, FaultKind::Timeout),
            (429, FaultKind::RateLimited),
            (500, FaultKind::Unreachable),
            (529, FaultKind::Unreachable),
        ];
        for (status, kind) in table {
            assert_eq!(kind_of(StatusCode::from_u16(status).unwrap()), kind, "{status}");
        }
    }

    #[test]
    fn error_bodies_in_their_spellings() {
        let table = [
            (r#"{"error":{"code":400,"message":"'messages' is required","type":"invalid"}}"#, "'messages' is required (invalid)"),
            (r#"{"error":{"message":"no","type":null,"code":"insufficient_quota"}}"#, "no (insufficient_quota)"),
            (r#"{"error":{"message":"no","code":null}}"#, "no"),
            (r#"{"error":"model \"x\" not found"}"#, "model \"x\" not found"),
            (r#"{"error":null,"detail":[{"msg":"field required"}]}"#, r#"[{"msg":"field required"}]"#),
            (r#"{"message":"nope"}"#, "nope"),
            ("<html><head><TITLE>502 Bad\nGateway</title></head></html>", "an HTML page titled \"502 Bad Gateway\""),
            ("<!DOCTYPE html><p>hi", "an HTML page"),
            ("upstream\u{1b}[31m\r\n  down\u{202e}", "upstream [31m down"),
            ("", ""),
        ];
        for (body, words) in table {
            assert_eq!(words_of(body.as_bytes()), words, "{body}");
        }
    }

    #[test]
    fn words_are_bounded() {
        let body = json!({"error": {"message": "ü".repeat(5_000), "code": "c".repeat(5_000)}}).to_string();
        assert!(words_of(body.as_bytes()).chars().count() < 400);
    }

    proptest::proptest! {
        #[test]
        fn hostile_bodies_give_bounded_lines(text: String, before in "(<html><title>|<!doctype html>|\\{\"error\":)?") {
            let words = words_of(format!("{before}{text}").as_bytes());
            proptest::prop_assert!(words.chars().count() < 400 && !words.contains(char::is_control), "{}", words);
        }
    }

    #[test]
    fn a_used_up_quota_is_told_from_a_busy_server() {
        for (body, out) in [
            (r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#, true),
            (r#"{"error":{"message":"x","code":null,"type":"insufficient_quota"}}"#, true),
            (r#"{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}"#, false),
            (r#"{"error":"insufficient_quota"}"#, false),
            ("insufficient_quota", false),
        ] {
            assert_eq!(is_out_of_quota(body.as_bytes()), out, "{body}");
        }
    }

    #[test]
    fn codes_may_be_numbers_or_texts() {
        assert_eq!(kind_of_code(&json!({"code": 429})), Some(FaultKind::RateLimited));
        assert_eq!(kind_of_code(&json!({"code": "503"})), Some(FaultKind::Unreachable));
        for code in [json!(null), json!("overloaded"), json!(7), json!(-1), json!(1e300)] {
            assert_eq!(kind_of_code(&json!({ "code": code })), None, "{code}");
        }
    }
}
