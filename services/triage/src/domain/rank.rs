//! How urgent a case is (M3.2), and what follows from that: the dispatch, and reports of risks that are new.

use redress_domain::{
    Decision, Fact, Rejection, Ruling, Timestamp,
    handbook::{CaseFacts, Facts, Handbook, NoticeKey, Priority, RiskRule, Signal},
};
use redress_proto::{fact, time_to_wire, triage::v1 as pb, types::v1 as types};

use super::{
    Setting,
    case::{Case, Origin, RaisedSignal, Suggestion},
    classify, dispatch, rule_fails, words,
};

/// Why a case is ranked.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// What happened.
    pub trigger: pb::TriageTrigger,
    /// A reason given by staff, as text reference.
    pub text_ref: String,
    /// The priority may go down as well: a supervisor said so. Otherwise it only ever rises.
    pub may_lower: bool,
    /// Intake saw it first, and reports the risks that it brings.
    pub seen_by_intake: bool,
    /// Facts that come before the ranking, such as the signal behind it.
    pub lead: Vec<Fact>,
    /// Rulings that come before it, such as the classification.
    pub rulings: Vec<Ruling>,
}

impl Occasion {
    /// An occasion that only raises.
    pub fn new(trigger: pb::TriageTrigger) -> Self {
        Self {
            trigger,
            text_ref: String::new(),
            may_lower: false,
            seen_by_intake: false,
            lead: Vec::new(),
            rulings: Vec::new(),
        }
    }

    /// An occasion that intake saw first.
    pub fn seen_by_intake(trigger: pb::TriageTrigger) -> Self {
        Self { seen_by_intake: true, ..Self::new(trigger) }
    }
}

/// Ranks and dispatches `draft`, whose facts have changed since `before`; `None` the first time.
pub fn rank(
    before: Option<&Case>,
    mut draft: Case,
    occasion: Occasion,
    setting: &Setting<'_>,
) -> Result<Decision<Case>, Rejection> {
    let mut facts = draft.facts(setting);
    let (computed, rule) = setting.book.priority(&facts).map_err(|error| rule_fails(&error))?;
    let previous = before.map(|case| case.priority);
    let holds = previous.is_some_and(|previous| previous > computed) && !occasion.may_lower;
    let mut rulings = occasion.rulings;
    if !holds {
        draft.priority = computed;
        draft.priority_rule = rule.clone();
        rulings.push(Ruling::new("priority", rule, computed.as_str(), facts.to_json()));
    }
    let raised = previous.is_some_and(|previous| draft.priority > previous);
    draft.round += 1;
    facts.case.priority = Some(draft.priority);
    let handover = dispatch::hand_over(&mut draft, &facts, raised, setting)?;
    rulings.extend(handover.ruling);

    let mut stated = occasion.lead;
    let raise_time = raised.then_some(setting.now);
    let triaged = triaged(&draft, previous, occasion.trigger, &occasion.text_ref, raise_time);
    stated.push(fact(&triaged).into());
    stated.extend(handover.facts);
    stated.extend(new_risks(before, &draft, occasion.seen_by_intake, setting)?);
    let mut decision = Decision::new(draft);
    decision.facts = stated;
    decision.deadlines = handover.deadlines;
    decision.rulings = rulings;
    Ok(decision)
}

fn triaged(
    case: &Case,
    previous: Option<Priority>,
    trigger: pb::TriageTrigger,
    text_ref: &str,
    raise_time: Option<Timestamp>,
) -> pb::CaseTriaged {
    pb::CaseTriaged {
        priority: words::priority(case.priority).into(),
        previous_priority: previous.map(words::priority).unwrap_or_default().into(),
        category: words::category(case.classification.category).into(),
        primary_sub_type: case.classification.primary.clone(),
        further_sub_types: case.classification.further.clone(),
        priority_rules: vec![words::rule(&case.priority_rule)],
        signals: case.signals.iter().map(|signal| words::signal_kind(signal.kind).into()).collect(),
        media_risk: case.has(Signal::Media),
        regulator: case.has(Signal::Regulator),
        suggestion: case.suggestion.as_ref().map(|suggestion| suggestion_to_wire(suggestion, case)),
        trigger: trigger.into(),
        round: i32::try_from(case.round).unwrap_or(i32::MAX),
        raise_time: raise_time.map(time_to_wire),
        text_ref: text_ref.to_owned(),
        incident_id: case
            .incident
            .as_ref()
            .map(|incident| incident.incident_id.to_string())
            .unwrap_or_default(),
    }
}

