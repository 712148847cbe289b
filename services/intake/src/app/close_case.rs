//! CloseCase: proven, not guessed (M7.1, X12). Intake's own copy is asked first; then investigation and compensation seal
//! their parts, each under its own lock; then the case is closed with both proofs, or everything is thawed again.

use redress_chassis::{Begin, Call, Failure, Result, Unit, unit};
use redress_domain::{
    Rejection, RejectionKind,
    handbook::{ClosingBasis, NoticeKey},
};
use redress_proto::intake::v1 as pb;
use redress_storage::intent::{self, IntentRow};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Intake,
    app::{
        messaging::{self, ToCustomer, Words},
        sealing::{self, Sealing},
        view,
    },
    domain::{
        case::{Case, Stage},
        closing::{self, Seals},
        gate::{self, Gate, not_met},
    },
    grpc::convert,
    store::closing_copy,
};

/// Intent that takes up a closing which its process left behind.
pub const RECOVER_CLOSING: &str = "recover_closing";
/// A closing that is not over by then was left behind: longer than both seals may take.
const RECOVER_AFTER_MINUTES: i64 = 2;

/// Closes a case.
pub async fn close_case(
    app: &Intake,
    call: &Call,
    request: pb::CloseCaseRequest,
) -> Result<pb::CloseCaseResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    // Others are called below, so no transaction may be open: the id is claimed again when the case is closed.
    if let Begin::Repeated(answer) = app.engine.begin(call, &request.request_id, &request).await? {
        return complete(app, call, answer).await;
    }
    let case = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    case.expect_etag(&request.etag)?;
    case.state.expect_stage(&[Stage::Open, Stage::Refused, Stage::Withdrawn])?;
    let gate = own_gate(app, &case, ClosingBasis::try_from(request.basis()).ok()).await?;

    let attempt = claim(app, call, case_id, gate.basis, case.revision()).await?;
    // Only now is nobody else closing it: a seal that is there already belongs to a closing that has not happened.
    if unit::read::<Case>(&app.engine, case_id).await?.revision() != case.revision() {
        release(app, call, case_id, attempt).await?;
        return Err(changed_meanwhile());
    }
    let sealing =
        Sealing { case_id, basis: gate.basis, revision: case.revision(), traceparent: &call.traceparent };
    let seals = match sealing::seal(app, sealing).await {
        Ok(seals) => seals,
        // Where thawing failed as well, the claim stays, and its intent goes on with it.
        Err(failure @ Failure::Unavailable(_)) => return Err(failure),
        Err(failure) => {
            release(app, call, case_id, attempt).await?;
            return Err(failure);
        }
    };
    match finish(app, call, &request, (case_id, case.revision()), &gate, &seals, attempt).await {
        Ok(answer) => complete(app, call, answer).await,
        Err(failure) => {
            sealing::unseal_all(app, case_id, &seals, &call.traceparent).await?;
            release(app, call, case_id, attempt).await?;
            Err(failure)
        }
    }
}

async fn complete(app: &Intake, call: &Call, answer: pb::CloseCaseResponse) -> Result<pb::CloseCaseResponse> {
    let case = view::complete_case(app, &call.caller, answer.case.unwrap_or_default()).await?;
    Ok(pb::CloseCaseResponse { case: Some(case), seals: answer.seals })
}

/// The gate as intake's own copy finds it.
async fn own_gate(
    app: &Intake,
    case: &redress_chassis::Loaded<Case>,
    asked: Option<ClosingBasis>,
) -> Result<Gate> {
    let row = case.row();
    let book = app.engine.policies().get(&row.handbook_hash, &row.calendar_hash).await?.handbook;
    let copy = closing_copy::read(app.pool(), case.id()).await?;
    let Some(basis) = asked.or_else(|| gate::implied(&case.state, &copy)) else {
        let usual = gate::gate(&case.state, &copy, ClosingBasis::Accepted, &book);
        let missing = usual.map(|gate| gate.items).unwrap_or_default();
        let missing = missing
            .into_iter()
            .filter(|item| !item.fulfilled)
            .map(|item| (item.condition.as_str().to_uppercase(), item.detail))
            .collect::<Vec<_>>();
        return Err(not_met(None, missing).into());
    };
    let gate = gate::gate(&case.state, &copy, basis, &book)?;
    gate.expect_met()?;
    Ok(gate)
}

