//! Swear words: whole words only, so that no place and no dish is mistaken for one.

use super::scan::Detector;

/// The words, in a few languages, with their endings. Marks on letters are folded before.
pub(super) const DETECTORS: [Detector; 2] = [
    Detector {
        rule: "no_profanity",
        what: "swear word",
        pattern: r"\b(?:(?:mother)?fuck(?:s|ed|er|ers|ing|in|wit|wits)?|(?:bull|horse|dip)?shit(?:s|ty|head|heads|show)?|bitch(?:es|y|ing)?|ass(?:hole|holes|hat|hats|wipe|wipes)|arsehole(?:s)?|bastards?|cunts?|dickheads?|wank(?:er|ers|ing)|twats?|sluts?|whores?|bollocks|cocksuckers?|goddamn(?:ed)?)\b",
        matches: &["what the FUCK", "shitty code", "shıt", "ｂｉｔｃｈ"],
        spares: &["Scunthorpe", "shitake", "class assassin", "bitcoin", "cocktail", "Dick Whittington", "therapist", "matsushita"],
        ..Detector::PLAIN
    },
    Detector {
        rule: "no_profanity",
        what: "swear word",
        pattern: r"\b(?:scheiss(?:e|er|dreck)?|arschl(?:och|ocher)|wichser|fotze|hurensohn|merde|putain|connard|encule|mierda|puta|hijo\s+de\s+puta|gilipollas|cazzo|stronzo|vaffanculo|caralho|foda-se)\b",
        matches: &["Scheiße!", "arschloch", "¡Mierda!"],
        spares: &["computador", "Arsch", "disputa"],
        ..Detector::PLAIN
    },
];
