//! A page that stands alone: no script, nothing loaded.

use std::io::{self, Write};

use crate::report::escape;

/// Writes a page. Titles and rows are escaped here; `pictures` are SVG documents of our own making.
///
/// # Errors
/// When `out` cannot be written to.
pub fn page(
    title: &str,
    sentences: &[String],
    table: (&[&str], &[Vec<String>]),
    pictures: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let (header, rows) = table;
    writeln!(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")?;
    writeln!(out, "<title>{}</title>", escape::html(title))?;
    writeln!(
        out,
        "<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1f2328;background:#fff}}\
         table{{border-collapse:collapse;margin:1rem 0}}td,th{{border:1px solid #d0d7de;padding:.3rem .6rem;text-align:left}}\
         svg{{max-width:100%;height:auto;display:block;margin:1rem 0}}</style></head><body>"
    )?;
    writeln!(out, "<h1>{}</h1>", escape::html(title))?;
    for sentence in sentences {
        writeln!(out, "<p>{}</p>", escape::html(sentence))?;
    }
    for picture in pictures {
        writeln!(out, "{picture}")?;
    }
    let cells = |tag: &str, cells: &[String]| {
        cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape::html(cell))).collect::<Vec<_>>().concat()
    };
    let header: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    writeln!(out, "<table><thead><tr>{}</tr></thead><tbody>", cells("th", &header))?;
    for row in rows {
        writeln!(out, "<tr>{}</tr>", cells("td", row))?;
    }
    writeln!(out, "</tbody></table></body></html>")
}
