//! More time: applied for, decided by a supervisor, and granted only once the customer has been told (M4.3).

use redress_domain::{
    Limit, Rejection, Ruling, Timestamp, Unit, deadline,
    handbook::{self, DeadlineKind, NoticeKey},
};
use redress_proto::{investigation::v1 as pb, time_to_wire};
use serde_json::json;
use uuid::Uuid;

use super::{
    Draft, Setting, calendar_cannot_tell,
    case::{By, Case, Extension, ExtensionState, Person, Stage, Written},
    clock::{self, Clock},
    notices::{self, Values},
    tell,
};

/// What is applied for.
#[derive(Clone, Debug)]
pub struct Application {
    /// Id of the extension.
    pub id: Uuid,
    /// How much; none for as much as handbook and law allow.
    pub limit: Option<Limit>,
    /// Why, as reference.
    pub text_ref: String,
}

/// Applies for more time.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `EXTENSION_NOT_ALLOWED`, `EXTENSION_USED_UP`, `EXTENSION_TOO_LATE`,
/// `EXTENSION_TOO_LONG`.
pub fn apply(
    case: &Case,
    application: Application,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Open])?;
    let (rule, rule_ref) = setting.book.extension();
    allowed(case, rule)?;
    let used = case.extensions.iter().filter(|extension| extension.round == case.round).count();
    if used >= usize::try_from(rule.times_max).unwrap_or(usize::MAX) {
        return Err(Rejection::precondition(
            "EXTENSION_USED_UP",
            format!("an investigation can be extended at most {} time(s)", rule.times_max),
        )
        .with("times_max", rule.times_max.to_string()));
    }
    let (clock, due_at) = running(case, setting)?;
    let limit = fitting(case, clock, due_at, application.limit, rule, setting)?;
    let mut decision = Draft::new(case.clone());
    decision.next.extensions.push(Extension {
        id: application.id,
        round: case.round,
        state: ExtensionState::Requested,
        limit,
        application: Written { text_ref: application.text_ref.clone(), by: by.clone(), at: setting.now },
        decision: None,
        notice_key: String::new(),
        granted_at: None,
    });
    let event = pb::ExtensionRequested {
        extension_id: application.id.to_string(),
        limit: limit.to_string(),
        text_ref: application.text_ref,
    };
    tell(&mut decision, &event);
    let facts = json!({ "priority": case.priority(), "due": due_at, "applied_before": used });
    decision.rulings.push(Ruling::new("extension", rule_ref, limit.to_string(), facts));
    clock::open(&mut decision, DeadlineKind::ExtensionDecision, "", setting.now, setting)?;
    Ok(decision)
}

/// A decision on an application.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Approved; refused otherwise.
    pub approved: bool,
    /// Why, as reference; empty where nothing is said.
    pub text_ref: String,
}

