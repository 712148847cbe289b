//! Ends: refused, withdrawn, closed by proof, and opened again.

use redress_proto::{
    compensation::v1::{ResolutionExecuted, ResolutionOffered, ResponseKind, ResponseRecorded},
    intake::v1::{
        Case, CaseClosed, CaseReopened, CaseState, CloseCaseRequest, RefuseCaseRequest, ReopenCaseRequest,
        ReopeningReason, WithdrawCaseRequest,
    },
    investigation::v1::{ArchiveVerified, InvestigationConcluded},
    types::v1::{ClosingBasis, Validity},
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    sealing::parts,
    served::{Client, Served, reason},
};

fn closing(case: &Case, basis: ClosingBasis) -> CloseCaseRequest {
    CloseCaseRequest { case_id: case.case_id.clone(), basis: basis.into(), ..CloseCaseRequest::default() }
}

fn missing(status: &Status) -> Vec<String> {
    let failure = status.get_details_precondition_failure();
    failure.into_iter().flat_map(|failure| failure.violations).map(|violation| violation.r#type).collect()
}

async fn close(client: &mut Client, case: &Case, basis: ClosingBasis) -> Result<Case, Status> {
    Ok(client.close_case(closing(case, basis)).await?.into_inner().case.expect("a case"))
}

/// Everything that an acceptance needs, as the other services' events tell it.
async fn accept(served: &Served, case: &Case) {
    let concluded = InvestigationConcluded { validity: Validity::Founded.into(), ..Default::default() };
    served.told("investigation", case, 1, &concluded).await;
    served.told("investigation", case, 2, &ArchiveVerified::default()).await;
    served.told("compensation", case, 1, &ResolutionOffered::default()).await;
    let accepted = ResponseRecorded { response: ResponseKind::Accepted.into(), ..Default::default() };
    served.told("compensation", case, 2, &accepted).await;
    served.told("compensation", case, 3, &ResolutionExecuted::default()).await;
}

#[tokio::test]
async fn a_case_is_closed_by_proof_and_opened_again() {
    let (investigation, compensation, others) = parts().await;
    let served = Served::beside(&others).await;
    let (case, _) = served.registered("SF1").await;
    let mut client = served.client("cs-agent");
    let early = close(&mut client, &case, ClosingBasis::Unspecified).await.expect_err("nothing is there");
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "CLOSING_GATE_NOT_MET"));
    assert_eq!(missing(&early), ["ACCEPTANCE", "EXECUTION", "ARCHIVE"]);
    let wrong = close(&mut client, &case, ClosingBasis::Refused).await.expect_err("it was not refused");
    assert_eq!(reason(&wrong), "CLOSING_BASIS_NOT_ALLOWED");
    let silent =
        close(&mut client, &case, ClosingBasis::Silent).await.expect_err("the handbook has no such end");
    assert_eq!(reason(&silent), "CLOSING_BASIS_NOT_ALLOWED");

    accept(&served, &case).await;
    // One seals, the other does not: the seal is broken again, and nothing is left behind.
    compensation.refuse(Some("EXECUTION"));
    let before = served.log().await.len();
    let refused =
        close(&mut client, &case, ClosingBasis::Unspecified).await.expect_err("compensation knows better");
    assert_eq!(
        (reason(&refused).as_str(), missing(&refused)),
        ("CLOSING_GATE_NOT_MET", vec!["EXECUTION".to_owned()])
    );
    assert_eq!((investigation.is_sealed(), investigation.unsealed()), (false, 1));
    assert_eq!(served.log().await.len(), before);
    let claims: Vec<i64> = served.column("select count(*) from closing_attempt", vec![]).await;
    assert_eq!(claims, [0]);

    compensation.refuse(None);
    let closed = close(&mut client, &case, ClosingBasis::Unspecified).await.expect("closes");
    assert_eq!((closed.state(), closed.closing_basis()), (CaseState::Closed, ClosingBasis::Accepted));
    let event = served.logged::<CaseClosed>().await.remove(0);
    assert_eq!(event.gate.len(), 3);
    assert_eq!(event.investigation_seal.expect("a seal").service, "investigation");
    assert_eq!(event.compensation_seal.expect("a seal").service, "compensation");
    assert_eq!(event.intake_head_hash.len(), 32);
    assert_eq!(served.deadline(&case.case_id, "statutory_answer").await, ["met"]);
    let twice = close(&mut client, &case, ClosingBasis::Unspecified).await.expect_err("closed");
    assert_eq!((reason(&twice).as_str(), missing(&twice)), ("STATE_NOT_ALLOWED", vec!["STATE".to_owned()]));
    assert!(investigation.is_sealed() && compensation.is_sealed(), "a second closing breaks nothing");
    served.pass(chrono::Duration::minutes(5)).await;
    assert!(served.outbox("13800000000").await.iter().any(|sent| sent.message.body.contains("已办结")));
    assert!(investigation.is_sealed(), "the claim that was over is not taken up");

    let reopen = ReopenCaseRequest {
        case_id: case.case_id.clone(),
        reason: ReopeningReason::Dissatisfied.into(),
        text: "客户不满意".into(),
        ..ReopenCaseRequest::default()
    };
    let mut supervisor = served.client("cs-supervisor");
    let reopened =
        supervisor.reopen_case(reopen.clone()).await.expect("reopens").into_inner().case.expect("a case");
    assert_eq!((reopened.state(), reopened.reopenings), (CaseState::Open, 1));
    served.pass(chrono::Duration::minutes(5)).await;
    assert!(!investigation.is_sealed() && !compensation.is_sealed());
    assert_eq!(served.logged::<CaseReopened>().await[0].seal_ids.len(), 2);
    assert_eq!(served.deadline(&case.case_id, "statutory_answer").await, ["met", "pending"]);
    let again = close(&mut client, &case, ClosingBasis::Unspecified).await.expect_err("agreed no longer");
    assert_eq!(missing(&again), ["ACCEPTANCE", "EXECUTION"]);
    let open = supervisor.reopen_case(reopen).await.expect_err("is open");
    assert_eq!(reason(&open), "STATE_NOT_ALLOWED");
}

