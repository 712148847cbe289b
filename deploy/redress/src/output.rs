//! The one place that writes to the terminal: results to standard output, progress and errors to standard error.

use std::io::{self, Write};

use serde_json::Value;

/// A line of the result.
pub(crate) fn line(text: &str) {
    write(&mut io::stdout().lock(), text);
}

/// A line about what is going on.
pub(crate) fn progress(text: &str) {
    write(&mut io::stderr().lock(), text);
}

/// A value as JSON, indented.
pub(crate) fn json(value: &Value) {
    line(&format!("{value:#}"));
}

/// When nobody reads any more, as with `redress … | head`, there is nobody left to tell.
fn write(to: &mut impl Write, text: &str) {
    writeln!(to, "{text}").and_then(|()| to.flush()).ok();
}

/// A table: columns as wide as their widest cell, as terminals count width.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let columns = heads.len();
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let heads: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
    let width = |column: usize| {
        std::iter::once(&heads).chain(rows).map(|row| columns_of(&cell(row, column))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut lines = Vec::new();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for (column, width) in widths.iter().enumerate() {
            let text = cell(row, column);
            line.push_str(&text);
            if column + 1 < columns {
                line.push_str(&" ".repeat(width.saturating_sub(columns_of(&text)) + 2));
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

/// How many columns of a terminal a text takes: two for each wide East Asian character.
pub(crate) fn columns_of(text: &str) -> usize {
    text.chars().map(|letter| if is_wide(letter) { 2 } else { 1 }).sum()
}

fn is_wide(letter: char) -> bool {
    matches!(u32::from(letter), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_also_with_chinese_in_them() {
        let rows = vec![vec!["延误".to_owned(), "1".to_owned()], vec!["delay".to_owned(), "22".to_owned()]];
        assert_eq!(table(&["type", "n"], &rows), "type   n\n延误   1\ndelay  22");
    }
}
