//! Any text at all: it is refused or read, and never worse.

use super::{cases, parse, prompt_file};

const FILE: &str = "prompt-cicd.yml";

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(version: 1\n)?[ -~\n\té]{0,200}") {
        drop(parse(&text, FILE));
        drop(parse(&text, "c.json"));
    }

    #[test]
    fn no_yaml_soup_makes_the_parser_panic(parts in proptest::collection::vec(proptest::sample::select(vec![
        "version: 1", "suites:", "providers:", "\n", "\n  ", "\n    ", "- ", "name: a", "cases:", "[", "]", "{", "}", "<<: *a", "&a ", "*a", "kind: openai",
        ": ", ", ", "'", "\"", "|\n", "# ", "run:", "x-a:", "id: 1", "assert:", "contains: x", "limits:", "null", "é", "\t", "? ", "!t ",
    ]), 0..40)) {
        let text = parts.concat();
        drop(parse(&text, FILE));
        drop(cases::parse(&text, "c.yml"));
        drop(prompt_file::parse(&text, "p.yml"));
    }
}
