//! A message of Slack's Block Kit. Texts of others are escaped as Slack asks for (`&`, `<`, `>`), so that they mention nobody and link
//! nowhere, and `verbatim` keeps Slack from finding names and addresses in them. The limits are those of Slack's reference of blocks.

use serde_json::{Value, json};

use super::{super::escape::one_line, headline, is_link};
use crate::domain::notice::Notice;

/// Slack's limits, in characters.
const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;
/// Fields of one section.
const FIELDS: usize = 10;

/// The message.
pub fn message(notice: &Notice) -> Value {
    let headline = headline(notice);
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": bounded(&one_line(&headline), HEADER, plain), "emoji": false}}),
    ];
    let mut fields = vec![field("by", &notice.by)];
    fields.extend(notice.facts.iter().map(|(name, fact)| field(name, fact)));
    fields.truncate(FIELDS);
    if let Some(why) = notice.why.as_deref().map(str::trim).filter(|why| !why.is_empty()) {
        blocks.push(json!({"type": "section", "text": text(&escaped(why, SECTION))}));
    }
    blocks.push(json!({"type": "section", "fields": fields}));
    let mut context = vec![text(&escaped(&super::time(notice.at), 100))];
    if let Some(run) = notice.run.as_deref().filter(|run| is_link(run)) {
        context.push(text(&format!("<{}|the run>", bounded(run, 1_000, entity))));
    }
    context.extend(notice.rollout.as_deref().map(|rollout| text(&escaped(rollout, 300))));
    blocks.push(json!({"type": "context", "elements": context}));
    json!({"text": escaped(&headline, SECTION), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

fn field(name: &str, fact: &str) -> Value {
    let name = escaped(name, 200);
    text(&format!("*{name}*\n{}", escaped(fact, FIELD - 1_000)))
}

fn text(mrkdwn: &str) -> Value {
    json!({"type": "mrkdwn", "text": mrkdwn, "verbatim": true})
}

/// Text of others as it stands there: nothing that Slack obeys, on one line, at most `most` characters as sent.
fn escaped(text: &str, most: usize) -> String {
    let shown = bounded(&one_line(text), most, entity);
    // Slack refuses empty texts.
    if shown.is_empty() { "–".to_owned() } else { shown }
}

fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

fn plain(_: char) -> Option<&'static str> {
    None
}

/// At most `most` characters after each was replaced; no replacement is cut in the middle. Characters beyond the Basic Multilingual
/// Plane count twice, since nobody says how Slack counts them.
fn bounded(text: &str, most: usize, replaced: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in text.chars() {
        let with = replaced(c);
        let size = with.map_or_else(|| c.len_utf16(), str::len);
        if length + size > most - 1 {
            return out + "…";
        }
        length += size;
        match with {
            Some(with) => out.push_str(with),
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{notice::Happening, rollout::Moment};

    /// What Slack's reference does not allow, in words.
    fn faults(message: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let mut length = |what: &str, value: &Value, most: usize| {
            let text = value.as_str().unwrap_or_default();
            let size = text.encode_utf16().count();
            if text.is_empty() || size > most {
                faults.push(format!("{what} has {size} characters"));
            }
        };
        let blocks = message["blocks"].as_array().unwrap();
        length("text", &message["text"], 40_000);
        for block in blocks {
            match block["type"].as_str().unwrap() {
                "header" => length("header", &block["text"]["text"], 150),
                "section" => {
                    if block["text"].is_object() {
                        length("section", &block["text"]["text"], 3_000);
                    }
                    for field in block["fields"].as_array().into_iter().flatten() {
                        length("field", &field["text"], 2_000);
                    }
                }
                "context" => block["elements"].as_array().unwrap().iter().for_each(|part| length("context", &part["text"], 3_000)),
                other => length(&format!("unknown block {other}"), &Value::Null, 0),
            }
        }
        if blocks.len() > 50
            || blocks.iter().any(|block| block["fields"].as_array().is_some_and(|fields| fields.is_empty() || fields.len() > 10))
        {
            faults.push("too many blocks or fields".to_owned());
        }
        if blocks.iter().any(|block| block["elements"].as_array().is_some_and(|elements| elements.len() > 10)) {
            faults.push("too many elements".to_owned());
        }
        faults
    }

    fn notice(text: &str) -> Notice {
        Notice {
            id: "1".to_owned(),
            what: Happening::RollbackFinished,
            prompt: text.to_owned(),
            environment: "production".to_owned(),
            from: Some(text.to_owned()),
            to: Some("1.0.0".to_owned()),
            why: Some(text.to_owned()),
            by: text.to_owned(),
            at: Moment(1_767_323_045_000),
            run: Some("https://github.com/octo/prompts/actions/runs/42".to_owned()),
            rollout: Some(text.to_owned()),
            rollback: None,
            facts: vec![(text.to_owned(), text.to_owned()); 30],
        }
    }

    /// Everything between angle brackets in what Slack reads as its markup.
    fn commands(message: &Value) -> Vec<String> {
        let text = message.to_string();
        text.match_indices('<').map(|(at, _)| text.get(at..).unwrap_or_default().chars().take_while(|c| *c != '>').collect()).collect()
    }

    #[test]
    fn hostile_text_mentions_nobody_and_links_nowhere() {
        let hostile = "<!channel> <@U123> <https://evil.example|the run> @here & \"it's\" $(id) `x` 🔥\n::error::x";
        let message = message(&notice(hostile));
        assert_eq!(faults(&message), Vec::<String>::new(), "{message:#}");
        let blocks = message["blocks"].as_array().unwrap();
        let why = blocks[1]["text"]["text"].as_str().unwrap();
        assert!(
            why.starts_with("&lt;!channel&gt; &lt;@U123&gt; &lt;https://evil.example|the run&gt; @here &amp; \"it's\" $(id) `x` 🔥"),
            "{why}"
        );
        // The header is plain text, which Slack does not read.
        let mut rest = message.clone();
        rest["blocks"][0] = Value::Null;
        assert_eq!(commands(&rest), ["<https://github.com/octo/prompts/actions/runs/42|the run"]);
        assert!(blocks.iter().flat_map(|block| block["fields"].as_array().into_iter().flatten()).all(|field| field["verbatim"] == true));
    }

    #[test]
    fn a_run_that_is_no_address_is_no_link() {
        for run in ["https://x|<!channel>", "javascript:x", "https://x y", "a-laptop"] {
            let message = message(&Notice { run: Some(run.to_owned()), ..notice("x") });
            assert_eq!(commands(&message), Vec::<String>::new(), "{run}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_for_slack(text in "(.|&|<|>|🔥|\n){0,40}", times in 1_usize..600) {
            let message = message(&notice(&text.repeat(times)));
            prop_assert_eq!(faults(&message), Vec::<String>::new());
            let mut rest = message.clone();
            rest["blocks"][0] = Value::Null;
            prop_assert_eq!(commands(&rest).len(), 1);
        }
    }
}
