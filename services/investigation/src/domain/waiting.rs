//! Waiting for the customer: the house limits stand still, the law's go on (M4.3, X1).

use std::collections::BTreeMap;

use redress_domain::{
    Rejection, Timestamp,
    handbook::{DeadlineKind, NoticeKey},
};
use redress_proto::{investigation::v1 as pb, time_to_wire};

use super::{
    Draft, Setting,
    case::{Case, Pause, Stage},
    clock,
    notices::{self, Values},
    request, tell,
};

/// Waits for the customer, who is told what is wanted: `text_ref`.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `ITEM_UNKNOWN`, `ITEM_SETTLED`; `INVALID_FIELDS` for an item that the customer
/// does not have.
pub fn pause(
    case: &Case,
    item_ids: &[String],
    text_ref: &str,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Open])?;
    request::expect_open(case, item_ids)?;
    for (index, id) in item_ids.iter().enumerate() {
        let field = format!("item_ids[{index}]");
        if !case.item(id, &field)?.is_from_customer() {
            return Err(Rejection::invalid(
                "INVALID_FIELDS",
                &field,
                "is an item that a department has, not the customer",
            ));
        }
    }
    let from = setting.now;
    let mut decision = Draft::new(case.clone());
    // Before anything is opened for the customer: what is asked now does not stand still.
    clock::pause(&mut decision, from, setting);
    let (notice_key, due_at) = if item_ids.is_empty() {
        decision.next.requests += 1;
        let key = format!("{}/evidence/{}", setting.case_id, decision.next.requests);
        (key, clock::open(&mut decision, DeadlineKind::CustomerMaterial, "", from, setting)?)
    } else {
        request::mark(&mut decision, &None, item_ids, from, setting)?
    };
    decision.next.stage = Stage::Paused;
    decision.next.pauses.push(Pause {
        from,
        until: None,
        item_ids: item_ids.to_vec(),
        notice_key: notice_key.clone(),
    });
    let event = pb::InvestigationPaused {
        item_ids: item_ids.to_vec(),
        notice_key: notice_key.clone(),
        text_ref: text_ref.to_owned(),
        from_time: Some(time_to_wire(from)),
    };
    tell(&mut decision, &event);
    let language = notices::customer_language(case, setting);
    let values = Values::default()
        .with_text("materials", text_ref)
        .with("due", due_at.map(|at| setting.date_time(at, language)).unwrap_or_default());
    notices::to_customer(&mut decision, &notice_key, NoticeKey::MaterialRequest, values, setting);
    Ok(decision)
}

/// Goes on.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`.
pub fn resume(case: &Case, setting: &Setting<'_>) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Paused])?;
    let mut decision = Draft::new(case.clone());
    end_pause(&mut decision, setting.now, false, setting);
    Ok(decision)
}

/// Ends the pause, if there is one, at `until`.
pub(crate) fn end_pause(decision: &mut Draft, until: Timestamp, by_customer: bool, setting: &Setting<'_>) {
    if decision.next.stage != Stage::Paused {
        return;
    }
    decision.next.stage = Stage::Open;
    if let Some(pause) = decision.next.pauses.iter_mut().find(|pause| pause.until.is_none()) {
        pause.until = Some(until.max(pause.from));
    }
    tell(decision, &pb::InvestigationResumed { until_time: Some(time_to_wire(until)), by_customer });
    clock::resume(decision, until, setting);
    let answer = DeadlineKind::CustomerMaterial.as_str();
    if by_customer {
        clock::meet(decision, answer, until);
    } else {
        clock::cancel(decision, answer);
    }
}

/// The words for the customer, of the handbook and of who asks, as they are stored.
pub fn words(case: &Case, item_ids: &[String], text: &str, setting: &Setting<'_>) -> String {
    let items = request::by_holder(case, item_ids).remove(&None).unwrap_or_default();
    notices::materials(&items, text, notices::customer_language(case, setting), setting)
}

/// The words for each holder of a request, where something is said beyond the handbook's own.
pub fn words_by_holder(
    case: &Case,
    item_ids: &[String],
    text: &str,
    setting: &Setting<'_>,
) -> BTreeMap<request::Holder, String> {
    if text.is_empty() {
        return BTreeMap::new();
    }
    let holders = request::by_holder(case, item_ids);
    holders
        .into_iter()
        .map(|(holder, items)| {
            let language = request::language(case, &holder, setting);
            let words = notices::materials(&items, text, language, setting);
            (holder, words)
        })
        .collect()
}
