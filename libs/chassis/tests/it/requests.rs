//! Request ids and etags through the engine.

use redress_chassis::{Begin, Call};
use redress_proto::types::v1::{NoticeRequested, RuleRef};
use uuid::Uuid;

use crate::toy::{First, World, seen, tell};

const ID: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80912a3b";

fn call() -> Call {
    Call {
        caller: World::caller("cs-agent"),
        method: "redress.intake.v1.IntakeService/SendMessage".into(),
        traceparent: String::new(),
    }
}

fn body(key: &str) -> NoticeRequested {
    NoticeRequested { notice_key: key.into(), ..NoticeRequested::default() }
}

#[tokio::test]
async fn the_same_request_gives_the_same_answer_and_has_one_effect() {
    let mut world = World::new().await;
    let first = world.toy::<First>().await;
    let engine = first.runtime.engine();
    let case = Uuid::from_u128(9);
    for attempt in 0..3 {
        match engine.begin::<_, RuleRef>(&call(), ID, &body("a")).await.expect("begins") {
            Begin::Fresh(mut unit) => {
                assert_eq!(attempt, 0);
                tell(&mut unit, case, "a", false).await.expect("decides");
                unit.commit(RuleRef { id: "rule".into(), cite: "M1".into() }).await.expect("commits");
            }
            Begin::Repeated(answer) => {
                assert!(attempt > 0);
                assert_eq!(answer.id, "rule");
            }
        }
    }
    assert_eq!(seen(&first.runtime, case).await, ["a"]);
    let reused = engine.begin::<_, RuleRef>(&call(), ID, &body("b")).await.expect_err("another body");
    assert_eq!(reused.rejection().expect("a refusal").reason, "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_refusal_leaves_nothing_behind() {
    let mut world = World::new().await;
    let first = world.toy::<First>().await;
    let engine = first.runtime.engine();
    let case = Uuid::from_u128(9);
    match engine.begin::<_, RuleRef>(&call(), ID, &body("poison")).await.expect("begins") {
        Begin::Fresh(mut unit) => {
            let refused = tell(&mut unit, case, "poison", false).await.expect_err("against the rules");
            assert_eq!(refused.rejection().expect("a refusal").reason, "POISONED");
        }
        Begin::Repeated(_) => unreachable!("nothing was stored"),
    }
    assert!(seen(&first.runtime, case).await.is_empty());
    let again = engine.begin::<_, RuleRef>(&call(), ID, &body("corrected")).await.expect("begins");
    assert!(matches!(again, Begin::Fresh(_)), "the id is free again");
}

#[tokio::test]
async fn a_stale_etag_is_refused_with_the_current_one() {
    let mut world = World::new().await;
    let first = world.toy::<First>().await;
    let case = Uuid::from_u128(9);
    crate::toy::happen(&first.runtime, case, "a").await;
    crate::toy::happen(&first.runtime, case, "b").await;
    let loaded =
        redress_chassis::unit::read::<crate::toy::Seen>(first.runtime.engine(), case).await.expect("reads");
    assert!(loaded.expect_etag("2").is_ok());
    assert!(loaded.expect_etag("").is_ok());
    let stale = loaded.expect_etag("1").expect_err("stale");
    assert_eq!((stale.reason, stale.metadata["current_etag"].as_str()), ("STALE_ETAG", "2"));
}
