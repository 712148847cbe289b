//! Places in the text of a handbook file.

use std::ops::Range;

/// A half-open range of bytes in the handbook's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// Finds the line and column of a byte.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { text, starts }
    }

    /// Line and column, both from 1; the column counts characters.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = self.text.get(self.starts[line]..offset).unwrap_or_default();
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        (number(line), number(before.chars().count()))
    }
}

/// Where the byte `inner` of a string's value stands in the file, given the string as it is written, with its quotes
/// and escapes, at `span`.
pub(crate) fn offset_in_string(text: &str, span: Span, inner: usize) -> usize {
    let raw = text.get(span.start..span.end).unwrap_or_default();
    let (quotes, escapes) = match raw {
        _ if raw.starts_with("\"\"\"") => (3, true),
        _ if raw.starts_with("'''") => (3, false),
        _ if raw.starts_with('"') => (1, true),
        _ => (1, false),
    };
    let mut at = quotes;
    if quotes == 3 {
        // A newline right after the opening quotes is not part of the value.
        at += ["\r\n", "\n"]
            .iter()
            .find(|newline| raw[at..].starts_with(**newline))
            .map_or(0, |found| found.len());
    }
    let mut value = 0;
    while value < inner && at < raw.len() {
        let rest = &raw[at..];
        let (written, meant) = if escapes { escaped(rest) } else { plain(rest) };
        at += written;
        value += meant;
    }
    span.start + at.min(raw.len())
}

/// How many bytes the next character is written with, and how many it has in the value.
fn plain(rest: &str) -> (usize, usize) {
    let length = rest.chars().next().map_or(1, char::len_utf8);
    (length, length)
}

/// The same where backslashes escape.
fn escaped(rest: &str) -> (usize, usize) {
    let mut characters = rest.chars();
    if characters.next() != Some('\\') {
        return plain(rest);
    }
    let digits = match characters.next() {
        Some('u') => 4,
        Some('U') => 8,
        Some('x') => 2,
        Some(' ' | '\t' | '\r' | '\n') => {
            // A backslash at the end of a line swallows the blanks that follow.
            return (1 + rest[1..].len() - rest[1..].trim_start().len(), 0);
        }
        _ => return (2, 1),
    };
    let meant = rest
        .get(2..2 + digits)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .and_then(char::from_u32)
        .map_or(1, char::len_utf8);
    (2 + digits, meant)
}
