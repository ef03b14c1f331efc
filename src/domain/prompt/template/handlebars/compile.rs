//! Compiling in pieces. The crate finds the place of each tag by walking there from the start of the text, so that thousands of
//! tags would take minutes; pieces of a kilobyte or so take time in proportion to their number.

use handlebars::{Template, template::TemplateElement};

use super::{super::TemplateError, syntax_message};

/// Bytes of a piece, about.
const PIECE: usize = 1 << 10;
/// Tags times bytes of what cannot be cut, such as one block: 500 million are some 2 s.
const MOST_STEPS: usize = 500_000_000;

/// Compiles a text.
///
/// # Errors
/// The first syntax error, and where a block has too many tags.
pub(super) fn compile(source: &str) -> Result<Template, TemplateError> {
    in_pieces(source, PIECE)
}

fn in_pieces(source: &str, size: usize) -> Result<Template, TemplateError> {
    let cuts = cuts(source, size);
    let mut whole: Option<Template> = None;
    let (mut from, mut lines, mut columns) = (0, 0, 0);
    for to in cuts.iter().copied().chain([source.len()]) {
        let piece = source.get(from..to).unwrap_or_default();
        let mut compiled = match alone(piece) {
            Ok(compiled) => compiled,
            // Of a text that can be read as one, the error of the whole is told.
            Err(_) if !cuts.is_empty() && steps(source) <= MOST_STEPS => return alone(source),
            Err(error) => {
                let column = if error.line == 1 { error.column + columns } else { error.column };
                return Err(TemplateError { line: error.line + lines, column, ..error });
            }
        };
        moved(&mut compiled, lines, columns);
        match &mut whole {
            None => whole = Some(compiled),
            Some(whole) => {
                whole.elements.append(&mut compiled.elements);
                whole.mapping.append(&mut compiled.mapping);
            }
        }
        let last_line = piece.rsplit('\n').next().unwrap_or_default().chars().count();
        columns = if piece.contains('\n') { last_line } else { columns + last_line };
        lines += piece.matches('\n').count();
        from = to;
    }
    Ok(whole.unwrap_or_default())
}

/// What finding the places of all tags takes.
fn steps(source: &str) -> usize {
    source.matches("{{").count().saturating_mul(source.len())
}

fn alone(source: &str) -> Result<Template, TemplateError> {
    if steps(source) > MOST_STEPS {
        let tags = source.matches("{{").count();
        let message =
            format!("{tags} tags in {} bytes without a place to cut are too many: use fewer, or write `syntax: jinja`", source.len());
        return Err(TemplateError { message, line: 1, column: 1, missing: None, read: None });
    }
    Template::compile(source).map_err(|error| {
        let (line, column) = error.pos().unwrap_or((1, 1));
        TemplateError { message: syntax_message(&error.reason().to_string()), line, column, missing: None, read: None }
    })
}

/// Moves the places of a piece's tags to where they are in the whole text.
fn moved(template: &mut Template, lines: usize, columns: usize) {
    for place in &mut template.mapping {
        place.1 += if place.0 == 1 { columns } else { 0 };
        place.0 += lines;
    }
    for element in &mut template.elements {
        if let TemplateElement::HelperBlock(block) = element {
            [&mut block.template, &mut block.inverse].into_iter().flatten().for_each(|inner| moved(inner, lines, columns));
        }
    }
}

/// Where a text can be cut so that its pieces mean together what it means: before a plain tag outside of every block that has a
/// plain tag before it. Neither trims what is around it, and what trims further away finds the same up to there. None where the
/// text has anything that could reach over a cut: comments, texts in quotes, escapes, raw blocks.
fn cuts(source: &str, size: usize) -> Vec<usize> {
    let (mut cuts, mut from, mut at, mut depth, mut after_plain) = (Vec::new(), 0, 0, 0_usize, false);
    while let Some(found) = source.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + found;
        let Some((tag, length)) = Tag::read(source, start) else { return Vec::new() };
        let plain = depth == 0 && tag == Tag::Plain;
        match tag {
            Tag::Plain | Tag::Other => {}
            Tag::Opens => depth += 1,
            Tag::Closes if depth > 0 => depth -= 1,
            Tag::Closes => return Vec::new(),
        }
        if plain && after_plain && start - from >= size {
            cuts.push(start);
            from = start;
        }
        after_plain = plain;
        at = start + length;
    }
    if depth == 0 { cuts } else { Vec::new() }
}

/// What a tag is, as far as cutting minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// `{{name}}`, `{{helper argument}}`.
    Plain,
    /// `{{#if name}}`.
    Opens,
    /// `{{/if}}`.
    Closes,
    /// `{{else}}`, and what trims white space.
    Other,
}

