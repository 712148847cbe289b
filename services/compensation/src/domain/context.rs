//! What others' events tell of the case, and what that changes.

use std::collections::BTreeSet;

use redress_domain::{
    Currency, DeadlineChange, Decision, Money, Rejection, RuleRef, Ruling, Timestamp,
    handbook::{DeadlineKind, DesiredSolution, Facts, Handbook, Priority, ProblemType},
};
use redress_proto::{
    compensation::v1 as pb, intake::v1 as intake, investigation::v1 as investigation, time_from_wire,
    triage::v1 as triage, types::v1 as types,
};
use serde::{Deserialize, Serialize};

use super::{
    Setting, log, propose,
    state::{ApprovalState, RemedyState, Resolution, State},
    waybill::Stake,
};

/// What others have told of the case. No personal data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The handbook's facts, as far as they do not move with time; see [`Resolution::facts`].
    pub facts: Facts,
    /// When the parcel was promised.
    pub promised_at: Option<Timestamp>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// Waybill number; empty when not known.
    pub waybill_no: String,
    /// Pseudonym of the person; empty when nothing identifies the person.
    pub person_ref: String,
    /// When the complaint was received.
    pub received_at: Option<Timestamp>,
    /// There is a media exposure risk.
    pub media_risk: bool,
    /// The findings, as text reference; empty before.
    pub findings_ref: String,
}

impl Context {
    /// Takes over what intake knows of a case.
    pub fn take(&mut self, facts: &intake::CaseFacts, currency: Currency) {
        let case = &mut self.facts.case;
        case.channel = word(types::Channel::try_from(facts.channel));
        case.problem_type =
            word::<types::ProblemType, ProblemType>(types::ProblemType::try_from(facts.problem_type));
        case.desired_solution = word::<types::DesiredSolution, DesiredSolution>(
            types::DesiredSolution::try_from(facts.desired_solution),
        );
        case.language.clone_from(&facts.language);
        case.region.clone_from(&facts.region);
        self.facts.customer.corporate = facts.corporate;
        self.facts.customer.complaints_90d = i64::from(facts.person_complaints);
        self.waybill_no.clone_from(&facts.waybill_no);
        self.person_ref.clone_from(&facts.person_ref);
        self.received_at = facts.received_time.as_ref().and_then(|time| time_from_wire(time).ok());
        if let Some(order) = &facts.order {
            self.take_order(order, currency);
        }
    }

    /// Takes over what the order system knows. Amounts in another currency than the handbook's are not known: they
    /// cannot be compared with its bands.
    pub fn take_order(&mut self, order: &types::OrderFacts, currency: Currency) {
        let minor = |money: &Option<redress_proto::google::r#type::Money>| {
            let money = money.as_ref().and_then(|money| Money::try_from(money).ok());
            money
                .filter(|money| money.currency == currency && !money.is_negative())
                .map_or(0, |money| money.minor)
        };
        let known = order.knowledge == i32::from(types::OrderKnowledge::Known);
        let facts = &mut self.facts.order;
        facts.known = known;
        facts.service_type.clone_from(&order.service_type);
        facts.line.clone_from(&order.line);
        facts.batch.clone_from(&order.batch);
        facts.goods_category.clone_from(&order.goods_category);
        facts.goods_value_minor = minor(&order.goods_value);
        facts.freight_minor = minor(&order.freight);
        facts.insured = order.insured_value.is_some();
        facts.insured_value_minor = minor(&order.insured_value);
        facts.status.clone_from(&order.status);
        facts.delivered = order.delivered_time.is_some();
        self.facts.customer.corporate |= order.corporate;
        self.promised_at = order.promised_time.as_ref().and_then(|time| time_from_wire(time).ok());
        self.delivered_at = order.delivered_time.as_ref().and_then(|time| time_from_wire(time).ok());
        if self.waybill_no.is_empty() {
            self.waybill_no.clone_from(&order.waybill_no);
        }
    }

    /// Takes over what triage found.
    pub fn take_triage(&mut self, event: &triage::CaseTriaged) {
        let case = &mut self.facts.case;
        case.priority = word(types::Priority::try_from(event.priority)).or(case.priority);
        case.category = word(types::Category::try_from(event.category)).or(case.category);
        case.subtype.clone_from(&event.primary_sub_type);
        case.types =
            std::iter::once(&event.primary_sub_type).chain(&event.further_sub_types).cloned().collect();
        self.facts.signals = event
            .signals
            .iter()
            .filter_map(|signal| word(types::SignalKind::try_from(*signal)))
            .collect::<BTreeSet<_>>();
        self.media_risk = event.media_risk;
        if event.media_risk {
            self.facts.signals.insert(redress_domain::handbook::Signal::Media);
        }
    }

    /// Takes over the incident that the case belongs to.
    pub fn take_incident(&mut self, event: &triage::CaseJoinedIncident) {
        self.facts.incident.recognised = event.recognised;
        self.facts.incident.people = i64::from(event.people);
    }

    /// Takes over the findings.
    pub fn take_findings(&mut self, event: &investigation::InvestigationConcluded) {
        let findings = &mut self.facts.investigation;
        findings.concluded = true;
        findings.validity = word(types::Validity::try_from(event.validity));
        findings.cause.clone_from(&event.cause);
        findings.party.clone_from(&event.responsible_party);
        self.findings_ref.clone_from(&event.text_ref);
    }

    /// The priority that limits are taken of; general before triage.
    pub fn priority(&self) -> Priority {
        self.facts.case.priority.unwrap_or(Priority::General)
    }

    /// The rule by which the findings entitle to nothing; none before there are findings, or where they do (M5.1).
    pub fn nothing_due(&self, book: &Handbook) -> Option<RuleRef> {
        let (entitled, rule) = book.entitles(self.facts.investigation.validity?);
        (!entitled).then_some(rule)
    }
}