/// Decides the application. Approved, the customer is told first.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `NO_EXTENSION_PENDING`, `OWN_APPLICATION`, `ROLE_NOT_ALLOWED` (by the handbook);
/// for an approval also `EXTENSION_NOT_ALLOWED`, `EXTENSION_TOO_LATE`, `EXTENSION_TOO_LONG`.
pub fn decide(case: &Case, verdict: Verdict, by: &By, setting: &Setting<'_>) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Open, Stage::Paused])?;
    let (rule, rule_ref) = setting.book.extension();
    if !by.roles.iter().any(|role| rule.granted_by.contains(role)) {
        let roles = rule.granted_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        return Err(Rejection::denied("ROLE_NOT_ALLOWED", format!("the handbook lets {roles} decide"))
            .with("roles", roles));
    }
    let mut decision = Draft::new(case.clone());
    let pending = decision
        .next
        .extensions
        .iter_mut()
        .find(|extension| extension.round == case.round && extension.state == ExtensionState::Requested);
    let Some(extension) = pending else {
        return Err(Rejection::precondition(
            "NO_EXTENSION_PENDING",
            "no application for an extension is undecided",
        ));
    };
    if extension.application.by.subject == by.person.subject {
        return Err(Rejection::denied("OWN_APPLICATION", "nobody decides their own application"));
    }
    let mut told = None;
    if verdict.approved {
        allowed(case, rule)?;
        let (clock, due_at) = running(case, setting)?;
        fitting(case, clock, due_at, Some(extension.limit), rule, setting)?;
        extension.notice_key = format!("{}/extension/{}", setting.case_id, extension.id);
        let reason =
            [&verdict.text_ref, &extension.application.text_ref].into_iter().find(|text| !text.is_empty());
        told = Some((
            extension.notice_key.clone(),
            reason.cloned().unwrap_or_default(),
            clock.due_with(extension.limit, setting)?,
        ));
    }
    extension.state = if verdict.approved { ExtensionState::Approved } else { ExtensionState::Refused };
    extension.decision =
        Some(Written { text_ref: verdict.text_ref.clone(), by: by.person.clone(), at: setting.now });
    let limit = extension.limit;
    let event = pb::ExtensionDecided {
        extension_id: extension.id.to_string(),
        verdict: if verdict.approved {
            pb::ExtensionVerdict::Approved
        } else {
            pb::ExtensionVerdict::Refused
        }
        .into(),
        text_ref: verdict.text_ref,
        notice_key: extension.notice_key.clone(),
    };
    tell(&mut decision, &event);
    clock::meet(&mut decision, DeadlineKind::ExtensionDecision.as_str(), setting.now);
    let outcome = if verdict.approved { "approved" } else { "refused" };
    decision.rulings.push(Ruling::new("extension_decision", rule_ref, outcome, json!({ "limit": limit })));
    if let Some((key, reason, due_at)) = told {
        let language = notices::customer_language(case, setting);
        let values = Values::default()
            .with_text("reason", &reason)
            .with("due", due_at.map(|at| setting.date_time(at, language)).unwrap_or_default());
        notices::to_customer(&mut decision, &key, NoticeKey::ExtensionNotice, values, setting);
    }
    Ok(decision)
}

/// The customer was told at `at`: the extension takes effect, unless the limit fell due before. A receipt that is learnt
/// late still counts by when the customer was told. None where it is not about an extension that can still be granted.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn told(
    case: &Case,
    notice_key: &str,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<Option<Draft>, Rejection> {
    let waits = |extension: &Extension| {
        extension.notice_key == notice_key
            && extension.round == case.round
            && matches!(extension.state, ExtensionState::Approved | ExtensionState::Lapsed)
    };
    let (rule, _) = setting.book.extension();
    let unmet = case.clock.as_ref().filter(|clock| clock.met_at.is_none());
    let Some(clock) =
        unmet.filter(|_| case.stage.is_going_on() && rule.priorities.contains(&case.priority()))
    else {
        return Ok(None);
    };
    if clock.due_if_resumed(setting.now, setting)?.is_none_or(|due_at| at > due_at) {
        return Ok(None);
    }
    let mut decision = Draft::new(case.clone());
    let Some(extension) = decision.next.extensions.iter_mut().find(|extension| waits(extension)) else {
        return Ok(None);
    };
    extension.state = ExtensionState::Granted;
    extension.granted_at = Some(at);
    let (id, limit) = (extension.id, extension.limit);
    let mut due_at = None;
    if let Some(clock) = &mut decision.next.clock {
        clock.term.extensions.push(limit);
        due_at = clock.due(setting)?;
    }
    let event = pb::ExtensionGranted {
        extension_id: id.to_string(),
        limit: limit.to_string(),
        told_time: Some(time_to_wire(at)),
        due_time: due_at.map(time_to_wire),
    };
    tell(&mut decision, &event);
    decision
        .deadlines
        .push(redress_domain::DeadlineChange::Extend { name: clock::NAME.to_owned(), by: limit });
    Ok(Some(decision))
}

/// The customer was not told in time, or cannot be told: what was approved comes to nothing. None where nothing is.
pub fn lapsed(case: &Case, notice_key: Option<&str>) -> Option<Draft> {
    let mut decision = Draft::new(case.clone());
    lapse(&mut decision, notice_key);
    (!decision.facts.is_empty()).then_some(decision)
}

