//! Keys, tokens and passwords, by the forms their issuers give them, else by how random they are.

use super::scan::{Detector, Match, entropy};

/// The rule's id.
pub(super) const RULE: &str = "secrets";

/// What the line before a private key is called.
pub(super) const PRIVATE_KEY: &str = "private key";

const SECRET: Detector = Detector { rule: RULE, exact_case: true, redacted: true, ..Detector::PLAIN };

/// Bits in a character from which a text counts as random.
const RANDOM: f64 = 3.5;

/// The forms. Examples are put together from parts, so that nobody takes them for leaked ones.
pub(super) const DETECTORS: [Detector; 19] = [
    Detector {
        what: "AWS access key id",
        pattern: r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
        holds: |found| !found.text.ends_with("EXAMPLE"),
        matches: &[concat!("AKIA", "QYLPMN5HFIQR7XYA")],
        spares: &["AKIAIOSFODNN7EXAMPLE", "AKIA"],
        ..SECRET
    },
    Detector {
        what: "AWS secret access key",
        pattern: r#"(?i:aws|secret)[A-Za-z_ .-]{0,30}["']?\s*[:=]\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|\z)"#,
        holds: |found| is_random(found) && !found.text.contains("EXAMPLE"),
        matches: &[concat!("aws_secret_access_key = kJ8s0dPq", "W2nB7vX4mL1zRt6yHc9fGa3eUi5oTs0b")],
        spares: &["aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
        ..SECRET
    },
    Detector {
        what: "GitHub token",
        pattern: r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b",
        matches: &[concat!("ghp", "_0123456789abcdefghijABCDEFGHIJklmnop"), concat!("github", "_pat_11ABCDEFG0123456789abc_x")],
        spares: &["ghp_short"],
        ..SECRET
    },
    Detector {
        what: "GitLab token",
        pattern: r"\bgl(?:pat|dt|rt|cbt)-[A-Za-z0-9_-]{20,}",
        matches: &[concat!("glpat", "-abcdefghij0123456789")],
        spares: &["glpat-x"],
        ..SECRET
    },
    Detector {
        what: "model provider key",
        pattern: r"\bsk-(?:(?:proj|svcacct|admin|or-v1|ant-api03|ant-admin01|ant)-)?[A-Za-z0-9_-]{20,}",
        holds: |found| found.text.bytes().any(|byte| byte.is_ascii_digit()),
        matches: &[concat!("sk", "-proj-abcdEFGH0123456789ijklMNOP"), concat!("sk", "-ant-api03-abcdEFGH0123456789ijkl")],
        spares: &["sk-learn", "sk-this-is-only-a-long-name-of-things"],
        ..SECRET
    },
    Detector {
        what: "Slack token or webhook",
        pattern: r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/T[A-Za-z0-9_/]{20,}",
        matches: &[concat!("xoxb", "-123456789012-abcdefghijkl")],
        spares: &["xoxo-hugs"],
        ..SECRET
    },
    Detector {
        what: "payment provider key",
        pattern: r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}",
        matches: &[concat!("sk", "_live_abcdefghijklmnop0123")],
        spares: &["sk_live_"],
        ..SECRET
    },
    Detector {
        what: "Google API key or token",
        pattern: r"\bAIza[0-9A-Za-z_-]{35}(?:[^0-9A-Za-z_-]|\z)|\bya29\.[0-9A-Za-z_-]{20,}",
        matches: &[concat!("AIza", "SyA0123456789abcdefghijklmnopqrstuv")],
        spares: &["AIzaShort"],
        ..SECRET
    },
    Detector {
        what: "Hugging Face token",
        pattern: r"\bhf_[A-Za-z0-9]{34,40}\b",
        matches: &[concat!("hf", "_abcdefghijklmnopqrstuvwxyzABCDEFGH")],
        spares: &["hf_hub_download"],
        ..SECRET
    },
    Detector {
        what: "package registry token",
        pattern: r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[A-Za-z0-9_-]{50,}|\bcio[A-Za-z0-9]{32}\b",
        matches: &[concat!("npm", "_0123456789abcdefghijABCDEFGHIJklmnop")],
        spares: &["npm_config_registry"],
        ..SECRET
    },
    Detector {
        what: "mail or message service key",
        pattern: r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|\bSK[0-9a-f]{32}\b|\bkey-[0-9a-f]{32}\b|\b\d{8,10}:AA[A-Za-z0-9_-]{33}",
        matches: &[concat!("SG", ".abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")],
        spares: &["SG.1.2"],
        ..SECRET
    },
    Detector {
        what: "cloud token",
        pattern: r"\bdo[opr]_v1_[a-f0-9]{64}\b|\bdapi[a-f0-9]{32}\b|\bhv[sb]\.[A-Za-z0-9_-]{24,}",
        matches: &[concat!("dapi", "0123456789abcdef0123456789abcdef")],
        spares: &["dapi"],
        ..SECRET
    },
    Detector {
        what: "storage account key",
        pattern: r"\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}",
        matches: &[concat!("AccountKey", "=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ==")],
        spares: &["AccountKey=<key>"],
        ..SECRET
    },
    Detector {
        what: PRIVATE_KEY,
        pattern: r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        matches: &["-----BEGIN PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----"],
        spares: &["-----BEGIN PUBLIC KEY-----"],
        ..SECRET
    },
    Detector {
        what: "JSON Web Token",
        pattern: r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
        matches: &[concat!("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTYifQ.abcdefghijklmnop")],
        spares: &["eyJhbGciOiJIUzI1NiJ9"],
        ..SECRET
    },
    Detector {
        what: "password in an address",
        pattern: r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@]{0,64}:([^\s/@]{3,128})@[A-Za-z0-9.-]+",
        holds: |found| !is_placeholder(found),
        matches: &[concat!("postgres://app:", "s3cr3t-Pa55@db.internal/orders")],
        spares: &["postgres://app:password@localhost/x", "postgres://app:${DB_PASSWORD}@db/x", "https://example.org:8080/a@b"],
        ..SECRET
    },
    Detector {
        what: "password or key that is assigned",
        pattern: r#"(?i:\b(?:api[_-]?key|apikey|secret|secret[_-]?key|client[_-]?secret|access[_-]?(?:key|token)|auth[_-]?token|token|passwd|password|pwd))["']?\s*[:=]\s*["']?([A-Za-z0-9/+_.=@!-]{12,128})"#,
        holds: |found| is_random(found) && has_letters_and_digits(found) && !is_placeholder(found),
        matches: &[concat!("api_key = \"", "q7Zp2Lx9Vb4Tn8Kd1Ws6\""), concat!("password: ", "aB3dE5gH7jK9mN1p")],
        spares: &["password: your-password-here1", "token: {{token}}", "secret = example-secret-value-123", "max_tokens: 100000000000"],
        ..SECRET
    },
    Detector {
        what: "bearer token",
        pattern: r"(?i:\bbearer)\s+([A-Za-z0-9._~+/-]{24,})",
        holds: |found| is_random(found) && has_letters_and_digits(found) && !is_placeholder(found),
        matches: &[concat!("Authorization: Bearer ", "q7Zp2Lx9Vb4Tn8Kd1Ws6Rf3Yh")],
        spares: &["bearer of good news and everything else"],
        ..SECRET
    },
    Detector {
        what: "basic authorization",
        pattern: r"(?i:\bauthorization)\s*:\s*(?i:basic)\s+([A-Za-z0-9+/]{12,}={0,2})",
        matches: &[concat!("Authorization: Basic ", "dXNlcjpzM2NyM3QtcGE1NQ==")],
        spares: &["Authorization: Basic is simple"],
        ..SECRET
    },
];

