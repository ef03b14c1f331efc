//! Workflow commands: `::name key=value::data`, one a line.

/// The most characters of a message that the runner keeps.
const MESSAGE_LIMIT: usize = 4_096;

/// A command as a line. Whatever is in `data` and `properties` stays there: it can neither start another command nor
/// end this one.
pub(super) fn line(name: &str, properties: &[(&str, &str)], data: &str) -> String {
    let properties: Vec<String> = properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    let space = if properties.is_empty() { "" } else { " " };
    let data: String = data.chars().take(MESSAGE_LIMIT).collect();
    format!("::{name}{space}{}::{}\n", properties.join(","), escape(&data))
}

fn escape(data: &str) -> String {
    data.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(value: &str) -> String {
    escape(value).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_and_data_are_escaped() {
        let got = line("error", &[("title", "a:b,c"), ("line", "3")], "50 %\nnext\r::warning::x");
        assert_eq!(got, "::error title=a%3Ab%2Cc,line=3::50 %25%0Anext%0D::warning::x\n");
        assert_eq!(line("add-mask", &[], "secret"), "::add-mask::secret\n");
    }

    proptest::proptest! {
        #[test]
        fn no_data_makes_a_second_line(title in ".*", data in "(?s).*") {
            let got = line("error", &[("title", &title)], &data);
            proptest::prop_assert_eq!(got.matches(['\n', '\r']).count(), 1);
            proptest::prop_assert!(got.starts_with("::error title=") && got.ends_with('\n'));
        }
    }
}