#[tokio::test]
async fn a_closing_whose_peer_is_gone_leaves_nothing_and_is_cleared_up() {
    let (investigation, compensation, others) = parts().await;
    let served = Served::beside(&others).await;
    let (case, _) = served.registered("SF1").await;
    accept(&served, &case).await;
    let before = served.log().await.len();
    let mut client = served.client("cs-agent");
    compensation.be_gone(true);
    let failed = close(&mut client, &case, ClosingBasis::Accepted).await.expect_err("one does not answer");
    assert_eq!((failed.code(), reason(&failed).as_str()), (Code::Unavailable, "DEPENDENCY_UNAVAILABLE"));
    assert_eq!((served.log().await.len(), investigation.is_sealed()), (before, false));
    // It may have sealed and not been heard: until that is known, nobody else closes the case.
    compensation.be_gone(false);
    let early = close(&mut client, &case, ClosingBasis::Accepted).await.expect_err("not cleared up yet");
    assert_eq!((early.code(), reason(&early).as_str()), (Code::Aborted, "CONCURRENT_CHANGE"));
    served.pass(chrono::Duration::minutes(3)).await;
    assert!(!compensation.is_sealed() && !investigation.is_sealed());
    close(&mut client, &case, ClosingBasis::Accepted).await.expect("closes");
}

#[tokio::test]
async fn a_refused_case_is_closed_once_the_customer_has_been_told() {
    let (_, _, others) = parts().await;
    let served = Served::beside(&others).await;
    let (case, _) = served.registered("SF1").await;
    let mut client = served.client("cs-supervisor");
    let refuse = |ground: &str, duplicate_of: &str| RefuseCaseRequest {
        case_id: case.case_id.clone(),
        ground: ground.into(),
        duplicate_of: duplicate_of.into(),
        etag: case.etag.clone(),
        ..RefuseCaseRequest::default()
    };
    let unknown = client.refuse_case(refuse("no_such_ground", "")).await.expect_err("unknown");
    assert_eq!(
        (unknown.code(), reason(&unknown).as_str()),
        (Code::InvalidArgument, "REFUSAL_GROUND_UNKNOWN")
    );
    let itself = client.refuse_case(refuse("duplicate", &case.case_id)).await.expect_err("of itself");
    assert_eq!(reason(&itself), "INVALID_FIELDS");
    let mut stale = refuse("no_complaint", "");
    stale.etag = "7".into();
    let stale = client.refuse_case(stale).await.expect_err("stale");
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "STALE_ETAG"));
    client.refuse_case(refuse("no_complaint", "")).await.expect("refuses");
    let early = close(&mut client, &case, ClosingBasis::Unspecified).await.expect_err("not told yet");
    assert_eq!(missing(&early), ["TOLD"]);
    served.pass(chrono::Duration::minutes(1)).await;
    let closed = close(&mut client, &case, ClosingBasis::Unspecified).await.expect("closes");
    assert_eq!(closed.closing_basis(), ClosingBasis::Refused);
    assert_eq!(served.deadline(&case.case_id, "statutory_answer").await, ["met"]);
    assert_eq!(served.deadline(&case.case_id, "first_response").await, ["cancelled"]);
}

#[tokio::test]
async fn an_offered_case_is_not_refused_and_a_withdrawn_one_not_withdrawn_again() {
    let served = Served::new().await;
    let (case, token) = served.registered("SF1").await;
    served.told("compensation", &case, 1, &ResolutionOffered::default()).await;
    let refuse = RefuseCaseRequest {
        case_id: case.case_id.clone(),
        ground: "no_complaint".into(),
        ..Default::default()
    };
    let late = served.client("cs-supervisor").refuse_case(refuse).await.expect_err("too late");
    assert_eq!(reason(&late), "STATE_NOT_ALLOWED");
    let withdraw =
        || WithdrawCaseRequest { case_id: case.case_id.clone(), text: "算了".into(), ..Default::default() };
    let mut customer = served.client_with(token);
    let withdrawn =
        customer.withdraw_case(withdraw()).await.expect("withdraws").into_inner().case.expect("a case");
    assert_eq!(withdrawn.state(), CaseState::Withdrawn);
    assert!(withdrawn.person_ref.is_empty(), "the customer sees that it is done, and no more");
    let twice = customer.withdraw_case(withdraw()).await.expect_err("withdrawn");
    assert_eq!(reason(&twice), "STATE_NOT_ALLOWED");
}
