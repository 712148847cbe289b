//! What happens to a case elsewhere: events of the other services, deadlines, its incident.

use redress_domain::{
    DeadlineChange, Decision, Rejection, Timestamp,
    handbook::{ClosingBasis, DeadlineKind, DispatchMode, Signal},
};
use redress_proto::{
    fact, intake::v1 as intake, time_from_wire, time_to_wire, triage::v1 as pb, types::v1 as types,
};

use super::{
    Setting,
    case::{Case, Classifier, Membership, Origin, RaisedSignal, Stage, Suggestion},
    classify,
    commands::{Revision, with_signals},
    dispatch,
    incident::{Incident, recognition},
    known::{Known, Order},
    rank::{self, Occasion},
    words,
};

/// A new case, as registered, with what its text points to.
pub fn registered(facts: &intake::CaseFacts, read: Option<Suggestion>, setting: &Setting<'_>) -> Revision {
    let known = Known::from_wire(facts, setting.book.currency, setting.now);
    let (classification, ruling) = classify::classify(setting.book, &known, read.as_ref());
    let default = &setting.book.triage.default_priority;
    let mut draft = Case {
        stage: Stage::Triaged,
        known,
        suggestion: None,
        priority: default.priority,
        priority_rule: ruling.rule.clone(),
        signals: signals_of(facts, setting),
        classification,
        incident: None,
        dispatch: None,
        progress_reports: Vec::new(),
        round: 0,
        offers: 0,
        reopenings: 0,
        ended_as: None,
        closed: false,
    };
    suggest(&mut draft, read);
    let mut occasion = Occasion::seen_by_intake(pb::TriageTrigger::Registered);
    occasion.rulings.push(ruling);
    Revision { draft, occasion }
}

/// The order became known, or is confirmed unknown.
pub fn order_known(case: &Case, order: &types::OrderFacts, setting: &Setting<'_>) -> Option<Revision> {
    let mut draft = still_going(case)?;
    draft.known.order = Order::from_wire(order, setting.book.currency);
    Some(Revision { draft, occasion: Occasion::seen_by_intake(pb::TriageTrigger::OrderFacts) })
}

/// What registration recorded was added to or corrected. What staff or findings classified stays.
pub fn amended(
    case: &Case,
    facts: &intake::CaseFacts,
    read: Option<Suggestion>,
    setting: &Setting<'_>,
) -> Option<Revision> {
    let mut draft = still_going(case)?;
    draft.known = Known::from_wire(facts, setting.book.currency, case.known.received_at);
    let mut occasion = Occasion::seen_by_intake(pb::TriageTrigger::Amended);
    let fresh = unknown_yet(case, signals_of(facts, setting));
    draft.signals.extend(fresh);
    let read = read.or_else(|| case.suggestion.clone());
    if matches!(case.classification.by, Classifier::Registration | Classifier::Text) {
        let (classification, ruling) = classify::classify(setting.book, &draft.known, read.as_ref());
        draft.classification = classification;
        occasion.rulings.push(ruling);
    }
    suggest(&mut draft, read);
    Some(Revision { draft, occasion })
}

/// The customer said something; `None` when it carries no signal that is new.
pub fn message_received(case: &Case, signals: &[types::Signal], setting: &Setting<'_>) -> Option<Revision> {
    let signals = signals.iter().filter_map(|signal| signal_from_wire(signal, setting.now)).collect();
    let fresh = unknown_yet(&still_going(case)?, signals);
    (!fresh.is_empty()).then(|| {
        let mut revision = with_signals(case, fresh);
        revision.occasion.seen_by_intake = true;
        revision
    })
}

/// The case is open again: it is handed over anew, and what was offered before does not count any more.
pub fn reopened(case: &Case, reopenings: u32) -> Option<Revision> {
    if reopenings <= case.reopenings {
        return None;
    }
    let mut draft = case.clone();
    draft.stage = Stage::Triaged;
    draft.dispatch = None;
    draft.offers = 0;
    draft.reopenings = reopenings;
    draft.ended_as = None;
    draft.closed = false;
    Some(Revision { draft, occasion: Occasion::new(pb::TriageTrigger::Reopened) })
}

