//! What follows when a deadline of a resolution warns or is missed.

use redress_domain::{
    Decision, Timestamp,
    handbook::{DeadlineKind, NoticeKey},
};
use uuid::Uuid;

use super::{
    Setting, log,
    notice::Asking,
    offer,
    state::{RemedyState, Resolution, State},
    words,
};

/// The customer has not answered: the offer is sent again. Silence stays silence (M7.1). Nothing, where an answer came.
pub fn ask_again(resolution: &Resolution, setting: &Setting<'_>) -> Option<Decision<Resolution>> {
    if resolution.state != State::Offered || resolution.seal.is_some() {
        return None;
    }
    let mut decision = Decision::new(resolution.clone());
    let offer = decision.next.offer.as_mut()?;
    offer.reminders = offer.reminders.saturating_add(1);
    let key = format!("{}/again/{}", offer.notice_key, offer.reminders);
    let text_ref = offer.text_ref.clone();
    let notice = offer::offer_notice(&decision.next, &key, &text_ref, setting);
    log(&mut decision, &notice.event(setting.book.notice(NoticeKey::Offer)));
    Some(decision)
}

/// A promise is in danger: the customer hears it before it breaks (X7). Nothing, where it is kept already.
pub fn promise_in_danger(
    resolution: &Resolution,
    kind: &str,
    remedy_id: Uuid,
    due_at: Timestamp,
    setting: &Setting<'_>,
) -> Option<Decision<Resolution>> {
    let remedy = resolution.all_remedies().find(|remedy| remedy.id == remedy_id)?;
    let promises = [
        DeadlineKind::PaymentPromise,
        DeadlineKind::FulfilmentPromise,
        DeadlineKind::ApologyPromise,
        DeadlineKind::PaymentArrival,
        DeadlineKind::ObstacleDelay,
    ];
    let is_promise = promises.iter().any(|promise| promise.as_str() == kind);
    // Where an obstacle was told, the customer knows; only the new time may be in danger again.
    let known = remedy.obstacle.is_some() && kind != DeadlineKind::ObstacleDelay.as_str();
    let open = remedy.state.is_under_way() || remedy.state == RemedyState::Planned;
    if !is_promise || known || !open || resolution.seal.is_some() {
        return None;
    }
    let language = words::language(setting.book, &resolution.context);
    let notice = Asking::customer(
        format!("{}/{}/{remedy_id}/{kind}/in_danger/{}", setting.case_id, remedy.round, due_at.timestamp()),
        NoticeKey::PromiseInDanger,
    )
    .say("promise", words::done(setting.book, remedy, language))
    .say("due", words::time(setting, due_at, language))
    .event(setting.book.notice(NoticeKey::PromiseInDanger));
    let mut decision = Decision::new(resolution.clone());
    log(&mut decision, &notice);
    Some(decision)
}
