//! No figure of the handbook stands in Rust: each is changed in a copy of the shipped handbook, a region lives by that copy, and
//! what is seen there differs from what is seen under the shipped one in the places that the table names, and in no others.

mod book;
mod player;
mod scenes;
mod stage;
mod table;

use std::collections::BTreeMap;

use anyhow::Result;
use futures::future;
use redress::shipped::{DEFAULT_HANDBOOK, Document, Shelf};
use redress::suite::PolicyChoice;
use redress_domain::Timestamp;

use self::player::{Outcome, Player};
use self::scenes::{Scene, Suite};
use self::stage::Stage;
use self::table::Row;
use crate::harness::environment;

/// A Monday morning.
const START: &str = "2026-03-02T09:00:00+08:00";

/// Regions that one call activates a handbook for.
const REGIONS_AT_ONCE: usize = 32;

fn start() -> Timestamp {
    START.parse::<chrono::DateTime<chrono::FixedOffset>>().expect("an instant").to_utc()
}

fn shipped() -> Document {
    Shelf::find().handbook(DEFAULT_HANDBOOK, start().date_naive()).expect("the handbook is shipped")
}

#[test]
fn every_figure_is_in_the_table_or_has_a_reason_not_to_be() {
    let rows = table::rows();
    let figures = book::figures(&shipped().text);
    // What has no cite of its own falls under the clause that puts the whole in force.
    let fits = |cite: &str, row: &Row| cite.starts_with(row.cite) || cite.starts_with("M9");
    let mut problems = Vec::new();
    for figure in &figures {
        let named = rows.iter().find(|row| row.figures.contains(&figure.path.as_str()));
        let exempt = table::exempt(&figure.path);
        match (named, exempt) {
            (Some(row), None) if !fits(&figure.cite, row) => {
                problems.push(format!("{}: its cite is {}, not {}", figure.path, figure.cite, row.cite));
            }
            (Some(_), Some(_)) => problems.push(format!("{}: in the table, and exempt", figure.path)),
            (None, None) => problems.push(format!("{} ({}): not in the table", figure.path, figure.cite)),
            _ => {}
        }
    }
    for path in rows.iter().flat_map(|row| row.figures) {
        if !figures.iter().any(|figure| figure.path == *path) {
            problems.push(format!("{path}: in the table, and not in the handbook"));
        }
    }
    assert!(problems.is_empty(), "{} of {} figures:\n{}", problems.len(), figures.len(), problems.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_figure_becomes_is_seen_and_nothing_else_moves() {
    play(Suite::Quiet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_for_times_of_trouble_are_seen_likewise() {
    play(Suite::Trouble).await;
}

/// Plays every scene under the shipped handbook, and the scene of every row under its copy.
async fn play(on: Suite) {
    let rows: Vec<Row> = table::rows().into_iter().filter(|row| row.scene.suite() == on).collect();
    let mut scenes: Vec<Scene> = rows.iter().map(|row| row.scene).collect();
    scenes.sort();
    scenes.dedup();

    let unchanged = shipped();
    let calendar = Shelf::find().calendar("cn").expect("the calendar is shipped");
    let policy = |handbook: Document, regions: Vec<String>| PolicyChoice {
        handbook,
        calendar: calendar.clone(),
        regions,
    };
    let mut plays: Vec<(String, Scene)> =
        scenes.iter().enumerate().map(|(place, scene)| (format!("S{place}"), *scene)).collect();
    let regions: Vec<String> = plays.iter().map(|(region, _)| region.clone()).collect();
    let mut policies: Vec<PolicyChoice> =
        regions.chunks(REGIONS_AT_ONCE).map(|regions| policy(unchanged.clone(), regions.to_vec())).collect();
    for (place, row) in rows.iter().enumerate() {
        let region = format!("F{place}");
        let text = book::copy(&unchanged.text, &format!("{region}.1"), row.figures, row.becomes);
        let copy = Document { file: format!("{}.toml", row.figures[0]), text };
        policies.push(policy(copy, vec![region.clone()]));
        plays.push((region, row.scene));
    }

    let mut environment = environment().await;
    let suite = environment.suite(start(), policies).await.expect("the suite starts");
    let stage = Stage::new(&suite, plays.len());
    let acting = plays.iter().enumerate().map(|(number, (region, scene))| {
        let player = Player::new(&stage, region, number);
        let stage = &stage;
        async move {
            let seen = scene.play(&player).await;
            stage.leave();
            seen
        }
    });
    let (conducted, seen) = future::join(stage.conduct(), future::join_all(acting)).await;
    conducted.expect("the suite comes to rest");
    let parked = suite.parked().await.expect("the services tell");
    suite.stop().await.expect("stops clean");

    let mut seen = seen.into_iter();
    let shipped: BTreeMap<Scene, Result<Outcome>> = scenes.iter().copied().zip(seen.by_ref()).collect();
    let mut problems: Vec<String> = rows
        .iter()
        .zip(seen)
        .filter_map(|(row, changed)| {
            let problem = match (&shipped[&row.scene], &changed) {
                (Ok(before), Ok(after)) => unexpected(row, before, after)?,
                (Err(error), _) => format!("under the shipped handbook: {error:#}"),
                (_, Err(error)) => format!("{error:#}"),
            };
            Some(format!("{} = {} ({:?}): {problem}", row.figures[0], row.becomes, row.scene))
        })
        .collect();
    problems.extend(parked.iter().map(|(service, event)| format!("{service} has parked {event}")));
    assert!(problems.is_empty(), "{} of {} rows:\n{}", problems.len(), rows.len(), problems.join("\n"));
}

/// How what moved differs from what the row expects.
fn unexpected(row: &Row, before: &Outcome, after: &Outcome) -> Option<String> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |outcome: &Outcome, name: &str| outcome.get(name).cloned().unwrap_or_default();
    let moved: Vec<(String, String, String)> = names
        .into_iter()
        .map(|name| (name.clone(), value(before, name), value(after, name)))
        .filter(|(_, before, after)| before != after)
        .collect();
    let mut expected: Vec<(String, String, String)> = row
        .moves
        .iter()
        .map(|(name, before, after)| ((*name).to_owned(), (*before).to_owned(), (*after).to_owned()))
        .collect();
    expected.sort();
    (moved != expected).then(|| format!("moves {moved:?}, expected {expected:?}"))
}