/// Where the key ends whose first line ends at byte `from`: with its last line, or without one with what looks like a key.
pub(super) fn end_of_key(text: &str, from: usize) -> usize {
    const LAST: &str = "-----END ";
    let rest = text.get(from..).unwrap_or_default();
    let closed = rest.find(LAST).and_then(|at| Some(at + LAST.len() + rest.get(at + LAST.len()..)?.find("-----")? + "-----".len()));
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || "+/=\\:,-".contains(c);
    from + closed.unwrap_or_else(|| rest.find(|c| !is_of_key(c)).unwrap_or(rest.len()))
}

fn value<'t>(found: &Match<'t>) -> &'t str {
    found.groups.last().copied().unwrap_or(found.text)
}

fn is_random(found: &Match<'_>) -> bool {
    entropy(value(found)) >= RANDOM
}

fn has_letters_and_digits(found: &Match<'_>) -> bool {
    let value = value(found);
    value.bytes().any(|byte| byte.is_ascii_digit()) && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a value only shows where a secret would stand.
fn is_placeholder(found: &Match<'_>) -> bool {
    const WORDS: [&str; 12] =
        ["example", "your", "changeme", "placeholder", "redacted", "password", "passwd", "xxxx", "****", "dummy", "secret-value", "<"];
    let value = value(found).to_ascii_lowercase();
    value.contains(['{', '$']) || value == "pass" || value == "secret" || WORDS.iter().any(|word| value.contains(word))
}
