//! Texts that are encoded as a whole: base64, hexadecimal. Only what comes out as something to read is taken for one.

use std::{ops::Range, sync::OnceLock};

use regex::Regex;

use super::{Edit, compiled};

/// Signs in base64 that are looked at.
const SHORTEST: usize = 16;
/// Characters in a row that can be read; chance makes fewer.
const READABLE: usize = 8;
/// Steps that may be spent on joining pieces of base64, for each byte of the text.
const STEPS: usize = 6;

/// `69676e6f7265`, `69 67 6e`, `69:67:6e`, `0x69, 0x67`.
pub(super) fn hexadecimal(text: &str) -> Vec<Edit> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = compiled(&PATTERN, r"(?-u:\b)(?:(?:0[xX]|[uU]\+00)?[0-9a-fA-F]{2}[ \n,:;_.|-]{0,3}){8,}[0-9a-fA-F]?|[0-9a-fA-F]{16,}");
    let edit = |found: regex::Match<'_>| {
        // What parts it from the next word stays.
        let run = found.as_str().trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        Some(Edit { range: found.start()..found.start() + run.len(), text: format!("\n{}", of_pairs(run)?) })
    };
    pattern.find_iter(text).filter_map(edit).collect()
}

fn of_pairs(run: &str) -> Option<String> {
    let bare = run.replace("0x", " ").replace("0X", " ").replace("U+00", " ").replace("u+00", " ");
    let groups: Vec<&str> = bare.split(|c: char| !c.is_ascii_hexdigit()).filter(|group| !group.is_empty()).collect();
    let decoded = |skipped: usize| {
        let of_group = |group: &&str| {
            // A digit before the first or behind the last is not part of it.
            let digits: Vec<u8> = group.chars().skip(skipped).filter_map(|c| c.to_digit(16)?.try_into().ok()).collect();
            digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect::<Vec<u8>>()
        };
        readable(&groups.iter().flat_map(of_group).collect::<Vec<u8>>())
    };
    decoded(0).or_else(|| decoded(1))
}

/// Texts in base64, for addresses too, also where white space was put into them.
pub(super) fn base64(text: &str) -> Vec<Edit> {
    counted(text).0
}

/// With how many steps joining took.
pub(super) fn counted(text: &str) -> (Vec<Edit>, usize) {
    let pieces = pieces(text);
    let most = text.len().saturating_mul(STEPS);
    let (mut edits, mut steps, mut at) = (Vec::<Edit>::new(), 0, 0);
    let mut continues = None;
    while let Some(piece) = pieces.get(at) {
        let joined = if steps < most { join(text, pieces.get(at..).unwrap_or_default(), &mut steps) } else { None };
        let (range, decoded, next) = match joined {
            Some((count, decoded)) => {
                let end = pieces.get(at + count - 1).map_or(piece.range.end, |last| last.range.end);
                (piece.range.start..end, Some(decoded), at + count)
            }
            None => (piece.range.clone(), alone(text.get(piece.range.clone()).unwrap_or_default()), at + 1),
        };
        if let Some(decoded) = decoded {
            // Lines that are one text: what parts them goes.
            let goes_on = continues == Some(at) && !piece.first;
            let start = if goes_on { edits.last().map_or(range.start, |edit| edit.range.end) } else { range.start };
            let text = if goes_on { decoded } else { format!("\n{decoded}") };
            edits.push(Edit { range: start..range.end, text });
            continues = Some(next);
        }
        at = next;
    }
    (edits, steps)
}

