//! Several processes on one directory, some of them killed.
//!
//! The worker is this test binary itself, started again with a directory in its environment.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use chrono::TimeDelta;
use redress_connectors::file::{FileEnterprise, Profile};
use redress_connectors::{Outbound as _, PaymentState, Payments as _};
use redress_domain::VirtualClock;

use crate::world::{World, message, reservation, start};

const DIRECTORY: &str = "REDRESS_TEST_WORKER_DIRECTORY";
const KEYS: usize = 200;

#[tokio::test]
async fn worker() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let clock = Arc::new(VirtualClock::new(start()));
    let enterprise = FileEnterprise::open(Path::new(&directory), clock, 1, Profile::quiet()).unwrap();
    for index in 0..KEYS {
        let key = format!("k{index}");
        enterprise.payments.reserve(&reservation(&key)).await.unwrap();
        enterprise.payments.pay(&key).await.unwrap();
        enterprise.outbound.send(&message(&key)).await.unwrap();
        writeln!(std::io::stdout(), "\ndone {index}").unwrap();
    }
}

fn start_worker(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::worker", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the worker has done so many keys.
fn wait_for(worker: &mut Child, done: usize) {
    let lines = BufReader::new(worker.stdout.as_mut().unwrap()).lines();
    let done = lines.map(Result::unwrap).filter(|line| line.starts_with("done")).take(done).count();
    assert!(done > 0, "the worker did nothing");
}

async fn one_effect_a_key(world: &World) {
    world.pass(TimeDelta::hours(1));
    let enterprise = world.again();
    let payments = enterprise.payments.payments().await.unwrap();
    assert_eq!(payments.len(), KEYS);
    assert!(payments.iter().all(|record| matches!(record.state, PaymentState::Paid { .. })));
    assert_eq!(enterprise.outbound.messages().await.unwrap().len(), KEYS);
    // Four workers, each told the truth about what was there before: one line with an effect for each key and step.
    let journal = std::fs::read_to_string(world.directory.join("payments.jsonl")).unwrap();
    assert_eq!(journal.lines().filter(|line| line.contains("\"effect\"")).count(), 2 * KEYS);
}

#[tokio::test]
async fn a_killed_process_is_finished_by_the_next() {
    let world = World::quiet("processes-killed");
    for round in 1..=3 {
        let mut worker = start_worker(&world.directory);
        wait_for(&mut worker, 17 * round);
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let mut last = start_worker(&world.directory);
    wait_for(&mut last, KEYS);
    assert!(last.wait().unwrap().success());
    one_effect_a_key(&world).await;
}

#[tokio::test]
async fn processes_at_the_same_time_have_one_effect_a_key() {
    let world = World::quiet("processes-together");
    let mut workers: Vec<Child> = (0..4).map(|_| start_worker(&world.directory)).collect();
    for worker in &mut workers {
        wait_for(worker, KEYS);
        assert!(worker.wait().unwrap().success());
    }
    one_effect_a_key(&world).await;
}
