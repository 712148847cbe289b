//! Five services in one process, on virtual time.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta};
use redress::{
    contract::SERVICES,
    play::Environment,
    shipped::{DEFAULT_HANDBOOK, DEFAULT_REGION, Shelf},
    suite::{PolicyChoice, Suite},
};
use redress_domain::Timestamp;
use serde_json::{Value, json};

pub(crate) fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).expect("a time").to_utc()
}

pub(crate) async fn environment() -> Environment {
    let servers = redress_testkit::servers().await;
    Environment::new(servers.postgres(), servers.redis_url()).expect("an environment")
}

pub(crate) fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/scripts").join(name)
}

pub(crate) async fn suite(environment: &mut Environment, start: &str) -> Suite {
    let shelf = Shelf::find();
    let start = at(start);
    let handbook = shelf.handbook(DEFAULT_HANDBOOK, start.date_naive()).expect("the handbook");
    let calendar = shelf.calendar("cn").expect("the calendar");
    let policy = PolicyChoice { handbook, calendar, regions: vec![DEFAULT_REGION.to_owned()] };
    environment.suite(start, vec![policy]).await.expect("a suite")
}

fn complaint() -> Value {
    json!({
        "request_id": "0192d3c0-0000-7000-8000-000000000001",
        "channel": "CHANNEL_SMS",
        "customer": { "name": "王小明", "phone": "13800000001" },
        "problem_type": "PROBLEM_TYPE_ATTITUDE",
        "desired_solution": "DESIRED_SOLUTION_APOLOGY",
        "narrative": "派送员态度恶劣。",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_case_reaches_every_service_and_rests() {
    let mut environment = environment().await;
    let suite = suite(&mut environment, "2026-03-02T09:00:00+08:00").await;

    let intake = suite.client("intake", "cs-agent").expect("a client");
    let answer = intake.json("IntakeService/RegisterComplaint", complaint()).await.expect("is registered");
    assert!(suite.rest().await.expect("comes to rest") > 0);
    assert_eq!(suite.rest().await.expect("stays at rest"), 0);

    let case = json!({ "case_id": answer["case"]["case_id"] });
    let triage = suite.client("triage", "cs-supervisor").expect("a client");
    let triaged = triage.json("TriageService/GetTriage", case.clone()).await.expect("is triaged");
    assert_eq!(triaged["triage"]["primary_sub_type"], "bad_attitude");
    for service in SERVICES {
        let client = suite.client(service, "admin").expect("a client");
        let parked = client.json("EventLogService/ListParked", json!({})).await.expect("a list");
        assert_eq!(parked, json!({}), "{service} has set events aside");
    }
    suite.stop().await.expect("ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_stops_at_every_deadline_on_the_way() {
    let mut environment = environment().await;
    let suite = suite(&mut environment, "2026-03-02T09:00:00+08:00").await;
    let intake = suite.client("intake", "cs-agent").expect("a client");
    intake.json("IntakeService/RegisterComplaint", complaint()).await.expect("is registered");

    suite.advance(TimeDelta::hours(5)).await.expect("time passes");

    let deadlines = suite.client("intake", "cs-supervisor").expect("a client");
    let body = json!({ "kind": "first_response" });
    let answer = deadlines.json("DeadlineService/ListDeadlines", body).await.expect("a list");
    let missed = &answer["deadlines"][0];
    assert_eq!(missed["state"], "DEADLINE_STATE_MISSED", "{answer:#}");
    // Missed at its due time, though the clock went on for three hours.
    assert_eq!(missed["missed_time"], missed["due_time"]);
    assert_eq!(at(missed["due_time"].as_str().expect("a time")), at("2026-03-02T11:00:00+08:00"));
    assert!(suite.advance_to(at("2026-03-02T09:00:00+08:00")).await.is_err(), "time goes back");
    suite.stop().await.expect("ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_refused_by_the_databases_of_the_others() {
    let mut environment = environment().await;
    let suite = suite(&mut environment, "2026-03-02T09:00:00+08:00").await;
    for one in SERVICES {
        for other in SERVICES {
            let (own, (_, database)) = (suite.database_url(one), split(suite.database_url(other)));
            let (base, _) = split(own);
            let opened = redress_storage::Database::connect(&format!("{base}/{database}"), 1).await;
            assert_eq!(opened.is_ok(), one == other, "{one} on the database of {other}");
        }
    }
    suite.stop().await.expect("ends well");
}

fn split(url: &str) -> (&str, &str) {
    url.rsplit_once('/').expect("a URL has a database")
}
