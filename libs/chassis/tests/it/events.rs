//! Events between services: once, in order, after their causes, and a parked case holds back only itself.

use std::sync::atomic::Ordering;

use redress_chassis::subscriber::retry_parked;
use redress_storage::{cursor, parked};
use uuid::Uuid;

use crate::toy::{First, Second, Third, World, happen, seen};

fn case(number: u128) -> Uuid {
    Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + number)
}

#[tokio::test]
async fn an_event_takes_effect_once_however_often_the_log_is_read() {
    let mut world = World::new().await;
    let (first, second) = (world.toy::<First>().await, world.toy::<Second>().await);
    for key in ["a", "b", "c"] {
        happen(&first.runtime, case(1), key).await;
    }
    assert_eq!(second.runtime.pull().await.expect("pulls"), 3);
    assert_eq!(second.runtime.pull().await.expect("pulls"), 0);
    // Another process of the same service goes on from the cursors.
    let (_, replica) = second.replica().await;
    assert_eq!(replica.pull().await.expect("pulls"), 0);
    assert_eq!(seen(&second.runtime, case(1)).await, ["triage>a", "triage>b", "triage>c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_read_the_same_log_at_once_apply_each_event_once() {
    let mut world = World::new().await;
    let (first, second) = (world.toy::<First>().await, world.toy::<Second>().await);
    let (_, replica) = second.replica().await;
    for number in 0..20 {
        happen(&first.runtime, case(number % 4), &number.to_string()).await;
    }
    // The one that loses the swap fails as a whole and reads again.
    let both = async |runtime: &redress_chassis::Runtime| loop {
        match runtime.pull().await {
            Ok(0) => break,
            Ok(_) => {}
            Err(failure) => assert!(failure.may_pass(), "{failure:?}"),
        }
    };
    tokio::join!(both(&second.runtime), both(&replica));
    for number in 0..4 {
        let expected: Vec<String> =
            (0..20).filter(|n| n % 4 == number).map(|n| format!("triage>{n}")).collect();
        assert_eq!(seen(&second.runtime, case(number)).await, expected, "case {number}");
    }
}

#[tokio::test]
async fn an_event_whose_causes_have_not_arrived_waits() {
    let mut world = World::new().await;
    let first = world.toy::<First>().await;
    let second = world.toy::<Second>().await;
    let third = world.toy::<Third>().await;
    happen(&first.runtime, case(1), "cause").await;
    second.runtime.pull().await.expect("pulls");
    happen(&first.runtime, case(2), "other").await;

    // The third reads triage's log before intake's: what triage made of the cause has to wait for the cause.
    let applied = third.runtime.pull().await.expect("pulls");
    assert_eq!(applied, 2, "both events of intake, none of triage yet");
    assert_eq!(seen(&third.runtime, case(1)).await, ["survey>cause"]);
    assert_eq!(third.runtime.pull().await.expect("pulls"), 1);
    assert_eq!(seen(&third.runtime, case(1)).await, ["survey>cause", "survey>triage>cause"]);
}

#[tokio::test]
async fn a_rejected_event_parks_its_case_and_no_other_until_it_is_retried() {
    let mut world = World::new().await;
    let (first, second) = (world.toy::<First>().await, world.toy::<Second>().await);
    for (number, key) in [(1, "a"), (1, "poison"), (2, "b"), (1, "c"), (2, "d")] {
        happen(&first.runtime, case(number), key).await;
    }
    assert_eq!(second.runtime.pull().await.expect("pulls"), 5, "cursors go on");
    assert_eq!(seen(&second.runtime, case(1)).await, ["triage>a"]);
    assert_eq!(seen(&second.runtime, case(2)).await, ["triage>b", "triage>d"]);

    let engine = second.runtime.engine();
    let rows = parked::list(engine.database().pool(), None, 0, 10).await.expect("lists");
    assert_eq!(rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["POISONED", "BEHIND_PARKED"]);

    let (applied, why) =
        retry_parked(engine, &**second.runtime.reactor(), case(1), 10).await.expect("retries");
    assert_eq!((applied, why.contains("poisoned")), (0, true), "still against the rules: {why}");

    second.service.0.lifted.store(true, Ordering::SeqCst);
    let (applied, _) = retry_parked(engine, &**second.runtime.reactor(), case(1), 10).await.expect("retries");
    assert_eq!(applied, 2);
    assert_eq!(seen(&second.runtime, case(1)).await, ["triage>a", "triage>poison", "triage>c"]);
    happen(&first.runtime, case(1), "e").await;
    second.runtime.pull().await.expect("pulls");
    assert_eq!(seen(&second.runtime, case(1)).await.last().map(String::as_str), Some("triage>e"));
}

#[tokio::test]
async fn a_log_of_another_generation_is_not_read_on() {
    let mut world = World::new().await;
    let (first, second) = (world.toy::<First>().await, world.toy::<Second>().await);
    happen(&first.runtime, case(1), "a").await;
    second.runtime.pull().await.expect("pulls");
    let transaction = first.runtime.engine().database().begin().await.expect("begins");
    transaction
        .execute("restore", "update log_generation set generation = generation + 1", [])
        .await
        .expect("updates");
    transaction.commit().await.expect("commits");
    happen(&first.runtime, case(1), "b").await;
    let refused = second.runtime.pull().await.expect_err("stops");
    assert!(refused.to_string().contains("generation"), "{refused}");
    assert_eq!(seen(&second.runtime, case(1)).await, ["triage>a"]);
}

#[tokio::test]
async fn cursors_stand_at_the_heads_when_all_is_read() {
    let mut world = World::new().await;
    let (first, second) = (world.toy::<First>().await, world.toy::<Second>().await);
    for number in 0..9 {
        happen(&first.runtime, case(number), "x").await;
    }
    second.runtime.pull().await.expect("pulls");
    let (_, heads) =
        redress_storage::log::heads(first.runtime.engine().database().pool()).await.expect("reads");
    let cursors =
        cursor::of_source(second.runtime.engine().database().pool(), "intake").await.expect("reads");
    let at: std::collections::BTreeMap<i32, i64> =
        cursors.into_iter().map(|(p, position)| (p, position.n)).collect();
    assert_eq!(at, heads);
}
