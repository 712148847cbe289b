//! What is wrong with a handbook, and where. Everything is collected, nothing is thrown, so that an author sees all
//! of it at once.

use std::fmt;

use super::names::{Definitions, NameKind};
use super::source::{Lines, Span};

/// Everything that is wrong with a handbook; it is not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandbookErrors {
    /// The file, as it was named to the parser.
    pub file: String,
    /// The problems in the order of the file. Never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a handbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub wrong: String,
    /// What was expected instead.
    pub expected: String,
}

impl fmt::Display for HandbookErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{}:{problem}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for HandbookErrors {}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}; expected {}", self.line, self.column, self.wrong, self.expected)
    }
}

/// So many problems are told at most; the first ones in the file.
const PROBLEMS_MAX: usize = 1_000;

/// A longer word is no misspelling of a known one.
const MISSPELT_CHARACTERS_MAX: usize = 64;

/// Collects what is wrong while a handbook is read, and the names that it defines and uses.
pub(crate) struct Report<'t> {
    /// The handbook's text.
    pub(crate) text: &'t str,
    /// The names defined so far.
    pub(crate) definitions: Definitions,
    found: Vec<(Span, String, String)>,
    uses: Vec<(NameKind, String, Span)>,
    expressions: Vec<super::cel::Written>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            definitions: Definitions::default(),
            found: Vec::new(),
            uses: Vec::new(),
            expressions: Vec::new(),
        }
    }

    /// Notes that at `at` something is `wrong`.
    pub(crate) fn add(&mut self, at: Span, wrong: impl Into<String>, expected: impl Into<String>) {
        self.found.push((at, wrong.into(), expected.into()));
    }

    /// Notes that `word` is none of `known`, with the nearest as a suggestion.
    pub(crate) fn add_unknown(&mut self, at: Span, what: &str, word: &str, known: &[&str]) {
        let expected = match nearest(word, known) {
            Some(near) => format!("`{near}`"),
            None if known.is_empty() => format!("no {what}, since none is defined"),
            None => format!("one of {}", known.join(", ")),
        };
        self.add(at, format!("unknown {what} `{word}`"), expected);
    }

    /// Notes that a name is defined at `at`. A second definition of it is wrong.
    pub(crate) fn define(&mut self, kind: NameKind, name: &str, at: Span) {
        if let Some(first) = self.definitions.define(kind, name, at) {
            let line = Lines::new(self.text).position(first.start).0;
            self.add(
                at,
                format!("duplicate {} `{name}`, first defined in line {line}", kind.what()),
                format!("each {} once", kind.what()),
            );
        }
    }

    /// Notes that a name is used at `at`; it is looked up when everything has been read.
    pub(crate) fn refer(&mut self, kind: NameKind, name: &str, at: Span) {
        self.uses.push((kind, name.to_owned(), at));
    }

    /// Notes an expression; it is checked when everything has been read.
    pub(crate) fn expression(&mut self, written: super::cel::Written) {
        self.expressions.push(written);
    }

    /// Looks up every used name and checks every expression.
    pub(crate) fn resolve(&mut self) {
        for (kind, name, at) in std::mem::take(&mut self.uses) {
            let known = self.definitions.names(kind);
            if !known.contains(&name.as_str()) {
                let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                self.add_unknown(at, kind.what(), &name, &known);
            }
        }
        for written in std::mem::take(&mut self.expressions) {
            written.check(self);
        }
    }

    /// Whether anything is wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// The problems in the order of the file.
    pub(crate) fn into_problems(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(at, ..)| at.start);
        self.found.dedup();
        self.found.truncate(PROBLEMS_MAX);
        let lines = Lines::new(self.text);
        self.found
            .into_iter()
            .map(|(at, wrong, expected)| {
                let (line, column) = lines.position(at.start);
                Problem { line, column, wrong, expected }
            })
            .collect()
    }
}

/// The known word that `word` was probably meant to be: at most a third of its letters differ.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.chars().count() > MISSPELT_CHARACTERS_MAX {
        return None;
    }
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.chars().count().max(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, removed or replaced, or neighbours swapped, to make `left` of `right`.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}
