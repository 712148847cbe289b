//! Offering the approved resolution, and the written Notice of Complaint Handling (M5.3a, M5.3c).

use redress_domain::{
    DeadlineChange, Decision, Rejection, Ruling, Timestamp,
    handbook::{Channel, DeadlineKind, NoticeKey},
};
use redress_proto::{compensation::v1 as pb, time_to_wire, types::v1 as types};
use serde_json::json;

use super::{
    Setting, log,
    notice::{Asking, promise},
    rule_fails,
    state::{HandlingNotice, Offer, Promise, Resolution, State},
    terms, words,
};

/// Offers what is approved. Its promises begin to run when the customer accepts; the offer states by when each is kept
/// if that is at once.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `CALENDAR_CANNOT_TELL`.
pub fn offer(
    resolution: &Resolution,
    text_ref: &str,
    channel: Option<Channel>,
    setting: &Setting<'_>,
) -> Result<Decision<Resolution>, Rejection> {
    resolution.expect_state(&[State::Approved])?;
    let mut decision = Decision::new(resolution.clone());
    promise_each(&mut decision.next, setting.now, setting)?;
    let totals = decision.next.totals()?;
    let next = &mut decision.next;
    let Some(proposal) = next.proposal.as_ref() else {
        return Err(Rejection::state("STATE_NOT_ALLOWED", next.state.name(), &["APPROVED"]));
    };
    let offer = Offer {
        id: (setting.new_id)(),
        proposal_id: proposal.id,
        round: proposal.round,
        notice_key: format!("{}/offer/{}", setting.case_id, proposal.round),
        offered_at: setting.now,
        delivered_at: None,
        reminders: 0,
        text_ref: text_ref.to_owned(),
    };
    let promises: Vec<Promise> =
        proposal.remedies.iter().filter_map(|remedy| remedy.promise.clone()).collect();
    let event = pb::ResolutionOffered {
        offer_id: offer.id.to_string(),
        proposal_id: offer.proposal_id.to_string(),
        round: offer.round,
        notice_key: offer.notice_key.clone(),
        promises: promises.iter().map(promise).collect(),
        totals: Some(totals.wire()),
    };
    let notice =
        offer_notice(next, &offer.notice_key, &offer.text_ref, setting).promising(&promises).through(channel);
    next.offers_made = next.offers_made.saturating_add(1);
    next.first_offer_minor.get_or_insert(totals.total.minor);
    next.state = State::Offered;
    next.offer = Some(offer);
    let (deadline, _) = terms::draft(setting, &next.context, DeadlineKind::OfferResponse, "", setting.now)?;
    decision.deadlines.push(DeadlineChange::Open(deadline));
    log(&mut decision, &event);
    log(&mut decision, &notice.event(setting.book.notice(NoticeKey::Offer)));
    issue_if_due(&mut decision, setting)?;
    Ok(decision)
}

/// The notice that carries an offer.
pub(crate) fn offer_notice(
    resolution: &Resolution,
    key: &str,
    text_ref: &str,
    setting: &Setting<'_>,
) -> Asking {
    let language = words::language(setting.book, &resolution.context);
    let prevention = resolution.proposal.as_ref().map_or("", |proposal| proposal.prevention_ref.as_str());
    Asking::customer(key, NoticeKey::Offer)
        .say("solution", words::solution(setting, resolution, language))
        .say_text("prevention", prevention, words::NOTHING)
        .begin_with(text_ref)
}

/// Computes the promise of each remedy, as if the customer accepted at `start`.
pub(crate) fn promise_each(
    resolution: &mut Resolution,
    start: Timestamp,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let context = resolution.context.clone();
    for remedy in resolution.proposal.iter_mut().flat_map(|proposal| &mut proposal.remedies) {
        let (rule, _) = setting.book.remedy_kind(remedy.kind);
        let Some(kind) = rule.promise.map(|kind| kind.value) else { continue };
        let (draft, due_at) = terms::draft(setting, &context, kind, &remedy.id.to_string(), start)?;
        remedy.promise = Some(terms::promise(setting, &draft, context.priority(), due_at));
    }
    Ok(())
}

