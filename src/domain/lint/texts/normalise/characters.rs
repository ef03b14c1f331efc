//! Signs that stand for one character. An encoded sign of the same encoding (`%2569`, `&amp;#105;`, `\\x69`) is decoded to the end.

use std::sync::OnceLock;

use regex::Regex;

use super::{Edit, compiled, replaced};

/// Entities that stand for what letters and orders are written with.
const ENTITIES: [(&str, char); 33] = [
    ("lt", '<'),
    ("gt", '>'),
    ("amp", '&'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("Tab", ' '),
    ("NewLine", '\n'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("dash", '-'),
    ("period", '.'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("lowbar", '_'),
    ("imath", 'i'),
    ("vert", '|'),
    ("grave", '`'),
];

/// Entities that stand for nothing that is seen.
const INVISIBLE: [&str; 5] = ["shy", "zwj", "zwnj", "ZeroWidthSpace", "NoBreak"];

/// Those that are read without a semicolon, too.
const LEGACY: [&str; 5] = ["lt", "gt", "amp", "quot", "nbsp"];

/// `&#105;`, `&#x69`, `&lt;`.
pub(super) fn entities(text: &str) -> Vec<Edit> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    if !text.contains('&') {
        return Vec::new();
    }
    let pattern = compiled(&PATTERN, "&(?:amp;)*(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z]{2,20})(?:;|(?-u:\\b))");
    replaced(text, pattern, |entity| {
        let (name, closed) = entity.strip_suffix(';').map_or((entity, false), |name| (name, true));
        let name = name.rsplit(['&', ';']).next().unwrap_or_default();
        if let Some(written) = name.strip_prefix('#') {
            let code = match written.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => written.parse(),
            };
            return code.ok().and_then(char::from_u32).map(String::from);
        }
        if !closed && !LEGACY.contains(&name) {
            return None;
        }
        if INVISIBLE.contains(&name) {
            return Some(String::new());
        }
        let known = ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
        // Letters in other hands: `&ifr;`, `&iopf;`, `&iscr;`.
        let styled = || ["fr", "opf", "scr"].iter().find_map(|hand| name.strip_suffix(hand)).and_then(|letter| letter.parse().ok());
        known.or_else(styled).map(String::from)
    })
}

/// `%69`, `%u0069`.
pub(super) fn percent(text: &str) -> Vec<Edit> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    if !text.contains('%') {
        return Vec::new();
    }
    let pattern = compiled(&PATTERN, "(?:%(?:25)*(?:[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}))+");
    replaced(text, pattern, |run| {
        let mut bytes = Vec::new();
        for sign in run.split('%').skip(1) {
            if let Some((_, code)) = sign.split_once('u') {
                let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32)?;
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                bytes.extend(sign.get(sign.len().checked_sub(2)?..).and_then(|hex| u8::from_str_radix(hex, 16).ok()));
            }
        }
        // Bytes that are no text do not hide the text around them.
        Some(String::from_utf8_lossy(&bytes).replace('\u{fffd}', ""))
    })
}

/// `\u0069`, `\u{69}`, `\x69`, `\151`, `\n`.
pub(super) fn escapes(text: &str) -> Vec<Edit> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    if !text.contains('\\') {
        return Vec::new();
    }
    let pattern = compiled(
        &PATTERN,
        r#"\\+(?:u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}|u\{0*[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|[ntr"'/])"#,
    );
    replaced(text, pattern, |escape| {
        let written = escape.trim_start_matches('\\');
        if let Some((high, low)) = written.split_once('\\') {
            let unit = |text: &str| u16::from_str_radix(text.trim_start_matches(['\\', 'u']), 16).ok();
            return String::from_utf16(&[unit(high)?, unit(low)?]).ok();
        }
        let hex = |digits: &str| u32::from_str_radix(digits.trim_matches(['{', '}']), 16).ok();
        let code = match written.chars().next()? {
            'n' | 'r' => Some(u32::from('\n')),
            't' => Some(u32::from(' ')),
            'u' | 'U' | 'x' => hex(written.get(1..)?),
            '0'..='3' => u32::from_str_radix(written, 8).ok(),
            other => Some(u32::from(other)),
        };
        code.and_then(char::from_u32).map(String::from)
    })
}
