//! What evidence is wanted: by category and sub-types, and more when the customer doubts ours (M4.1, M4.2).

use redress_domain::{
    Rejection, Ruling, Timestamp,
    handbook::{self, Deliverable},
};
use redress_proto::{investigation::v1 as pb, time_to_wire};

use super::{
    Draft, Setting,
    case::{Case, Item, ItemState},
    clock, rule_fails, tell, words,
};

/// Brings the checklist in line with the facts. What somebody has begun stays, but no longer holds up the conclusion
/// where it is not asked for any more. Gives the ids of items that are new.
pub(crate) fn refresh(decision: &mut Draft, setting: &Setting<'_>) -> Result<Vec<String>, Rejection> {
    let facts = decision.next.facts(setting);
    let wanted = setting.book.checklist(&facts).map_err(|error| rule_fails(&error))?;
    let mut before = std::mem::take(&mut decision.next.checklist);
    let mut added = Vec::new();
    for rule in wanted {
        let known = before.iter().position(|item| item.id == rule.id.as_str()).map(|at| before.remove(at));
        let (state, evidence_ids, requested_at, due_at) = match known {
            Some(known) => (known.state, known.evidence_ids, known.requested_at, known.due_at),
            None => {
                added.push(rule.id.as_str().to_owned());
                let ruling = Ruling::new("evidence", rule.rule_ref(), rule.id.as_str(), facts.to_json());
                decision.rulings.push(ruling);
                (ItemState::Missing, Vec::new(), None, None)
            }
        };
        decision.next.checklist.push(Item {
            id: rule.id.as_str().to_owned(),
            department: rule.department.as_ref().map(ToString::to_string),
            required: rule.required,
            core: rule.core,
            perishable: rule.perishable,
            state,
            evidence_ids,
            requested_at,
            due_at,
        });
    }
    let begun = before.into_iter().filter(|item| item.state != ItemState::Missing);
    decision.next.checklist.extend(begun.map(|item| Item { required: false, core: false, ..item }));
    Ok(added)
}

/// The items that are to be kept from being lost, and that nobody was asked for yet (X14).
pub(crate) fn in_danger(case: &Case) -> Vec<String> {
    let waiting = case.checklist.iter().filter(|item| item.perishable && item.state == ItemState::Missing);
    waiting.map(|item| item.id.clone()).collect()
}

/// Records that the core evidence is verified, once all of it is received or waived. Where the checklist has none, the
/// conclusion verifies it.
pub(crate) fn verify_core(decision: &mut Draft, at: Timestamp) {
    let case = &decision.next;
    let mut core = case.checklist.iter().filter(|item| item.core).peekable();
    if case.core_verified_at.is_some() || core.peek().is_none() || !core.all(Item::is_settled) {
        return;
    }
    record_core(decision, at);
}

/// As [`verify_core`], for the conclusion: nothing is left to wait for.
pub(crate) fn close_core(decision: &mut Draft, at: Timestamp) {
    let case = &decision.next;
    let open = case.checklist.iter().any(|item| item.core && !item.is_settled());
    if case.core_verified_at.is_none() && !open {
        record_core(decision, at);
    }
}

fn record_core(decision: &mut Draft, at: Timestamp) {
    decision.next.core_verified_at = Some(at);
    let core = decision.next.checklist.iter().filter(|item| item.core);
    let event = pb::CoreEvidenceVerified {
        item_ids: core.map(|item| item.id.clone()).collect(),
        verify_time: Some(time_to_wire(at)),
    };
    tell(decision, &event);
    clock::deliver(decision, Deliverable::CoreEvidence, at);
}

/// The checklist for the wire, in words of the handbook.
pub fn to_wire(case: &Case, book: &handbook::Handbook) -> Vec<pb::ChecklistItem> {
    case.checklist.iter().map(|item| item_to_wire(item, book)).collect()
}

fn item_to_wire(item: &Item, book: &handbook::Handbook) -> pb::ChecklistItem {
    let rule = book.checklist_item(&item.id);
    pb::ChecklistItem {
        item_id: item.id.clone(),
        name: rule.map(|rule| words::text(&rule.name)),
        source: source(item).into(),
        department: item.department.clone().unwrap_or_default(),
        required: item.required,
        core: item.core,
        state: match item.state {
            ItemState::Missing => pb::ChecklistItemState::Missing,
            ItemState::Requested => pb::ChecklistItemState::Requested,
            ItemState::Received => pb::ChecklistItemState::Received,
            ItemState::Waived => pb::ChecklistItemState::Waived,
        }
        .into(),
        evidence_ids: item.evidence_ids.iter().map(ToString::to_string).collect(),
        request_time: words::time(item.requested_at),
        due_time: words::time(item.due_at),
        rule: rule.map(|rule| words::rule(&rule.rule_ref())),
        perishable: item.perishable,
    }
}

/// Who has an item.
pub(crate) fn source(item: &Item) -> pb::EvidenceSource {
    if item.is_from_customer() { pb::EvidenceSource::Customer } else { pb::EvidenceSource::Internal }
}
