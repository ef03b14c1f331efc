//! Texts that attack, in every place that a stranger can fill, parsed back by a GFM parser: only text remains.
#![expect(clippy::wildcard_enum_match_arm, reason = "most kinds of nodes are harmless, or checked by their children")]

use std::sync::LazyLock;

use comrak::{
    Arena, Options,
    nodes::{AstNode, NodeValue},
    parse_document,
};
use regex::Regex;

use super::{about, comment, regressed};
use crate::{
    domain::{
        provider::{FaultKind, ProviderFault},
        regression::comparison::Change,
        suite::{
            CaseId,
            run::{SampleResult, TestRun},
        },
    },
    report::fixture,
};

/// What strangers write.
const CORPUS: [&str; 40] = [
    "@octocat @org/team please look",
    "see #123, octo/prompts#7 and GH-9",
    "```\n# out of the fence\n```",
    "````\n~~~~\n</details>\n````",
    "a | b | c\n|---|---|---|\n| x | y | z |",
    "| --- | :-: |",
    "<!-- prompt-cicd:test:prompt-cicd.yml -->",
    "<!-- hidden",
    "--> shown",
    "</details></summary><details open>",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "<a href=\"https://evil.example\">click</a>",
    "::set-env name=PATH::/evil",
    "\n::add-mask::e",
    "##[add-mask]e",
    "text ##[error]forged",
    "\u{1b}[31mred\u{1b}[0m\u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7}",
    "\u{202e}desrever\u{202c} \u{200f}rtl\u{2066}isolated\u{2069}",
    "ze\u{200b}ro\u{2060}wid\u{feff}th",
    "https://evil.example/x http://evil.example www.evil.example mail@evil.example",
    "<https://evil.example> <mailto:a@evil.example>",
    "[click](https://evil.example) [ref][1]\n\n[1]: https://evil.example",
    "![pixel](https://evil.example/p.png)",
    "text[^1]\n\n[^1]: footnote",
    "# Heading\n\nSetext\n======",
    "- [ ] task\n- [x] done\n1. one\n* star",
    "**bold** _em_ ~~gone~~ `code`",
    "> quote\n> [!CAUTION]\n> fake alert",
    "$x^2$ $$\\sum$$",
    "&lt;b&gt; &#64;octocat &commat;octocat",
    "\\",
    "ends with a backslash \\\n",
    "    indented code\n\ttab",
    "* * *\n---\n___",
    "\r\n\r\n## CRLF heading",
    "\0null\u{fffe}",
    "e\u{301}\u{20dd} 👩‍👩‍👧 مرحبا 你好",
    "@@ -1 +1 @@\n-old\n+new",
    ":tada: :+1:",
    "`` ` `` ``` x",
];

/// A run in which every text that is not ours says this.
fn hostile(text: &str) -> TestRun {
    let mut suite = regressed();
    suite.name = text.to_owned();
    suite.prompt.name = text.to_owned();
    suite.prompt.version = Some(text.to_owned());
    suite.model = text.to_owned();
    if let Some(base) = &mut suite.base {
        base.reference = text.to_owned();
        base.model = text.to_owned();
        base.prompt.name = text.to_owned();
        for sample in &mut base.samples {
            *fixture::text_mut(sample) = format!("{text}\n{text}");
        }
    }
    if let Some(comparison) = &mut suite.comparison {
        let id = || CaseId(text.to_owned());
        comparison.changes = vec![Change::Model { from: text.to_owned(), to: text.to_owned() }, Change::CaseAdded(id())];
        comparison.judgements.iter_mut().for_each(|judgement| judgement.evidence.metric.name = text.to_owned());
        comparison.cases.iter_mut().for_each(|case| case.quarantined = case.quarantined.as_ref().map(|_| text.to_owned()));
    }
    for (at, sample) in suite.samples.iter_mut().enumerate() {
        *fixture::text_mut(sample) = format!("{at}{text}");
        std::sync::Arc::make_mut(&mut sample.vars).insert(text.to_owned(), text.into());
        for assertion in fixture::assertions_mut(sample) {
            (assertion.label, assertion.reason) = (text.to_owned(), text.to_owned());
        }
        if at == 1 {
            sample.case_id = CaseId(text.to_owned());
        }
    }
    let fault = ProviderFault::new(FaultKind::Unreachable, text);
    suite.samples.push(fixture::sample(9, text, SampleResult::Faulted(fault)));
    let mut run = fixture::run(vec![suite]);
    run.warnings = vec![text.to_owned()];
    run
}

