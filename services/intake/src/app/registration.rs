//! What a registration is made of: the request checked, the rules of its region, the order, the person.

use std::collections::BTreeSet;

use redress_chassis::{Call, Policy, Result};
use redress_domain::{
    CaseNumber, Limit, Rejection, RejectionKind, Timestamp,
    deadline::after,
    handbook::{Channel, DesiredSolution, Field, Handbook, IncidentKey, Priority, ProblemType, Signal},
};
use redress_proto::{intake::v1 as pb, types::v1 as types};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{
    Intake,
    app::order_lookup::Found,
    domain::{
        amend::merge_leads,
        case::{Case, PolicyNames, Stage},
        person::{Marks, person_ref},
        signal::{CaseSignal, Origin},
    },
    grpc::convert::Checks,
    store::{case_index, customer::CustomerRow, policy},
};

/// How far back complaints of the same person count, as the fact `customer.complaints_90d` says.
const PERSON_DAYS: i64 = 90;

/// A checked request with the rules that it comes under.
#[derive(Debug)]
pub struct Prepared {
    /// Region.
    pub region: String,
    /// Rules in force there.
    pub policy: Policy,
    /// Their names.
    pub names: types::Policy,
    /// The case as far as the request states it.
    pub case: Case,
    /// Waybill number, without blanks around it.
    pub waybill_no: String,
    /// Whether the request says when it was received.
    pub received_stated: bool,
}

/// Checks a request and finds its rules. Everything that is wrong is said at once.
///
/// # Errors
/// `INVALID_FIELDS`, `EMPTY_COMPLAINT`, `REGION_WITHOUT_HANDBOOK`, `CHANNEL_NOT_OFFERED`, `SUB_TYPE_UNKNOWN`.
pub async fn prepare(app: &Intake, call: &Call, request: &pb::RegisterComplaintRequest) -> Result<Prepared> {
    let now = app.engine.now();
    let region = region(app, call, &request.region, now).await?;
    call.caller.may_see(&region, None)?;
    let Some(active) = policy::of_region(app.pool(), &region, now).await? else {
        return Err(Rejection::precondition(
            "REGION_WITHOUT_HANDBOOK",
            format!("no handbook is active for region `{region}`"),
        )
        .with("region", region)
        .into());
    };
    let names = active.policy;
    let policy = app.engine.policies().get(&names.handbook_hash, &names.calendar_hash).await?;
    let case = stated(request, &region, &policy.handbook, &names, now)?;
    Ok(Prepared {
        region,
        policy,
        names,
        case,
        waybill_no: request.waybill_no.trim().to_owned(),
        received_stated: request.received_time.is_some(),
    })
}

async fn region(app: &Intake, call: &Call, stated: &str, now: Timestamp) -> Result<String> {
    if !stated.is_empty() {
        return Ok(stated.to_owned());
    }
    if let [only] = call.caller.regions.as_slice() {
        return Ok(only.clone());
    }
    if !app.default_region.is_empty() {
        return Ok(app.default_region.clone());
    }
    match policy::in_force(app.pool(), now).await?.as_slice() {
        [only] => Ok(only.region.clone()),
        _ => Err(Rejection::precondition(
            "REGION_WITHOUT_HANDBOOK",
            "the complaint names no region, and there is no single region that it could belong to",
        )
        .with("region", "")
        .into()),
    }
}

