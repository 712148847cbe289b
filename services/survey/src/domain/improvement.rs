//! An improvement: a measure against a problem of a review, with an owner and a due date (M7.3).

use redress_domain::{
    DeadlineChange, DeadlineDraft, Decision, Limit, Rejection, RejectionKind, Ruling, Timestamp, Unit,
    handbook::{DeadlineKind, Priority, Role},
};
use redress_proto::{fact, survey::v1 as pb, time_to_wire, types::v1 as types};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Setting, month::Month};

/// An improvement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Improvement {
    /// Month of the review.
    pub month: Month,
    /// What is planned.
    pub plan: Plan,
    /// Whether it ends with an exam that has to be passed.
    pub exam: bool,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// How it was completed; none before.
    #[serde(default)]
    pub completion: Option<Completion>,
}

/// What is planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Problem of the review.
    pub problem_id: String,
    /// Measure of the handbook; empty for one of its own.
    pub measure: String,
    /// What is done, in words.
    pub text: String,
    /// Role that owns it.
    pub owner_role: Role,
    /// Department that owns it; may be empty.
    pub owner_department: String,
    /// Staff member that owns it; may be empty.
    pub owner: String,
    /// When it falls due.
    pub due_at: Timestamp,
}

/// How an improvement was completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// When.
    pub at: Timestamp,
    /// What came of it, in words.
    pub outcome: String,
    /// Whether the exam was passed, where there is one.
    pub exam_passed: bool,
}

/// Plans an improvement for one of `problems`.
///
/// # Errors
/// `PROBLEM_UNKNOWN`, `MEASURE_UNKNOWN`, `INVALID_FIELDS`, `DUE_TIME_PAST`.
pub fn plan(
    id: Uuid,
    month: Month,
    plan: Plan,
    problems: &[pb::ReviewProblem],
    setting: &Setting<'_>,
) -> Result<Decision<Improvement>, Rejection> {
    if !problems.iter().any(|problem| problem.problem_id == plan.problem_id) {
        let message = format!("the review of {month} has no problem `{}`", plan.problem_id);
        return Err(Rejection::not_found("PROBLEM_UNKNOWN", message).with("problem_id", &plan.problem_id));
    }
    let measure = match plan.measure.as_str() {
        "" if plan.text.is_empty() => {
            return Err(Rejection::invalid(
                "INVALID_FIELDS",
                "text",
                "a measure of one's own has to be said in words",
            ));
        }
        "" => None,
        known => Some(setting.book.improvement(known).ok_or_else(|| {
            Rejection::invalid("MEASURE_UNKNOWN", "measure", format!("the handbook has no measure `{known}`"))
                .with("measure", known)
        })?),
    };
    if plan.due_at <= setting.now {
        return Err(Rejection::invalid("DUE_TIME_PAST", "due_time", "is not in the future"));
    }
    let due = due_at(plan.due_at, setting)?;
    let ruling = measure.map(|measure| {
        let rule = redress_domain::RuleRef {
            id: format!("improvement.{}", measure.id),
            cite: measure.cite.as_str().to_owned(),
        };
        Ruling::new("improvement", rule, measure.id.as_str(), json!({ "problem_id": plan.problem_id }))
    });
    let exam = measure.is_some_and(|measure| measure.exam_required);
    let improvement = Improvement { month, plan, exam, planned_at: setting.now, completion: None };
    let event = pb::ImprovementPlanned { improvement: Some(improvement.to_wire(id, setting.region, "")) };
    let mut decision = Decision::new(improvement).fact(fact(&event)).deadline(DeadlineChange::Open(due));
    decision.rulings.extend(ruling);
    Ok(decision)
}

