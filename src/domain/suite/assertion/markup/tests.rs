use std::fmt::Write as _;

use crate::domain::suite::assertion::tests::{problems, reason};

#[test]
fn documents_are_well_formed_or_not() {
    let sound = [
        "<a/>",
        "<?xml version=\"1.0\"?>\n<!-- c --><a x='1' y=\"2\"><b>&lt;&#65;</b><![CDATA[<]]></a>\n<!-- end -->",
        "<x:a xmlns:x=\"u\"><x:b/></x:a>",
        "<!DOCTYPE a><a/>",
    ];
    for text in sound {
        reason("is-xml", text, true);
    }
    let broken = [
        ("", "no element"),
        ("text", "text stands outside"),
        ("<a>", "`a` is not closed"),
        ("<a></b>", "expected `</a>`"),
        ("<a/><b/>", "more than one root"),
        ("<a/> text", "after the root"),
        ("<a x=1/>", "in the tag `a`"),
        ("<a x='1' x='2'/>", "in the tag `a`"),
        ("<1/>", "no name of an element"),
        ("<a>&unknown;</a>", "the entity `&unknown;` is not defined"),
    ];
    for (text, words) in broken {
        let found = reason("is-xml", text, false);
        assert!(found.contains(words), "{text}: {found}");
    }
}

#[test]
fn an_entity_bomb_is_refused_and_expands_nothing() {
    let mut bomb = "<!DOCTYPE a [<!ENTITY l0 \"lol\">".to_owned();
    for level in 1..60 {
        write!(bomb, "<!ENTITY l{level} \"&l{0};&l{0};\">", level - 1).unwrap();
    }
    bomb.push_str("]><a>&l59;</a>");
    assert!(reason("is-xml", &bomb, false).contains("`&l59;` is not defined"));
    assert!(reason("contains-xml", &bomb, false).contains("contains no XML"));
    let external = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
    assert!(reason("is-xml", external, false).contains("not defined"));
}

#[test]
fn depth_and_search_are_bounded() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(reason("is-xml", &deep, false).contains("more than 200 deep"));
    let hopeless = "<".repeat(1_000_000);
    assert!(reason("contains-xml", &hopeless, false).contains("gave up"));
    assert!(reason("not-contains-xml", &hopeless, false).contains("gave up"));
}

#[test]
fn what_is_compared_with_all_before_it_is_bounded() {
    let attributes: String = (0..200_000).fold(String::new(), |mut all, n| {
        write!(all, " a{n}='1'").unwrap();
        all
    });
    assert!(reason("is-xml", &format!("<a{attributes}/>"), false).contains("more than 1000 attributes"));
    reason("is-html", &"<script>1 < 2 </style></SCRIPT>".repeat(60_000), true);
}

#[test]
fn contained_elements_are_found() {
    reason("contains-xml", "a < b and <p>so</p>", true);
    reason("contains-xml: [a.b]", "<c/> then <a><b/></a>", true);
    assert_eq!(reason("contains-xml: [a.b]", "1 < 2 <a><c/></a>", false), "contains XML without `a.b`");
    assert!(problems("is-xml: [1, a..b]")[0].contains("value[0]") || problems("is-xml: [1, a..b]")[0].contains("is-xml[0]"));
}

#[test]
fn html_is_closed_in_order() {
    for text in [
        "<!DOCTYPE html><html><head><title>a < b</title><body><p>One<p>Two",
        "<p>x</p>",
        "<my-tag a=\"1 > 0\">x</my-tag>",
        "<svg><circle r='1'/></svg>",
        "<table><tr><td>1<td>2</table>",
        "<!-- c --><DIV>x</div>",
        "<script>if (a < b) { x('</p>') }</script>",
    ] {
        let text = if text.ends_with('>') { text.to_owned() } else { format!("{text}</p>") };
        reason("is-html", &text, true);
    }
    for (text, words) in [
        ("hello", "begin and end with a tag"),
        ("<p>x", "begin and end with a tag"),
        ("<b><i>x</b></i>", "`i` is not closed"),
        ("<div><p>x</p>", "`div` is not closed"),
        ("<b>x</i>", "`i` was not opened"),
        ("<foo>x</foo>", "`foo` is no element"),
        ("<!-- only -->", "no element"),
        ("<a href=\"x>", "a tag is not closed"),
    ] {
        let found = reason("is-html", text, false);
        assert!(found.contains(words), "{text}: {found}");
    }
    let deep = format!("{}{}", "<b>".repeat(100_000), "</b>".repeat(100_000));
    assert!(reason("is-html", &deep, false).contains("512 deep"));
}
