//! The customer's answer: accepted, no further demand, or an objection that leads to another round or to the final
//! position (M5.3b, M7.1). Silence is no answer.

use redress_domain::{
    DeadlineChange, Decision, Rejection, Ruling, Timestamp,
    handbook::{Channel, ClosingBasis, DeadlineKind, Executor, NoticeKey},
};
use redress_proto::{compensation::v1 as pb, time_to_wire, types::v1 as types};
use serde_json::json;

use super::{
    Setting, execute, log,
    notice::Asking,
    state::{Person, Resolution, Response, ResponseKind, Settlement, State},
    terms, words,
};

/// An answer. Texts and accounts are stored already.
#[derive(Clone, Debug)]
pub struct Answering {
    /// The answer.
    pub kind: ResponseKind,
    /// Point of an objection.
    pub point: pb::ObjectionPoint,
    /// Whether there are words.
    pub has_text: bool,
    /// The words, as text reference.
    pub text_ref: String,
    /// Channel through which it came; none for the original one.
    pub channel: Option<Channel>,
    /// When the customer said it; none for now.
    pub said_at: Option<Timestamp>,
    /// The account that money is to be paid to, as text reference; empty for the one known from registration.
    pub payee_ref: String,
    /// Whether an account is named.
    pub has_payee: bool,
}

/// Records the answer to the present offer.
///
/// # Errors
/// The reasons of `RecordResponse`.
pub fn respond(
    resolution: &Resolution,
    command: &Answering,
    person: &Person,
    setting: &Setting<'_>,
) -> Result<Decision<Resolution>, Rejection> {
    resolution.expect_unsealed()?;
    expect_open_offer(resolution)?;
    let Some(offer) = &resolution.offer else {
        return Err(Rejection::state("STATE_NOT_ALLOWED", resolution.state.name(), &["OFFERED"]));
    };
    if command.said_at.is_some_and(|at| at > setting.now) {
        return Err(Rejection::invalid("INVALID_FIELDS", "response_time", "lies in the future"));
    }
    if command.said_at.is_some_and(|at| at < offer.offered_at) {
        return Err(Rejection::invalid("INVALID_FIELDS", "response_time", "lies before the offer"));
    }
    let objected = command.kind == ResponseKind::Objected;
    let pointless = command.point == pb::ObjectionPoint::Unspecified
        || (command.point == pb::ObjectionPoint::Other && !command.has_text);
    if objected && pointless {
        let what = "an objection says its point, and in words where it is none of the list";
        return Err(Rejection::invalid("OBJECTION_WITHOUT_POINT", "point", what));
    }
    let said_at = command.said_at.unwrap_or(setting.now);
    let response = Response {
        offer_id: offer.id,
        round: offer.round,
        kind: command.kind,
        point: if objected { command.point.as_str_name().to_owned() } else { String::new() },
        text_ref: command.text_ref.clone(),
        channel: command.channel.or(resolution.context.facts.case.channel),
        said_at,
        actor: person.actor.clone(),
    };
    let event = pb::ResponseRecorded {
        offer_id: response.offer_id.to_string(),
        round: response.round,
        response: command.kind.wire().into(),
        point: if objected { command.point.into() } else { pb::ObjectionPoint::Unspecified.into() },
        text_ref: response.text_ref.clone(),
        channel: response.channel.map_or(types::Channel::Unspecified, Into::into).into(),
        response_time: Some(time_to_wire(said_at)),
        payee_ref: command.payee_ref.clone(),
    };
    let mut decision = Decision::new(resolution.clone());
    decision.next.responses.push(response);
    log(&mut decision, &event);
    decision.deadlines.push(terms::meet(DeadlineKind::OfferResponse.as_str(), "", said_at));
    let payee = || payee(resolution, command);
    match command.kind {
        ResponseKind::Accepted => settle(&mut decision, ClosingBasis::Accepted, payee()?, said_at, setting)?,
        ResponseKind::NoFurtherDemand => {
            settle(&mut decision, ClosingBasis::NoFurtherDemand, payee()?, said_at, setting)?;
        }
        ResponseKind::Objected => {
            decision.next.objections = decision.next.objections.saturating_add(1);
            let (rule, rule_ref) = setting.book.objection();
            let facts = json!({ "case.round": decision.next.objections });
            if decision.next.objections >= rule.rounds_max {
                let payee = payee()?;
                decision.rulings.push(Ruling::new("objection", rule_ref, "final_position", facts));
                take_final_position(&mut decision, payee, setting)?;
            } else {
                decision.rulings.push(Ruling::new("objection", rule_ref, "evaluate_again", facts));
                evaluate_again(&mut decision, said_at, setting)?;
            }
        }
    }
    Ok(decision)
}