/// When an improvement falls due whose plan names no time: after the handbook's limit from now.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`.
pub fn usual_due(setting: &Setting<'_>) -> Result<Timestamp, Rejection> {
    let deadline = setting.deadline(DeadlineKind::Improvement, Priority::General, setting.now);
    deadline.map(|(_, due_at)| due_at).ok_or_else(|| {
        Rejection::precondition("CALENDAR_CANNOT_TELL", "the calendar cannot tell when it would fall due")
    })
}

/// The handbook's deadline, at the time that the plan names.
fn due_at(at: Timestamp, setting: &Setting<'_>) -> Result<DeadlineDraft, Rejection> {
    let cannot_tell = |error: String| Rejection::precondition("CALENDAR_CANNOT_TELL", error);
    let deadline = setting.book.deadline(DeadlineKind::Improvement);
    let mut draft = deadline
        .draft(Priority::General, "", setting.now, setting.calendar)
        .map_err(|error| cannot_tell(error.to_string()))?;
    // Whole days that reach past the time, cut at the time itself.
    let days = (at - setting.now).num_days().saturating_add(2);
    let days = u32::try_from(days).unwrap_or(u32::MAX);
    draft.limit = Limit::new(days, Unit::Days).map_err(|error| {
        Rejection::new(RejectionKind::Invalid, "INVALID_FIELDS", error.to_string()).violation(
            "due_time",
            "is too far in the future",
            "OUT_OF_RANGE",
        )
    })?;
    draft.not_after = Some(at);
    Ok(draft)
}

impl Improvement {
    /// Completes it.
    ///
    /// # Errors
    /// `STATE_NOT_ALLOWED`; `EXAM_NOT_PASSED` where the measure ends with an exam: back to work only with it passed.
    pub fn complete(
        &self,
        id: Uuid,
        outcome: &str,
        exam_passed: bool,
        setting: &Setting<'_>,
    ) -> Result<Decision<Self>, Rejection> {
        if self.completion.is_some() {
            return Err(Rejection::state("STATE_NOT_ALLOWED", "COMPLETED", &["PLANNED"]));
        }
        if self.exam && !exam_passed {
            let message =
                format!("the measure `{}` ends with an exam, which is not passed", self.plan.measure);
            return Err(Rejection::precondition("EXAM_NOT_PASSED", message)
                .with("measure", &self.plan.measure)
                .unmet("EXAM", &self.plan.measure, "the exam has to be passed"));
        }
        let mut next = self.clone();
        next.completion = Some(Completion {
            at: setting.now,
            outcome: outcome.to_owned(),
            exam_passed: self.exam && exam_passed,
        });
        let event = pb::ImprovementCompleted { improvement: Some(next.to_wire(id, setting.region, "")) };
        let met =
            DeadlineChange::Meet { name: DeadlineKind::Improvement.as_str().to_owned(), at: setting.now };
        Ok(Decision::new(next).fact(fact(&event)).deadline(met))
    }

    /// To the wire. Events carry no etag.
    pub fn to_wire(&self, id: Uuid, region: &str, etag: &str) -> pb::Improvement {
        let plan = &self.plan;
        let state = match self.completion {
            None => pb::ImprovementState::Planned,
            Some(_) => pb::ImprovementState::Completed,
        };
        let completion = self.completion.as_ref();
        pb::Improvement {
            improvement_id: id.to_string(),
            state: state.into(),
            etag: etag.to_owned(),
            region: region.to_owned(),
            month: self.month.to_string(),
            problem_id: plan.problem_id.clone(),
            measure: plan.measure.clone(),
            text: plan.text.clone(),
            exam: self.exam,
            owner_role: types::Role::from(plan.owner_role).into(),
            owner_department: plan.owner_department.clone(),
            owner: plan.owner.clone(),
            due_time: Some(time_to_wire(plan.due_at)),
            outcome: completion.map(|completion| completion.outcome.clone()).unwrap_or_default(),
            complete_time: completion.map(|completion| time_to_wire(completion.at)),
            create_time: Some(time_to_wire(self.planned_at)),
        }
    }
}
