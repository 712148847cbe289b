//! Deadlines: the row decides; Redis only says when to look.

use std::sync::{Arc, atomic::Ordering};

use redress_chassis::Runtime;
use redress_domain::{DeadlineBasis, DeadlineChange, DeadlineDraft, LadderStep, RuleRef};
use redress_storage::policy::PolicyRow;
use uuid::Uuid;

use crate::toy::{First, Toy, World, see, seen, start};

const CALENDAR: &str = include_str!("../../../../deploy/calendars/cn.toml");

fn case() -> Uuid {
    Uuid::from_u128(77)
}

/// Opens a case with a deadline of two hours that warns at three quarters and escalates an hour after the miss.
async fn open(toy: &Toy<First>, case: Uuid) {
    let engine = toy.runtime.engine();
    let hash = redress_chassis::policies::content_hash(CALENDAR);
    let row = PolicyRow {
        hash: hash.clone(),
        kind: "calendar".into(),
        name: "cn.toml".into(),
        text: CALENDAR.into(),
    };
    engine.policies().keep(&row).await.expect("keeps");
    let mut unit = engine.begin_as("test", "", None).await.expect("begins");
    let draft = DeadlineDraft {
        kind: "first_response".into(),
        key: String::new(),
        basis: DeadlineBasis::House,
        rule: RuleRef { id: "first_response".into(), cite: "M2.3a".into() },
        start: unit.now(),
        limit: "2h".parse().expect("a limit"),
        not_after: None,
        warn_at_basis_points: Some(7_500),
        warn_audience: Some("cs-agent".into()),
        ladder: vec![LadderStep {
            after: "1h".parse().expect("a limit"),
            audience: "cs-supervisor".into(),
            action: "notify".into(),
            repeat: Some("30m".parse().expect("a limit")),
            times: 2,
        }],
    };
    let decision = see(&crate::toy::Seen::default(), "open", true)
        .expect("allowed")
        .deadline(DeadlineChange::Open(draft));
    let place = redress_chassis::Place {
        id: case,
        case_id: Some(case),
        region: "cn".into(),
        handbook_hash: String::new(),
        calendar_hash: hash,
    };
    unit.create(place, decision).await.expect("decides");
    unit.finish().await.expect("commits");
}

async fn at(world: &World, runtime: &Runtime, minutes: i64) {
    world.clock.advance_to(start() + chrono::Duration::minutes(minutes));
    while runtime.step().await.expect("steps") > 0 {}
}

/// Kinds of change that the log tells of the case's deadline, in order.
async fn changes(runtime: &Runtime) -> Vec<String> {
    let events = redress_storage::log::of_case(runtime.engine().database().pool(), "intake", case())
        .await
        .expect("reads");
    events
        .iter()
        .filter(|event| event.event.kind.ends_with("DeadlineChanged"))
        .map(|event| {
            let changed: redress_proto::deadlines::v1::DeadlineChanged =
                redress_chassis::wire::payload(event).expect("decodes");
            changed.change().as_str_name().trim_start_matches("DEADLINE_CHANGE_").to_lowercase()
        })
        .collect()
}

#[tokio::test]
async fn it_warns_is_missed_and_escalates_each_at_its_time_and_once() {
    let mut world = World::new().await;
    let toy = world.toy::<First>().await;
    open(&toy, case()).await;
    at(&world, &toy.runtime, 89).await;
    assert_eq!(changes(&toy.runtime).await, ["opened"], "nothing is early");
    at(&world, &toy.runtime, 90).await;
    assert_eq!(changes(&toy.runtime).await, ["opened", "warned"]);
    at(&world, &toy.runtime, 119).await;
    assert_eq!(toy.service.0.missed.load(Ordering::SeqCst), 0);
    at(&world, &toy.runtime, 120).await;
    assert_eq!(seen(&toy.runtime, case()).await, ["open", "missed first_response"]);
    at(&world, &toy.runtime, 180).await;
    at(&world, &toy.runtime, 210).await;
    at(&world, &toy.runtime, 600).await;
    assert_eq!(
        changes(&toy.runtime).await,
        ["opened", "warned", "missed", "escalated", "escalated"],
        "the ladder is taken as often as it says"
    );
}

#[tokio::test]
async fn redis_wiped_restarted_or_absent_makes_it_late_never_lost_or_twice() {
    let mut world = World::new().await;
    let private = redress_testkit::PrivateServers::start(
        &redress_testkit::Programs::find().expect("programs are installed"),
        redress_testkit::Durability::Off,
    )
    .await
    .expect("starts");
    world.redis_url = private.redis.url().to_string();
    let toy = world.toy::<First>().await;
    for number in 0..4 {
        open(&toy, Uuid::from_u128(100 + number)).await;
    }
    private.redis.flush().await.expect("wipes");
    at(&world, &toy.runtime, 119).await;
    assert_eq!(toy.service.0.missed.load(Ordering::SeqCst), 0, "not early");
    private.redis.restart().await.expect("restarts");
    at(&world, &toy.runtime, 120).await;
    assert_eq!(toy.service.0.missed.load(Ordering::SeqCst), 4);
    open(&toy, Uuid::from_u128(200)).await;
    private.redis.halt(redress_testkit::Stop::Abrupt).await;
    at(&world, &toy.runtime, 240).await;
    assert_eq!(toy.service.0.missed.load(Ordering::SeqCst), 5, "the sweep finds it without Redis");
    at(&world, &toy.runtime, 241).await;
    assert_eq!(toy.service.0.missed.load(Ordering::SeqCst), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_at_once_fire_each_deadline_once() {
    let mut world = World::new().await;
    let toy = world.toy::<First>().await;
    for number in 0..30 {
        open(&toy, Uuid::from_u128(1_000 + number)).await;
    }
    let (one, two) = (toy.replica().await, toy.replica().await);
    world.clock.advance_to(start() + chrono::Duration::hours(2));
    let run = async |runtime: &Arc<Runtime>| loop {
        match runtime.step().await {
            Ok(0) => break,
            Ok(_) => {}
            Err(failure) => assert!(failure.may_pass(), "{failure:?}"),
        }
    };
    tokio::join!(run(&toy.runtime), run(&one.1), run(&two.1));
    for number in 0..30 {
        let keys = seen(&toy.runtime, Uuid::from_u128(1_000 + number)).await;
        assert_eq!(keys, ["open", "missed first_response"], "case {number}");
    }
}

#[tokio::test]
async fn met_or_missed_follows_when_the_fact_happened() {
    let mut world = World::new().await;
    let toy = world.toy::<First>().await;
    open(&toy, case()).await;
    at(&world, &toy.runtime, 130).await;
    // A receipt that is learnt late says that it happened in time.
    let mut unit = toy.runtime.engine().begin_as("test", "", None).await.expect("begins");
    let loaded = unit.load::<crate::toy::Seen>(case()).await.expect("loads");
    let decision = see(&loaded.state, "receipt", true).expect("allowed").deadline(DeadlineChange::Meet {
        name: "first_response".into(),
        at: start() + chrono::Duration::minutes(119),
    });
    unit.save(loaded, decision).await.expect("saves");
    unit.finish().await.expect("commits");
    at(&world, &toy.runtime, 600).await;
    assert_eq!(changes(&toy.runtime).await, ["opened", "missed", "corrected"], "and its ladder ends");
}
