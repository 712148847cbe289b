//! What was measured, as a table and as JSON.

use serde_json::{Value, json};

use super::figures::{Spread, Thousandths};
use crate::output;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// More is better; the ratio is the share of the limit that is reached.
    PerSecond,
    /// Less is better; the ratio is how many times the limit it takes.
    Milliseconds,
    /// Less is better; the ratio is how many times the limit it takes.
    Bytes,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::Milliseconds => "ms",
            Self::Bytes => "bytes",
        }
    }
}

/// One thing that was measured beside its limit, in alternating pairs of runs.
#[derive(Clone, Debug)]
pub(super) struct Row {
    what: String,
    unit: Unit,
    /// What the limit is.
    beside: String,
    /// Ours and the limit, by run.
    pairs: Vec<(Thousandths, Thousandths)>,
}

impl Row {
    /// A row without runs yet.
    pub(super) fn new(what: impl Into<String>, unit: Unit, beside: impl Into<String>) -> Self {
        Self { what: what.into(), unit, beside: beside.into(), pairs: Vec::new() }
    }

    /// Adds a run of ours and one of the limit, made right after one another.
    pub(super) fn add(&mut self, ours: Thousandths, limit: Thousandths) {
        self.pairs.push((ours, limit));
    }

    fn spread(&self, of: impl Fn(&(Thousandths, Thousandths)) -> Thousandths) -> Option<Spread> {
        Spread::of(&self.pairs.iter().map(of).collect::<Vec<_>>())
    }

    fn ours(&self) -> Option<Spread> {
        self.spread(|(ours, _)| *ours)
    }

    fn limit(&self) -> Option<Spread> {
        self.spread(|(_, limit)| *limit)
    }

    /// Of the pairs' ratios, not the ratio of the medians: the machine's moods strike both of a pair.
    fn ratio(&self) -> Option<Spread> {
        self.spread(|(ours, limit)| ours.over(*limit))
    }

    fn shown_ratio(&self) -> String {
        let Some(ratio) = self.ratio() else { return String::new() };
        match self.unit {
            Unit::PerSecond => {
                format!("{} % [{}-{}]", ratio.median.per_cent(), ratio.low.per_cent(), ratio.high.per_cent())
            }
            Unit::Milliseconds | Unit::Bytes => format!("{ratio} x"),
        }
    }

    fn cells(&self) -> Vec<String> {
        let shown = |spread: Option<Spread>| spread.map(|spread| spread.to_string()).unwrap_or_default();
        vec![
            self.what.clone(),
            self.unit.name().to_owned(),
            shown(self.ours()),
            shown(self.limit()),
            self.shown_ratio(),
            self.beside.clone(),
        ]
    }

    fn to_json(&self) -> Value {
        let runs = |of: fn(&(Thousandths, Thousandths)) -> Thousandths| -> Vec<Value> {
            self.pairs.iter().map(|pair| of(pair).to_json()).collect()
        };
        json!({
            "what": self.what,
            "unit": self.unit.name(),
            "beside": self.beside,
            "ours": { "spread": self.ours().map(Spread::to_json), "runs": runs(|(ours, _)| *ours) },
            "limit": { "spread": self.limit().map(Spread::to_json), "runs": runs(|(_, limit)| *limit) },
            "ratio": self.ratio().map(Spread::to_json),
        })
    }
}

/// Everything that a bench measured.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The machine, the servers and the sizes, a line each.
    pub(super) about: Vec<String>,
    /// What was measured.
    pub(super) rows: Vec<Row>,
    /// What a reader has to know to read the figures.
    pub(super) notes: Vec<String>,
}

impl Report {
    /// As text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let heads = ["what", "unit", "ours", "limit", "ratio", "the limit is"];
        let rows: Vec<Vec<String>> = self.rows.iter().map(Row::cells).collect();
        let mut lines = self.about.clone();
        lines.push(
            "Figures are medians [lowest-highest] of the runs; ratios are of pairs made in turn.".to_owned(),
        );
        lines.push(String::new());
        lines.push(output::table(&heads, &rows));
        if !self.notes.is_empty() {
            lines.push(String::new());
            lines.extend(self.notes.iter().cloned());
        }
        lines.join("\n")
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "about": self.about,
            "rows": self.rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_the_median_of_each_and_of_the_pairs_ratios() {
        let mut row = Row::new("registrations", Unit::PerSecond, "the same inserts");
        for (ours, limit) in [(100, 1_000), (300, 1_000), (200, 400)] {
            row.add(Thousandths::whole(ours), Thousandths::whole(limit));
        }
        let expected = [
            "registrations",
            "/s",
            "200 [100-300]",
            "1,000 [400-1,000]",
            "30.0 % [10.0-50.0]",
            "the same inserts",
        ];
        assert_eq!(row.cells(), expected);
        assert_eq!(row.to_json()["ratio"]["median"], json!(0.3));
        let mut row = Row::new("lag", Unit::Milliseconds, "an echo");
        row.add(Thousandths::whole(3), Thousandths::whole(2));
        assert_eq!(row.cells()[4], "1.50 [1.50-1.50] x");
    }
}