/// The findings correct the primary sub-type; `None` where they leave it, or name one that the handbook does not have.
pub fn concluded(case: &Case, corrected_sub_type: &str, setting: &Setting<'_>) -> Option<Revision> {
    let mut draft = still_going(case)?;
    let primary = setting.book.subtype(corrected_sub_type)?;
    if case.classification.primary == corrected_sub_type {
        return None;
    }
    let further = case.classification.further.iter().cloned();
    draft.classification = classify::classification(setting.book, primary, further, Classifier::Findings);
    let mut occasion = Occasion::new(pb::TriageTrigger::Findings);
    occasion.rulings.push(classify::ruling(&draft.classification, primary.rule_ref(), &draft.known));
    Some(Revision { draft, occasion })
}

/// A resolution was offered.
pub fn offered(case: &Case) -> Option<Decision<Case>> {
    let mut next = still_going(case)?;
    next.offers += 1;
    let offers = i32::try_from(next.offers).unwrap_or(i32::MAX);
    Some(Decision::new(next).fact(fact(&pb::OfferNoted { offers })))
}

/// The case was refused or withdrawn (`closed` is false), or closed: nothing is owed any more.
pub fn ended(case: &Case, basis: Option<ClosingBasis>, closed: bool) -> Option<Decision<Case>> {
    if case.stage == Stage::Ended && (case.closed || !closed) {
        return None;
    }
    let mut next = case.clone();
    next.stage = Stage::Ended;
    next.ended_as = basis.or(case.ended_as);
    next.closed = closed;
    let told = if closed { next.ended_as } else { None };
    let open = next.dispatch.as_mut().filter(|dispatch| dispatch.delivered_at.is_none()).map(|dispatch| {
        dispatch.overdue_at = None;
        DeadlineChange::Cancel { name: dispatch.deliverable.as_str().to_owned() }
    });
    let mut decision =
        Decision::new(next).fact(fact(&pb::TriageEnded { basis: words::basis_to_wire(told).into() }));
    if case.stage != Stage::Ended {
        decision.deadlines.extend(open);
    }
    Some(decision)
}

/// A progress report arrived. Where progress is what is owed, it is there; a front-line agent who has not confirmed
/// the case has so taken it.
pub fn progress_delivered(
    case: &Case,
    notice_key: &str,
    at: Timestamp,
    proof: types::DeliveryProof,
) -> Option<Decision<Case>> {
    let mut next = case.clone();
    let report = next
        .progress_reports
        .iter_mut()
        .find(|report| report.notice_key == notice_key && report.delivered_at.is_none())?;
    report.delivered_at = Some(at);
    let by = report.by.clone();
    let told = pb::ProgressDelivered {
        notice_key: notice_key.to_owned(),
        delivery_time: Some(time_to_wire(at)),
        proof: proof.into(),
    };
    let mut met = None;
    let mut confirmed = false;
    if let Some(dispatch) = next.dispatch.as_mut().filter(|dispatch| owes_progress(dispatch)) {
        dispatch.delivered_at = Some(at);
        dispatch.overdue_at = None;
        met = Some(DeadlineChange::Meet { name: dispatch.deliverable.as_str().to_owned(), at });
        confirmed = next.stage == Stage::Dispatched && dispatch.mode == DispatchMode::FrontLine;
        if confirmed {
            dispatch.contact = by;
            dispatch.confirmed_at = Some(at);
            next.stage = Stage::Confirmed;
        }
    }
    let confirmation = pb::DispatchConfirmed { dispatch: next.dispatch.as_ref().map(dispatch::to_wire) };
    let mut decision = Decision::new(next).fact(fact(&told));
    if confirmed {
        decision = decision.fact(fact(&confirmation));
    }
    decision.deadlines.extend(met);
    Some(decision)
}

fn owes_progress(dispatch: &super::case::Dispatch) -> bool {
    dispatch.deliverable == DeadlineKind::Progress && dispatch.delivered_at.is_none()
}

/// The deliverable of the dispatch was not there in time; the queue shows it until it is.
pub fn overdue(case: &Case, kind: &str, due_at: Timestamp) -> Option<Decision<Case>> {
    let mut next = still_going(case)?;
    let dispatch = next
        .dispatch
        .as_mut()
        .filter(|dispatch| dispatch.deliverable.as_str() == kind && dispatch.delivered_at.is_none())?;
    dispatch.overdue_at = Some(due_at);
    let event = pb::DispatchOverdue { deliverable: kind.to_owned(), due_time: Some(time_to_wire(due_at)) };
    Some(Decision::new(next).fact(fact(&event)))
}

