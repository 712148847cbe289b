use chrono::TimeDelta;
use redress_connectors::file::{Behaviour, FaultError, Port};
use redress_connectors::{AccountKind, PaymentState, Payments as _, PortError, Reservation};

use crate::world::{World, reservation, start, yuan};

fn code<T: std::fmt::Debug>(result: Result<T, PortError>) -> String {
    match result.unwrap_err() {
        PortError::Rejected { code, .. } => code,
        other => panic!("expected a rejection, got {other}"),
    }
}

#[tokio::test]
async fn money_is_reserved_then_paid_and_lands_later() {
    let world = World::quiet("payments-flow");
    let payments = &world.enterprise.payments;

    assert_eq!(payments.ask("k").await, Ok(PaymentState::Absent));
    assert_eq!(payments.reserve(&reservation("k")).await, Ok(PaymentState::Reserved));
    world.pass(TimeDelta::days(1));
    assert_eq!(payments.pay("k").await, Ok(PaymentState::Reserved));
    world.pass(TimeDelta::seconds(599));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Reserved));
    world.pass(TimeDelta::seconds(1));

    let at = start() + TimeDelta::days(1) + TimeDelta::minutes(10);
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Paid { at }));
    assert_eq!(world.again().payments.ask("k").await, Ok(PaymentState::Paid { at }));
}

#[tokio::test]
async fn the_same_key_twice_is_one_payment_and_with_other_content_is_refused() {
    let world = World::quiet("payments-twice");
    let (here, there) = (&world.enterprise.payments, world.again().payments);
    for payments in [here, &there] {
        payments.reserve(&reservation("k")).await.unwrap();
        payments.pay("k").await.unwrap();
        payments.pay("k").await.unwrap();
    }
    world.pass(TimeDelta::minutes(10));
    let at = start() + TimeDelta::minutes(10);
    assert_eq!(there.pay("k").await, Ok(PaymentState::Paid { at }));
    assert_eq!(there.reserve(&reservation("k")).await, Ok(PaymentState::Paid { at }));

    let more = Reservation { amount: yuan(50_001), ..reservation("k") };
    assert_eq!(code(here.reserve(&more).await), "KEY_REUSED");
    let records = here.payments().await.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].reservation, reservation("k"));
}

#[tokio::test]
async fn what_cannot_be_done_is_rejected() {
    let world = World::quiet("payments-rejected");
    let payments = &world.enterprise.payments;

    let nothing = Reservation { amount: yuan(0), ..reservation("k") };
    assert_eq!(code(payments.reserve(&nothing).await), "INVALID_AMOUNT");
    assert_eq!(code(payments.reserve(&reservation("")).await), "INVALID_KEY");
    assert_eq!(code(payments.pay("k").await), "NOT_RESERVED");
    payments.reserve(&reservation("k")).await.unwrap();
    payments.pay("k").await.unwrap();
    assert_eq!(code(payments.release("k").await), "PAYMENT_IN_PROGRESS");
    world.pass(TimeDelta::minutes(10));
    assert_eq!(code(payments.release("k").await), "ALREADY_PAID");
}

#[tokio::test]
async fn a_release_gives_back_and_bars_a_key_that_never_came() {
    let world = World::quiet("payments-release");
    let payments = &world.enterprise.payments;

    payments.reserve(&reservation("k")).await.unwrap();
    assert_eq!(payments.release("k").await, Ok(PaymentState::Released));
    assert_eq!(payments.pay("k").await, Ok(PaymentState::Released));

    assert_eq!(payments.release("late").await, Ok(PaymentState::Released));
    assert_eq!(payments.reserve(&reservation("late")).await, Ok(PaymentState::Released));
    assert_eq!(payments.pay("late").await, Ok(PaymentState::Released));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_cleared_up_under_the_same_key() {
    let world = World::quiet("payments-lost");
    let payments = &world.enterprise.payments;

    world.next(Port::Payments, &[Behaviour::Lost]);
    assert_eq!(payments.reserve(&reservation("k")).await, Err(PortError::Timeout));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Absent));

    world.next(Port::Payments, &[Behaviour::Dropped, Behaviour::Normal, Behaviour::Down, Behaviour::Slow]);
    assert_eq!(payments.reserve(&reservation("k")).await, Err(PortError::Timeout));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Reserved));
    assert!(matches!(payments.pay("k").await, Err(PortError::Unavailable { .. })));
    assert_eq!(payments.pay("k").await, Err(PortError::Timeout));

    // A slow payment takes ten times as long.
    world.pass(TimeDelta::minutes(99));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Reserved));
    world.pass(TimeDelta::minutes(1));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Paid { at: start() + TimeDelta::minutes(100) }));
}

