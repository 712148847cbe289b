//! RegisterComplaint: a complaint comes in (M2).

use redress_chassis::{Begin, Call, Place, Result, Unit};
use redress_domain::{Clock, SystemClock};
use redress_proto::intake::v1 as pb;
use uuid::Uuid;

use crate::{
    Intake,
    app::{messaging, order_lookup, registration, registration::NewText, token, view},
    domain::{
        facts::refresh,
        register::{Register, register as decide},
    },
    grpc::convert,
    store::{case_number, customer, text, text::TextRow},
};

/// Registers a complaint.
pub async fn register_complaint(
    app: &Intake,
    call: &Call,
    request: pb::RegisterComplaintRequest,
) -> Result<pb::RegisterComplaintResponse> {
    let registered = register(app, call, &request, false).await?;
    let case_id = convert::id("case.case_id", &registered.case.case_id)?;
    // Minted after the commit, and afresh for a repeat: tokens are not kept.
    let customer_token = token::mint(app, case_id, &registered.case.person_ref, SystemClock.now())?;
    let case = view::complete_case(app, &call.caller, registered.case).await?;
    Ok(pb::RegisterComplaintResponse { case: Some(case), customer_token })
}

/// A complaint that is registered now.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The case, without its personal fields.
    pub case: pb::Case,
    /// Whether the same request had registered it before; nothing changed then.
    pub repeated: bool,
}

/// Registers a complaint, by itself or as a row of an import. The request's limits have been checked.
pub async fn register(
    app: &Intake,
    call: &Call,
    request: &pb::RegisterComplaintRequest,
    imported: bool,
) -> Result<Registered> {
    let mut prepared = registration::prepare(app, call, request).await?;
    let found =
        order_lookup::look_up(app, &prepared.policy.handbook, &prepared.waybill_no, app.engine.now()).await;
    let begun: Begin<pb::RegisterComplaintResponse> =
        app.engine.begin(call, &request.request_id, request).await?;
    let mut unit = match begun {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => {
            return Ok(Registered { case: answer.case.unwrap_or_default(), repeated: true });
        }
    };
    let now = unit.now();
    prepared.case.registered_at = now;
    if !prepared.received_stated {
        prepared.case.received_at = now;
    }
    let connection = unit.transaction().connection();
    let (customer, texts) =
        registration::fill_in(app, connection, request, &mut prepared, found, || unit.new_id()).await?;
    prepared.case.number = case_number::draw(connection, prepared.policy.calendar.local_date(now)).await?;

    let case_id = unit.new_id();
    let policy = prepared.policy;
    let hashes = (policy.handbook_hash.as_str(), policy.calendar_hash.as_str());
    let language = prepared.case.language.clone();
    let command = Register {
        case: prepared.case,
        case_id,
        imported,
        book: &policy.handbook,
        calendar: &policy.calendar,
        hashes,
    };
    let (decision, reports) = decide(command, now, || unit.new_id())?;
    let place = Place {
        id: case_id,
        case_id: Some(case_id),
        region: prepared.region.clone(),
        handbook_hash: policy.handbook_hash.clone(),
        calendar_hash: policy.calendar_hash.clone(),
    };
    customer::store(unit.transaction(), case_id, &customer).await?;
    store_texts(&unit, case_id, &prepared.region, &language, texts).await?;
    let case = unit.create(place, decision).await?;
    messaging::send_reports(&mut unit, &case, &policy, &reports).await?;
    let answer =
        pb::RegisterComplaintResponse { case: Some(convert::case(&case)), customer_token: String::new() };
    let answer = unit.commit(answer).await?;
    Ok(Registered { case: answer.case.unwrap_or_default(), repeated: false })
}

/// What registering would leave missing, as field names. Fails as registering would, and stores nothing.
pub async fn judge(app: &Intake, call: &Call, request: &pb::RegisterComplaintRequest) -> Result<Vec<String>> {
    let mut prepared = registration::prepare(app, call, request).await?;
    let now = app.engine.now();
    let found = order_lookup::look_up(app, &prepared.policy.handbook, &prepared.waybill_no, now).await;
    let new_id = || app.engine.ids().uuid_v7(now);
    registration::fill_in(app, app.pool(), request, &mut prepared, found, new_id).await?;
    refresh(&mut prepared.case, &prepared.policy.handbook, now)?;
    Ok(prepared.case.missing_fields)
}

/// Stores texts of a case.
pub async fn store_texts(
    unit: &Unit,
    case_id: Uuid,
    region: &str,
    language: &str,
    texts: Vec<NewText>,
) -> Result<()> {
    for new in texts {
        let row = TextRow {
            text_ref: new.text_ref,
            case_id: Some(case_id),
            region: region.to_owned(),
            purpose: new.purpose,
            language: language.to_owned(),
            author: unit.actor().subject.clone(),
            words: Some(new.words),
            created_at: unit.now(),
        };
        text::store(unit.transaction(), &row).await?;
    }
    Ok(())
}