fn word<W, D>(wire: Result<W, prost::UnknownEnumValue>) -> Option<D>
where
    D: TryFrom<W>,
{
    wire.ok().and_then(|wire| D::try_from(wire).ok())
}

impl Resolution {
    /// A resolution of a case that was just registered, with its first event.
    pub fn open(event: &intake::ComplaintRegistered, currency: Currency) -> Decision<Self> {
        let mut context = Context::default();
        if let Some(facts) = &event.facts {
            context.take(facts, currency);
        }
        let priority = types::Priority::try_from(event.priority);
        context.facts.case.priority = word(priority);
        let opened = pb::ResolutionOpened { waybill_no: context.waybill_no.clone() };
        let mut decision = Decision::new(Self {
            context,
            state: State::Open,
            currency,
            offers_made: 0,
            proposal: None,
            earlier: Vec::new(),
            approvals: Vec::new(),
            offer: None,
            objections: 0,
            first_offer_minor: None,
            responses: Vec::new(),
            settlement: None,
            notices: Vec::new(),
            recoveries: Vec::new(),
            executed_at: None,
            seal: None,
        });
        log(&mut decision, &opened);
        decision
    }

    /// The handbook's facts at a time.
    pub fn facts(&self, now: Timestamp) -> Facts {
        let mut facts = self.context.facts.clone();
        facts.case.round = i64::from(self.objections);
        let arrived = self.context.delivered_at.unwrap_or(now);
        facts.order.days_late =
            self.context.promised_at.map_or(0, |promised| (arrived - promised).num_days().max(0));
        facts
    }
}

/// Others told something new of the case. Nothing, where it changes nothing.
///
/// A higher rung that follows from it is asked for as long as the resolution has not been offered (M6.1): a pending
/// approval is superseded, and an approved proposal waits again.
///
/// # Errors
/// Those of the handbook's rules.
pub fn change(
    resolution: &Resolution,
    take: impl FnOnce(&mut Context),
    others: Stake,
    setting: &Setting<'_>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    let mut next = resolution.clone();
    take(&mut next.context);
    if next.context == resolution.context || resolution.seal.is_some() {
        return Ok(None);
    }
    let decides_on_findings =
        matches!(next.state, State::Open | State::Proposed | State::Approved | State::NotDue);
    if decides_on_findings && next.context.facts.investigation.concluded {
        next.state = match next.context.nothing_due(setting.book) {
            Some(_) => State::NotDue,
            None if next.state == State::NotDue => State::Open,
            None => next.state,
        };
    }
    let entitlement = next
        .context
        .facts
        .investigation
        .validity
        .filter(|_| next.context.facts.investigation != resolution.context.facts.investigation);
    let raised = next.context.priority() > resolution.context.priority();
    let mut decision = Decision::new(next);
    log_context(&mut decision);
    if let Some(validity) = entitlement {
        let (entitled, rule) = setting.book.entitles(validity);
        let outcome = if entitled { "entitled" } else { "nothing_due" };
        let facts = serde_json::json!({ "investigation.validity": validity });
        decision.rulings.push(Ruling::new("entitlement", rule, outcome, facts));
    }
    if decision.next.state == State::NotDue {
        drop_proposal(&mut decision);
    } else {
        propose::ask_again_if_rung_rose(&mut decision, others, setting)?;
    }
    if raised && decision.next.pending_approval().is_some() {
        let rule = setting.book.deadline(DeadlineKind::Approval);
        decision.deadlines.push(DeadlineChange::Tighten {
            name: DeadlineKind::Approval.as_str().to_owned(),
            limit: rule.limit(decision.next.context.priority()),
            raised_at: setting.now,
            rule: rule.rule_ref(),
        });
    }
    Ok(Some(decision))
}

