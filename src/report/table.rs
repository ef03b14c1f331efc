//! Tables for terminals: no borders, numbers to the right, and never wider than the terminal.

use comfy_table::{CellAlignment, Table as Grid, presets};

/// How a column is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its title.
    pub title: &'static str,
    /// Whether it holds numbers, which stand to the right.
    pub numeric: bool,
    /// The first to go when the terminal is narrow: highest first, 0 never.
    pub dispensable: u8,
}

/// Space between two columns.
const GAP: u16 = 2;

/// A table of `rows` of at most `width` characters, and the titles of the columns that were left out for want of
/// room. A column without any text is not shown at all.
pub(super) fn render(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> (String, Vec<&'static str>) {
    let mut shown: Vec<usize> = (0..columns.len()).filter(|index| has_text(rows, *index)).collect();
    let mut left_out = Vec::new();
    loop {
        let grid = lay_out(columns, rows, &shown);
        let widest: u16 = grid.column_max_content_widths().iter().map(|content| content.saturating_add(GAP)).sum();
        let fits = width.is_none_or(|limit| usize::from(widest.saturating_sub(GAP)) <= limit);
        let next = shown.iter().copied().filter(|index| dispensable(columns, *index) > 0).max_by_key(|index| dispensable(columns, *index));
        match next {
            Some(index) if !fits => {
                shown.retain(|kept| *kept != index);
                left_out.insert(0, index);
            }
            _ => {
                left_out.sort_unstable();
                let titles = left_out.iter().filter_map(|index| columns.get(*index)).map(|column| column.title);
                return (grid.trim_fmt(), titles.collect());
            }
        }
    }
}

fn has_text(rows: &[Vec<String>], index: usize) -> bool {
    rows.iter().any(|row| row.get(index).is_some_and(|cell| !cell.is_empty()))
}

fn dispensable(columns: &[Column], index: usize) -> u8 {
    columns.get(index).map_or(0, |column| column.dispensable)
}

fn lay_out(columns: &[Column], rows: &[Vec<String>], shown: &[usize]) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.set_header(shown.iter().filter_map(|index| columns.get(*index)).map(|column| column.title));
    for row in rows {
        grid.add_row(shown.iter().map(|index| row.get(*index).map_or("", String::as_str)));
    }
    for (position, index) in shown.iter().enumerate() {
        if let (Some(laid_out), Some(column)) = (grid.column_mut(position), columns.get(*index)) {
            laid_out.set_padding((0, GAP));
            laid_out.set_cell_alignment(if column.numeric { CellAlignment::Right } else { CellAlignment::Left });
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const COLUMNS: [Column; 4] = [
        Column { title: "suite", numeric: false, dispensable: 0 },
        Column { title: "passed", numeric: true, dispensable: 0 },
        Column { title: "cost", numeric: true, dispensable: 0 },
        Column { title: "model", numeric: false, dispensable: 1 },
    ];

    fn rows() -> Vec<Vec<String>> {
        [["greeting", "6/6", "", "tiny"], ["日本語", "12/120", "", "smollm2-135m-instruct"]]
            .map(|row| row.map(str::to_owned).to_vec())
            .to_vec()
    }

    #[test]
    fn numbers_stand_to_the_right_and_empty_columns_are_gone() {
        let (table, left_out) = render(&COLUMNS, &rows(), None);
        assert!(left_out.is_empty());
        assert_snapshot!(table, @"
        suite     passed  model
        greeting     6/6  tiny
        日本語    12/120  smollm2-135m-instruct
        ");
    }

    #[test]
    fn a_narrow_terminal_loses_the_least_important_column() {
        let (table, left_out) = render(&COLUMNS, &rows(), Some(30));
        assert_eq!(left_out, ["model"]);
        assert!(table.lines().all(|line| line.chars().count() <= 30), "{table}");
    }

    #[test]
    fn what_must_be_shown_is_shown_however_narrow() {
        let (table, _) = render(&COLUMNS, &rows(), Some(1));
        assert!(table.contains("greeting") && table.contains("12/120"));
    }
}
