//! AmendCase: late fields, corrections, consents (M2.2).

use redress_chassis::{Begin, Call, Policy, Result, unit};
use redress_domain::handbook::{DesiredSolution, Field, ProblemType, Signal};
use redress_proto::intake::v1 as pb;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{
    Intake,
    app::{
        messaging,
        order_lookup::{self, Found},
        register_complaint::store_texts,
        registration::{self, NewText},
        view,
    },
    domain::{
        amend::{amend, merge_leads},
        case::{Case, StatedOrder},
        signal::{CaseSignal, Origin},
    },
    grpc::convert::{self, Checks},
    store::{
        customer::{self, CustomerRow},
        text,
    },
};

/// Adds to and corrects what registration recorded.
pub async fn amend_case(
    app: &Intake,
    call: &Call,
    request: pb::AmendCaseRequest,
) -> Result<pb::AmendCaseResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let found = look_up_anew(app, call, case_id, &request).await?;
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return complete(app, call, answer).await,
    };
    let case = unit.load::<Case>(case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    case.expect_etag(&request.etag)?;
    let policy = unit.policy(&case).await?;
    let now = unit.now();
    let connection = unit.transaction().connection();
    let (mut next, mut row) = (case.state.clone(), customer::read(connection, case_id).await?);

    state_fields(&mut next, &request, &policy, now)?;
    let mut personal = Vec::new();
    if let Some(given) = &request.customer {
        personal = merge_customer(&mut row, given);
        next.corporate |= given.corporate;
        next.recorded = registration::recorded(&row.customer, &row.conversation);
    }
    let customer_ref = found.as_ref().map(|found| found.customer_ref.clone()).unwrap_or_default();
    let person_ref = registration::pseudonym(app, next.channel, &row.customer, &customer_ref);
    if !person_ref.is_empty() {
        next.person_ref = person_ref;
    }
    row.person_ref.clone_from(&next.person_ref);
    if let Some(found) = found {
        next.corporate |= found.order.known().is_some_and(|order| order.corporate);
        next.order = found.order;
    }
    let mut texts =
        add_to_narrative(connection, &mut next, &request.narrative_addition, &policy, || unit.new_id(), now)
            .await?;
    let described = merge_leads(&mut next.evidence_leads, &request.evidence_leads, || unit.new_id())?;
    texts.extend(described.into_iter().map(|(text_ref, words)| NewText {
        text_ref,
        purpose: pb::TextPurpose::Evidence,
        words,
    }));

    let language = next.language.clone();
    let decided = amend(
        &case.state,
        next,
        case_id,
        case.revision() + 1,
        &personal,
        &policy.handbook,
        (&policy.handbook_hash, &policy.calendar_hash),
        now,
        || unit.new_id(),
    )?;
    let Some((decision, reports)) = decided else {
        return unit.commit(pb::AmendCaseResponse { case: Some(convert::case(&case)) }).await;
    };
    customer::store(unit.transaction(), case_id, &row).await?;
    store_texts(&unit, case_id, case.region(), &language, texts).await?;
    let case = unit.save(case, decision).await?;
    messaging::send_reports(&mut unit, &case, &policy, &reports).await?;
    let answer = unit.commit(pb::AmendCaseResponse { case: Some(convert::case(&case)) }).await?;
    complete(app, call, answer).await
}

async fn complete(app: &Intake, call: &Call, answer: pb::AmendCaseResponse) -> Result<pb::AmendCaseResponse> {
    let case = view::complete_case(app, &call.caller, answer.case.unwrap_or_default()).await?;
    Ok(pb::AmendCaseResponse { case: Some(case) })
}

/// Asks the order system about a waybill number that differs from the recorded one, before any transaction.
async fn look_up_anew(
    app: &Intake,
    call: &Call,
    case_id: Uuid,
    request: &pb::AmendCaseRequest,
) -> Result<Option<Found>> {
    let Some(waybill_no) = request.waybill_no.as_deref().map(str::trim) else { return Ok(None) };
    let case = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    if case.state.waybill_no == waybill_no {
        return Ok(None);
    }
    let row = case.row();
    let policy = app.engine.policies().get(&row.handbook_hash, &row.calendar_hash).await?;
    Ok(Some(order_lookup::look_up(app, &policy.handbook, waybill_no, app.engine.now()).await))
}

