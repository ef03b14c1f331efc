//! What a server's refusal means: kind, message, next step.

use reqwest::StatusCode;
use serde_json::Value;

pub(super) use crate::adapters::http::words::{bounded, error_words, looks_like_html, plain, words_of};
use crate::domain::provider::FaultKind;

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
