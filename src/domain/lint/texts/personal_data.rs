//! Data about people: addresses and numbers that could be real, by their check digits where they have some.

use super::scan::{Detector, Match};

const PERSONAL: Detector = Detector { rule: "personal_data", redacted: true, ..Detector::PLAIN };

/// The forms.
pub(super) const DETECTORS: [Detector; 5] = [
    Detector {
        what: "e-mail address",
        pattern: r"\b[a-z0-9][a-z0-9._%+-]{0,63}@((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})\b",
        holds: |found| !is_reserved(found),
        matches: &["write to ana.diaz@acme-corp.com", "A.B+c@mail.firma.de"],
        spares: &["ana@example.com", "ben@shop.example", "git@localhost", "user@host.test"],
        ..PERSONAL
    },
    Detector {
        what: "phone number",
        pattern: r"\+[1-9](?:[ ./()-]{0,2}\d){7,14}\b|\([2-9]\d{2}\) ?[2-9]\d{2}[ -]\d{4}\b|\b[2-9]\d{2}-[2-9]\d{2}-\d{4}\b",
        matches: &["call +49 30 901820-77", "+1 (415) 867-9021", "(415) 867-9021", "415-867-9021"],
        spares: &["+15 %", "+1 234", "a+1=2"],
        ..PERSONAL
    },
    Detector {
        what: "bank account number (IBAN)",
        pattern: r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
        exact_case: true,
        holds: |found| iban_holds(found.text),
        matches: &["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"],
        spares: &["GB83 WEST 1234 5698 7654 32", "AB12 CDEF GHIJ"],
        ..PERSONAL
    },
    Detector {
        what: "payment card number",
        pattern: r"\b[2-6]\d(?:[ -]?\d){11,17}\b",
        holds: |found| card_holds(found.text),
        matches: &["4111 1111 1111 1111", "5500-0055-5555-5559"],
        spares: &["4111 1111 1111 1112", "2024-01-01 00:00:00", "1234567890123456"],
        ..PERSONAL
    },
    Detector {
        what: "US social security number",
        pattern: r"\b(\d{3})-(\d{2})-(\d{4})\b",
        holds: |found| match found.groups.as_slice() {
            [area, group, serial] => !matches!(*area, "000" | "666") && !area.starts_with('9') && *group != "00" && *serial != "0000",
            _ => false,
        },
        matches: &["SSN 536-90-4399"],
        spares: &["000-12-3456", "987-65-4321", "555-1234"],
        ..PERSONAL
    },
];

/// Whether an address is of a domain that belongs to nobody.
fn is_reserved(found: &Match<'_>) -> bool {
    let domain = found.groups.last().copied().unwrap_or_default().to_ascii_lowercase();
    let top = domain.rsplit('.').next().unwrap_or_default();
    let second = domain.rsplit('.').nth(1).unwrap_or_default();
    matches!(top, "example" | "test" | "invalid" | "localhost" | "local") || second == "example" && matches!(top, "com" | "org" | "net")
}

/// The check of ISO 13616: the number, its start moved to the end and letters read as 10 to 35, is 1 modulo 97.
fn iban_holds(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| *c != ' ').collect();
    if !(15..=34).contains(&plain.len()) {
        return false;
    }
    let (start, rest) = plain.split_at(4);
    let rest = rest.chars().chain(start.chars()).try_fold(0_u32, |sum, c| {
        let value = c.to_digit(36)?;
        Some((sum * if value > 9 { 100 } else { 10 } + value) % 97)
    });
    rest == Some(1)
}

/// The check of ISO 7812 (every second digit from the right doubled), and not one digit alone.
fn card_holds(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10) && digits.windows(2).any(|pair| matches!(pair, [a, b] if a != b))
}