/// An offer is answered once; after that the answer stands.
fn expect_open_offer(resolution: &Resolution) -> Result<(), Rejection> {
    if resolution.state == State::Offered {
        return Ok(());
    }
    let answered = resolution
        .responses
        .last()
        .filter(|_| resolution.settlement.is_some() || resolution.state == State::Objected);
    if let Some(response) = answered {
        return Err(Rejection::state("RESPONSE_ALREADY_GIVEN", resolution.state.name(), &["OFFERED"])
            .with("response", response.kind.wire().as_str_name().trim_start_matches("RESPONSE_KIND_")));
    }
    resolution.expect_state(&[State::Offered])
}

/// To whom money is paid, as a reference that the payments system resolves with intake: the account that was named
/// now, else the one of the person, else back the way the freight was paid.
fn payee(resolution: &Resolution, command: &Answering) -> Result<String, Rejection> {
    let context = &resolution.context;
    if command.has_payee {
        return Ok(format!("account:{}", command.payee_ref));
    }
    if !context.person_ref.is_empty() {
        return Ok(format!("person:{}", context.person_ref));
    }
    if !context.waybill_no.is_empty() {
        return Ok(format!("waybill:{}", context.waybill_no));
    }
    if resolution.remedies().iter().any(|remedy| remedy.executor == Executor::Payments) {
        return Err(Rejection::precondition(
            "PAYEE_MISSING",
            "there is no account to pay to; give one with the response",
        ));
    }
    Ok(String::new())
}

/// The customer is content: what was offered is carried out.
fn settle(
    decision: &mut Decision<Resolution>,
    basis: ClosingBasis,
    payee_ref: String,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    decision.next.settlement = Some(Settlement { basis, at, payee_ref });
    decision.next.state = State::Accepted;
    execute::begin(decision, setting)
}

/// The objection is recorded and evaluated within its limit (M5.3b).
fn evaluate_again(
    decision: &mut Decision<Resolution>,
    said_at: Timestamp,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    decision.next.state = State::Objected;
    let next = &decision.next;
    let (deadline, due_at) =
        terms::draft(setting, &next.context, DeadlineKind::ObjectionReevaluation, "", said_at)?;
    let language = words::language(setting.book, &next.context);
    let notice = Asking::customer(
        format!("{}/objection_received/{}", setting.case_id, next.responses.len()),
        NoticeKey::ObjectionReceived,
    )
    .say("due", words::time(setting, due_at, language))
    .event(setting.book.notice(NoticeKey::ObjectionReceived));
    decision.deadlines.push(DeadlineChange::Open(deadline));
    log(decision, &notice);
    Ok(())
}

/// No agreement after the last round: the last offer stands and is carried out, and the customer is told the way to
/// the regulator.
fn take_final_position(
    decision: &mut Decision<Resolution>,
    payee_ref: String,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let (_, rule) = setting.book.final_position();
    let next = &mut decision.next;
    next.state = State::FinalPosition;
    next.settlement = Some(Settlement { basis: ClosingBasis::FinalPosition, at: setting.now, payee_ref });
    let round = next.round();
    let notice_key = format!("{}/final_position/{round}", setting.case_id);
    let event = pb::FinalPositionTaken {
        round,
        notice_key: notice_key.clone(),
        rule: Some(super::standing::rule(&setting.book.objection().1)),
    };
    log(decision, &event);
    let promised_from = setting.now;
    super::offer::promise_each(&mut decision.next, promised_from, setting)?;
    let language = words::language(setting.book, &decision.next.context);
    let notice = Asking::customer(notice_key, NoticeKey::FinalPosition)
        .say("solution", words::solution(setting, &decision.next, language))
        .say("reason", words::no_agreement(language))
        .because(&rule)
        .event(setting.book.notice(NoticeKey::FinalPosition));
    log(decision, &notice);
    execute::begin(decision, setting)
}

impl ResponseKind {
    /// As on the wire.
    pub fn wire(self) -> pb::ResponseKind {
        match self {
            Self::Accepted => pb::ResponseKind::Accepted,
            Self::NoFurtherDemand => pb::ResponseKind::NoFurtherDemand,
            Self::Objected => pb::ResponseKind::Objected,
        }
    }
}
