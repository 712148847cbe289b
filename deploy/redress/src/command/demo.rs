//! `redress demo`

use anyhow::Context as _;
use chrono::{DateTime, Duration};
use chrono_tz::Tz;
use clap::Args;
use redress_domain::Timestamp;
use serde_json::{Value, json};

use super::{
    Failure, case, deadlines, ledger,
    play::Behaviour,
    servers::Ground,
    up::program,
    values::{Zone, money, share, text, word},
};
use crate::{
    contract::SERVICES,
    demo, output,
    play::Environment,
    shipped::{DEFAULT_HANDBOOK, DEFAULT_REGION, Shelf},
    staff::{self, Outcome, Plan, Way},
    suite::{PolicyChoice, Suite},
};

/// See it work: a month of made-up complaints goes through the five services on the virtual clock.
#[derive(Args)]
#[command(after_help = "Starts a private Postgres and Redis, plays, prints, and leaves nothing behind.")]
pub(super) struct Demo {
    /// How the outside world behaves.
    #[arg(long, value_enum, default_value_t = Behaviour::Lifelike)]
    outside: Behaviour,
    /// Seed of the outside world and of ids.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Play only so many of the complaints.
    #[arg(long)]
    limit: Option<usize>,
}

/// When the clock starts and ends: the review of March is published in the first working days of April.
const START: &str = "2026-03-03T08:00:00+08:00";
const END: &str = "2026-04-10T09:00:00+08:00";
const MONTH: &str = "2026-03";

impl Demo {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Failure> {
        let mut plans = demo::plans()?;
        plans.truncate(self.limit.unwrap_or(usize::MAX));
        let ground = Ground::find().await?;
        let mut environment = Environment::new(ground.postgres(), &ground.redis_url())?;
        environment.manners = self.outside.manners();
        environment.seed = self.seed;
        output::progress("starting five services on a virtual clock");
        let (start, end) = (time(START)?, time(END)?);
        let suite = environment.suite(start, vec![policy(start)?]).await?;
        let shown = show(&suite, &plans, end, as_json).await;
        output::progress("stopping");
        suite.stop().await?;
        shown
    }
}

async fn show(suite: &Suite, plans: &[Plan], end: Timestamp, as_json: bool) -> Result<(), Failure> {
    let orders = demo::orders()?;
    suite.enterprise().orders.put(orders).await.context("the orders cannot be taken in")?;
    let zone = Zone::of(Tz::Asia__Shanghai);
    let total = plans.len();
    let mut done = 0;
    let mut told = |tale: &str| {
        done += 1;
        output::progress(&format!("{}  {done:>3} of {total}  {tale}", zone.exact(suite.now())));
    };
    let outcomes = staff::work(suite, plans, end, &mut told).await?;
    let intake = suite.client("intake", "supervision")?;
    let cases = intake.list("redress.intake.v1.IntakeService/ListCases", json!({}), "cases", 1_000).await?;
    let example = example(plans, &outcomes);
    let timeline = match example {
        None => Vec::new(),
        Some(example) => {
            let body = json!({ "case_id": example.case_id });
            intake.list("redress.intake.v1.IntakeService/ListTimeline", body, "entries", 1_000).await?
        }
    };
    let deadlines = deadlines(suite).await?;
    let survey = suite.client("survey", "supervision")?;
    let body = json!({ "region": DEFAULT_REGION, "month": MONTH });
    let mut review =
        survey.json("redress.survey.v1.SurveyService/GetMonthlyReview", body).await?["review"].take();
    let stuck: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.stuck.is_some()).collect();
    if as_json {
        output::json(&json!({
            "cases": cases, "timeline": timeline, "deadlines": tally(&deadlines), "review": review.take(),
            "stuck": stuck.iter().map(|outcome| json!({ "case_number": outcome.case_number, "why": outcome.stuck })).collect::<Vec<_>>(),
        }));
    } else {
        output::line(&format!("\n投诉处理台账 / complaint ledger at {}\n", zone.exact(suite.now())));
        output::line(&ledger::table(&cases, zone));
        if let Some(example) = example {
            output::line(&format!(
                "\n{} from beginning to end: every line with its actor and clause\n",
                example.case_number
            ));
            output::line(&case::timeline(&timeline, zone, false));
            output::line(&format!("\n{}: its deadlines\n", example.case_number));
            output::line(&deadline_rows(&deadlines, example, zone));
        }
        output::line("\nDeadlines of all cases\n");
        output::line(&deadline_table(&deadlines));
        output::line(&format!("\n投诉分析报告 / review of {MONTH}\n"));
        output::line(&review_text(&review));
        output::line(&further(example));
    }
    for outcome in &stuck {
        output::progress(&format!(
            "stuck: {}: {}",
            outcome.case_number,
            outcome.stuck.as_deref().unwrap_or_default()
        ));
    }
    if stuck.is_empty() { Ok(()) } else { Err(Failure::Reported) }
}

/// The case whose timeline is shown: one that met an obstacle.
fn example<'a>(plans: &[Plan], outcomes: &'a [Outcome]) -> Option<&'a Outcome> {
    let told = |outcome: &&Outcome| !outcome.case_id.is_empty() && outcome.stuck.is_none();
    let way = |outcome: &Outcome| plans.get(outcome.index).map(|plan| plan.way);
    let obstructed = outcomes.iter().find(|outcome| way(outcome) == Some(Way::Obstructed) && told(outcome));
    obstructed.or_else(|| outcomes.iter().find(told))
}

async fn deadlines(suite: &Suite) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for service in SERVICES {
        let client = suite.client(service, "supervision")?;
        let method = "redress.deadlines.v1.DeadlineService/ListDeadlines";
        all.extend(client.list(method, json!({}), "deadlines", 10_000).await?);
    }
    Ok(all)
}