/// Claims the closing, so that two cannot break each other's seals, and leaves word for the case that this process dies.
async fn claim(app: &Intake, call: &Call, case_id: Uuid, basis: ClosingBasis, revision: i64) -> Result<Uuid> {
    let unit = app.engine.begin_as(app.engine.service(), &call.traceparent, None).await?;
    let (attempt, intent_id) = (unit.new_id(), unit.new_id());
    let now = unit.now();
    if !closing_copy::claim(unit.transaction(), case_id, (attempt, intent_id), now).await? {
        return Err(Rejection::new(
            RejectionKind::Stale,
            "CONCURRENT_CHANGE",
            "another closing of the case is under way; try again",
        )
        .into());
    }
    let recover = IntentRow {
        id: intent_id,
        kind: RECOVER_CLOSING.into(),
        key: format!("{RECOVER_CLOSING}/{attempt}"),
        aggregate_kind: "case".into(),
        aggregate_id: case_id,
        case_id: Some(case_id),
        region: String::new(),
        payload: json!({ "attempt": attempt, "basis": basis.as_str(), "revision": revision }),
        attempts: 0,
        next_at: now + chrono::Duration::minutes(RECOVER_AFTER_MINUTES),
        traceparent: call.traceparent.clone(),
    };
    intent::insert(unit.transaction(), &recover).await?;
    unit.finish().await?;
    Ok(attempt)
}

/// Gives a closing up.
async fn release(app: &Intake, call: &Call, case_id: Uuid, attempt: Uuid) -> Result<()> {
    let unit = app.engine.begin_as(app.engine.service(), &call.traceparent, None).await?;
    end_claim(&unit, case_id, attempt).await?;
    unit.finish().await
}

/// Ends a claim in a unit. False when it was lost.
async fn end_claim(unit: &Unit, case_id: Uuid, attempt: Uuid) -> Result<bool> {
    let Some(intent_id) = closing_copy::release(unit.transaction(), case_id, attempt).await? else {
        return Ok(false);
    };
    intent::finish(unit.transaction(), intent_id).await?;
    Ok(true)
}

/// Closes the sealed case, if it is still the one that was looked at.
async fn finish(
    app: &Intake,
    call: &Call,
    request: &pb::CloseCaseRequest,
    (case_id, revision): (Uuid, i64),
    gate: &Gate,
    seals: &Seals,
    attempt: Uuid,
) -> Result<pb::CloseCaseResponse> {
    let begun: Begin<pb::CloseCaseResponse> = app.engine.begin(call, &request.request_id, request).await?;
    let Begin::Fresh(mut unit) = begun else { return Err(changed_meanwhile()) };
    let case = unit.load::<Case>(case_id).await?;
    if case.revision() != revision || !end_claim(&unit, case_id, attempt).await? {
        return Err(changed_meanwhile());
    }
    let policy = unit.policy(&case).await?;
    let decision = closing::close(&case.state, gate, seals, &case.row().chain, &policy.handbook, unit.now())?;
    let case = unit.save(case, decision).await?;
    let message = ToCustomer {
        message_id: unit.new_id(),
        words: Words { notice: Some(NoticeKey::Closed), ..Words::default() },
        channels: messaging::any_channels(&case.state, &policy.handbook),
        asked_by: Default::default(),
    };
    messaging::tell_customer(&mut unit, &case, &policy, message).await?;
    let answer =
        pb::CloseCaseResponse { case: Some(convert::case(&case)), seals: seals.all().cloned().collect() };
    unit.commit(answer).await
}

fn changed_meanwhile() -> Failure {
    Rejection::new(
        RejectionKind::Stale,
        "CONCURRENT_CHANGE",
        "the case changed while it was being closed; try again",
    )
    .into()
}

/// What became of a closing whose process ended in the middle: where the case is not closed, its parts are thawed.
///
/// # Errors
/// Unavailable when a service does not answer.
pub async fn recover(app: &Intake, row: &IntentRow) -> Result<()> {
    let case = unit::read::<Case>(&app.engine, row.aggregate_id).await?;
    let basis = row.payload["basis"].as_str().and_then(|basis| basis.parse::<ClosingBasis>().ok());
    let (Some(basis), false) = (basis, case.state.stage == Stage::Closed) else { return Ok(()) };
    let revision = row.payload["revision"].as_i64().unwrap_or(1);
    let sealing = Sealing { case_id: row.aggregate_id, basis, revision, traceparent: &row.traceparent };
    // Sealing again tells the seal, where there is one; where there is none, it is broken at once.
    match sealing::seal(app, sealing).await {
        Ok(seals) => sealing::unseal_all(app, row.aggregate_id, &seals, &row.traceparent).await,
        Err(failure @ Failure::Rejected(_)) => {
            tracing::info!(case.id = %row.aggregate_id, error = %failure, "nothing to thaw");
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

/// Ends the claim of a closing that was recovered.
pub async fn recovered(unit: &Unit, row: &IntentRow) -> Result<()> {
    if let Some(attempt) = row.payload["attempt"].as_str().and_then(|attempt| Uuid::parse_str(attempt).ok()) {
        closing_copy::release(unit.transaction(), row.aggregate_id, attempt).await?;
    }
    Ok(())
}
