use chrono::TimeDelta;
use redress_connectors::file::{Behaviour, Port, Profile};
use redress_connectors::{Message, Outbound as _, PortError, Receipt, Sent};

use crate::world::{World, message, start};

#[tokio::test]
async fn a_message_is_taken_over_and_delivered_later() {
    let world = World::quiet("outbound-flow");
    let outbound = &world.enterprise.outbound;

    assert_eq!(outbound.ask("m").await, Ok(Receipt::Absent));
    let sent = Sent { at: start(), receipt_follows: true };
    assert_eq!(outbound.send(&message("m")).await, Ok(sent.clone()));
    assert_eq!(outbound.ask("m").await, Ok(Receipt::Pending));
    world.pass(TimeDelta::seconds(5));
    assert_eq!(outbound.send(&message("m")).await, Ok(sent));
    let delivered = Receipt::Delivered { at: start() + TimeDelta::seconds(5) };
    assert_eq!(outbound.ask("m").await, Ok(delivered.clone()));

    let records = world.again().outbound.messages_to("13800000000").await.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].message, message("m"));
    assert_eq!(records[0].receipt, delivered);
    assert_eq!(outbound.messages_to("13800000001").await, Ok(vec![]));
    assert_eq!(outbound.messages().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_key_with_another_text_is_refused() {
    let world = World::quiet("outbound-reused");
    let outbound = &world.enterprise.outbound;
    outbound.send(&message("m")).await.unwrap();
    let other = Message { body: "other".to_owned(), ..message("m") };
    let error = outbound.send(&other).await.unwrap_err();
    assert!(matches!(error, PortError::Rejected { code, .. } if code == "KEY_REUSED"));
}

#[tokio::test]
async fn receipts_come_in_by_time_and_some_twice() {
    let world = World::quiet("outbound-feed");
    let outbound = &world.enterprise.outbound;
    world.next(Port::Outbound, &[Behaviour::Slow, Behaviour::Duplicate, Behaviour::Failed]);
    assert_eq!(outbound.send(&message("slow")).await, Err(PortError::Timeout));
    outbound.send(&message("twice")).await.unwrap();
    outbound.send(&message("bad")).await.unwrap();

    let none_yet = outbound.poll_receipts(None, 10).await.unwrap();
    assert_eq!((none_yet.receipts.len(), none_yet.next), (0, None));
    world.pass(TimeDelta::seconds(5));
    let first = outbound.poll_receipts(None, 2).await.unwrap();
    let rest = outbound.poll_receipts(first.next.as_ref(), 10).await.unwrap();
    let keys: Vec<&str> =
        first.receipts.iter().chain(&rest.receipts).map(|notice| notice.key.as_str()).collect();
    assert_eq!(keys, ["twice", "twice", "bad"]);
    assert!(matches!(rest.receipts.last().unwrap().receipt, Receipt::Failed { .. }));

    world.pass(TimeDelta::seconds(45));
    let late = outbound.poll_receipts(rest.next.as_ref(), 10).await.unwrap();
    assert_eq!(late.receipts[0].key, "slow");
    assert_eq!(late.receipts[0].receipt, Receipt::Delivered { at: start() + TimeDelta::seconds(50) });
    let end = world.again().outbound.poll_receipts(late.next.as_ref(), 10).await.unwrap();
    assert_eq!((end.receipts.len(), end.next), (0, late.next));
}

#[tokio::test]
async fn a_receipt_brought_forward_is_not_missed_by_polling() {
    let world = World::quiet("outbound-forward");
    let outbound = &world.enterprise.outbound;
    outbound.send(&message("slow")).await.unwrap();
    world.pass(TimeDelta::seconds(1));
    world.next(Port::Outbound, &[Behaviour::Delivered]);
    outbound.send(&message("fast")).await.unwrap();
    let first = outbound.poll_receipts(None, 10).await.unwrap();
    assert_eq!(first.receipts.len(), 1);

    world.next(Port::Outbound, &[Behaviour::Delivered]);
    let now = start() + TimeDelta::seconds(1);
    assert_eq!(outbound.ask("slow").await, Ok(Receipt::Delivered { at: now }));
    let second = outbound.poll_receipts(first.next.as_ref(), 10).await.unwrap();
    assert_eq!(second.receipts.len(), 1);
    world.pass(TimeDelta::minutes(1));
    assert_eq!(outbound.poll_receipts(second.next.as_ref(), 10).await.unwrap().receipts, []);
}

#[tokio::test]
async fn a_message_of_unknown_fate_is_asked_about() {
    let world = World::quiet("outbound-unknown");
    let outbound = &world.enterprise.outbound;
    world.next(Port::Outbound, &[Behaviour::Unknown, Behaviour::Normal, Behaviour::Down, Behaviour::Lost]);
    assert_eq!(outbound.send(&message("m")).await, Err(PortError::Timeout));
    assert_eq!(outbound.ask("m").await, Ok(Receipt::Unknown));
    assert!(matches!(outbound.ask("m").await, Err(PortError::Unavailable { .. })));
    world.pass(TimeDelta::minutes(5));
    assert_eq!(outbound.ask("m").await, Ok(Receipt::Delivered { at: start() + TimeDelta::seconds(5) }));

    assert_eq!(outbound.send(&message("l")).await, Err(PortError::Timeout));
    assert_eq!(outbound.ask("l").await, Ok(Receipt::Absent));
    world.next(Port::Outbound, &[Behaviour::Refused]);
    assert!(!outbound.send(&message("l")).await.unwrap_err().may_retry());
    assert_eq!(outbound.messages().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_channel_without_receipts_says_so() {
    let silent = Profile { channels_without_receipts: vec!["sms".to_owned()], ..Profile::quiet() };
    let world = World::new("outbound-silent", 1, silent);
    let outbound = &world.enterprise.outbound;
    assert!(!outbound.send(&message("m")).await.unwrap().receipt_follows);
    world.pass(TimeDelta::days(1));
    assert_eq!(outbound.ask("m").await, Ok(Receipt::NotOffered));
    assert_eq!(outbound.poll_receipts(None, 10).await.unwrap().receipts, []);
}

#[test]
fn printing_a_message_tells_nothing_personal() {
    let printed = format!("{:?}", message("m"));
    assert!(printed.contains("sms") && !printed.contains("138") && !printed.contains("投诉"), "{printed}");
}
