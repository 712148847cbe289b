//! Positions are gapless and in commit order, whatever transactions do.

use std::collections::BTreeSet;

use futures::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use redress_domain::{Ids, SeededIds};
use redress_storage::{Position, StorageError, cursor, log, partition_of};

use crate::{Reader, at, database, event};

/// Two cases of one partition, so that their transactions meet on its counter.
fn neighbours(ids: &SeededIds) -> (uuid::Uuid, uuid::Uuid) {
    let first = ids.uuid_v7(at());
    loop {
        let second = ids.uuid_v7(at());
        if partition_of(second) == partition_of(first) {
            return (first, second);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_held_open_across_others_commits_loses_and_reorders_nothing() {
    let (_test, database) = database().await;
    let ids = SeededIds::new(1);
    let (early, late) = neighbours(&ids);
    let mut reader = Reader::default();

    // Begun first and busy first, committed last.
    let mut held = database.begin().await.expect("begins");
    held.execute("work", "select pg_advisory_xact_lock(1)", []).await.expect("works");
    held.append(event(&ids, early, "held", &[0; 32]));

    for number in 0..5 {
        let mut other = database.begin().await.expect("begins");
        other.append(event(&ids, late, &format!("other {number}"), &[0; 32]));
        other.commit().await.expect("commits");
        reader.read(&database, 100).await;
    }
    assert_eq!(reader.seen.len(), 5);
    held.commit().await.expect("commits");
    reader.read(&database, 100).await;
    let texts: Vec<&[u8]> = reader.seen.iter().map(|(_, _, payload)| payload.as_slice()).collect();
    assert_eq!(texts.last(), Some(&b"held".as_slice()), "it committed last, so it stands last");
    assert_eq!(texts.len(), 6, "nothing is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_position_is_taken_but_not_committed_the_partition_waits_and_others_go_on() {
    let (_test, database) = database().await;
    let ids = SeededIds::new(2);
    let (case, same_partition) = neighbours(&ids);
    let elsewhere = loop {
        let id = ids.uuid_v7(at());
        if partition_of(id) != partition_of(case) {
            break id;
        }
    };
    // What the last statement of a commit does, with COMMIT still to come.
    let held = database.begin().await.expect("begins");
    held.execute(
        "hold",
        "update log_partition set head = head where partition = $1",
        [partition_of(case).into()],
    )
    .await
    .expect("locks the counter");

    let blocked = tokio::spawn({
        let database = database.clone();
        let event = event(&ids, same_partition, "blocked", &[0; 32]);
        async move {
            let mut transaction = database.begin().await.expect("begins");
            transaction.append(event);
            transaction.commit().await.expect("commits")
        }
    });
    let mut free = database.begin().await.expect("begins");
    free.append(event(&ids, elsewhere, "free", &[0; 32]));
    free.commit().await.expect("another partition does not wait");
    let mut reader = Reader::default();
    reader.read(&database, 100).await;
    assert_eq!(reader.seen.len(), 1, "the blocked one has no position yet");
    assert!(!blocked.is_finished());
    held.rollback().await.expect("rolls back");
    blocked.await.expect("ends");
    reader.read(&database, 100).await;
    assert_eq!(reader.seen.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_of_many_cases_leave_no_gap_for_a_reader_that_never_waits() {
    let (_test, database) = database().await;
    let seed = 20_260_302;
    println_seed(seed);
    let mut rng = StdRng::seed_from_u64(seed);
    let ids = SeededIds::new(seed);
    let cases: Vec<_> = (0..6).map(|_| ids.uuid_v7(at())).collect();
    let plans: Vec<Vec<(Vec<usize>, bool)>> = (0..8)
        .map(|_| {
            (0..20)
                .map(|_| {
                    let touched =
                        (0..rng.random_range(1..4)).map(|_| rng.random_range(0..cases.len())).collect();
                    (touched, rng.random_bool(0.2))
                })
                .collect()
        })
        .collect();
    let writers = plans.into_iter().enumerate().map(|(writer, plan)| {
        let (database, cases) = (database.clone(), cases.clone());
        tokio::spawn(async move {
            let ids = SeededIds::new(seed + 1 + writer as u64);
            let mut kept = 0;
            for (touched, roll_back) in plan {
                let mut transaction = database.begin().await.expect("begins");
                for case in &touched {
                    transaction.append(event(&ids, cases[*case], "x", &[0; 32]));
                }
                if roll_back {
                    transaction.rollback().await.expect("rolls back");
                } else {
                    transaction.commit().await.expect("commits without a deadlock");
                    kept += touched.len();
                }
            }
            kept
        })
    });
    let mut reader = Reader::default();
    let all = join_all(writers);
    tokio::pin!(all);
    let kept: usize = loop {
        tokio::select! {
            done = &mut all => break done.into_iter().map(|writer| writer.expect("ends")).sum(),
            _ = reader.read(&database, 3) => {}
        }
    };
    while reader.read(&database, 3).await > 0 {}
    assert_eq!(reader.seen.len(), kept, "every committed event once, no other");
    let distinct: BTreeSet<_> = reader.seen.iter().map(|(partition, n, _)| (partition, n)).collect();
    assert_eq!(distinct.len(), kept);
    let (_, heads) = log::heads(database.pool()).await.expect("reads heads");
    assert_eq!(heads.values().sum::<i64>(), i64::try_from(kept).expect("small"));
}

#[tokio::test]
async fn rolling_back_to_a_savepoint_takes_its_events_with_it() {
    let (_test, database) = database().await;
    let ids = SeededIds::new(3);
    let case = ids.uuid_v7(at());
    let mut transaction = database.begin().await.expect("begins");
    transaction.append(event(&ids, case, "kept", &[0; 32]));
    let savepoint = transaction.savepoint().await.expect("marks");
    transaction.append(event(&ids, case, "dropped", &[0; 32]));
    assert!(transaction.execute("fail", "select 1 / 0", []).await.is_err());
    transaction.rollback_to(savepoint).await.expect("rolls back");
    transaction.commit().await.expect("commits");
    let mut reader = Reader::default();
    reader.read(&database, 10).await;
    assert_eq!(reader.seen.iter().map(|(_, _, payload)| payload.as_slice()).collect::<Vec<_>>(), [b"kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_that_apply_the_same_event_one_wins() {
    let (_test, database) = database().await;
    let to = Position { generation: 1, partition: 7, n: 1 };
    let first = database.begin().await.expect("begins");
    let second = database.begin().await.expect("begins");
    cursor::advance(&first, "intake", &[(0, to)]).await.expect("moves");
    let race = tokio::spawn(async move { cursor::advance(&second, "intake", &[(0, to)]).await });
    first.commit().await.expect("commits");
    let lost = race.await.expect("ends");
    assert!(matches!(lost, Err(StorageError::Conflict(_))), "{lost:?}");
    let cursors = cursor::of_source(database.pool(), "intake").await.expect("reads");
    assert_eq!(cursors.get(&7), Some(&to));
}

#[tokio::test]
async fn cursors_move_together_or_not_at_all() {
    let (_test, database) = database().await;
    let to = |partition, n| Position { generation: 1, partition, n };
    let moved = async |moves: &[(i64, Position)]| {
        let transaction = database.begin().await.expect("begins");
        cursor::advance(&transaction, "intake", moves).await?;
        transaction.commit().await
    };
    moved(&[(0, to(7, 3)), (0, to(8, 5))]).await.expect("both are new");
    moved(&[(3, to(7, 4)), (5, to(8, 9))]).await.expect("both stand where they were read");
    let stale = moved(&[(4, to(7, 6)), (5, to(8, 10))]).await;
    assert!(matches!(stale, Err(StorageError::Conflict(_))), "{stale:?}");
    let cursors = cursor::of_source(database.pool(), "intake").await.expect("reads");
    assert_eq!((cursors[&7], cursors[&8]), (to(7, 4), to(8, 9)));
}

#[tokio::test]
async fn a_changed_event_no_longer_fits_its_hash() {
    let (_test, database) = database().await;
    let ids = SeededIds::new(4);
    let case = ids.uuid_v7(at());
    let first = event(&ids, case, "first", &[0; 32]);
    let second = event(&ids, case, "second", &first.hash);
    let mut transaction = database.begin().await.expect("begins");
    transaction.append(first.clone());
    transaction.append(second);
    transaction.commit().await.expect("commits");
    let events = log::of_case(database.pool(), "test", case).await.expect("reads");
    assert!(events.iter().all(redress_storage::LoggedEvent::is_intact));
    assert_eq!(events[1].event.previous_hash, first.hash);

    let tamper = database.begin().await.expect("begins");
    tamper
        .execute("tamper", "update event set payload = 'other' where id = $1", [first.id.into()])
        .await
        .expect("the superuser can");
    tamper.commit().await.expect("commits");
    let events = log::of_case(database.pool(), "test", case).await.expect("reads");
    assert!(!events[0].is_intact());
}

#[expect(clippy::print_stderr, reason = "a random test names its seed")]
fn println_seed(seed: u64) {
    eprintln!("seed {seed}");
}
