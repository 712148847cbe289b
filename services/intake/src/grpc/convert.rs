//! Between wire and domain: what a request may say beyond the contract's own limits, and cases and messages as callers
//! see them, without their personal fields.

use redress_chassis::{Loaded, engine::truncate, grpc::invalid_fields};
use redress_domain::{
    Money, Rejection, Timestamp, Violation,
    handbook::{Handbook, Priority},
};
use redress_proto::{
    google::r#type::Money as WireMoney, intake::v1 as pb, time_from_wire, time_to_wire, types::v1 as types,
};
use uuid::Uuid;

use crate::domain::{
    case::{Case, RegulatorAppeal, StatedOrder, reference},
    message::{Direction, Message},
    signal::CaseSignal,
};

/// Collects everything that is wrong with a request.
#[derive(Debug, Default)]
pub struct Checks {
    violations: Vec<Violation>,
}

impl Checks {
    /// Notes that a field is wrong.
    pub fn wrong(&mut self, field: &str, reason: &str, description: impl Into<String>) {
        self.violations.push(Violation {
            field: field.to_owned(),
            description: description.into(),
            reason: reason.to_owned(),
        });
    }

    /// A time that may be anywhere.
    pub fn time(&mut self, field: &str, time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
        match time_from_wire(time?) {
            Ok(time) => Some(truncate(time)),
            Err(error) => {
                self.wrong(field, "TIME_OUT_OF_RANGE", error.to_string());
                None
            }
        }
    }

    /// A time that has to be past.
    pub fn past(
        &mut self,
        field: &str,
        time: Option<&prost_types::Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let time = self.time(field, time)?;
        if time > now {
            self.wrong(field, "TIME_IN_FUTURE", "lies in the future; expected a time that is past");
            return None;
        }
        Some(time)
    }

    /// An amount in the handbook's currency, not negative.
    pub fn amount(&mut self, field: &str, money: Option<&WireMoney>, book: &Handbook) -> Option<Money> {
        let wanted = book.currency;
        match Money::try_from(money?) {
            Err(error) => self.wrong(field, "INVALID_AMOUNT", error.to_string()),
            Ok(money) if money.currency != wanted => self.wrong(
                field,
                "WRONG_CURRENCY",
                format!("is in `{}`; expected `{}`", money.currency.code(), wanted.code()),
            ),
            Ok(money) if money.is_negative() => {
                self.wrong(field, "NEGATIVE_AMOUNT", "is negative; expected zero or more");
            }
            Ok(money) => return Some(money),
        }
        None
    }

    /// What the customer stated about the order.
    pub fn stated_order(&mut self, stated: Option<&pb::StatedOrder>, now: Timestamp) -> StatedOrder {
        let Some(stated) = stated else { return StatedOrder::default() };
        StatedOrder {
            ordered_at: self.past("stated_order.ordered_time", stated.ordered_time.as_ref(), now),
            line: stated.line.clone(),
            service_type: stated.service_type.clone(),
        }
    }

    /// A regulator's appeal.
    pub fn appeal(&mut self, appeal: Option<&pb::RegulatorAppeal>) -> Option<RegulatorAppeal> {
        let appeal = appeal?;
        Some(RegulatorAppeal {
            authority: appeal.authority.clone(),
            reference_no: appeal.reference_no.clone(),
            answer_due_at: self.time("regulator_appeal.answer_due_time", appeal.answer_due_time.as_ref()),
        })
    }

    /// Words for a customer without phrases that no message may contain (M2.3a).
    pub fn words(&mut self, field: &str, text: &str, language: &str, book: &Handbook) {
        for phrase in book.mechanical_phrases(book.language_of(language), text) {
            self.wrong(field, "MECHANICAL_PHRASE", format!("contains the mechanical phrase `{phrase}`"));
        }
    }

    /// Refuses with everything that is wrong.
    ///
    /// # Errors
    /// `INVALID_FIELDS`.
    pub fn finish(self) -> Result<(), Rejection> {
        if self.violations.is_empty() { Ok(()) } else { Err(invalid_fields(self.violations)) }
    }
}

/// An id that the contract has checked to be a UUID.
///
/// # Errors
/// `INVALID_FIELDS` all the same when it is none.
pub fn id(field: &str, text: &str) -> Result<Uuid, Rejection> {
    Uuid::parse_str(text).map_err(|_| Rejection::invalid("INVALID_FIELDS", field, "is no UUID"))
}

