//! Which complaints are taken to their ends, and how.

use std::collections::{BTreeMap, BTreeSet};

use redress::staff::{Plan, Way};
use redress_connectors::ComplaintRow;
use redress_domain::handbook::{Category, Handbook, Language, Subtype};
use redress_domain::{Ids as _, SeededIds};
use serde_json::Map;

/// The side ways. Each is taken about equally often.
const SIDE_WAYS: [Way; 11] = [
    Way::Objected,
    Way::Obstructed,
    Way::Withdrawn,
    Way::FinalPosition,
    Way::Extended,
    Way::Refused,
    Way::Unfounded,
    Way::Reopened,
    Way::Paused,
    Way::Late,
    Way::Media,
];

/// Every so many of a category goes a side way.
const SIDE_EVERY: usize = 3;

/// The sample: rows of the complaints by their place, with their place within their category.
#[derive(Debug)]
pub(super) struct Sample {
    picked: BTreeMap<usize, usize>,
    counts: BTreeMap<Category, usize>,
    wanted: usize,
}

/// What a complaint is about, by the handbook's own words: the same function that triage uses.
pub(super) fn subtype<'b>(book: &'b Handbook, row: &ComplaintRow) -> &'b Subtype {
    let found = book.suggest_types(Language::of_tag(&row.language), &row.narrative);
    found.first().map_or_else(|| book.unclassified(), |found| found.subtype)
}

/// Draws so many of each category, or all there are.
pub(super) fn draw(book: &Handbook, complaints: &[ComplaintRow], wanted: usize, seed: u64) -> Sample {
    let dice = SeededIds::new(seed);
    let mut drawn: BTreeMap<Category, BTreeMap<u128, usize>> = BTreeMap::new();
    for (place, row) in complaints.iter().enumerate() {
        let category = subtype(book, row).category;
        drawn.entry(category).or_default().insert(dice.uuid_v4().as_u128(), place);
    }
    let counts = drawn.iter().map(|(category, rows)| (*category, rows.len())).collect();
    let picked = drawn
        .values()
        .flat_map(|rows| rows.values().take(wanted).enumerate().map(|(nth, place)| (*place, nth)));
    Sample { picked: picked.collect(), counts, wanted }
}

impl Sample {
    pub(super) fn contains(&self, place: usize) -> bool {
        self.picked.contains_key(&place)
    }

    /// How many there are.
    pub(super) fn size(&self) -> usize {
        self.picked.len()
    }

    /// How many of a category are wanted.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }

    /// A line a category.
    pub(super) fn report(&self) -> Vec<String> {
        let line = |(category, count): (&Category, &usize)| {
            let taken = (*count).min(self.wanted);
            let all = if taken < self.wanted { ": the real texts give no more" } else { "" };
            format!("{category}: {taken} of {count} are taken to their end{all}")
        };
        self.counts.iter().map(line).collect()
    }
}

/// Gives each case of the sample its way.
pub(super) struct Ways<'s> {
    sample: &'s Sample,
    dice: SeededIds,
    taken: BTreeMap<usize, usize>,
    /// Cases that went a side way.
    pub(super) aside: usize,
    /// The side ways that were taken.
    pub(super) seen: BTreeSet<String>,
}

impl<'s> Ways<'s> {
    pub(super) fn new(sample: &'s Sample, seed: u64) -> Self {
        Self { sample, dice: SeededIds::new(seed), taken: BTreeMap::new(), aside: 0, seen: BTreeSet::new() }
    }

    /// The plan for a complaint of the sample that was registered and ranked.
    pub(super) fn plan(&mut self, place: usize, row: &ComplaintRow, is_general: bool) -> Plan {
        let nth = self.sample.picked.get(&place).copied().unwrap_or_default();
        let way = if nth.is_multiple_of(SIDE_EVERY) { self.side_way(is_general) } else { Way::Accepted };
        let throw = self.dice.uuid_v4().as_u128();
        let score = |throw: u128| i32::try_from(throw % 5).unwrap_or_default() + 1;
        let scores = match way {
            Way::Reopened => vec![1, 2],
            // Some do not answer.
            _ if throw.is_multiple_of(4) => Vec::new(),
            _ => vec![score(throw >> 8), score(throw >> 16)],
        };
        let reply = match way {
            Way::Objected | Way::FinalPosition => "O valor não cobre o que eu paguei.",
            Way::Withdrawn => "O pedido chegou hoje, podem encerrar.",
            _ => "Aceito.",
        };
        Plan {
            received: row.received_at,
            channel: row.channel.clone(),
            language: row.language.clone(),
            waybill: row.waybill.clone(),
            customer: Map::new(),
            problem: "other".to_owned(),
            sub_type: None,
            wants: "other".to_owned(),
            text: row.narrative.clone(),
            photos: throw.is_multiple_of(3),
            way,
            ground: None,
            reply: Some(reply.to_owned()),
            scores,
            external_id: Some(row.source_id.clone()),
        }
    }

    /// The side way that was taken least often of those that fit.
    fn side_way(&mut self, is_general: bool) -> Way {
        let fits = |way: Way| way != Way::Extended || is_general;
        let fitting = SIDE_WAYS.iter().enumerate().filter(|(_, way)| fits(**way));
        let least = fitting.min_by_key(|(index, _)| self.taken.get(index).copied().unwrap_or_default());
        let Some((index, way)) = least else { return Way::Accepted };
        *self.taken.entry(index).or_default() += 1;
        self.aside += 1;
        self.seen.insert(format!("{way:?}"));
        *way
    }
}