/// Staff are told of risks that hold now and did not before (M2.3b). What intake saw first it reports itself, except what
/// only triage can see: the incident, and what the words say the case is about.
fn new_risks(
    before: Option<&Case>,
    case: &Case,
    seen_by_intake: bool,
    setting: &Setting<'_>,
) -> Result<Vec<Fact>, Rejection> {
    let mut reported = before.map(|before| before.facts(setting)).unwrap_or_default();
    if seen_by_intake {
        let (earlier, now) = (reported, case.facts(setting));
        let classified = CaseFacts {
            category: earlier.case.category,
            subtype: earlier.case.subtype,
            types: earlier.case.types,
            ..now.case
        };
        reported = Facts { incident: earlier.incident, case: classified, ..now };
    }
    let reported = risks(setting.book, &reported)?;
    let holding = risks(setting.book, &case.facts(setting))?;
    let fresh = holding
        .into_iter()
        .filter(|risk| !reported.iter().any(|known| known.id.as_str() == risk.id.as_str()));
    Ok(fresh.map(|risk| report(risk, case, setting)).collect())
}

fn risks<'b>(book: &'b Handbook, facts: &Facts) -> Result<Vec<&'b RiskRule>, Rejection> {
    book.risks(facts).map_err(|error| rule_fails(&error))
}

fn report(risk: &RiskRule, case: &Case, setting: &Setting<'_>) -> Fact {
    let name = risk.name.get(setting.book.language).to_owned();
    fact(&types::NoticeRequested {
        notice_key: format!("{}/risk_report/{}/{}", setting.case_id, risk.id, case.round),
        notice: NoticeKey::RiskReport.as_str().to_owned(),
        audience: Some(types::Audience {
            roles: vec![words::role(risk.audience).into()],
            ..Default::default()
        }),
        parameters: [("risks".to_owned(), name)].into(),
        rule: Some(words::rule(&risk.rule_ref())),
        ..Default::default()
    })
    .into()
}

/// A suggestion for the wire.
pub fn suggestion_to_wire(suggestion: &Suggestion, case: &Case) -> pb::Suggestion {
    pb::Suggestion {
        category: words::category(suggestion.category).into(),
        primary_sub_type: suggestion.primary.clone(),
        further_sub_types: suggestion.further.clone(),
        reasons: suggestion
            .reasons
            .iter()
            .map(|reason| pb::SuggestionReason {
                sub_type: reason.sub_type.clone(),
                rule: Some(words::rule(&reason.rule)),
                text_ref: reason.text_ref.clone(),
                from_offset: i32::try_from(reason.from).unwrap_or(i32::MAX),
                until_offset: i32::try_from(reason.until).unwrap_or(i32::MAX),
            })
            .collect(),
        adopted: classify::is_adopted(suggestion, &case.classification),
    }
}

/// A signal for the wire.
pub fn signal_to_wire(signal: &RaisedSignal) -> types::Signal {
    types::Signal {
        kind: words::signal_kind(signal.kind).into(),
        origin: match signal.origin {
            Origin::Unknown => types::SignalOrigin::Unspecified,
            Origin::Registration => types::SignalOrigin::Registration,
            Origin::Text => types::SignalOrigin::Text,
            Origin::Staff => types::SignalOrigin::Staff,
            Origin::Facts => types::SignalOrigin::Facts,
        }
        .into(),
        rule: signal.rule.as_ref().map(words::rule),
        text_ref: signal.text_ref.clone(),
        from_offset: signal.from,
        until_offset: signal.until,
        time: Some(time_to_wire(signal.at)),
    }
}