/// The case as the request states it; what follows from other data is filled in later.
fn stated(
    request: &pb::RegisterComplaintRequest,
    region: &str,
    book: &Handbook,
    names: &types::Policy,
    now: Timestamp,
) -> std::result::Result<Case, Rejection> {
    let mut checks = Checks::default();
    let received_at = checks.past("received_time", request.received_time.as_ref(), now).unwrap_or(now);
    let occurred_at = checks.past("occurred_time", request.occurred_time.as_ref(), now);
    let claimed_amount = checks.amount("claimed_amount", request.claimed_amount.as_ref(), book);
    let stated_order = checks.stated_order(request.stated_order.as_ref(), now);
    let regulator_appeal = checks.appeal(request.regulator_appeal.as_ref());
    checks.finish()?;
    let problem_type = ProblemType::try_from(request.problem_type()).ok();
    if problem_type.is_none() && request.narrative.trim().is_empty() {
        return Err(Rejection::invalid(
            "EMPTY_COMPLAINT",
            "narrative",
            "the complaint has neither a narrative nor a problem type; expected one of them",
        ));
    }
    let channel = channel(request.channel(), book)?;
    check_sub_types(book, &request.sub_type, &request.further_sub_types)?;
    let customer = request.customer.clone().unwrap_or_default();
    let language = if request.language.is_empty() { book.language.as_str() } else { &request.language };
    Ok(Case {
        // A placeholder until the number is drawn, in the transaction.
        number: CaseNumber::new(now.date_naive(), 1)
            .map_err(|error| Rejection::precondition("LIMIT_EXCEEDED", error.to_string()))?,
        stage: Stage::Open,
        priority: Priority::General,
        ranked: false,
        region: region.to_owned(),
        language: language.to_owned(),
        channel,
        channel_gives_receipts: book.channel(channel).is_some_and(|rule| rule.receipts),
        person_ref: String::new(),
        person_complaints: 0,
        corporate: customer.corporate,
        recorded: recorded(&customer, &request.conversation),
        waybill_no: request.waybill_no.trim().to_owned(),
        order: Default::default(),
        people_affected: 0,
        problem_type,
        sub_type: request.sub_type.clone(),
        further_sub_types: request.further_sub_types.clone(),
        desired_solution: DesiredSolution::try_from(request.desired_solution()).ok(),
        claimed_amount,
        narrative_ref: None,
        stated_order,
        evidence_leads: Vec::new(),
        signals: Vec::new(),
        regulator_appeal,
        missing_fields: Vec::new(),
        reported_risks: BTreeSet::new(),
        occurred_at,
        received_at,
        registered_at: now,
        acknowledged_at: None,
        answered_at: None,
        closing: None,
        reopenings: 0,
        refusal_ground: String::new(),
        external_id: request.external_id.clone(),
        policy: PolicyNames {
            handbook_id: names.handbook_id.clone(),
            handbook_version: names.handbook_version.clone(),
            calendar_id: names.calendar_id.clone(),
        },
    })
}

fn channel(wire: types::Channel, book: &Handbook) -> std::result::Result<Channel, Rejection> {
    let offered = Channel::try_from(wire).ok().filter(|channel| book.channel(*channel).is_some());
    offered.ok_or_else(|| {
        Rejection::invalid(
            "CHANNEL_NOT_OFFERED",
            "channel",
            "the handbook of the region does not offer this channel",
        )
        .with("channel", wire.as_str_name())
    })
}

/// Refuses sub-types that the handbook does not know.
///
/// # Errors
/// `SUB_TYPE_UNKNOWN` with all of them.
pub fn check_sub_types(
    book: &Handbook,
    primary: &str,
    further: &[String],
) -> std::result::Result<(), Rejection> {
    let unknown = |id: &str| !id.is_empty() && book.subtype(id).is_none();
    let mut rejection = Rejection::new(
        RejectionKind::Invalid,
        "SUB_TYPE_UNKNOWN",
        "the handbook does not know this sub-type",
    );
    if unknown(primary) {
        rejection = rejection.with("sub_type", primary).violation(
            "sub_type",
            "is no sub-type of the handbook",
            "SUB_TYPE_UNKNOWN",
        );
    }
    for (index, id) in further.iter().enumerate().filter(|(_, id)| unknown(id)) {
        let field = format!("further_sub_types[{index}]");
        rejection = rejection.with("sub_type", id).violation(
            &field,
            "is no sub-type of the handbook",
            "SUB_TYPE_UNKNOWN",
        );
    }
    if rejection.violations.is_empty() { Ok(()) } else { Err(rejection) }
}

/// Which personal fields are there, by name only.
pub fn recorded(customer: &pb::Customer, conversation: &str) -> BTreeSet<Field> {
    let contact = [&customer.phone, &customer.email, &customer.account].iter().any(|way| !way.is_empty());
    [
        (Field::CustomerName, !customer.name.is_empty()),
        (Field::CustomerContact, contact || !conversation.is_empty()),
        (Field::SenderAddress, !customer.sender_address.is_empty()),
        (Field::RecipientAddress, !customer.recipient_address.is_empty()),
    ]
    .into_iter()
    .filter(|(_, is_there)| *is_there)
    .map(|(field, _)| field)
    .collect()
}

