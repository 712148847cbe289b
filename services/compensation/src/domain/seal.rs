//! Freezing a resolution for closing, and breaking the seal (M7.1, X12).

use redress_domain::{
    Decision, Rejection, RuleRef, Ruling,
    handbook::{ClosingBasis, GateCondition},
};
use redress_proto::{compensation::v1 as pb, time_to_wire, types::v1 as types};
use serde_json::json;
use uuid::Uuid;

use super::{
    Setting, context, handbook_silent, log,
    standing::rule,
    state::{GateItem, RemedyState, Resolution, Seal, State, TaskState},
};

/// Freezes the resolution as of `revision`, if the handbook's gate for `basis` is met as far as it is this service's to know. What is
/// under way in an outside system is never frozen, whatever the gate asks for. Nothing, where it is frozen for the same
/// basis already.
///
/// # Errors
/// `SEAL_GATE_NOT_MET` with all that is missing, `SEALED_OTHERWISE`, `HANDBOOK_SILENT`.
pub fn seal(
    resolution: &Resolution,
    basis: ClosingBasis,
    revision: i64,
    setting: &Setting<'_>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    if let Some(seal) = &resolution.seal {
        if seal.basis == basis {
            return Ok(None);
        }
        return Err(Rejection::precondition("SEALED_OTHERWISE", format!("it is sealed as `{}`", seal.basis))
            .with("basis", seal.basis.as_str()));
    }
    let Some((conditions, gate_rule)) = setting.book.closing_gate(basis) else {
        return Err(handbook_silent("closing", basis.as_str()));
    };
    let mut gate = Vec::new();
    if matches!(basis, ClosingBasis::FinalPosition) || conditions.contains(&GateCondition::Acceptance) {
        gate.push(acceptance(resolution, basis, &gate_rule));
    }
    if conditions.contains(&GateCondition::Execution) {
        gate.push(execution(resolution, &gate_rule));
    }
    gate.push(nothing_open(resolution, basis, &gate_rule));
    let missing: Vec<&GateItem> = gate.iter().filter(|item| !item.fulfilled).collect();
    if !missing.is_empty() {
        let mut refusal = Rejection::precondition(
            "SEAL_GATE_NOT_MET",
            format!("the gate of `{basis}` is not met: {} condition(s) missing", missing.len()),
        )
        .with("basis", basis.as_str());
        for item in missing {
            refusal = refusal.unmet(
                &item.condition.to_uppercase(),
                &setting.case_id.to_string(),
                item.detail.clone(),
            );
        }
        return Err(refusal);
    }
    let seal = Seal { id: (setting.new_id)(), basis, gate, revision, at: setting.now };
    let mut decision = Decision::new(resolution.clone());
    let event = pb::CompensationSealed { seal: Some(seal.wire(setting.case_id)) };
    decision.next.seal = Some(seal);
    decision.rulings.push(Ruling::new(
        "closing_gate",
        gate_rule,
        "met",
        json!({ "basis": basis, "state": resolution.state }),
    ));
    log(&mut decision, &event);
    Ok(Some(decision))
}

/// Breaks the seal with this id. Nothing, where there is no such seal.
pub fn unseal(resolution: &Resolution, seal_id: Uuid, reopened: bool) -> Option<Decision<Resolution>> {
    resolution.seal.as_ref().filter(|seal| seal.id == seal_id)?;
    let event = pb::CompensationUnsealed { seal_id: seal_id.to_string(), reopened };
    let mut decision = if reopened {
        context::reopen(resolution, true)?
    } else {
        let mut next = resolution.clone();
        next.seal = None;
        Decision::new(next)
    };
    log(&mut decision, &event);
    Some(decision)
}

/// The customer's own words, or the final position after the last round.
fn acceptance(resolution: &Resolution, basis: ClosingBasis, gate_rule: &RuleRef) -> GateItem {
    let settled = resolution.settlement.as_ref().filter(|settlement| settlement.basis == basis);
    let what = resolution.settlement.as_ref().map_or("none", |settlement| settlement.basis.as_str());
    item(
        "acceptance",
        settled.is_some(),
        match settled {
            Some(settlement) => format!("{} in round {}", settlement.basis, resolution.round()),
            None => format!("settled: {what}; this end needs {basis}"),
        },
        gate_rule,
    )
}

/// Money arrived, goods signed for: every remedy is carried out.
fn execution(resolution: &Resolution, gate_rule: &RuleRef) -> GateItem {
    let done = resolution.state == State::Executed;
    let open: Vec<String> = resolution
        .remedies()
        .iter()
        .filter(|remedy| !matches!(remedy.state, RemedyState::Executed | RemedyState::Cancelled))
        .map(|remedy| format!("{} {}", remedy.kind, remedy.state.name()))
        .collect();
    let detail = if done {
        format!("{} remedies carried out", resolution.remedies().len())
    } else if open.is_empty() {
        format!("nothing has been carried out; state {}", resolution.state.name())
    } else {
        format!("not carried out: {}", open.join(", "))
    };
    item("execution", done, detail, gate_rule)
}

/// Nothing is on its way or of unknown outcome, and nothing is left to decide.
fn nothing_open(resolution: &Resolution, basis: ClosingBasis, gate_rule: &RuleRef) -> GateItem {
    let mut open: Vec<String> = Vec::new();
    for remedy in resolution.all_remedies() {
        if remedy.state.is_under_way() {
            open.push(format!("{} {}", remedy.kind, remedy.state.name()));
        }
        let payments = remedy.payments.iter().filter(|payment| !payment.state.is_final());
        open.extend(payments.map(|payment| format!("payment {} is {}", payment.key, payment.state.name())));
        let tasks =
            remedy.tasks.iter().filter(|task| !matches!(task.state, TaskState::Done | TaskState::Failed));
        open.extend(tasks.map(|task| format!("task {} is under way", task.key)));
    }
    let entitled_to_nothing = matches!(basis, ClosingBasis::Unfounded | ClosingBasis::Malicious);
    if entitled_to_nothing && resolution.state != State::NotDue {
        open.push(format!("the resolution is {}", resolution.state.name()));
    }
    let detail = if open.is_empty() { "nothing is under way".to_owned() } else { open.join(", ") };
    item("nothing_open", open.is_empty(), detail, gate_rule)
}

fn item(condition: &str, fulfilled: bool, detail: String, gate_rule: &RuleRef) -> GateItem {
    GateItem { condition: condition.to_owned(), fulfilled, detail, rule: gate_rule.clone() }
}

impl Seal {
    /// As on the wire, without position and hash.
    pub fn wire(&self, case_id: Uuid) -> types::Seal {
        types::Seal {
            seal_id: self.id.to_string(),
            service: "compensation".to_owned(),
            case_id: case_id.to_string(),
            basis: types::ClosingBasis::from(self.basis).into(),
            gate: self
                .gate
                .iter()
                .map(|item| types::GateItem {
                    condition: item.condition.clone(),
                    fulfilled: item.fulfilled,
                    detail: item.detail.clone(),
                    rule: Some(rule(&item.rule)),
                })
                .collect(),
            revision: self.revision,
            position: None,
            head_hash: Vec::new(),
            seal_time: Some(time_to_wire(self.at)),
        }
    }
}
