//! Risk pre-judgment: what is reported to risk management at once (M2.3b).

use redress_domain::{
    Decision, Rejection, Ruling, Timestamp,
    handbook::{Handbook, RiskRule, Signal},
};
use redress_proto::{fact, intake::v1 as pb, types::v1 as types};
use uuid::Uuid;

use crate::domain::{
    case::Case,
    facts::{facts, unevaluable},
    message::Audience,
    signal::{CaseSignal, rule_to_wire},
};

/// A decision on a case, and the reports that go out with it.
pub type Reported<'b> = (Decision<Case>, Vec<Report<'b>>);

/// A report that has to go out with the decision.
#[derive(Clone, Debug)]
pub struct Report<'b> {
    /// Message that carries it.
    pub message_id: Uuid,
    /// The risk.
    pub rule: &'b RiskRule,
}

impl Report<'_> {
    /// To whom it goes.
    pub fn audience(&self) -> Audience {
        Audience::role(self.rule.audience.as_str())
    }
}

/// Adds to a decision the risks that have not been reported yet, and returns the reports to be sent.
///
/// # Errors
/// `HANDBOOK_SILENT` where a condition cannot be evaluated.
pub fn report<'b>(
    mut decision: Decision<Case>,
    book: &'b Handbook,
    now: Timestamp,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Reported<'b>, Rejection> {
    let known = facts(&decision.next, book, now);
    let mut reports = Vec::new();
    for rule in book.risks(&known).map_err(unevaluable)? {
        if !decision.next.reported_risks.insert(rule.id.as_str().to_owned()) {
            continue;
        }
        let report = Report { message_id: new_id(), rule };
        let case = &decision.next;
        let risks = case.signals.iter().filter(|signal| matches!(signal.kind, Signal::Media | Signal::Group));
        let event = pb::RiskReported {
            signals: risks.map(CaseSignal::to_wire).collect(),
            audience: Some(report.audience().to_wire()),
            batch: case.order.known().map(|order| order.batch.clone()).unwrap_or_default(),
            rule: Some(rule_to_wire(&rule.rule_ref())),
            message_id: report.message_id.to_string(),
        };
        decision = decision.fact(fact(&event)).ruling(Ruling::new(
            "risk",
            rule.rule_ref(),
            rule.id.as_str(),
            known.to_json(),
        ));
        reports.push(report);
    }
    Ok((decision, reports))
}

/// Priority on the wire.
pub fn priority_to_wire(priority: redress_domain::handbook::Priority) -> i32 {
    types::Priority::from(priority).into()
}