impl Tag {
    /// The tag that begins at a byte, with its length; `None` for one that is not certain to be a tag, and to end where it seems to.
    fn read(source: &str, start: usize) -> Option<(Self, usize)> {
        if source.get(..start)?.ends_with('\\') {
            return None;
        }
        let mut inside = source.get(start + 2..)?;
        let mut braces = 2;
        if let Some(deeper) = inside.strip_prefix('{') {
            (inside, braces) = (deeper, 3);
        }
        let end = inside.find('}')?;
        let (written, rest) = inside.split_at_checked(end)?;
        if !rest.starts_with("}}") || braces == 3 && !rest.starts_with("}}}") {
            return None;
        }
        let simple = |c: char| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '_' | '-' | '.' | '@' | '#' | '^' | '/' | '~' | '=');
        if !written.chars().all(simple) {
            return None;
        }
        let trims = written.starts_with('~') || written.ends_with('~');
        let name = written.trim_matches('~').trim();
        let tag = if name.starts_with('#') {
            Self::Opens
        } else if name.starts_with('/') {
            Self::Closes
        } else if trims || name.is_empty() || name.starts_with('^') || name.starts_with("else") {
            Self::Other
        } else {
            Self::Plain
        };
        (braces == 2 || tag == Self::Plain).then_some((tag, braces * 2 + end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Elements with the places of those that can fail, blocks from within.
    fn shape(template: &Template, all: &mut Vec<(TemplateElement, usize, usize)>) {
        for (element, place) in template.elements.iter().zip(&template.mapping) {
            let place = if matches!(element, TemplateElement::RawString(_)) { (0, 0) } else { (place.0, place.1) };
            let mut bare = element.clone();
            if let TemplateElement::HelperBlock(block) = &mut bare {
                for inner in [block.template.take(), block.inverse.take()].into_iter().flatten() {
                    shape(&inner, all);
                }
            }
            all.push((bare, place.0, place.1));
        }
    }

    fn same(source: &str) -> Result<bool, TestCaseError> {
        let (whole, pieces) = (alone(source), in_pieces(source, 1));
        prop_assert_eq!(whole.is_ok(), pieces.is_ok(), "{}", source);
        match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => {
                let (mut one, mut other) = (Vec::new(), Vec::new());
                shape(&whole, &mut one);
                shape(&pieces, &mut other);
                prop_assert_eq!(one, other, "{}", source);
                Ok(!cuts(source, 1).is_empty())
            }
            (whole, pieces) => {
                prop_assert_eq!(whole.err(), pieces.err(), "{}", source);
                Ok(false)
            }
        }
    }

    fn source() -> impl Strategy<Value = String> {
        let pieces = [
            "{{a}}",
            "{{b.c}}",
            "{{{d}}}",
            "{{ e }}",
            "{{lookup l 1}}",
            "{{~a}}",
            "{{a~}}",
            "{{#if a}}",
            "{{/if}}",
            "{{#each l}}",
            "{{/each}}",
            "{{else}}",
            "{{^}}",
            "{{! c }}",
            "{{!-- {{a}} --}}",
            "\\{{a}}",
            "\\\\{{a}}",
            "{{a \"}}\"}}",
            "{{{{raw}}}}",
            "{{{{/raw}}}}",
            " ",
            "\n",
            "\r\n",
            "\t",
            "text",
            "é",
            "}",
            "{",
            "}}",
            "\\",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]
        #[test]
        fn pieces_mean_what_the_whole_means(source in source()) {
            same(&source)?;
        }
    }

    #[test]
    fn what_people_write_is_cut() {
        let body = "Hi {{a}} and\n {{b}}, {{{c}}}.\n{{#if a}}\n  {{a}}{{b}}\n{{else}}\n{{c}}\n{{/if}}\n{{~d~}}\n{{e.f}} {{g}}\n".repeat(3);
        assert!(same(&body).unwrap());
    }

    #[test]
    fn thousands_of_tags_are_read_and_have_their_places() {
        let lines: Vec<String> = (0..20_000).map(|n| format!("line {n}: {{{{name}}}}{{{{v{n}}}}}\n")).collect();
        let source = lines.concat();
        let compiled = compile(&source).unwrap();
        assert_eq!(compiled.elements.len(), compiled.mapping.len());
        let tags = compiled.elements.iter().zip(&compiled.mapping).filter(|(element, _)| !matches!(element, TemplateElement::RawString(_)));
        assert!(tags.enumerate().all(|(n, (_, place))| place.0 == n / 2 + 1));
        let error = compile(&format!("{source}{{{{#if a}}}}")).unwrap_err();
        assert!(error.message.contains("does not parse") || error.message.contains("too many"), "{error:?}");
    }

    #[test]
    fn a_block_with_too_many_tags_is_refused() {
        let source = format!("{{{{#if a}}}}{}{{{{/if}}}}", "x {{a}}\n".repeat(60_000));
        assert!(compile(&source).unwrap_err().message.contains("60002 tags"));
    }
}
