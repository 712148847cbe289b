//! Request ids.

use redress_storage::request::{Claim, RequestKey, body_hash, claim, record};

use crate::{at, database};

fn key(body: &[u8]) -> RequestKey {
    RequestKey {
        caller: "li.na".into(),
        method: "redress.intake.v1.IntakeService/CloseCase".into(),
        request_id: "0192f0c1-2d3e-7a4b-8c5d-6e7f80912a3b".into(),
        body_hash: body_hash(b"a secret of the service", body),
    }
}

#[tokio::test]
async fn the_same_request_gives_the_same_answer_and_another_body_is_an_error() {
    let (_test, database) = database().await;
    let first = database.begin().await.expect("begins");
    assert!(matches!(claim(&first, &key(b"one"), at()).await, Ok(Claim::Fresh)));
    record(&first, &key(b"one"), None, b"answer".to_vec()).await.expect("records");
    first.commit().await.expect("commits");

    let again = database.begin().await.expect("begins");
    let claimed = claim(&again, &key(b"one"), at()).await.expect("claims");
    assert!(matches!(claimed, Claim::Repeated(answer) if answer == b"answer"));
    assert!(matches!(claim(&again, &key(b"two"), at()).await, Ok(Claim::Reused)));
    let other_caller = RequestKey { caller: "wang.wei".into(), ..key(b"two") };
    assert!(matches!(claim(&again, &other_caller, at()).await, Ok(Claim::Fresh)));
}

#[tokio::test]
async fn a_refusal_leaves_nothing_so_the_id_can_be_used_again() {
    let (_test, database) = database().await;
    let refused = database.begin().await.expect("begins");
    assert!(matches!(claim(&refused, &key(b"wrong"), at()).await, Ok(Claim::Fresh)));
    refused.rollback().await.expect("rolls back");
    let corrected = database.begin().await.expect("begins");
    assert!(matches!(claim(&corrected, &key(b"right"), at()).await, Ok(Claim::Fresh)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_the_second_waits_and_gets_the_firsts_answer() {
    let (_test, database) = database().await;
    let first = database.begin().await.expect("begins");
    assert!(matches!(claim(&first, &key(b"one"), at()).await, Ok(Claim::Fresh)));
    let second = tokio::spawn({
        let database = database.clone();
        async move {
            let transaction = database.begin().await.expect("begins");
            claim(&transaction, &key(b"one"), at()).await
        }
    });
    record(&first, &key(b"one"), None, b"answer".to_vec()).await.expect("records");
    first.commit().await.expect("commits");
    let claimed = second.await.expect("ends").expect("claims");
    assert!(
        matches!(claimed, Claim::Repeated(answer) if answer == b"answer"),
        "it saw the first one's answer"
    );
}