/// The deadlines of one case, earliest first.
fn deadline_rows(deadlines: &[Value], of: &Outcome, zone: Zone) -> String {
    let mut own: Vec<Value> =
        deadlines.iter().filter(|deadline| deadline["case_id"] == of.case_id.as_str()).cloned().collect();
    own.sort_by_key(|deadline| (deadline["due_time"].is_null(), text(&deadline["due_time"])));
    deadlines::table(&own, zone)
}

/// Deadlines counted by kind: basis, clause, and how many are in which state.
fn tally(deadlines: &[Value]) -> Vec<Value> {
    let mut kinds: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
    for deadline in deadlines {
        let counted = kinds.entry(text(&deadline["kind"])).or_insert_with(|| {
            json!({
                "kind": deadline["kind"], "basis": word(&deadline["basis"], "DEADLINE_BASIS"),
                "clause": deadline["rule"]["cite"], "met": 0, "missed": 0, "cancelled": 0, "running": 0,
            })
        });
        let state = match word(&deadline["state"], "DEADLINE_STATE").as_str() {
            "met" => "met",
            "missed" => "missed",
            "cancelled" => "cancelled",
            _ => "running",
        };
        counted[state] = json!(counted[state].as_u64().unwrap_or_default() + 1);
    }
    kinds.into_values().collect()
}

fn deadline_table(deadlines: &[Value]) -> String {
    let names = ["kind", "basis", "clause", "met", "missed", "cancelled", "running"];
    let rows: Vec<Vec<String>> =
        tally(deadlines).iter().map(|kind| names.iter().map(|name| text(&kind[name])).collect()).collect();
    output::table(&names, &rows)
}

fn review_text(review: &Value) -> String {
    let figures = &review["figures"];
    let mut lines = vec![format!(
        "{}: {} received, {} closed, {} open, {} reopened",
        word(&review["state"], "REVIEW_STATE"),
        number(&figures["received"]),
        number(&figures["closed"]),
        number(&figures["open"]),
        number(&figures["reopened"]),
    )];
    let each = |list: &Value| list.as_array().cloned().unwrap_or_default();
    lines.push(String::new());
    let types: Vec<Vec<String>> = each(&figures["types"])
        .iter()
        .take(8)
        .map(|kind| {
            vec![text(&kind["sub_type"]), text(&kind["line"]), number(&kind["cases"]), share(&kind["share"])]
        })
        .collect();
    lines.push(output::table(&["frequent types", "line", "cases", "share"], &types));
    lines.push(String::new());
    let in_time: Vec<Vec<String>> = each(&figures["in_time"])
        .iter()
        .map(|figure| {
            let name = format!("{} {}", text(&figure["name"]["zh_cn"]), text(&figure["name"]["en"]));
            let target =
                if figure["target_share"].is_null() { String::new() } else { share(&figure["target_share"]) };
            vec![name, number(&figure["in_time"]), number(&figure["total"]), share(&figure["share"]), target]
        })
        .collect();
    lines.push(output::table(&["handled in time", "in time", "of", "share", "target"], &in_time));
    lines.push(String::new());
    let scores: Vec<Vec<String>> = each(&figures["scores"])
        .iter()
        .map(|score| {
            let average = score["average_hundredths"].as_i64().unwrap_or_default();
            let low = if score["low"] == true { "low" } else { "" };
            vec![
                text(&score["question_id"]),
                number(&score["answers"]),
                format!("{}.{:02}", average / 100, average % 100),
                low.to_owned(),
            ]
        })
        .collect();
    lines.push(output::table(&["satisfaction", "answers", "average", ""], &scores));
    lines.push(String::new());
    lines.push(format!(
        "promises kept: {} of {} ({})",
        number(&figures["promises_kept"]),
        number(&figures["promises_due"]),
        share(&figures["promises_kept_share"])
    ));
    let paid: Vec<String> = each(&figures["paid"]).iter().map(money).collect();
    lines.push(format!("paid: {}", paid.join(", ")));
    for problem in each(&review["problems"]) {
        lines.push(format!(
            "problem: {} / {} ({})",
            text(&problem["text"]["zh_cn"]),
            text(&problem["text"]["en"]),
            text(&problem["rule"]["cite"])
        ));
    }
    lines.join("\n")
}

/// A count; what is not set is none.
fn number(value: &Value) -> String {
    value.as_i64().unwrap_or_default().to_string()
}

fn further(example: Option<&Outcome>) -> String {
    let program = program();
    let number = example.map_or("CASE_NUMBER", |outcome| outcome.case_number.as_str());
    format!(
        "\nEverything above is gone with this process. To look further:\n\
         \x20 {program} up                               the same five services on the real clock, to call yourself\n\
         \x20 {program} case explain {number}      there: every decision with its rule and facts\n\
         \x20 {program} play tests/scripts/*.toml        the rules of the handbook as examples that are checked\n\
         \x20 {program} handbook show {DEFAULT_HANDBOOK} --text   the rules themselves"
    )
}

fn policy(at: Timestamp) -> Result<PolicyChoice, Failure> {
    let shelf = Shelf::find();
    let handbook = shelf.handbook(DEFAULT_HANDBOOK, (at + Duration::hours(8)).date_naive())?;
    let calendar = shelf.calendar(&handbook.handbook()?.calendar)?;
    Ok(PolicyChoice { handbook, calendar, regions: vec![DEFAULT_REGION.to_owned()] })
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    let time = DateTime::parse_from_rfc3339(text).map_err(anyhow::Error::from)?;
    Ok(time.to_utc())
}
