//! Pictures: SVG for pages, Mermaid for Markdown, blocks for terminals. Labels are escaped by who draws them.

use plotters::prelude::*;

use super::escape::truncate_chars;

/// One eighth to a full block.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The most points that are drawn of a series.
const MOST_POINTS: usize = 400;

/// A row of blocks as high as the numbers, from the smallest to the largest; at most `width` of them.
pub fn sparkline(values: &[f64], width: usize) -> String {
    let thinned = thinned(values, width.max(1));
    let (low, high) = range(&thinned);
    thinned.iter().map(|value| block(value - low, high - low)).collect()
}

/// A row of blocks as high as the numbers stand between two ends; at most `width` of them.
pub fn sparkline_between(values: &[f64], (low, high): (f64, f64), width: usize) -> String {
    thinned(values, width.max(1)).iter().map(|value| block(value - low, high - low)).collect()
}

/// How values lie between two ends, as a row of blocks.
pub fn histogram_line(values: &[f64], low: f64, high: f64, bins: usize) -> String {
    let counts = bin(values, low, high, bins);
    let most = counts.iter().copied().fold(0.0, f64::max);
    counts.iter().map(|count| if *count > 0.0 { block(*count, most) } else { ' ' }).collect()
}

fn block(part: f64, whole: f64) -> char {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7; casts saturate")]
    let place = if whole > 0.0 { (part / whole * 7.0).round() as usize } else { 3 };
    BLOCKS.get(place.min(7)).copied().unwrap_or('█')
}

/// How many of the values lie in each of `bins` equal parts.
fn bin(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<f64> {
    let mut counts = vec![0.0; bins.max(1)];
    let width = high - low;
    for value in values {
        let share = if width > 0.0 { (value - low) / width } else { 0.5 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a small index; casts saturate"
        )]
        let place = ((share * bins as f64) as usize).min(bins.saturating_sub(1));
        if let Some(count) = counts.get_mut(place) {
            *count += 1.0;
        }
    }
    counts
}

/// At most `most` of the values, evenly taken.
fn thinned(values: &[f64], most: usize) -> Vec<f64> {
    values.iter().copied().step_by(values.len().div_ceil(most).max(1)).collect()
}

fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
}

/// Two distributions over each other as an SVG document. `None` when nothing can be drawn.
pub fn distributions(title: &str, names: [&str; 2], samples: [&[f64]; 2]) -> Option<String> {
    let [first, second] = samples;
    let (low_first, high_first) = range(first);
    let (low_second, high_second) = range(second);
    let (low, high) = widened(low_first.min(low_second), high_first.max(high_second))?;
    let bins = 40;
    let shares = |values: &[f64]| {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let all = values.len().max(1) as f64;
        bin(values, low, high, bins).into_iter().map(|count| 100.0 * count / all).collect::<Vec<_>>()
    };
    let [one, two] = [shares(first), shares(second)];
    let top = one.iter().chain(&two).copied().fold(0.0, f64::max) * 1.1;
    let edge = |index: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a small index")]
        let share = index as f64 / bins as f64;
        low + (high - low) * share
    };
    let mut svg = String::new();
    let drawn = (|| -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(&mut svg, (720, 320)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(label(title), ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(32)
            .y_label_area_size(48)
            .build_cartesian_2d(low..high, 0.0..top.max(1e-9))?;
        chart.configure_mesh().y_desc("% of values").disable_x_mesh().draw()?;
        for (counts, name, color) in [(&one, names[0], RGBColor(31, 119, 180)), (&two, names[1], RGBColor(214, 39, 40))] {
            let bars = counts
                .iter()
                .enumerate()
                .map(|(index, height)| Rectangle::new([(edge(index), 0.0), (edge(index + 1), *height)], color.mix(0.45).filled()));
            chart
                .draw_series(bars)?
                .label(label(name))
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], color.mix(0.6).filled()));
        }
        chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
        area.present()?;
        Ok(())
    })();
    drawn.is_ok().then_some(svg)
}