/// Takes over what the request states, after checking all of it.
fn state_fields(
    next: &mut Case,
    request: &pb::AmendCaseRequest,
    policy: &Policy,
    now: redress_domain::Timestamp,
) -> Result<()> {
    let book = &policy.handbook;
    let mut checks = Checks::default();
    let occurred_at = checks.past("occurred_time", request.occurred_time.as_ref(), now);
    let claimed_amount = checks.amount("claimed_amount", request.claimed_amount.as_ref(), book);
    let stated = checks.stated_order(request.stated_order.as_ref(), now);
    let appeal = checks.appeal(request.regulator_appeal.as_ref());
    checks.finish()?;
    registration::check_sub_types(book, &request.sub_type, &[])?;
    if let Some(waybill_no) = &request.waybill_no {
        waybill_no.trim().clone_into(&mut next.waybill_no);
    }
    if let Ok(problem) = ProblemType::try_from(request.problem_type()) {
        next.problem_type = Some(problem);
    }
    if !request.sub_type.is_empty() {
        next.sub_type.clone_from(&request.sub_type);
    }
    if let Ok(solution) = DesiredSolution::try_from(request.desired_solution()) {
        next.desired_solution = Some(solution);
    }
    next.claimed_amount = claimed_amount.or(next.claimed_amount);
    next.occurred_at = occurred_at.or(next.occurred_at);
    let StatedOrder { ordered_at, line, service_type } = stated;
    next.stated_order.ordered_at = ordered_at.or(next.stated_order.ordered_at);
    replace(&mut next.stated_order.line, &line);
    replace(&mut next.stated_order.service_type, &service_type);
    if let Some(appeal) = appeal {
        next.regulator_appeal = Some(appeal);
        if !next.signals.iter().any(|signal| signal.kind == Signal::Regulator) {
            next.signals.push(CaseSignal::stated(book, Signal::Regulator, Origin::Registration, now));
        }
    }
    Ok(())
}

/// Replaces the recorded fields by those that are given. Returns the names of those that changed.
fn merge_customer(row: &mut CustomerRow, given: &pb::Customer) -> Vec<&'static str> {
    let own = &mut row.customer;
    let mut changed = Vec::new();
    let fields = [
        (Field::CustomerName.as_str(), &mut own.name, &given.name),
        ("customer.phone", &mut own.phone, &given.phone),
        ("customer.email", &mut own.email, &given.email),
        ("customer.account", &mut own.account, &given.account),
        ("customer.sender_address", &mut own.sender_address, &given.sender_address),
        ("customer.recipient_address", &mut own.recipient_address, &given.recipient_address),
        ("customer.company", &mut own.company, &given.company),
        ("customer.payee_account", &mut own.payee_account, &given.payee_account),
        ("customer.customer_ref", &mut own.customer_ref, &given.customer_ref),
    ];
    for (name, recorded, given) in fields {
        if replace(recorded, given) {
            changed.push(name);
        }
    }
    own.corporate |= given.corporate;
    changed
}

fn replace(recorded: &mut String, given: &str) -> bool {
    let differs = !given.is_empty() && recorded != given;
    if differs {
        given.clone_into(recorded);
    }
    differs
}

/// Adds to the narrative, with the time: a new text that holds the whole, so that readers of the reference see it all.
async fn add_to_narrative(
    connection: &impl ConnectionTrait,
    next: &mut Case,
    addition: &str,
    policy: &Policy,
    mut new_id: impl FnMut() -> Uuid,
    now: redress_domain::Timestamp,
) -> Result<Vec<NewText>> {
    if addition.trim().is_empty() {
        return Ok(Vec::new());
    }
    let before = match next.narrative_ref {
        Some(text_ref) => {
            text::read(connection, text_ref).await?.and_then(|row| row.words).unwrap_or_default()
        }
        None => String::new(),
    };
    let when = policy.calendar.local(now).format("%Y-%m-%d %H:%M");
    let words =
        if before.is_empty() { addition.to_owned() } else { format!("{before}\n\n[{when}] {addition}") };
    let text_ref = new_id();
    let known: Vec<Signal> = next.signals.iter().map(|signal| signal.kind).collect();
    let found = CaseSignal::found_in(&policy.handbook, &next.language, &words, text_ref, now);
    next.signals.extend(found.into_iter().filter(|signal| !known.contains(&signal.kind)));
    next.narrative_ref = Some(text_ref);
    Ok(vec![NewText { text_ref, purpose: pb::TextPurpose::Narrative, words }])
}