/// Priority on the wire.
pub fn priority(priority: Priority) -> i32 {
    types::Priority::from(priority).into()
}

/// A case without its personal fields. Its step is only what intake itself knows of it.
pub fn case(loaded: &Loaded<Case>) -> pb::Case {
    let case = &loaded.state;
    let row = loaded.row();
    pb::Case {
        case_id: loaded.id().to_string(),
        case_number: case.number.to_string(),
        state: case.stage.to_wire().into(),
        step: step(case).into(),
        etag: loaded.etag(),
        priority: priority(case.priority),
        missing_fields: case.missing_fields.clone(),
        region: case.region.clone(),
        language: case.language.clone(),
        channel: types::Channel::from(case.channel).into(),
        waybill_no: case.waybill_no.clone(),
        order: Some(case.order.to_wire(&case.waybill_no)),
        customer: None,
        person_ref: case.person_ref.clone(),
        problem_type: case.problem_type.map_or(0, |problem| types::ProblemType::from(problem).into()),
        sub_type: case.sub_type.clone(),
        further_sub_types: case.further_sub_types.clone(),
        desired_solution: case
            .desired_solution
            .map_or(0, |solution| types::DesiredSolution::from(solution).into()),
        claimed_amount: case.claimed_amount.map(Into::into),
        narrative: String::new(),
        narrative_ref: reference(case.narrative_ref),
        stated_order: case.stated_order_to_wire(),
        evidence_leads: case
            .evidence_leads
            .iter()
            .map(|lead| pb::EvidenceLead {
                lead_id: lead.id.to_string(),
                kind: lead.kind,
                description: String::new(),
                consent: lead.consent,
            })
            .collect(),
        signals: case.signals.iter().map(CaseSignal::to_wire).collect(),
        regulator_appeal: case.regulator_appeal.as_ref().map(RegulatorAppeal::to_wire),
        occurred_time: case.occurred_at.map(time_to_wire),
        received_time: Some(time_to_wire(case.received_at)),
        acknowledge_time: case.acknowledged_at.map(time_to_wire),
        close_time: case.closing.as_ref().map(|closing| time_to_wire(closing.at)),
        closing_basis: case
            .closing
            .as_ref()
            .map_or(0, |closing| types::ClosingBasis::from(closing.basis).into()),
        policy: Some(case.policy_to_wire(&row.handbook_hash, &row.calendar_hash)),
        external_id: case.external_id.clone(),
        reopenings: case.reopenings,
        refusal_ground: case.refusal_ground.clone(),
        create_time: Some(time_to_wire(row.created_at)),
        update_time: Some(time_to_wire(row.updated_at)),
    }
}

fn step(case: &Case) -> pb::CaseStep {
    use crate::domain::case::Stage;
    match case.stage {
        Stage::Refused => pb::CaseStep::Refused,
        Stage::Withdrawn => pb::CaseStep::Withdrawn,
        Stage::Closed => pb::CaseStep::Closed,
        Stage::Open if case.reopenings > 0 => pb::CaseStep::Reopened,
        Stage::Open if case.acknowledged_at.is_some() => pb::CaseStep::Acknowledged,
        Stage::Open => pb::CaseStep::Received,
    }
}

/// A message without its words.
pub fn message(loaded: &Loaded<Message>) -> pb::Message {
    let message = &loaded.state;
    pb::Message {
        message_id: loaded.id().to_string(),
        case_id: reference(loaded.case_id()),
        direction: match message.direction {
            Direction::Outbound => pb::MessageDirection::Outbound,
            Direction::Inbound => pb::MessageDirection::Inbound,
        }
        .into(),
        channel: message.channel_to_wire().into(),
        state: message.state.to_wire().into(),
        notice: message.notice.clone(),
        notice_key: message.notice_key.clone(),
        asked_by: message.asked_by.clone(),
        text: String::new(),
        text_ref: message.text_ref.to_string(),
        language: message.language.clone(),
        proof: message.proof.map_or(0, |proof| proof.to_wire().into()),
        signals: message.signals.iter().map(CaseSignal::to_wire).collect(),
        create_time: Some(time_to_wire(message.created_at)),
        send_time: message.sent_at.map(time_to_wire),
        delivery_time: message.delivered_at.map(time_to_wire),
        failure: message.failure.clone(),
        actor: Some(redress_chassis::wire::actor(&redress_storage::Actor {
            subject: message.author.subject.clone(),
            role: message.author.role.clone(),
        })),
    }
}
