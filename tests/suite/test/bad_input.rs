use std::fmt::Write as _;

use crate::support::{Behaviour, FakeModel, Finished, Workspace};

/// An input nobody can use: its file, what is in it, and what is said.
struct Bad {
    name: &'static str,
    file: &'static str,
    bytes: Vec<u8>,
    says: &'static [&'static str],
}

fn bad(name: &'static str, file: &'static str, bytes: impl Into<Vec<u8>>, says: &'static [&'static str]) -> Bad {
    Bad { name, file, bytes: bytes.into(), says }
}

/// Nine levels of ten aliases each: a billion texts.
fn bomb(key: &str) -> String {
    let mut text = format!("{key}:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "  a{level}: &a{level} [{aliases}]").unwrap();
    }
    text
}

const PROMPT: &str = "prompts/greeting.prompt.yml";
const JSONL: &str = "cases/greeting.jsonl";
const CSV: &str = "cases/greeting.csv";
const YAML: &str = "cases/greeting.yml";
const CONFIG: &str = "prompt-cicd.yml";

#[expect(clippy::too_many_lines, reason = "one row an input")]
fn inputs() -> Vec<Bad> {
    let head = "version: 1\nproviders: {model: {kind: echo}}\n";
    vec![
        bad(
            "a binary prompt",
            PROMPT,
            b"\x89PNG\r\n\x1a\n\0\0\0\xff".as_slice(),
            &[PROMPT, "not UTF-8 text: the byte 0x89 in line 1, column 1"],
        ),
        bad("binary cases", JSONL, b"{\"id\": \"\xfe\xff\"}".as_slice(), &[JSONL, "not UTF-8 text: the byte 0xFE in line 1, column 9"]),
        bad(
            "a binary configuration",
            CONFIG,
            b"version: 1\n\xc3\x28".as_slice(),
            &[CONFIG, "not UTF-8 text: the byte 0xC3 in line 2, column 1"],
        ),
        bad("a text with a NUL in YAML", PROMPT, "name: a\nmessages: [{role: user, content: \"a\0b\"}]\n", &[PROMPT, ":2:"]),
        bad("a YAML bomb as prompt", PROMPT, bomb("messages"), &[PROMPT, "aliases (`*name`) repeat too much here"]),
        bad("a YAML bomb as configuration", CONFIG, bomb("suites"), &[CONFIG, "aliases (`*name`) repeat too much here"]),
        bad("YAML in YAML in YAML", PROMPT, format!("a: {}", "[".repeat(5_000)), &[PROMPT, "1:"]),
        bad("YAML that contains itself", PROMPT, "name: a\nmessages: &m [*m]\n", &[PROMPT, ":2:"]),
        bad(
            "a line of more than 10 MB",
            JSONL,
            format!("{{\"id\": \"a\", \"vars\": {{\"name\": \"{}\"}}}}\n", "x".repeat(10_000_001)),
            &["cases/greeting.jsonl:1: the line has 10000034 bytes, more than the 10000000 of a case"],
        ),
        bad(
            "a file of more than 16 MiB",
            PROMPT,
            vec![b' '; (16 << 20) + 1],
            &[PROMPT, "16777217 bytes, more than the 16777216 allowed here"],
        ),
        bad(
            "a key twice in YAML",
            CONFIG,
            format!("{head}version: 1\nsuites: []\n"),
            &["prompt-cicd.yml:3:1: version: this key stands here a second time"],
        ),
        bad(
            "a key twice in JSON Lines",
            JSONL,
            "{\"id\": \"a\", \"vars\": {\"name\": \"x\", \"name\": \"y\"}}\n",
            &["cases/greeting.jsonl:1:", "name: this key stands here a second time"],
        ),
        bad(
            "a key twice in a prompt",
            PROMPT,
            "name: a\nname: b\nmessages: [{role: user, content: hi}]\n",
            &["prompts/greeting.prompt.yml:2:1: name: this key stands here a second time"],
        ),
        bad(
            "a CSV in Latin-1",
            CSV,
            b"id,name\na,Jos\xe9\n".as_slice(),
            &[CSV, "not UTF-8 text: the byte 0xE9 in line 2, column 6", "save the file as UTF-8"],
        ),
        bad(
            "a CSV in UTF-16",
            CSV,
            b"\xff\xfei\0d\0".as_slice(),
            &[CSV, "not UTF-8 text: the byte 0xFF in line 1, column 1", "save the file as UTF-8"],
        ),
        bad(
            "a number that loses digits in JSON Lines",
            JSONL,
            "{\"id\": \"a\", \"vars\": {\"name\": \"x\"}}\n{\"id\": \"b\", \"vars\": {\"name\": 12345678901234567890123}}\n",
            &["cases/greeting.jsonl:2:", "vars.name: the number 12345678901234567890123 would lose digits", "put it in quotes"],
        ),
        bad(
            "a number that loses digits in a list",
            YAML,
            "- id: a\n  vars: {name: 0.12345678901234567890}\n",
            &["cases/greeting.yml:2:16:", "the number 0.12345678901234567890 would lose digits", "put it in quotes"],
        ),
        bad(
            "a number that loses digits in a prompt",
            PROMPT,
            "name: a\nmessages: [{role: user, content: hi}]\ntestData: [{name: -98765432109876543210}]\n",
            &["prompts/greeting.prompt.yml:3:19:", "would lose digits"],
        ),
        bad(
            "a row with a field too many",
            CSV,
            "id,name\na,Ana\nb,Ben,x\n",
            &["cases/greeting.csv:3: this row has 3 fields, the header has 2", "in double quotes"],
        ),
        bad(
            "a double quote that is never closed",
            CSV,
            "id,__expected,name\na,contains: Hi,\"Ana\nb,contains: NEVER,Bob\n",
            &["cases/greeting.csv:2: a double quote opened in line 2 is never closed", "written twice"],
        ),
        bad("a row with a field too few", CSV, "id,name\na\n", &["cases/greeting.csv:2: this row has 1 field", "the header has 2"]),
        bad(
            "a prompt that includes itself",
            PROMPT,
            "name: a\nsyntax: jinja\nmessages:\n  - {role: user, content: \"{% include 'greeting' %}\"}\n",
            &[PROMPT, ":4:", "include"],
        ),
        bad(
            "a prompt that takes in another",
            PROMPT,
            "name: a\nmessages:\n  - {role: user, content: \"{{> greeting}}\"}\n",
            &[PROMPT, ":3:", "partials and decorators are not part of a prompt"],
        ),
        bad(
            "a JSON Schema from elsewhere",
            JSONL,
            "{\"id\": \"a\", \"vars\": {\"name\": \"x\"}, \"assert\": [{\"is-json\": {\"$ref\": \"../../etc/passwd\"}}]}\n",
            &["cases/greeting.jsonl:1:", "the schema refers to another file or address, and nothing is fetched"],
        ),
        bad("no JSON in JSON Lines", JSONL, "{\"id\": \"a\"\n", &["cases/greeting.jsonl:1:", "not JSON"]),
        bad("an empty file of cases", JSONL, "", &["cases"]),
        bad("an empty prompt", PROMPT, "", &[PROMPT]),
    ]
}