/// Gives a case its place in an incident. Says so in the occasion when the place is a new one.
pub fn join(revision: &mut Revision, incident: &Incident, setting: &Setting<'_>) {
    let draft = &mut revision.draft;
    let recognised = incident.member(setting.case_id).is_some_and(|member| member.grouped);
    let membership = Membership {
        incident_id: incident.id(),
        key: incident.key.key,
        key_value: incident.key.value.clone(),
        recognised,
        linked_only: recognised && draft.is_only_linked(),
        people: incident.people,
    };
    revision.occasion.lead.push(
        fact(&pb::CaseJoinedIncident {
            incident_id: membership.incident_id.to_string(),
            key: words::incident_key(membership.key).into(),
            key_value: membership.key_value.clone(),
            recognised,
            linked_only: membership.linked_only,
            people: i32::try_from(membership.people).unwrap_or(i32::MAX),
        })
        .into(),
    );
    if recognised {
        revision.occasion.rulings.push(recognition(incident));
    }
    draft.incident = Some(membership);
}

/// Its incident became a group complaint, and the case is part of it. What was offered or has ended is only linked.
pub fn grouped(case: &Case, incident: &Incident, setting: &Setting<'_>) -> Result<Decision<Case>, Rejection> {
    let mut revision = Revision { draft: case.clone(), occasion: Occasion::new(pb::TriageTrigger::Incident) };
    join(&mut revision, incident, setting);
    if case.is_only_linked() {
        let mut decision = Decision::new(revision.draft);
        decision.facts = revision.occasion.lead;
        decision.rulings = revision.occasion.rulings;
        return Ok(decision);
    }
    rank::rank(Some(case), revision.draft, revision.occasion, setting)
}

/// The case, unless it has ended: then nothing is ranked any more until it is reopened.
fn still_going(case: &Case) -> Option<Case> {
    (case.stage != Stage::Ended).then(|| case.clone())
}

/// Keeps a suggestion that says more than the classification, or that the case was classified by.
fn suggest(draft: &mut Case, read: Option<Suggestion>) {
    draft.suggestion = read.filter(|read| {
        classify::is_adopted(read, &draft.classification) || classify::says_more(read, &draft.classification)
    });
}

fn unknown_yet(case: &Case, signals: Vec<RaisedSignal>) -> Vec<RaisedSignal> {
    let mut fresh: Vec<RaisedSignal> = Vec::new();
    for signal in signals {
        if !case.has(signal.kind) && !fresh.iter().any(|known| known.kind == signal.kind) {
            fresh.push(signal);
        }
    }
    fresh
}

fn signals_of(facts: &intake::CaseFacts, setting: &Setting<'_>) -> Vec<RaisedSignal> {
    let mut signals: Vec<RaisedSignal> = Vec::new();
    for signal in facts.signals.iter().filter_map(|signal| signal_from_wire(signal, setting.now)) {
        if !signals.iter().any(|known| known.kind == signal.kind) {
            signals.push(signal);
        }
    }
    if facts.regulator_appeal.is_some() && !signals.iter().any(|signal| signal.kind == Signal::Regulator) {
        let (_, rule) = setting.book.signal(Signal::Regulator);
        signals.push(RaisedSignal {
            kind: Signal::Regulator,
            origin: Origin::Registration,
            rule: Some(rule),
            text_ref: String::new(),
            from: 0,
            until: 0,
            at: setting.now,
        });
    }
    signals
}

fn signal_from_wire(signal: &types::Signal, otherwise: Timestamp) -> Option<RaisedSignal> {
    Some(RaisedSignal {
        kind: words::signal(signal.kind())?,
        origin: match signal.origin() {
            types::SignalOrigin::Unspecified => Origin::Unknown,
            types::SignalOrigin::Registration => Origin::Registration,
            types::SignalOrigin::Text => Origin::Text,
            types::SignalOrigin::Staff => Origin::Staff,
            types::SignalOrigin::Facts => Origin::Facts,
        },
        rule: signal
            .rule
            .as_ref()
            .map(|rule| redress_domain::RuleRef { id: rule.id.clone(), cite: rule.cite.clone() }),
        text_ref: signal.text_ref.clone(),
        from: signal.from_offset,
        until: signal.until_offset,
        at: signal.time.as_ref().and_then(|at| time_from_wire(at).ok()).unwrap_or(otherwise),
    })
}
