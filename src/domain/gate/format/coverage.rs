//! How much of the code the tests run.

use std::collections::BTreeSet;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use serde::Deserialize;

use super::{
    Format, Readings, has_key, json, number, percent,
    xml::{Open, no_entities, xml_root},
};

const LINES: (&str, &str) = ("line-coverage", "lines that were run, in percent");
const BRANCHES: (&str, &str) = ("branch-coverage", "branches that were taken, in percent; only where they were counted");

/// Cobertura's XML.
pub(super) const COBERTURA: Format = Format {
    name: "cobertura",
    tool: "coverage.py (`coverage xml`), cargo-llvm-cov, gcovr, many others",
    measures: &[LINES, BRANCHES],
    looks_like: |text| xml_root(text).is_some_and(|root| root == "coverage"),
    read: cobertura,
};

/// lcov's tracefile.
pub(super) const LCOV: Format = Format {
    name: "lcov",
    tool: "lcov, cargo-llvm-cov, c8, istanbul",
    measures: &[LINES, BRANCHES, ("lines", "lines that can be run"), ("files", "source files with a record")],
    looks_like: |text| text.lines().take(200).any(|line| line.starts_with("SF:")),
    read: lcov,
};

/// coverage.py's JSON.
pub(super) const COVERAGE_PY: Format = Format {
    name: "coverage-py",
    tool: "coverage.py (`coverage json`)",
    measures: &[LINES, ("statements", "statements that can be run")],
    looks_like: |text| has_key(text, "meta") && text.contains("\"percent_covered\""),
    read: coverage_py,
};

/// llvm-cov's export.
pub(super) const LLVM_COV: Format = Format {
    name: "llvm-cov",
    tool: "llvm-cov (`export`), cargo-llvm-cov (`--json`)",
    measures: &[LINES, BRANCHES, ("function-coverage", "functions that were run, in percent")],
    looks_like: |text| text.contains("\"llvm.coverage.json.export\""),
    read: llvm_cov,
};