/// The word before the second line, without what only help says.
fn first_error(finished: &Finished) -> String {
    let line = finished.stderr.lines().find(|line| line.starts_with("error")).unwrap_or_default();
    line.chars().take(160).collect()
}

#[test]
fn every_bad_input_has_a_message_with_its_place() {
    let model = FakeModel::start(Behaviour::Echo);
    let mut table = String::new();
    for Bad { name, file, bytes, says } in inputs() {
        let workspace = Workspace::asking(&model.base_url());
        if file == CSV || file == YAML {
            let config = workspace.read(CONFIG).replace(JSONL, file);
            workspace.write(CONFIG, config.as_bytes());
        }
        workspace.write(file, &bytes);
        let finished = workspace.prompt_cicd(["test"]).run();
        assert!(finished.code == 3 || finished.code == 4, "{name}: exit {}\n{}", finished.code, finished.stderr);
        for text in says {
            assert!(finished.stderr.contains(text), "{name}: {text:?} is missing in\n{}", finished.stderr);
        }
        assert!(finished.stderr.contains("help: "), "{name}: what to do?\n{}", finished.stderr);
        assert!(finished.stderr.len() < 5_000, "{name}: {} bytes of message", finished.stderr.len());
        writeln!(table, "{name}: {}", first_error(&finished)).unwrap();
    }
    println!("{table}");
    assert_eq!(model.requests(), 0, "nothing is asked before everything is read");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let workspace = Workspace::greeting();
    std::fs::remove_file(workspace.path().join(PROMPT)).unwrap();
    std::fs::create_dir(workspace.path().join(PROMPT)).unwrap();
    workspace.prompt_cicd(["test"]).run().exits(3).says("is a folder, not a file");
}

#[test]
fn a_broken_cassette_is_told_with_its_line_wherever_it_breaks() {
    let workspace = Workspace::greeting();
    workspace.prompt_cicd(["test", "--record", "answers.jsonl"]).run().exits(0);
    let whole = workspace.read("answers.jsonl");
    let (first, second) = whole.split_once('\n').unwrap();
    for (name, text, says) in [
        ("cut off", whole.trim_end().strip_suffix('}').unwrap().to_owned(), "answers.jsonl:2"),
        ("of another form", format!("{first}\n[1]\n"), "answers.jsonl:2"),
        ("with another key", format!("{}\n{second}", first.replacen("\"key\":\"", "\"key\":\"0", 1)), "answers.jsonl:1"),
    ] {
        workspace.write("answers.jsonl", text.as_bytes());
        let finished = workspace.prompt_cicd(["test", "--replay", "answers.jsonl"]).run().exits(3);
        assert!(finished.stderr.contains(says), "{name}: {}", finished.stderr);
    }
}

/// `/dev/full` takes nothing, as a full disk.
#[test]
fn a_full_disk_is_said_and_the_verdict_stays_on_standard_output() {
    let workspace = Workspace::greeting();
    let finished = workspace.prompt_cicd(["test", "--report", "json=/dev/full"]).run();
    let finished = finished.says("the report could not be written: /dev/full: ").says("No space left on device");
    assert!(finished.code != 0, "a lost report never looks like a pass: {finished:?}");
    finished.shows("passed");
}