#[tokio::test]
async fn unknown_is_unknown_for_a_while() {
    let world = World::quiet("payments-unknown");
    let payments = &world.enterprise.payments;
    payments.reserve(&reservation("k")).await.unwrap();

    world.next(Port::Payments, &[Behaviour::Unknown]);
    assert_eq!(payments.pay("k").await, Err(PortError::Timeout));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Unknown));
    world.pass(TimeDelta::minutes(5));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Reserved));
    world.pass(TimeDelta::minutes(5));
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Paid { at: start() + TimeDelta::minutes(10) }));
}

#[tokio::test]
async fn a_script_can_order_unknown_and_then_paid() {
    let world = World::quiet("payments-script");
    let payments = &world.enterprise.payments;
    world.next(Port::Payments, &[Behaviour::Unknown, Behaviour::Paid]);

    assert_eq!(payments.reserve(&reservation("k")).await, Err(PortError::Timeout));
    // Nothing is on its way yet, so `paid` waits for the payment.
    assert_eq!(payments.ask("k").await, Ok(PaymentState::Unknown));
    assert_eq!(payments.pay("k").await, Ok(PaymentState::Paid { at: start() }));
    assert_eq!(world.enterprise.faults.pending(Port::Payments).unwrap(), []);

    payments.reserve(&reservation("l")).await.unwrap();
    world.next(Port::Payments, &[Behaviour::Unknown, Behaviour::Refused]);
    assert_eq!(payments.pay("l").await, Err(PortError::Timeout));
    assert!(payments.ask("l").await.unwrap().proves_nothing_paid());
    world.pass(TimeDelta::days(1));
    assert!(matches!(payments.ask("l").await, Ok(PaymentState::Refused { .. })));
}

#[tokio::test]
async fn a_payment_that_fails_does_so_when_it_would_have_landed() {
    let world = World::quiet("payments-failed");
    let payments = &world.enterprise.payments;
    payments.reserve(&reservation("k")).await.unwrap();
    world.next(Port::Payments, &[Behaviour::Failed]);
    assert_eq!(payments.pay("k").await, Ok(PaymentState::Reserved));
    world.pass(TimeDelta::minutes(10));
    assert!(matches!(payments.ask("k").await, Ok(PaymentState::Refused { .. })));
}

#[tokio::test]
async fn the_fallback_account_pays_while_finance_is_down() {
    let world = World::quiet("payments-fallback");
    let payments = &world.enterprise.payments;
    world.next(Port::Payments, &[Behaviour::Down, Behaviour::Down]);

    assert!(matches!(payments.reserve(&reservation("k")).await, Err(PortError::Unavailable { .. })));
    let fallback = Reservation { account: AccountKind::Fallback, ..reservation("k/fallback") };
    assert_eq!(payments.reserve(&fallback).await, Ok(PaymentState::Reserved));
    assert_eq!(payments.pay("k/fallback").await, Ok(PaymentState::Reserved));
    world.pass(TimeDelta::minutes(5));
    assert!(matches!(payments.ask("k/fallback").await, Ok(PaymentState::Paid { .. })));
    assert_eq!(world.enterprise.faults.pending(Port::Payments).unwrap(), [Behaviour::Down]);
}

#[tokio::test]
async fn a_request_that_arrives_twice_has_one_effect() {
    let world = World::quiet("payments-duplicate");
    let payments = &world.enterprise.payments;
    world.next(Port::Payments, &[Behaviour::Duplicate, Behaviour::Duplicate]);
    assert_eq!(payments.reserve(&reservation("k")).await, Ok(PaymentState::Reserved));
    assert_eq!(payments.pay("k").await, Ok(PaymentState::Reserved));
    assert_eq!(payments.payments().await.unwrap().len(), 1);
    let journal = std::fs::read_to_string(world.directory.join("payments.jsonl")).unwrap();
    assert_eq!(journal.lines().count(), 4);
    assert_eq!(journal.lines().filter(|line| line.contains("effect")).count(), 2);
}

#[test]
fn a_port_is_not_told_to_do_what_it_cannot() {
    let world = World::quiet("payments-impossible");
    let faults = &world.enterprise.faults;
    let impossible = faults.push(Port::Outbound, &[Behaviour::Down, Behaviour::Paid]).unwrap_err();
    assert!(matches!(impossible, FaultError::Impossible { .. }));
    assert_eq!(faults.pending(Port::Outbound).unwrap(), []);
    assert!("payment".parse::<Port>().unwrap_err().to_string().contains("payments_fallback"));
    assert_eq!("slow".parse::<Behaviour>(), Ok(Behaviour::Slow));

    faults.push(Port::Outbound, &[Behaviour::Down]).unwrap();
    assert_eq!(world.again().faults.pending(Port::Outbound).unwrap(), [Behaviour::Down]);
    faults.clear().unwrap();
    assert_eq!(world.again().faults.pending(Port::Outbound).unwrap(), []);
}
