//! How tests ended.

use quick_xml::{Reader, events::Event};

use super::{
    Format, Readings, number, percent,
    xml::{Open, no_entities, xml_root},
};

/// `JUnit`'s XML.
pub(super) const JUNIT: Format = Format {
    name: "junit",
    tool: "pytest (`--junitxml`), cargo-nextest, Jest, Maven, prompt-cicd, many others",
    measures: &[
        ("tests", "test cases, skipped ones included"),
        ("failures", "failed test cases"),
        ("errors", "test cases that broke, and errors and failures outside of them"),
        ("skipped", "skipped test cases"),
        ("test-pass-rate", "passed test cases over those that ran, in percent"),
    ],
    looks_like: |text| xml_root(text).is_some_and(|root| root == "testsuites" || root == "testsuite"),
    read: junit,
};

/// Counts the cases themselves: the totals in attributes are written by hand in too many tools.
fn junit(text: &str) -> Result<Readings, String> {
    if !xml_root(text).is_some_and(|root| root == "testsuites" || root == "testsuite") {
        return Err("its first element is neither <testsuites> nor <testsuite>".to_owned());
    }
    let mut reader = Reader::from_str(text);
    let [mut tests, mut failures, mut errors, mut skipped] = [0_usize; 4];
    // What the current case turned out to be; a case counts once, by its worst.
    let mut worst = 0_u8;
    let mut inside = false;
    // A suite that could not be set up has no case to be wrong in.
    let mut outside = 0_usize;
    let mut open = Open::default();
    let mut close = |worst: u8| match worst {
        3 => errors += 1,
        2 => failures += 1,
        1 => skipped += 1,
        _ => {}
    };
    loop {
        let event = reader.read_event().map_err(|error| format!("byte {}: {error}", reader.error_position()))?;
        open.follow(&event)?;
        match event {
            Event::Start(start) if start.local_name().as_ref() == b"testcase" => {
                close(worst);
                tests += 1;
                (inside, worst) = (true, 0);
            }
            Event::Empty(start) if start.local_name().as_ref() == b"testcase" => tests += 1,
            Event::Start(start) | Event::Empty(start) if inside => {
                worst = worst.max(match start.local_name().as_ref() {
                    b"error" => 3,
                    b"failure" => 2,
                    b"skipped" => 1,
                    _ => 0,
                });
            }
            Event::Start(start) | Event::Empty(start) => {
                outside += usize::from(matches!(start.local_name().as_ref(), b"error" | b"failure"));
            }
            Event::End(end) if end.local_name().as_ref() == b"testcase" => {
                close(worst);
                (inside, worst) = (false, 0);
            }
            Event::Eof => break,
            Event::DocType(declared) => no_entities(&declared)?,
            Event::End(_) | Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::GeneralRef(_) => {
            }
        }
    }
    // What is wrong outside of the cases ran, and did not pass.
    let (passed, ran) = (tests - skipped - failures - errors, tests - skipped + outside);
    let mut readings = Readings::from([
        ("tests", number(tests)),
        ("failures", number(failures)),
        ("errors", number(errors + outside)),
        ("skipped", number(skipped)),
    ]);
    if let Ok(rate) = percent(number(passed), number(ran), "tests") {
        readings.insert("test-pass-rate", rate);
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use super::super::read;

    const TEXT: &str = r#"<testsuites><testsuite name="a" tests="99">
        <testcase name="1"/><testcase name="2"><failure message="x">why &amp; how</failure><error/></testcase>
        <testcase name="3"><failure/></testcase><testcase name="4"><skipped/></testcase></testsuite></testsuites>"#;

    #[test]
    fn cases_are_counted_once_by_their_worst() {
        let value = |measure| read(TEXT, None, measure);
        assert_eq!(["tests", "failures", "errors", "skipped"].map(value), [Ok(4.0), Ok(1.0), Ok(1.0), Ok(1.0)]);
        assert!((value("test-pass-rate").unwrap() - 100.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_run_has_no_pass_rate_and_half_a_file_is_no_file() {
        assert!(read("<testsuites></testsuites>", None, "test-pass-rate").unwrap_err().starts_with("no `test-pass-rate`"));
        assert_eq!(read("<testsuites></testsuites>", None, "tests"), Ok(0.0));
        assert!(read("<testsuites><testcase>", None, "tests").is_err());
        assert!(read("<testsuites><testcase></oops></testsuites>", None, "tests").unwrap_err().starts_with("not junit: byte "));
    }

    #[test]
    fn a_file_that_was_cut_off_is_no_file() {
        let of = |text: &str| read(text, None, "failures").unwrap_err();
        let whole = "<testsuites><testsuite><testcase name=\"1\"/></testsuite></testsuites>";
        assert_eq!(read(whole, None, "failures"), Ok(0.0));
        assert_eq!(of(whole.strip_suffix("</testsuites>").unwrap()), "not junit: it ends within <testsuites>: it was cut off");
        assert_eq!(of("<testsuites><testsuite><testcase name=\"1\"/>"), "not junit: it ends within <testsuite>: it was cut off");
        assert_eq!(of("<testsuites><testcase><failure>why"), "not junit: it ends within <failure>: it was cut off");
    }

    #[test]
    fn what_is_wrong_outside_of_the_cases_is_an_error() {
        let text =
            "<testsuites><error/><testsuite><testcase/><testcase><error/></testcase><failure>no set-up</failure></testsuite></testsuites>";
        assert_eq!(["tests", "failures", "errors"].map(|measure| read(text, None, measure)), [Ok(2.0), Ok(0.0), Ok(3.0)]);
        assert_eq!(read(text, None, "test-pass-rate"), Ok(25.0));
        let nested = "<testsuite><testcase><failure/><testcase></testcase></testcase></testsuite>";
        assert_eq!(
            ["tests", "failures"].map(|measure| read(nested, None, measure)),
            [Ok(2.0), Ok(1.0)],
            "a case within a case hides nothing"
        );
    }

    #[test]
    fn entities_are_not_expanded_and_what_they_hide_is_no_pass() {
        let refused = "not junit: it declares entities (<!ENTITY), which are never expanded: write it without them";
        let bomb = (1..12).fold("<!ENTITY e0 \"aaaaaaaaaa\">".to_owned(), |text, level| {
            let before = format!("&e{};", level - 1).repeat(10);
            format!("{text}<!ENTITY e{level} \"{before}\">")
        });
        let bomb = format!("<!DOCTYPE x [{bomb}]><testsuite><testcase name=\"&e11;\">&e11;</testcase></testsuite>");
        assert_eq!(read(&bomb, None, "tests").unwrap_err(), refused);
        let hidden = "<!DOCTYPE x [<!ENTITY f \"<failure/>\">]><testsuite><testcase name=\"a\">&f;</testcase></testsuite>";
        assert_eq!(read(hidden, None, "failures").unwrap_err(), refused);
        let plain = "<!DOCTYPE testsuites SYSTEM \"junit.dtd\"><testsuite><testcase name=\"a &amp; b\"/></testsuite>";
        assert_eq!(read(plain, None, "tests"), Ok(1.0));
    }
}