fn summary(run: &TestRun) -> String {
    let mut out = Vec::new();
    crate::report::markdown::render(run, 1_000_000, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Everything of GFM that GitHub reads, and what it adds.
fn options() -> Options<'static> {
    let mut options = Options::default();
    let on = &mut options.extension;
    (on.strikethrough, on.table, on.autolink, on.tasklist, on.footnotes) = (true, true, true, true, true);
    (on.math_dollars, on.math_code, on.alerts) = (true, true, true);
    options
}

/// What GitHub turns into links wherever it stands.
static LINKED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"@[A-Za-z0-9]|#\d|GH-\d|https?://|(?-u:\b)www\.").unwrap());
/// The elements that are ours.
static TAGS: LazyLock<Regex> = LazyLock::new(|| Regex::new("</?(details|summary)>").unwrap());

/// What we write as code ourselves.
const OUR_CODE: [&str; 3] = ["prompt-cicd test --filter CASE", "prompt-cicd lint", "repeat"];

/// The first words of our own headings.
const HEADINGS: [&str; 10] = [
    "❌ Prompt tests",
    "❔ Prompt tests",
    "What changed",
    "Base → head",
    "Newly failing",
    "Failing",
    "Flaky",
    "Quarantined",
    "Not judged",
    "Fixed",
];

fn check<'a>(node: &'a AstNode<'a>, hostile: &str, whole: &str) {
    let value = &node.data.borrow().value;
    let offence = |what: &str| panic!("{what} from {hostile:?} in\n{whole}");
    match value {
        NodeValue::Link(link) if link.url == "https://github.com/octo/prompts/actions/runs/42" => {}
        NodeValue::Link(link) => offence(&format!("a link to {}", link.url)),
        NodeValue::Image(_) => offence("an image"),
        NodeValue::FootnoteDefinition(_) | NodeValue::FootnoteReference(_) => offence("a footnote"),
        NodeValue::Code(code) if OUR_CODE.contains(&code.literal.as_str()) => {}
        NodeValue::Emph | NodeValue::Strikethrough | NodeValue::Code(_) | NodeValue::Math(_) => offence("markup"),
        NodeValue::TaskItem(_) | NodeValue::ThematicBreak => offence("a task or a rule"),
        NodeValue::BlockQuote => offence("a quote"),
        NodeValue::Alert(alert) => assert!(alert.title.is_none(), "{whole}"),
        NodeValue::CodeBlock(block) => {
            assert!(
                ["text", "diff", "mermaid"].contains(&block.info.as_str()) && block.fenced,
                "a block {:?} from {hostile:?}",
                block.info
            );
        }
        NodeValue::HtmlInline(html) => {
            assert!(["<sub>", "</sub>"].contains(&html.as_str()), "the tag {html} from {hostile:?} in\n{whole}");
        }
        NodeValue::HtmlBlock(block) => {
            let left = TAGS.replace_all(&block.literal, "");
            assert!(!left.contains(['<', '>']), "the HTML {left} from {hostile:?} in\n{whole}");
            no_mention(&left.replace("&#39;", "'"), hostile);
        }
        NodeValue::Heading(_) => {
            let text = words(node);
            let ours = text.starts_with("❌ ")
                || text.starts_with("❔ ")
                || HEADINGS.iter().any(|heading| text.starts_with(heading))
                || text.starts_with("Warnings");
            assert!(ours, "the heading {text:?} from {hostile:?}");
        }
        NodeValue::TableRow(_) => {
            let columns = node.parent().and_then(AstNode::first_child).map_or(0, |head| head.children().count());
            assert_eq!(node.children().count(), columns, "a broken row from {hostile:?} in\n{whole}");
        }
        NodeValue::Text(text) => no_mention(text, hostile),
        _ => {}
    }
    node.children().for_each(|child| check(child, hostile, whole));
}