/// The case was refused or withdrawn. What is under way is carried on, because the outside systems have it; what is
/// not begun is dropped. Nothing, where nothing changes.
pub fn cancel(resolution: &Resolution) -> Option<Decision<Resolution>> {
    let before_execution = !matches!(
        resolution.state,
        State::Executing | State::Obstructed | State::Executed | State::Cancelled
    );
    if resolution.seal.is_some() || !before_execution {
        return None;
    }
    let mut next = resolution.clone();
    next.state = State::Cancelled;
    let mut decision = Decision::new(next);
    log_context(&mut decision);
    drop_proposal(&mut decision);
    Some(decision)
}

/// The case was opened again: what was carried out stays, everything else begins anew and waits for new findings.
/// `seal_broken` says whether the caller has just broken the seal. Nothing, where it is open already.
pub fn reopen(resolution: &Resolution, seal_broken: bool) -> Option<Decision<Resolution>> {
    let ended = matches!(resolution.state, State::Cancelled) && resolution.seal.is_none();
    if !seal_broken && !ended {
        return None;
    }
    let mut decision = Decision::new(resolution.clone());
    drop_proposal(&mut decision);
    let next = &mut decision.next;
    if let Some(proposal) = next.proposal.take() {
        let stays = |remedy: &crate::domain::state::Remedy| {
            remedy.state == RemedyState::Executed || remedy.state.is_under_way()
        };
        next.earlier.extend(proposal.remedies.into_iter().filter(stays));
    }
    next.offer = None;
    next.settlement = None;
    next.executed_at = None;
    next.objections = 0;
    next.first_offer_minor = None;
    next.context.facts.investigation = redress_domain::handbook::InvestigationFacts::default();
    next.context.findings_ref.clear();
    next.context.facts.case.reopened = true;
    next.state = State::Open;
    if seal_broken {
        next.seal = None;
    }
    log_context(&mut decision);
    Some(decision)
}

/// Drops what was proposed and not begun: its approval, its remedies, its deadlines.
fn drop_proposal(decision: &mut Decision<Resolution>) {
    propose::supersede_pending(decision);
    let mut dropped = Vec::new();
    for remedy in decision.next.proposal.iter_mut().flat_map(|proposal| &mut proposal.remedies) {
        if remedy.state == RemedyState::Planned {
            remedy.state = RemedyState::Cancelled;
            dropped.push(remedy.clone());
        }
    }
    for remedy in dropped {
        log(decision, &pb::RemedyCancelled { remedy_id: remedy.id.to_string() });
        if let Some(promise) = remedy.promise {
            decision.deadlines.push(DeadlineChange::Cancel {
                name: redress_domain::deadline_name(&promise.kind, &remedy.id.to_string()),
            });
        }
    }
    for kind in [DeadlineKind::Approval, DeadlineKind::ObjectionReevaluation, DeadlineKind::OfferResponse] {
        decision.deadlines.push(DeadlineChange::Cancel { name: kind.as_str().to_owned() });
    }
    debug_assert!(decision.next.approvals.iter().all(|approval| approval.state != ApprovalState::Pending));
}

/// Logs what the resolution goes by now.
pub(crate) fn log_context(decision: &mut Decision<Resolution>) {
    let next = &decision.next;
    let case = &next.context.facts.case;
    let event = pb::ResolutionContextChanged {
        priority: case.priority.map_or(types::Priority::Unspecified, Into::into).into(),
        category: case.category.map_or(types::Category::Unspecified, Into::into).into(),
        primary_sub_type: case.subtype.clone(),
        media_risk: next.context.media_risk,
        validity: next
            .context
            .facts
            .investigation
            .validity
            .map_or(types::Validity::Unspecified, Into::into)
            .into(),
        waybill_no: next.context.waybill_no.clone(),
        state: next.state.wire().into(),
    };
    log(decision, &event);
}
