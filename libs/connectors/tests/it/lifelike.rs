//! The lifelike world: it misbehaves, by seed, and nothing is done twice in it all the same.

use std::collections::HashMap;

use chrono::TimeDelta;
use redress_connectors::file::Profile;
use redress_connectors::{Outbound as _, PaymentState, Payments as _, PortError, Receipt};

use crate::world::{World, message, reservation};

const SEED: u64 = 20_260_302;
const KEYS: usize = 300;

/// Drives payments and messages to their ends as a careful caller does, and gives back the journals.
async fn run(test: &str, seed: u64) -> (World, [String; 2]) {
    let world = World::new(test, seed, Profile::lifelike());
    let mut open: Vec<(usize, bool)> = (0..KEYS).map(|index| (index, false)).collect();
    let mut rounds = 0;
    while !open.is_empty() {
        rounds += 1;
        assert!(rounds < 500, "seed {seed}: {} keys do not come to an end", open.len());
        let mut still_open = Vec::new();
        for (index, sent) in open {
            let key = format!("k{index}");
            let paid = pay(&world, &key).await;
            let sent = sent || send(&world, &key).await;
            if !(paid && sent) {
                still_open.push((index, sent));
            }
        }
        open = still_open;
        world.pass(TimeDelta::minutes(7));
    }
    let journals = ["payments", "outbound"]
        .map(|name| std::fs::read_to_string(world.directory.join(format!("{name}.jsonl"))).unwrap());
    (world, journals)
}

/// One step; true at the end.
async fn pay(world: &World, key: &str) -> bool {
    let payments = &world.enterprise.payments;
    let step = match payments.ask(key).await {
        Ok(PaymentState::Absent) => payments.reserve(&reservation(key)).await,
        Ok(PaymentState::Reserved) => payments.pay(key).await,
        other => other,
    };
    match step {
        Ok(PaymentState::Paid { .. } | PaymentState::Refused { .. }) => true,
        Ok(PaymentState::Absent | PaymentState::Reserved | PaymentState::Unknown) => false,
        Err(PortError::Unavailable { .. } | PortError::Timeout) => false,
        other => panic!("{key}: {other:?}"),
    }
}

async fn send(world: &World, key: &str) -> bool {
    let outbound = &world.enterprise.outbound;
    match outbound.ask(key).await {
        Ok(Receipt::Absent) => {
            // Whatever comes of it is asked about in the next round.
            drop(outbound.send(&message(key)).await);
            false
        }
        Ok(Receipt::Delivered { .. } | Receipt::Failed { .. }) => true,
        Ok(Receipt::Pending | Receipt::Unknown | Receipt::NotOffered) => false,
        Err(PortError::Unavailable { .. } | PortError::Timeout) => false,
        Err(error) => panic!("{key}: {error}"),
    }
}

#[tokio::test]
async fn everything_ends_once_and_the_same_seed_is_the_same_world() {
    let (world, journals) = run("lifelike-first", SEED).await;
    let (_, repeated) = run("lifelike-again", SEED).await;
    let (_, other) = run("lifelike-other", SEED + 1).await;
    assert!(journals == repeated, "seed {SEED} did not repeat itself");
    assert!(journals != other, "seed {SEED} and the next are the same");

    let payments = world.enterprise.payments.payments().await.unwrap();
    assert_eq!(payments.len(), KEYS);
    let paid = payments.iter().filter(|record| matches!(record.state, PaymentState::Paid { .. })).count();
    let refused = payments.len() - paid;
    assert!(paid > KEYS * 9 / 10 && refused > 0, "seed {SEED}: {paid} paid, {refused} refused");
    assert_eq!(world.enterprise.outbound.messages().await.unwrap().len(), KEYS);

    let mut behaviours: HashMap<String, usize> = HashMap::new();
    for line in journals.iter().flat_map(|journal| journal.lines()) {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        *behaviours.entry(entry["behaviour"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for behaviour in ["normal", "down", "slow", "lost", "dropped", "unknown", "failed", "duplicate"] {
        assert!(
            behaviours.contains_key(behaviour),
            "seed {SEED} never behaved `{behaviour}`: {behaviours:?}"
        );
    }
}

#[tokio::test]
async fn receipts_come_by_polling_alone_some_of_them_twice() {
    let world = World::new("lifelike-polling", SEED, Profile::lifelike());
    let outbound = &world.enterprise.outbound;
    for index in 0..KEYS {
        drop(outbound.send(&message(&format!("k{index}"))).await);
    }
    let sent = outbound.messages().await.unwrap().len();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut cursor = None;
    for _ in 0..100 {
        world.pass(TimeDelta::minutes(2));
        if let Ok(page) = outbound.poll_receipts(cursor.as_ref(), 50).await {
            cursor = page.next;
            for notice in page.receipts {
                *seen.entry(notice.key).or_default() += 1;
            }
        }
    }
    assert_eq!(seen.len(), sent, "seed {SEED}");
    assert!(seen.values().any(|&times| times == 2), "seed {SEED}: no receipt came twice");
}

#[test]
fn a_profile_that_cannot_be_is_refused() {
    let mut profile = Profile::lifelike();
    assert_eq!(profile.check(), Ok(()));
    profile.payments.rates.down = 990;
    assert!(profile.check().unwrap_err().to_string().contains("payments"));
    let mut profile = Profile::quiet();
    profile.goods.from_s = profile.goods.to_s + 1;
    assert!(profile.check().unwrap_err().to_string().contains("goods"));
    assert!(Profile::named("loud").is_none());
}