fn cobertura(text: &str) -> Result<Readings, String> {
    let mut reader = Reader::from_str(text);
    let (mut open, mut readings) = (Open::default(), None);
    // To its end: what was cut off may have been written half, and its totals with it.
    loop {
        let event = reader.read_event().map_err(|error| format!("byte {}: {error}", reader.error_position()))?;
        open.follow(&event)?;
        match event {
            Event::Start(start) | Event::Empty(start) if readings.is_none() => readings = Some(of_root(&start)?),
            Event::Eof => return readings.ok_or_else(|| "it has no element".to_owned()),
            Event::DocType(declared) => no_entities(&declared)?,
            Event::Start(_)
            | Event::Empty(_)
            | Event::End(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

/// The totals, which are the attributes of `<coverage>`.
fn of_root(start: &BytesStart<'_>) -> Result<Readings, String> {
    if start.local_name().as_ref() != b"coverage" {
        return Err("its first element is not <coverage>".to_owned());
    }
    let rate = |name: &str| -> Result<Option<f64>, String> {
        let attribute = start.try_get_attribute(name).map_err(|error| error.to_string())?;
        let Some(attribute) = attribute else { return Ok(None) };
        let text = String::from_utf8_lossy(&attribute.value).into_owned();
        text.trim().parse().map(Some).map_err(|error| format!("{name} is `{text}`: {error}"))
    };
    let lines = rate("line-rate")?.ok_or("<coverage> has no line-rate")?;
    if rate("lines-valid")?.is_some_and(|lines| lines <= 0.0) {
        return Err("it covers no lines".to_owned());
    }
    let mut readings = Readings::from([("line-coverage", share(lines)?)]);
    if rate("branches-valid")?.is_some_and(|branches| branches > 0.0)
        && let Some(branches) = rate("branch-rate")?
    {
        readings.insert("branch-coverage", share(branches)?);
    }
    Ok(readings)
}

fn share(rate: f64) -> Result<f64, String> {
    if (0.0..=1.0).contains(&rate) { Ok(rate * 100.0) } else { Err(format!("a rate of {rate} is not between 0 and 1")) }
}

fn lcov(text: &str) -> Result<Readings, String> {
    let mut sums = [0.0_f64; 4];
    let mut files: BTreeSet<&str> = BTreeSet::new();
    // The record that is open. What was cut off may lack the lines that nobody ran.
    let mut open: Option<&str> = None;
    let cut = |file: &str| format!("it ends within the record of `{file}`, which has no `end_of_record`: it was cut off");
    for line in text.lines() {
        if let Some(file) = line.strip_prefix("SF:") {
            files.insert(file.trim());
            if let Some(before) = open.replace(file.trim()) {
                return Err(cut(before));
            }
        }
        if line.trim_end() == "end_of_record" {
            open = None;
        }
        for (sum, prefix) in sums.iter_mut().zip(["LF:", "LH:", "BRF:", "BRH:"]) {
            if let Some(count) = line.strip_prefix(prefix) {
                let count: u32 = count.trim().parse().map_err(|error| format!("`{line}` has no count: {error}"))?;
                *sum += f64::from(count);
            }
        }
    }
    if let Some(file) = open {
        return Err(cut(file));
    }
    // The next record's first letters, or a `TN:` that nothing follows.
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with('#'));
    if let Some(last) = last.filter(|last| *last != "end_of_record" && text.contains("end_of_record")) {
        let last: String = last.chars().take(40).collect();
        return Err(format!("its last line is `{last}`, not `end_of_record`: it was cut off"));
    }
    let [found, hit, branches, taken] = sums;
    // A file that was cut between two records is whole by its form: only the number of its files tells.
    let mut readings = Readings::from([("line-coverage", percent(hit, found, "lines")?), ("lines", found), ("files", number(files.len()))]);
    if branches > 0.0 {
        readings.insert("branch-coverage", percent(taken, branches, "branches")?);
    }
    Ok(readings)
}

fn coverage_py(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct File {
        totals: Totals,
    }
    #[derive(Deserialize)]
    struct Totals {
        percent_covered: f64,
        num_statements: f64,
    }
    let totals = json::<File>(text)?.totals;
    percent(1.0, totals.num_statements, "statements")?;
    Ok(Readings::from([("line-coverage", totals.percent_covered), ("statements", totals.num_statements)]))
}

fn llvm_cov(text: &str) -> Result<Readings, String> {
    #[derive(Deserialize)]
    struct File {
        data: Vec<Export>,
    }
    #[derive(Deserialize)]
    struct Export {
        totals: Totals,
    }
    #[derive(Deserialize)]
    struct Totals {
        lines: Count,
        functions: Count,
        branches: Option<Count>,
    }
    #[derive(Deserialize)]
    struct Count {
        count: f64,
        covered: f64,
    }
    let exports = json::<File>(text)?.data;
    let sum = |of: &dyn Fn(&Totals) -> Option<(f64, f64)>| {
        exports.iter().filter_map(|export| of(&export.totals)).fold((0.0, 0.0), |sum, (covered, count)| (sum.0 + covered, sum.1 + count))
    };
    let lines = sum(&|totals| Some((totals.lines.covered, totals.lines.count)));
    let functions = sum(&|totals| Some((totals.functions.covered, totals.functions.count)));
    let branches = sum(&|totals| totals.branches.as_ref().map(|branches| (branches.covered, branches.count)));
    let mut readings = Readings::from([("line-coverage", percent(lines.0, lines.1, "lines")?)]);
    readings.insert("function-coverage", percent(functions.0, functions.1, "functions")?);
    if branches.1 > 0.0 {
        readings.insert("branch-coverage", percent(branches.0, branches.1, "branches")?);
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn cobertura_is_read_and_nothing_covered_is_no_number() {
        let xml = |lines: &str, valid: u32| {
            format!(
                "<?xml version=\"1.0\" ?>\n<!DOCTYPE coverage SYSTEM \"x.dtd\">\n<!-- c -->\n<coverage line-rate=\"{lines}\" branch-rate=\"0.5\" lines-valid=\"{valid}\" branches-valid=\"4\"><packages/></coverage>"
            )
        };
        assert_eq!(read(&xml("0.8", 10), None, "line-coverage"), Ok(80.0));
        assert_eq!(read(&xml("0.8", 10), Some("cobertura"), "branch-coverage"), Ok(50.0));
        assert_eq!(read(&xml("1", 0), None, "line-coverage").unwrap_err(), "not cobertura: it covers no lines");
        assert!(read(&xml("abc", 1), None, "line-coverage").unwrap_err().contains("line-rate is `abc`"));
        assert!(read(&xml("1.5", 1), None, "line-coverage").unwrap_err().contains("not between 0 and 1"));
    }

    #[test]
    fn cobertura_that_was_cut_off_is_no_number() {
        let whole = "<coverage line-rate=\"1\"><packages><package/></packages></coverage>";
        assert_eq!(read(whole, None, "line-coverage"), Ok(100.0));
        let of = |end: &str| read(whole.strip_suffix(end).unwrap(), None, "line-coverage").unwrap_err();
        assert_eq!(of("</coverage>"), "not cobertura: it ends within <coverage>: it was cut off");
        assert_eq!(of("</packages></coverage>"), "not cobertura: it ends within <packages>: it was cut off");
        assert!(of("ckages></coverage>").starts_with("not cobertura: byte "));
    }

    #[test]
    fn cobertura_with_entities_of_its_own_is_no_number() {
        let bomb = "<!DOCTYPE coverage [<!ENTITY a \"9\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><coverage line-rate=\"0.&b;\"/>";
        let error = "not cobertura: it declares entities (<!ENTITY), which are never expanded: write it without them";
        assert_eq!(read(bomb, None, "line-coverage").unwrap_err(), error);
    }

    #[test]
    fn lcov_sums_its_records() {
        let text = "TN:\nSF:a\nLF:10\nLH:9\nBRF:4\nBRH:1\nend_of_record\nSF:b\nLF:10\nLH:5\nend_of_record\n";
        assert_eq!(read(text, None, "line-coverage"), Ok(70.0));
        assert_eq!(read(text, None, "branch-coverage"), Ok(25.0));
        assert!(read("SF:a\nLF:x\nend_of_record\n", None, "line-coverage").unwrap_err().contains("`LF:x` has no count: "));
        assert!(read("SF:a\nend_of_record\n", None, "line-coverage").unwrap_err().contains("it covers no lines"));
    }

    #[test]
    fn lcov_that_was_cut_off_is_no_number() {
        let whole = "TN:\nSF:a\nDA:1,1\nLF:1\nLH:1\nend_of_record\nSF:b\nDA:1,0\nLF:1\nLH:0\nend_of_record\n";
        assert_eq!(read(whole, None, "line-coverage"), Ok(50.0));
        for end in 0..whole.len() - 1 {
            let cut = whole.get(..end).unwrap();
            assert!(read(cut, Some("lcov"), "line-coverage").is_err() || cut.trim_end().ends_with("LH:1\nend_of_record"));
        }
        // Between two records nothing in the file tells: the number of its files does.
        let between = "TN:\nSF:a\nDA:1,1\nLF:1\nLH:1\nend_of_record\n";
        let files = |text: &str| read(text, None, "files");
        assert_eq!((files(whole), files(between), files(&whole.repeat(2))), (Ok(2.0), Ok(1.0), Ok(2.0)));
        let said = "not lcov: it ends within the record of `b`, which has no `end_of_record`: it was cut off";
        assert_eq!(read(whole.strip_suffix("LF:1\nLH:0\nend_of_record\n").unwrap(), None, "line-coverage").unwrap_err(), said);
        assert_eq!(read(whole.strip_suffix("record\n").unwrap(), None, "line-coverage").unwrap_err(), said);
        // Two that were cut and put together.
        let joined = whole.replacen("end_of_record\n", "", 1);
        assert!(read(&joined, None, "line-coverage").unwrap_err().contains("within the record of `a`"));
    }

    #[test]
    fn the_json_exports_are_read() {
        let python = r#"{"meta": {"version": "7.4"}, "files": {}, "totals": {"percent_covered": 84.9, "num_statements": 200}}"#;
        assert_eq!(read(python, None, "line-coverage"), Ok(84.9));
        assert!(read(&python.replace("200", "0"), None, "line-coverage").unwrap_err().contains("no statements"));
        let llvm = r#"{"data": [{"totals": {"lines": {"count": 200, "covered": 150, "percent": 75.0}, "functions": {"count": 4, "covered": 4}}}], "type": "llvm.coverage.json.export", "version": "2.0.1"}"#;
        assert_eq!(read(llvm, None, "line-coverage"), Ok(75.0));
        assert_eq!(read(llvm, None, "function-coverage"), Ok(100.0));
    }
}