/// A series as an SVG document, with upright lines at change points. `None` when nothing can be drawn.
pub fn history(title: &str, positions: &[f64], values: &[f64], changes: &[f64]) -> Option<String> {
    let step = values.len().div_ceil(MOST_POINTS).max(1);
    let points: Vec<(f64, f64)> = positions.iter().copied().zip(values.iter().copied()).step_by(step).collect();
    let (left, right) = widened(points.first()?.0, points.last()?.0)?;
    let (low, high) = range(values);
    let (low, high) = widened(low, high)?;
    let mut svg = String::new();
    let drawn = (|| -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(&mut svg, (720, 320)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(label(title), ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(32)
            .y_label_area_size(64)
            .build_cartesian_2d(left..right, low..high)?;
        chart.configure_mesh().draw()?;
        chart.draw_series(LineSeries::new(points.iter().copied(), &RGBColor(31, 119, 180)))?;
        for change in changes {
            chart.draw_series(LineSeries::new([(*change, low), (*change, high)], &RGBColor(214, 39, 40)))?;
        }
        area.present()?;
        Ok(())
    })();
    drawn.is_ok().then_some(svg)
}

/// A range with some width and room around it; `None` for ends that are not finite.
fn widened(low: f64, high: f64) -> Option<(f64, f64)> {
    let room = if high > low { 0.02 * (high - low) } else { low.abs().max(1.0) * 0.05 };
    let (low, high) = (low - room, high + room);
    (low.is_finite() && high.is_finite() && high > low).then_some((low, high))
}

/// A label: bounded, and without what hides; the SVG writer escapes the rest.
fn label(text: &str) -> String {
    truncate_chars(&super::escape::one_line(text), 60).into_owned()
}

/// A chart for GitHub's Markdown: Mermaid's `xychart-beta` with one line.
pub fn mermaid(title: &str, values: &[f64]) -> String {
    let points: Vec<String> = thinned(values, 60).iter().map(|value| format!("{value:.6}")).collect();
    format!("```mermaid\nxychart-beta\n  title \"{}\"\n  line [{}]\n```\n", mermaid_text(title), points.join(", "))
}

/// Both histograms for GitHub's Markdown, in per cent of the values.
pub fn mermaid_distributions(title: &str, samples: [&[f64]; 2]) -> Option<String> {
    let [first, second] = samples;
    let (low_first, high_first) = range(first);
    let (low_second, high_second) = range(second);
    let (low, high) = widened(low_first.min(low_second), high_first.max(high_second))?;
    let bars = |values: &[f64]| {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let all = values.len().max(1) as f64;
        let shares = bin(values, low, high, 20).into_iter().map(|count| format!("{:.2}", 100.0 * count / all));
        shares.collect::<Vec<_>>().join(", ")
    };
    Some(format!(
        "```mermaid\nxychart-beta\n  title \"{}: baseline (bars) and current (line), % of values\"\n  x-axis {low:.6} --> {high:.6}\n  bar [{}]\n  line [{}]\n```\n",
        mermaid_text(title),
        bars(first),
        bars(second)
    ))
}

/// Mermaid's texts cannot hold quotes, and a fence must not end early.
fn mermaid_text(text: &str) -> String {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '%')).collect();
    truncate_chars(plain.trim(), 60).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_blocks_follow_the_numbers() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0], 10), "▁▃▆█");
        assert_eq!(sparkline(&[5.0; 3], 10), "▄▄▄");
        assert_eq!(sparkline(&(0..1_000).map(f64::from).collect::<Vec<_>>(), 20).chars().count(), 20);
        assert_eq!(histogram_line(&[0.0, 0.0, 1.0], 0.0, 1.0, 3), "█ ▅");
    }

    #[test]
    fn labels_in_pictures_are_only_text() {
        let values: Vec<f64> = (0..50).map(f64::from).collect();
        let attack = "</text><script>alert(1)</script>\"\u{202e}";
        for svg in [distributions(attack, [attack, "b"], [&values, &values]).unwrap(), history(attack, &values, &values, &[20.0]).unwrap()]
        {
            assert!(svg.starts_with("<svg"), "{svg}");
            assert!(!svg.contains("<script") && !svg.contains('\u{202e}'), "{svg}");
        }
        let chart = mermaid("a\"\n```\nb", &values);
        assert_eq!(chart.matches("```").count(), 2, "{chart}");
        assert!(chart.contains("title \"ab\""), "{chart}");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        assert_eq!(distributions("t", ["a", "b"], [&[], &[]]), None);
        assert!(distributions("t", ["a", "b"], [&[1.0], &[1.0]]).is_some());
        assert_eq!(history("t", &[], &[], &[]), None);
    }
}