/// Signs of base64 in a row, with the padding behind them.
#[derive(Debug)]
struct Piece {
    range: Range<usize>,
    /// Whether something else than white space stands before it.
    first: bool,
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut first = true;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((start, byte)) = bytes.next() {
        if sextet(byte).is_none() {
            first |= !byte.is_ascii_whitespace();
            continue;
        }
        let mut end = start + 1;
        while bytes.next_if(|(_, byte)| sextet(*byte).is_some()).is_some() {
            end += 1;
        }
        while bytes.next_if(|(_, byte)| *byte == b'=').is_some() {
            end += 1;
        }
        let piece = text.get(start..end).unwrap_or_default();
        // Hexadecimal is looked at before; what is left of it means something else, or is for the next round.
        let digits = piece.bytes().filter(u8::is_ascii_hexdigit).count();
        if piece.len() >= SHORTEST && digits * 10 >= piece.len() * 9 {
            first = true;
            continue;
        }
        pieces.push(Piece { range: start..end, first });
        first = false;
    }
    pieces
}

/// Decodes pieces as one text as long as it can be read; how many they are, and the text.
fn join(text: &str, pieces: &[Piece], steps: &mut usize) -> Option<(usize, String)> {
    let mut bits = Bits::default();
    let mut bytes: Vec<u8> = Vec::new();
    let mut utf8 = Utf8::default();
    let mut whole = (0, 0, 0);
    let mut signs = 0;
    'pieces: for (index, piece) in pieces.iter().enumerate() {
        if index > 0 && piece.first {
            break;
        }
        for sign in text.get(piece.range.clone()).unwrap_or_default().bytes() {
            *steps += 1;
            signs += 1;
            if let Some(byte) = bits.take(sign) {
                if !utf8.accepts(byte) {
                    break 'pieces;
                }
                bytes.push(byte);
            }
        }
        whole = (index + 1, bytes.len(), signs);
    }
    let (count, length, signs) = whole;
    bytes.truncate(length);
    let text = String::from_utf8_lossy(&bytes).replace(['\u{fffd}', '\0'], "");
    (signs >= SHORTEST && text.chars().count() >= READABLE).then_some((count, text))
}

/// What can be read in one piece, wherever in it the text begins.
fn alone(piece: &str) -> Option<String> {
    if piece.len() < SHORTEST {
        return None;
    }
    let decoded = |skipped: usize| {
        let mut bits = Bits::default();
        let bytes: Vec<u8> = piece.bytes().skip(skipped).filter_map(|sign| bits.take(sign)).collect();
        readable(&bytes)
    };
    (0..4).find_map(decoded)
}

/// The parts of some bytes that can be read, each on a line of its own. Zeros between letters are those of UTF-16.
fn readable(bytes: &[u8]) -> Option<String> {
    let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&bytes);
    let parts = text.split(|c: char| c == '\u{fffd}' || c.is_control() && !c.is_whitespace());
    let parts: Vec<&str> = parts.filter(|part| part.chars().count() >= READABLE).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// Four signs become three bytes.
#[derive(Debug, Default)]
struct Bits {
    held: u32,
    count: u32,
}

impl Bits {
    fn take(&mut self, sign: u8) -> Option<u8> {
        let Some(value) = sextet(sign) else {
            // Padding: the next sign begins anew.
            *self = Self::default();
            return None;
        };
        self.held = (self.held << 6 | u32::from(value)) & 0x3fff;
        self.count += 6;
        if self.count < 8 {
            return None;
        }
        self.count -= 8;
        u8::try_from(self.held >> self.count & 0xff).ok()
    }
}

fn sextet(sign: u8) -> Option<u8> {
    match sign {
        b'A'..=b'Z' => Some(sign - b'A'),
        b'a'..=b'z' => Some(sign - b'a' + 26),
        b'0'..=b'9' => Some(sign - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Whether bytes go on as a text, one by one.
#[derive(Debug, Default)]
struct Utf8 {
    /// Bytes that the character under way still needs.
    needed: u8,
}

impl Utf8 {
    fn accepts(&mut self, byte: u8) -> bool {
        if self.needed > 0 {
            self.needed -= 1;
            return matches!(byte, 0x80..=0xbf);
        }
        self.needed = match byte {
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => 0,
        };
        self.needed > 0 || matches!(byte, b'\t' | b'\n' | b'\r' | 0 | 0x20..=0x7e)
    }
}
