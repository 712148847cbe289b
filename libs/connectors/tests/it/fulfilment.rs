use std::collections::BTreeMap;

use chrono::TimeDelta;
use redress_connectors::file::{Behaviour, Port};
use redress_connectors::{Fulfilment as _, FulfilmentKind, FulfilmentState, FulfilmentTask, PortError};

use crate::world::{World, start, yuan};

fn task(key: &str, kind: FulfilmentKind) -> FulfilmentTask {
    FulfilmentTask {
        key: key.to_owned(),
        kind,
        waybill: Some("SF1234567890123".to_owned()),
        recipient_ref: "person-1".to_owned(),
        value: Some(yuan(2_000)),
        details: BTreeMap::from([("quantity".to_owned(), "1".to_owned())]),
    }
}

#[tokio::test]
async fn goods_are_signed_for_after_days_and_a_coupon_takes_minutes() {
    let world = World::quiet("fulfilment-flow");
    let fulfilment = &world.enterprise.fulfilment;
    assert_eq!(fulfilment.ask("r").await, Ok(FulfilmentState::Absent));
    for (key, kind) in [("r", FulfilmentKind::Resend), ("c", FulfilmentKind::Coupon)] {
        assert_eq!(fulfilment.order(&task(key, kind)).await, Ok(FulfilmentState::Accepted));
        assert_eq!(fulfilment.order(&task(key, kind)).await, Ok(FulfilmentState::Accepted));
    }
    world.pass(TimeDelta::hours(23));
    let minutes = start() + TimeDelta::minutes(10);
    assert_eq!(fulfilment.ask("c").await, Ok(FulfilmentState::Completed { at: minutes, signed_for: false }));
    assert_eq!(fulfilment.ask("r").await, Ok(FulfilmentState::Accepted));
    world.pass(TimeDelta::hours(1));
    let signed = FulfilmentState::Completed { at: start() + TimeDelta::days(1), signed_for: true };
    assert_eq!(world.again().fulfilment.ask("r").await, Ok(signed));
    assert_eq!(fulfilment.tasks().await.unwrap().len(), 2);
}

#[tokio::test]
async fn it_misbehaves_as_ordered() {
    let world = World::quiet("fulfilment-faults");
    let fulfilment = &world.enterprise.fulfilment;
    let resend = task("r", FulfilmentKind::Resend);
    world.next(
        Port::Fulfilment,
        &[Behaviour::Down, Behaviour::Lost, Behaviour::Refused, Behaviour::Unknown, Behaviour::Delivered],
    );
    assert!(matches!(fulfilment.order(&resend).await, Err(PortError::Unavailable { .. })));
    assert_eq!(fulfilment.order(&resend).await, Err(PortError::Timeout));
    assert!(matches!(fulfilment.order(&resend).await, Err(PortError::Rejected { .. })));
    assert_eq!(fulfilment.ask("r").await, Ok(FulfilmentState::Unknown));
    assert_eq!(
        fulfilment.order(&resend).await,
        Ok(FulfilmentState::Completed { at: start(), signed_for: true })
    );

    world.next(Port::Fulfilment, &[Behaviour::Unknown, Behaviour::Normal, Behaviour::Failed]);
    let coupon = task("c", FulfilmentKind::Coupon);
    assert_eq!(fulfilment.order(&coupon).await, Err(PortError::Timeout));
    assert_eq!(fulfilment.ask("c").await, Ok(FulfilmentState::Unknown));
    assert!(matches!(fulfilment.ask("c").await, Ok(FulfilmentState::Failed { .. })));

    let other = task("r", FulfilmentKind::VipCard);
    let error = fulfilment.order(&other).await.unwrap_err();
    assert!(matches!(error, PortError::Rejected { code, .. } if code == "KEY_REUSED"));
}
