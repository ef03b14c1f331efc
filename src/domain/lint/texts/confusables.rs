//! Characters that look like others: what a reader takes them for.

/// What one character stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folded {
    /// Nothing that is seen.
    Nothing,
    /// This character.
    One(char),
    /// These.
    Many(&'static str),
}

/// Pairs of look-alikes: the characters of the first text stand for those of the second, one by one.
const LOOK_ALIKES: [(&str, &str); 9] = [
    ("аеорсхуіјѕһԁԛԝкмтнвӏ", "aeopcxyijshdqwkmthbl"),
    ("АВЕКМНОРСТХУІЈЅԚԜ", "ABEKMHOPCTXYIJSQW"),
    ("αονρτικυγηεωχ", "aovptikuynewx"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    ("ℂℊℋℌℍℎℐℑℒℓℕℙℚℛℜℝℤℬℭℯℰℱℳℴ", "CgHHHhIILlNPQRRRZBCeEFMo"),
    ("ıɑɡɩʏꓲ", "iagiYI"),
    ("\u{2018}\u{2019}\u{201a}\u{201b}\u{2032}\u{ff40}", "''''''"),
    ("\u{201c}\u{201d}\u{201e}\u{201f}\u{2033}", "\"\"\"\"\""),
    ("\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2212}", "------"),
];

/// Letters with marks, and the letter below.
const MARKED: [(&str, char); 26] = [
    ("àáâãäåāăą", 'a'),
    ("ÀÁÂÃÄÅĀĂĄ", 'A'),
    ("çćĉċč", 'c'),
    ("ÇĆĈĊČ", 'C'),
    ("ďđð", 'd'),
    ("ĎĐ", 'D'),
    ("èéêëēĕėęě", 'e'),
    ("ÈÉÊËĒĔĖĘĚ", 'E'),
    ("ĝğġģ", 'g'),
    ("ĜĞĠĢ", 'G'),
    ("ìíîïĩīĭį", 'i'),
    ("ÌÍÎÏĨĪĬĮİ", 'I'),
    ("ñńņňŋ", 'n'),
    ("ÑŃŅŇŊ", 'N'),
    ("òóôõöøōŏő", 'o'),
    ("ÒÓÔÕÖØŌŎŐ", 'O'),
    ("ŕŗř", 'r'),
    ("ŔŖŘ", 'R'),
    ("śŝşš", 's'),
    ("ŚŜŞŠ", 'S'),
    ("ùúûüũūŭůűų", 'u'),
    ("ÙÚÛÜŨŪŬŮŰŲ", 'U'),
    ("ýÿŷ", 'y'),
    ("ÝŸŶ", 'Y'),
    ("źżž", 'z'),
    ("ŹŻŽ", 'Z'),
];

/// What a reader takes a character for.
pub(super) fn fold(c: char) -> Folded {
    if c.is_ascii() {
        return Folded::One(c);
    }
    let code = u32::from(c);
    match code {
        // Marks, joiners, spaces without width, directions, variations: seen by nobody.
        0x00ad
        | 0x034f
        | 0x061c
        | 0x115f
        | 0x1160
        | 0x180e
        | 0x3164
        | 0xfeff
        | 0xffa0
        | 0x0300..=0x034e
        | 0x0350..=0x036f
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0xfe00..=0xfe0f => Folded::Nothing,
        // Tags repeat ASCII invisibly, and models read them.
        0xe0000..=0xe0fff => match code - 0xe0000 {
            tag @ 0x20..=0x7e => ascii(tag),
            _ => Folded::Nothing,
        },
        // Wide forms and letters in circles, brackets, squares.
        0xff01..=0xff5e => ascii(code - 0xff01 + 0x21),
        0x249c..=0x24b5 => ascii(code - 0x249c + 0x61),
        0x24b6..=0x24cf => ascii(code - 0x24b6 + 0x41),
        0x24d0..=0x24e9 => ascii(code - 0x24d0 + 0x61),
        0x1_f130..=0x1_f149 => ascii(code - 0x1_f130 + 0x41),
        0x1_f150..=0x1_f169 => ascii(code - 0x1_f150 + 0x41),
        0x1_f170..=0x1_f189 => ascii(code - 0x1_f170 + 0x41),
        // Mathematical letters: 13 styles of A to Z, a to z, and the digits.
        0x1_d400..=0x1_d6a3 => match (code - 0x1_d400) % 52 {
            upper @ 0..26 => ascii(upper + 0x41),
            lower => ascii(lower - 26 + 0x61),
        },
        0x1_d7ce..=0x1_d7ff => ascii((code - 0x1_d7ce) % 10 + 0x30),
        0x00df => Folded::Many("ss"),
        0x00e6 => Folded::Many("ae"),
        0x0153 => Folded::Many("oe"),
        0xfb00 => Folded::Many("ff"),
        0xfb01 => Folded::Many("fi"),
        0xfb02 => Folded::Many("fl"),
        0xfb03 => Folded::Many("ffi"),
        0xfb04 => Folded::Many("ffl"),
        0xfb05 | 0xfb06 => Folded::Many("st"),
        _ => Folded::One(look_alike(c)),
    }
}

fn ascii(code: u32) -> Folded {
    char::from_u32(code).map_or(Folded::Nothing, Folded::One)
}

fn look_alike(c: char) -> char {
    // Beyond these blocks nothing is in the tables; most other scripts pass here quickly.
    if !matches!(u32::from(c), 0xc0..=0x52f | 0x2010..=0x214f | 0xa4f2 | 0xff40) {
        return c;
    }
    let pair = LOOK_ALIKES.iter().find_map(|(from, to)| from.chars().zip(to.chars()).find(|(known, _)| *known == c));
    pair.map(|(_, plain)| plain).or_else(|| MARKED.iter().find(|(marked, _)| marked.contains(c)).map(|(_, plain)| *plain)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_as_long_as_each_other() {
        for (from, to) in LOOK_ALIKES {
            assert_eq!(from.chars().count(), to.chars().count(), "{from}");
        }
    }

    #[test]
    fn look_alikes_become_what_they_look_like() {
        for (c, plain) in
            [('о', 'o'), ('Α', 'A'), ('Ｉ', 'I'), ('𝐢', 'i'), ('𝟗', '9'), ('ⓖ', 'g'), ('é', 'e'), ('’', '\''), ('日', '日'), ('ℯ', 'e')]
        {
            assert_eq!(fold(c), Folded::One(plain), "{c}");
        }
        assert_eq!(fold('\u{200b}'), Folded::Nothing);
        assert_eq!(fold('\u{e0069}'), Folded::One('i'));
        assert_eq!(fold('ﬁ'), Folded::Many("fi"));
    }
}