/// The pseudonym of a customer.
pub fn pseudonym(
    app: &Intake,
    channel: Channel,
    customer: &pb::Customer,
    order_customer_ref: &str,
) -> String {
    let marks = Marks {
        customer_ref: &customer.customer_ref,
        phone: &customer.phone,
        email: &customer.email,
        account: &customer.account,
        order_customer_ref,
    };
    person_ref(app.engine.key(), channel.as_str(), &marks)
}

/// A text that has to be stored with the case.
#[derive(Clone, Debug)]
pub struct NewText {
    /// Reference.
    pub text_ref: Uuid,
    /// What it is.
    pub purpose: pb::TextPurpose,
    /// The words.
    pub words: String,
}

/// Fills in what depends on the order, the person, the words and other cases. Returns the customer's row and the texts.
pub async fn fill_in(
    app: &Intake,
    connection: &impl ConnectionTrait,
    request: &pb::RegisterComplaintRequest,
    prepared: &mut Prepared,
    found: Found,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<(CustomerRow, Vec<NewText>)> {
    let book = prepared.policy.handbook.clone();
    let case = &mut prepared.case;
    let customer = request.customer.clone().unwrap_or_default();
    case.person_ref = pseudonym(app, case.channel, &customer, &found.customer_ref);
    case.corporate |= found.order.known().is_some_and(|order| order.corporate);
    case.order = found.order;
    let mut texts = Vec::new();
    let at = case.received_at;
    for kind in request.signals() {
        if let Ok(kind) = Signal::try_from(kind) {
            case.signals.push(CaseSignal::stated(&book, kind, Origin::Registration, at));
        }
    }
    if case.regulator_appeal.is_some() && !case.signals.iter().any(|signal| signal.kind == Signal::Regulator)
    {
        case.signals.push(CaseSignal::stated(&book, Signal::Regulator, Origin::Registration, at));
    }
    if !request.narrative.trim().is_empty() {
        let text_ref = new_id();
        case.narrative_ref = Some(text_ref);
        case.signals.extend(CaseSignal::found_in(&book, &case.language, &request.narrative, text_ref, at));
        let words = request.narrative.clone();
        texts.push(NewText { text_ref, purpose: pb::TextPurpose::Narrative, words });
    }
    let described = merge_leads(&mut case.evidence_leads, &request.evidence_leads, new_id)?;
    texts.extend(described.into_iter().map(|(text_ref, words)| NewText {
        text_ref,
        purpose: pb::TextPurpose::Evidence,
        words,
    }));
    count_others(connection, case, &prepared.policy).await?;
    let row = CustomerRow {
        person_ref: case.person_ref.clone(),
        customer,
        conversation: request.conversation.clone(),
    };
    Ok((row, texts))
}

/// Counts the person's other complaints, and the other people of the same batch or line.
pub async fn count_others(connection: &impl ConnectionTrait, case: &mut Case, policy: &Policy) -> Result<()> {
    if !case.person_ref.is_empty() {
        let since = case.received_at - chrono::Duration::days(PERSON_DAYS);
        case.person_complaints = case_index::complaints_of(connection, &case.person_ref, since).await? + 1;
    }
    let (rule, _) = policy.handbook.incident();
    let Some(order) = case.order.known() else { return Ok(()) };
    let shared = rule.same.iter().find_map(|key| {
        let value = match key {
            IncidentKey::Batch => order.batch.as_str(),
            IncidentKey::Line => order.line.as_str(),
        };
        (!value.is_empty()).then_some((*key, value))
    });
    if let (Some(shared), Some(problem)) = (shared, case.problem_type) {
        let since = back(case.received_at, rule.window, policy);
        let others = case_index::people_affected(
            connection,
            &case.region,
            shared,
            problem.as_str(),
            &case.person_ref,
            since,
        )
        .await?;
        case.people_affected = others + 1;
    }
    Ok(())
}

/// The time so long before `at` as `window` lasts after it.
fn back(at: Timestamp, window: Limit, policy: &Policy) -> Timestamp {
    after(&policy.calendar, at, window).map_or(at, |end| at - (end - at))
}
