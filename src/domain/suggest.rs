//! Did-you-mean: which of the names there are was most likely meant.

/// Longer texts are no typos of names, and measuring their distance would be slow.
const LONGEST: usize = 64;

/// The name that was most likely meant, if any is near enough.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(written, known).into_iter().next()
}

/// The names that were most likely meant, best first, three at most.
///
/// Spelling that is no difference is none: `baseUrl`, `base_url`, `Base-URL`. Near is what takes few edits for its length,
/// and what begins alike.
pub fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if written.chars().count() > LONGEST {
        return Vec::new();
    }
    let plain = normalise(written);
    let mut close: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let known = normalise(name);
            let distance = strsim::damerau_levenshtein(&plain, &known);
            let longest = plain.chars().count().max(known.chars().count());
            let near = distance == 0 || distance <= longest / 3 || (distance == 1 && longest > 2);
            let prefix = plain.len() >= 3 && (known.starts_with(&plain) || plain.starts_with(&known) && known.len() >= 3);
            (near || prefix).then_some((distance, name))
        })
        .collect();
    close.sort_by_key(|(distance, _)| *distance);
    close.into_iter().map(|(_, name)| name).take(3).collect()
}

fn normalise(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_recognised_and_strangers_are_not() {
        let known = ["base-url", "api-key-env", "prices", "of", "min-length", "max-length"];
        for (written, meant) in [("baseUrl", "base-url"), ("base_ulr", "base-url"), ("price", "prices"), ("minlength", "min-length")] {
            assert_eq!(nearest(written, known), Some(meant), "{written}");
        }
        for stranger in ["", "x", "temperature", &"base-url".repeat(20)] {
            assert_eq!(nearest(stranger, known), None, "{stranger}");
        }
        assert_eq!(near("m-length", known), ["min-length", "max-length"]);
    }
}