/// As [`lapsed`], within a decision.
pub(crate) fn lapse(decision: &mut Draft, notice_key: Option<&str>) {
    let mut lapsed = Vec::new();
    for extension in &mut decision.next.extensions {
        let meant = notice_key.is_none_or(|key| extension.notice_key == key);
        if meant && extension.state == ExtensionState::Approved {
            extension.state = ExtensionState::Lapsed;
            lapsed.push(pb::ExtensionLapsed { extension_id: extension.id.to_string() });
        }
    }
    for event in &lapsed {
        tell(decision, event);
    }
}

/// A raise of the priority may leave no room for an extension that was approved.
pub(crate) fn lapse_where_not_allowed(decision: &mut Draft, setting: &Setting<'_>) {
    let (rule, _) = setting.book.extension();
    if !rule.priorities.contains(&decision.next.priority()) {
        lapse(decision, None);
    }
}

fn allowed(case: &Case, rule: &handbook::Extension) -> Result<(), Rejection> {
    let priority = case.priority();
    if rule.priorities.contains(&priority) {
        return Ok(());
    }
    Err(Rejection::precondition(
        "EXTENSION_NOT_ALLOWED",
        format!("the handbook gives no extension for `{priority}` cases"),
    )
    .with("priority", priority.as_str()))
}

/// The clock that still runs, and when it falls due.
fn running<'c>(case: &'c Case, setting: &Setting<'_>) -> Result<(&'c Clock, Timestamp), Rejection> {
    let too_late = || {
        Rejection::precondition(
            "EXTENSION_TOO_LATE",
            "the limit is met or has fallen due; nothing is left to extend",
        )
    };
    let clock = case.clock.as_ref().filter(|clock| clock.met_at.is_none()).ok_or_else(too_late)?;
    let due_at = clock.due_if_resumed(setting.now, setting)?.filter(|due_at| setting.now < *due_at);
    Ok((clock, due_at.ok_or_else(too_late)?))
}

/// How much more time: what is asked, where handbook and law allow it; without a wish, as much as they do.
fn fitting(
    case: &Case,
    clock: &Clock,
    due_at: Timestamp,
    wish: Option<Limit>,
    rule: &handbook::Extension,
    setting: &Setting<'_>,
) -> Result<Limit, Rejection> {
    let most = rule.at_most.value;
    let latest = clock::due_since_receipt(rule.never_past.value, case, setting)?;
    let end = |limit: Limit| {
        deadline::after(setting.calendar, due_at, limit).map_err(|error| calendar_cannot_tell(&error))
    };
    let fits = |limit: Limit| -> Result<bool, Rejection> {
        let within_law = match (clock.due_with(limit, setting)?, latest) {
            (Some(new_due), Some(latest)) => new_due <= latest,
            _ => true,
        };
        Ok(within_law && !limit.is_zero() && end(limit)? <= end(most)?)
    };
    let candidate = match (wish, latest) {
        (Some(wish), _) => wish,
        (None, _) if fits(most)? => most,
        (None, Some(latest)) => whole_hours(latest - due_at),
        (None, None) => most,
    };
    if fits(candidate)? {
        return Ok(candidate);
    }
    let mut rejection = Rejection::precondition(
        "EXTENSION_TOO_LONG",
        format!("an extension is at most {most} and never past the statutory limit"),
    )
    .with("limit_max", most.to_string());
    if let Some(latest) = latest {
        rejection = rejection.with("latest", latest.to_rfc3339());
    }
    Err(rejection)
}

/// The whole hours of a span, or its whole minutes where it is shorter.
fn whole_hours(span: chrono::TimeDelta) -> Limit {
    let (amount, unit) = match span.num_hours() {
        hours if hours > 0 => (hours, Unit::Hours),
        _ => (span.num_minutes().max(0), Unit::Minutes),
    };
    u32::try_from(amount).ok().and_then(|amount| Limit::new(amount, unit).ok()).unwrap_or_else(Limit::zero)
}
