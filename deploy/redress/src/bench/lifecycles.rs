//! Whole cases, from the first call to the survey: people at work on the virtual clock, beside the rows that it leaves.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use redress_domain::Timestamp;
use redress_testkit::PrivateServers;
use serde_json::json;

use super::{
    Sizes,
    figures::Thousandths,
    report::{Report, Row, Unit},
    rows::{Before, Copies, Grouping, connect},
    stage::{Stage, put_orders, waybill},
};
use crate::{
    contract::SERVICES,
    output,
    staff::{Plan, Way, work},
    suite::{ClockChoice, Suite},
};

/// Days until a case is closed and surveyed, with time to spare.
const DAYS: i64 = 14;

/// Measures cases one after another on one suite, and several at once on it.
pub(super) async fn measure(servers: &PrivateServers, sizes: &Sizes, report: &mut Report) -> Result<()> {
    let stage = Stage::new(servers)?;
    let suite = stage.suite(ClockChoice::Virtual(stage.start)).await?;
    // The same tables with nothing in them.
    let blank = stage.suite(ClockChoice::Virtual(stage.start)).await?;
    put_orders(&suite).await?;
    let mut counter = 0;
    live(&suite, &mut counter, 1).await?;
    let copies = trace(&suite, &mut counter).await?;
    let lists: Vec<String> =
        copies.iter().map(|(service, copies)| format!("{service} {}", copies.description())).collect();
    output::progress(&format!("lifecycles: each leaves {}", lists.join("; ")));
    let mut row = Row::new(
        format!("lifecycles, {} side by side, virtual clock", sizes.lifecycles),
        Unit::PerSecond,
        "the rows that they leave in five databases, 1 connection each in turn",
    );
    for run in 1..=sizes.runs {
        let begun = Instant::now();
        live(&suite, &mut counter, sizes.lifecycles).await?;
        let ours = Thousandths::per_second(u64::from(sizes.lifecycles), begun.elapsed());
        let limit = copy(&blank, &copies, sizes).await?;
        output::progress(&format!("lifecycles, run {run}: {ours}/s beside {limit}/s"));
        row.add(ours, limit);
    }
    report.rows.push(row);
    suite.stop().await?;
    blank.stop().await
}

/// Takes so many cases from the call to the survey, and makes sure that they got there.
async fn live(suite: &Suite, counter: &mut u64, count: u32) -> Result<()> {
    let begin = suite.now();
    let mut plans = Vec::new();
    for number in 0..count {
        plans.push(plan(begin + chrono::TimeDelta::minutes(i64::from(number)), *counter));
        *counter += 1;
    }
    let outcomes = work(suite, &plans, begin + chrono::TimeDelta::days(DAYS), &mut |_| ()).await?;
    let client = suite.client("intake", "cs-supervisor")?;
    for outcome in outcomes {
        ensure!(
            outcome.stuck.is_none(),
            "case {} {}",
            outcome.case_number,
            outcome.stuck.unwrap_or_default()
        );
        let body = json!({ "case_id": outcome.case_id });
        let answer = client.json("redress.intake.v1.IntakeService/GetCase", body).await?;
        let step = answer["ledger"]["step"].as_str().unwrap_or_default().to_owned();
        ensure!(step == "CASE_STEP_SURVEYED", "case {} ended as {step}", outcome.case_number);
    }
    Ok(())
}

/// Takes one case through, and looks what each service wrote.
async fn trace(suite: &Suite, counter: &mut u64) -> Result<Vec<(&'static str, Copies)>> {
    let mut before = Vec::new();
    for service in SERVICES {
        before.push((service, Before::take(suite.database_url(service)).await?));
    }
    live(suite, counter, 1).await?;
    let mut copies = Vec::new();
    for (service, before) in before {
        let written = before.copies(suite.database_url(service), &[], Grouping::Apart).await;
        copies.push((service, written.with_context(|| format!("{service} wrote nothing"))?));
    }
    Ok(copies)
}

async fn copy(blank: &Suite, copies: &[(&'static str, Copies)], sizes: &Sizes) -> Result<Thousandths> {
    let mut connections = Vec::new();
    for (service, _) in copies {
        connections.push(connect(blank.database_url(service)).await?);
    }
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < sizes.length() {
        for ((_, copies), connection) in copies.iter().zip(&mut connections) {
            copies.write(connection, 1).await?;
        }
        count += 1;
    }
    Ok(Thousandths::per_second(count, begun.elapsed()))
}

/// A delay that ends with an accepted offer.
fn plan(received: Timestamp, number: u64) -> Plan {
    let customer =
        json!({ "name": "王芳", "phone": format!("139{number:08}"), "account": format!("app-{number}") });
    Plan {
        received,
        channel: "online_chat_app".to_owned(),
        language: "zh-CN".to_owned(),
        waybill: Some(waybill(number)),
        customer: customer.as_object().cloned().unwrap_or_default(),
        problem: "delay".to_owned(),
        sub_type: None,
        wants: "fast_delivery".to_owned(),
        text: "说好周二到，今天周四了物流还停在转运中心，能不能快点？".to_owned(),
        photos: false,
        way: Way::Accepted,
        ground: None,
        reply: Some("可以，接受。".to_owned()),
        scores: vec![5, 4],
        external_id: None,
    }
}
