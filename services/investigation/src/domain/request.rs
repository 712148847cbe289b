//! Asking departments and the customer for evidence, each with a deadline an item (M4.1, M4.2, X14).

use std::collections::BTreeMap;

use redress_domain::{
    Rejection, Timestamp, deadline_name,
    handbook::{DeadlineKind, Language, NoticeKey},
};
use redress_proto::investigation::v1 as pb;

use super::{
    Draft, Setting,
    case::{Case, Item, ItemState, Stage},
    checklist, clock,
    notices::{self, Values},
    tell, words,
};

/// Those of whom something is asked at once: a department, or the customer (none).
pub type Holder = Option<String>;

/// Asks for items. `texts` has what is wanted in words, as text reference, for each holder; those without one are told
/// in the handbook's words alone.
///
/// # Errors
/// `CASE_NOT_FOUND`, `CASE_SEALED`, `STATE_NOT_ALLOWED`, `ITEM_UNKNOWN`, `ITEM_SETTLED`.
pub fn ask(
    case: &Case,
    item_ids: &[String],
    texts: &BTreeMap<Holder, String>,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Open, Stage::Paused])?;
    expect_open(case, item_ids)?;
    let mut decision = Draft::new(case.clone());
    ask_all(&mut decision, item_ids, texts, setting.now, setting)?;
    Ok(decision)
}

/// Refuses items that are not on the checklist, and those that are received or waived.
pub(crate) fn expect_open(case: &Case, item_ids: &[String]) -> Result<(), Rejection> {
    for (index, id) in item_ids.iter().enumerate() {
        if case.item(id, &format!("item_ids[{index}]"))?.is_settled() {
            return Err(settled(id));
        }
    }
    Ok(())
}

/// The refusal of an item that was received or waived before.
pub(crate) fn settled(id: &str) -> Rejection {
    Rejection::precondition("ITEM_SETTLED", format!("item `{id}` was received or waived before"))
        .with("item_id", id)
}

/// The items by who has them, in the order of the checklist.
pub fn by_holder(case: &Case, item_ids: &[String]) -> BTreeMap<Holder, Vec<String>> {
    let mut holders: BTreeMap<Holder, Vec<String>> = BTreeMap::new();
    for item in case.checklist.iter().filter(|item| item_ids.contains(&item.id)) {
        holders.entry(item.department.clone()).or_default().push(item.id.clone());
    }
    holders
}

/// The language in which a holder is written to.
pub fn language(case: &Case, holder: &Holder, setting: &Setting<'_>) -> Language {
    if holder.is_none() { notices::customer_language(case, setting) } else { setting.book.language }
}

/// Asks for perishable items at once, before they are lost.
pub(crate) fn keep(decision: &mut Draft, at: Timestamp, setting: &Setting<'_>) -> Result<(), Rejection> {
    let item_ids = checklist::in_danger(&decision.next);
    ask_all(decision, &item_ids, &BTreeMap::new(), at, setting)
}

fn ask_all(
    decision: &mut Draft,
    item_ids: &[String],
    texts: &BTreeMap<Holder, String>,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    for (holder, item_ids) in by_holder(&decision.next, item_ids) {
        let text_ref = texts.get(&holder).map(String::as_str).unwrap_or_default();
        let (key, due_at) = mark(decision, &holder, &item_ids, at, setting)?;
        let event = pb::EvidenceRequested {
            item_ids: item_ids.clone(),
            source: if holder.is_none() {
                pb::EvidenceSource::Customer
            } else {
                pb::EvidenceSource::Internal
            }
            .into(),
            department: holder.clone().unwrap_or_default(),
            notice_key: key.clone(),
            text_ref: text_ref.to_owned(),
            due_time: words::time(due_at),
        };
        tell(decision, &event);
        let language = language(&decision.next, &holder, setting);
        let mut values = Values::default()
            .with("due", due_at.map(|at| setting.date_time(at, language)).unwrap_or_default());
        values = if text_ref.is_empty() {
            values.with("materials", notices::materials(&item_ids, "", language, setting))
        } else {
            values.with_text("materials", text_ref)
        };
        match &holder {
            None => notices::to_customer(decision, &key, NoticeKey::MaterialRequest, values, setting),
            Some(department) => {
                notices::to_department(
                    decision,
                    &key,
                    NoticeKey::EvidenceRequest,
                    department,
                    values,
                    setting,
                );
            }
        }
    }
    Ok(())
}

/// Marks items of one holder as asked for and opens their deadlines. An item that is asked for again keeps its due time.
/// Gives the key of the notice and the earliest due time.
pub(crate) fn mark(
    decision: &mut Draft,
    holder: &Holder,
    item_ids: &[String],
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<(String, Option<Timestamp>), Rejection> {
    let kind = if holder.is_none() { DeadlineKind::CustomerMaterial } else { DeadlineKind::EvidenceRequest };
    decision.next.requests += 1;
    let key = format!("{}/evidence/{}", setting.case_id, decision.next.requests);
    let mut earliest: Option<Timestamp> = None;
    for id in item_ids {
        let name = deadline_name(kind.as_str(), id);
        let opened = if decision.next.open_deadlines.contains(&name) {
            None
        } else {
            Some(clock::open(decision, kind, id, at, setting)?)
        };
        let Some(item) = decision.next.checklist.iter_mut().find(|item| item.id == *id) else { continue };
        item.state = ItemState::Requested;
        if let Some(due_at) = opened {
            item.requested_at = Some(at);
            item.due_at = due_at;
        }
        earliest = earliest.into_iter().chain(item.due_at).min();
    }
    Ok((key, earliest))
}

/// Name of the deadline of an item that was asked for.
pub(crate) fn deadline_of(item: &Item) -> String {
    let kind =
        if item.is_from_customer() { DeadlineKind::CustomerMaterial } else { DeadlineKind::EvidenceRequest };
    deadline_name(kind.as_str(), &item.id)
}