/// The offer reached the customer. Nothing, where that is known, or the offer is another.
pub fn delivered(
    resolution: &Resolution,
    notice_key: &str,
    at: Timestamp,
    proof: types::DeliveryProof,
) -> Option<Decision<Resolution>> {
    if resolution.seal.is_some() {
        return None;
    }
    let mut decision = Decision::new(resolution.clone());
    let next = &mut decision.next;
    if let Some(offer) =
        next.offer.as_mut().filter(|offer| offer.notice_key == notice_key && offer.delivered_at.is_none())
    {
        offer.delivered_at = Some(at);
        let event = pb::OfferDelivered {
            offer_id: offer.id.to_string(),
            delivery_time: Some(time_to_wire(at)),
            proof: proof.into(),
        };
        log(&mut decision, &event);
        return Some(decision);
    }
    let waiting =
        |notice: &&mut HandlingNotice| notice.notice_key == notice_key && notice.delivered_at.is_none();
    let notice = next.notices.iter_mut().find(waiting)?;
    notice.delivered_at = Some(at);
    let event = pb::HandlingNoticeDelivered {
        notice_id: notice.id.to_string(),
        delivery_time: Some(time_to_wire(at)),
        proof: proof.into(),
    };
    log(&mut decision, &event);
    Some(decision)
}

const NOTICE_STATES: &[State] = &[
    State::Offered,
    State::Objected,
    State::Accepted,
    State::FinalPosition,
    State::Executing,
    State::Obstructed,
    State::Executed,
    State::NotDue,
];

/// Issues the written notice by hand.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `NOTICE_CHANNEL_NOT_ALLOWED`.
pub fn issue(
    resolution: &Resolution,
    channel: Option<Channel>,
    setting: &Setting<'_>,
) -> Result<Decision<Resolution>, Rejection> {
    resolution.expect_state(NOTICE_STATES)?;
    let allowed = channels(setting);
    if let Some(channel) = channel.filter(|channel| !allowed.contains(channel)) {
        return Err(Rejection::invalid(
            "NOTICE_CHANNEL_NOT_ALLOWED",
            "channel",
            format!("the notice does not go out through `{channel}`"),
        )
        .with("channel", channel.as_str()));
    }
    let mut decision = Decision::new(resolution.clone());
    let through = channel.map_or(allowed, |channel| vec![channel]);
    issue_through(&mut decision, &through, setting);
    Ok(decision)
}

/// Issues the written notice where the handbook asks for one (M5.3c).
pub(crate) fn issue_if_due(
    decision: &mut Decision<Resolution>,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let facts = decision.next.facts(setting.now);
    let due = setting.book.handling_notice(&facts).map_err(|error| rule_fails(&error))?;
    let Some((_, rule)) = due else { return Ok(()) };
    decision.rulings.push(Ruling::new(
        "handling_notice",
        rule,
        "due",
        json!({ "case.priority": facts.case.priority }),
    ));
    let through = channels(setting);
    issue_through(decision, &through, setting);
    Ok(())
}

fn channels(setting: &Setting<'_>) -> Vec<Channel> {
    setting.book.resolution.handling_notice.channels.iter().map(|channel| channel.value).collect()
}

fn issue_through(decision: &mut Decision<Resolution>, through: &[Channel], setting: &Setting<'_>) {
    let Some(first) = through.first() else { return };
    let next = &decision.next;
    let language = words::language(setting.book, &next.context);
    let round = next.round();
    let notice = HandlingNotice {
        id: (setting.new_id)(),
        notice_key: format!("{}/handling_notice/{}", setting.case_id, next.notices.len() + 1),
        channel: *first,
        issued_at: setting.now,
        delivered_at: None,
        round,
    };
    let prevention = next.proposal.as_ref().map_or("", |proposal| proposal.prevention_ref.as_str());
    let asking = Asking::customer(notice.notice_key.clone(), NoticeKey::HandlingNotice)
        .say_text("findings", &next.context.findings_ref, words::NOTHING)
        .say("solution", words::solution(setting, next, language))
        .say_text("prevention", prevention, words::NOTHING)
        .through(through.iter().copied())
        .event(setting.book.notice(NoticeKey::HandlingNotice));
    let event = pb::HandlingNoticeIssued {
        notice_id: notice.id.to_string(),
        notice_key: notice.notice_key.clone(),
        channel: types::Channel::from(*first).into(),
        round,
    };
    decision.next.notices.push(notice);
    log(decision, &event);
    log(decision, &asking);
}