fn words<'a>(node: &'a AstNode<'a>) -> String {
    let own = if let NodeValue::Text(text) = &node.data.borrow().value { text.to_string() } else { String::new() };
    node.children().fold(own, |text, child| text + &words(child))
}

/// What GitHub links in the text that is left when the parser is done.
fn no_mention(text: &str, hostile: &str) {
    assert!(!LINKED.is_match(text), "{text:?} is linked, from {hostile:?}");
}

fn harmless(text: &str, hostile: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "the runner obeys {line:?}, from {hostile:?}");
    }
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
    };
    assert!(!text.contains(hidden), "something hidden from {hostile:?} in\n{text}");
    let arena = Arena::new();
    check(parse_document(&arena, text, &options()), hostile, text);
    let (open, closed) = (html_blocks(text, "<details>"), html_blocks(text, "</details>"));
    assert_eq!(open, closed, "{hostile:?} in\n{text}");
}

#[test]
fn only_text_remains_of_an_attack_in_the_comment() {
    for attack in CORPUS {
        let text = comment(&hostile(attack));
        harmless(&text, attack);
        assert_eq!(text.matches("<!--").count(), text.matches("\\<!--").count() + fenced_comments(&text), "{attack:?}");
    }
}

#[test]
fn only_text_remains_of_an_attack_in_the_job_summary() {
    for attack in CORPUS {
        harmless(&summary(&hostile(attack)), attack);
    }
}

#[test]
fn only_text_remains_of_an_attack_that_a_forks_file_brings() {
    for attack in CORPUS {
        let mut data = super::of_run(&hostile(attack), about());
        data.config = attack.to_owned();
        data.reports = vec![attack.to_owned(); 3];
        for suite in &mut data.suites {
            suite.fixed = vec![attack.to_owned(); 2];
            suite.unjudged = vec![attack.to_owned(); 2];
            for metric in suite.comparison.iter_mut().flat_map(|comparison| &mut comparison.metrics) {
                metric.why = Some(attack.to_owned());
            }
        }
        let around = super::Around { run_url: Some("https://github.com/octo/prompts/actions/runs/42"), untrusted: true };
        harmless(&super::render(&data, around), attack);
    }
}

/// How often a tag stands where it acts.
fn html_blocks(text: &str, tag: &str) -> usize {
    let arena = Arena::new();
    let blocks = parse_document(&arena, text, &options()).descendants().map(|node| match &node.data.borrow().value {
        NodeValue::HtmlBlock(block) => block.literal.matches(tag).count(),
        _ => 0,
    });
    blocks.sum()
}

/// How many comments stand in code, where they are shown.
fn fenced_comments(text: &str) -> usize {
    let arena = Arena::new();
    let document = parse_document(&arena, text, &options());
    let blocks = document.descendants().filter_map(|node| match &node.data.borrow().value {
        NodeValue::CodeBlock(block) => Some(block.literal.matches("<!--").count()),
        _ => None,
    });
    blocks.sum()
}

#[test]
fn the_corpus_does_harm_without_escaping() {
    let harmful = CORPUS.iter().filter(|attack| std::panic::catch_unwind(|| harmless(attack, attack)).is_err()).count();
    assert!(harmful >= 25, "only {harmful} of {} do harm by themselves", CORPUS.len());
}
