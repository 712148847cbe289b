//! The figures of a month, from what its cases add up to (M7.3). Whole numbers only: shares are hundredths of a percent,
//! averages hundredths of a score, both rounded half up for the reader. Whether a target is met is told from the counts
//! before rounding, so that 89.996 % is not 90 %.

use redress_domain::{
    DeadlineBasis, Money, Rejection, Timestamp,
    deadline::after,
    handbook::{Category, ClosingBasis, DeadlineKind, Priority, Target},
};
use redress_proto::{survey::v1 as pb, types::v1 as types};
use serde::Deserialize;

use super::{Setting, count, words};

/// All basis points there are.
const WHOLE: u64 = 10_000;

/// What the cases and surveys of a region add up to in a month; what the store counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Cases received in the month.
    pub received: u64,
    /// Cases closed in the month, whenever they were received.
    pub closed: u64,
    /// Cases received in the month and not closed now.
    pub open: u64,
    /// Cases reopened in the month.
    pub reopened: u64,
    /// Received cases by type and line.
    pub types: Vec<TypeTally>,
    /// Received cases by priority.
    pub priorities: Vec<PriorityTally>,
    /// Closed cases by how they ended.
    pub ends: Vec<EndTally>,
    /// Received cases of the priorities that have a target.
    pub handled: Vec<Handled>,
    /// Deadlines that fell due in the month and have ended.
    pub deadlines: Vec<DeadlineTally>,
    /// Answers of the month.
    pub scores: Vec<ScoreTally>,
    /// Surveys sent in the month.
    pub surveys_sent: u64,
    /// Of these, answered.
    pub surveys_responded: u64,
    /// Money that arrived in the month.
    pub paid: Vec<Money>,
}

/// Cases of a type on a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TypeTally {
    /// Category; none before triage.
    pub category: Option<Category>,
    /// Primary sub-type; empty before triage.
    pub sub_type: String,
    /// Line; empty where it is not known.
    pub line: String,
    /// Cases.
    pub cases: u64,
}

/// Cases of a priority.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PriorityTally {
    /// Priority; none before triage.
    pub priority: Option<Priority>,
    /// Cases.
    pub cases: u64,
}

/// Cases with an end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EndTally {
    /// How they ended.
    pub basis: Option<ClosingBasis>,
    /// Cases.
    pub cases: u64,
}

/// How long a case took.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Handled {
    /// Its priority.
    pub priority: Priority,
    /// When it was received.
    pub received_at: Timestamp,
    /// When it was closed; none while it is not.
    pub closed_at: Option<Timestamp>,
}

/// Deadlines of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DeadlineTally {
    /// Kind.
    pub kind: String,
    /// What it rests on.
    pub basis: DeadlineBasis,
    /// How many.
    pub total: u64,
    /// Of these, met.
    pub met: u64,
}

/// Answers to a question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ScoreTally {
    /// Question.
    pub question_id: String,
    /// Answers.
    pub answers: u64,
    /// Sum of their scores.
    pub sum: u64,
}

/// A share, in hundredths of a percent, rounded half up; 0 of nothing.
pub fn share(part: u64, whole: u64) -> u64 {
    rounded(part.saturating_mul(WHOLE), whole)
}

/// An average, in hundredths, rounded half up; 0 of nothing.
pub fn average_hundredths(sum: u64, number: u64) -> u64 {
    rounded(sum.saturating_mul(100), number)
}

/// Whether `part` of `whole` is at least so many basis points of it, before rounding.
pub fn reaches(part: u64, whole: u64, basis_points: u32) -> bool {
    part.saturating_mul(WHOLE) >= whole.saturating_mul(basis_points.into())
}

/// Whether the average is below so many hundredths, before rounding. Nothing has no average.
pub fn is_low(sum: u64, number: u64, below_hundredths: u32) -> bool {
    number > 0 && sum.saturating_mul(100) < number.saturating_mul(below_hundredths.into())
}

fn rounded(numerator: u64, denominator: u64) -> u64 {
    if denominator == 0 {
        0
    } else {
        (numerator.saturating_mul(2) + denominator) / denominator.saturating_mul(2)
    }
}

/// The figures of a month as of `setting.now`, by the targets of the setting's handbook.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL` when a target counts working time in a year without notice.
pub fn figures(tally: &Tally, setting: &Setting<'_>) -> Result<pb::ReviewFigures, Rejection> {
    let (promises, others): (Vec<_>, Vec<_>) =
        tally.deadlines.iter().partition(|deadline| deadline.basis == DeadlineBasis::Promise);
    let promises_due: u64 = promises.iter().map(|promise| promise.total).sum();
    let promises_kept: u64 = promises.iter().map(|promise| promise.met).sum();
    let mut in_time = Vec::new();
    for target in &setting.book.survey.review.targets {
        in_time.push(target_figure(target, &tally.handled, setting)?);
    }
    in_time.extend(deadline_figures(&others, setting));
    Ok(pb::ReviewFigures {
        received: count(tally.received),
        closed: count(tally.closed),
        open: count(tally.open),
        reopened: count(tally.reopened),
        types: type_figures(tally, setting),
        priorities: priority_figures(tally),
        ends: end_figures(tally),
        in_time,
        scores: score_figures(tally, setting),
        surveys_sent: count(tally.surveys_sent),
        surveys_responded: count(tally.surveys_responded),
        promises_due: count(promises_due),
        promises_kept: count(promises_kept),
        promises_kept_share: count(share(promises_kept, promises_due)),
        paid: tally.paid.iter().map(|money| (*money).into()).collect(),
    })
}

/// Types with their lines, the most frequent first; equally frequent ones in a fixed order.
pub fn by_frequency(tally: &Tally) -> Vec<&TypeTally> {
    let mut types: Vec<&TypeTally> = tally.types.iter().collect();
    types.sort_by(|a, b| {
        b.cases
            .cmp(&a.cases)
            .then_with(|| (a.category, &a.sub_type, &a.line).cmp(&(b.category, &b.sub_type, &b.line)))
    });
    types
}

fn type_figures(tally: &Tally, setting: &Setting<'_>) -> Vec<pb::TypeFigure> {
    let shown = usize::try_from(setting.book.survey.review.top_types).unwrap_or(usize::MAX);
    by_frequency(tally)
        .into_iter()
        .take(shown)
        .map(|of_type| pb::TypeFigure {
            category: of_type.category.map_or(types::Category::Unspecified, Into::into).into(),
            sub_type: of_type.sub_type.clone(),
            line: of_type.line.clone(),
            cases: count(of_type.cases),
            share: count(share(of_type.cases, tally.received)),
        })
        .collect()
}

fn priority_figures(tally: &Tally) -> Vec<pb::PriorityFigure> {
    let mut priorities: Vec<&PriorityTally> = tally.priorities.iter().collect();
    let wire = |priority: Option<Priority>| priority.map_or(types::Priority::Unspecified, Into::into);
    priorities.sort_by_key(|of_priority| std::cmp::Reverse(i32::from(wire(of_priority.priority))));
    priorities
        .into_iter()
        .map(|of_priority| pb::PriorityFigure {
            priority: wire(of_priority.priority).into(),
            cases: count(of_priority.cases),
        })
        .collect()
}

fn end_figures(tally: &Tally) -> Vec<pb::EndFigure> {
    let mut ends: Vec<&EndTally> = tally.ends.iter().collect();
    ends.sort_by_key(|end| (std::cmp::Reverse(end.cases), end.basis));
    ends.into_iter()
        .map(|end| pb::EndFigure {
            basis: end.basis.map_or(types::ClosingBasis::Unspecified, Into::into).into(),
            cases: count(end.cases),
        })
        .collect()
}

/// Cases of a priority closed within a limit from receipt. One that is open still counts once its time is over: late, and
/// not before.
fn target_figure(
    target: &Target,
    handled: &[Handled],
    setting: &Setting<'_>,
) -> Result<pb::InTimeFigure, Rejection> {
    let (mut total, mut in_time) = (0, 0);
    for case in handled.iter().filter(|case| case.priority == target.priority) {
        let due_at = after(setting.calendar, case.received_at, target.within)
            .map_err(|error| Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string()))?;
        match case.closed_at {
            Some(closed_at) => {
                total += 1;
                in_time += u64::from(closed_at <= due_at);
            }
            None => total += u64::from(due_at < setting.now),
        }
    }
    let least = target.share_basis_points_min.value;
    Ok(pb::InTimeFigure {
        figure_id: target.id.to_string(),
        name: Some(words::text(&target.name)),
        total: count(total),
        in_time: count(in_time),
        share: count(share(in_time, total)),
        target_share: count(least),
        met: reaches(in_time, total, least),
        rule: Some(words::rule(&target.rule_ref())),
    })
}

fn deadline_figures(deadlines: &[&DeadlineTally], setting: &Setting<'_>) -> Vec<pb::InTimeFigure> {
    let of_kind = |kind: &DeadlineKind| {
        let of_kind = || deadlines.iter().filter(|deadline| deadline.kind == kind.as_str());
        let total: u64 = of_kind().map(|deadline| deadline.total).sum();
        let met: u64 = of_kind().map(|deadline| deadline.met).sum();
        let deadline = setting.book.deadline(*kind);
        (total > 0).then(|| pb::InTimeFigure {
            figure_id: kind.as_str().to_owned(),
            name: Some(words::text(&deadline.rule().name)),
            total: count(total),
            in_time: count(met),
            share: count(share(met, total)),
            target_share: 0,
            met: true,
            rule: Some(words::rule(&deadline.rule_ref())),
        })
    };
    DeadlineKind::ALL.iter().filter_map(of_kind).collect()
}

fn score_figures(tally: &Tally, setting: &Setting<'_>) -> Vec<pb::ScoreFigure> {
    let below = setting.book.survey.review.low_item_below_hundredths;
    let (_, rule) = setting.book.review();
    let figure = |question_id: &str| {
        let of_question = tally.scores.iter().find(|score| score.question_id == question_id);
        let (answers, sum) = of_question.map_or((0, 0), |score| (score.answers, score.sum));
        pb::ScoreFigure {
            question_id: question_id.to_owned(),
            answers: count(answers),
            average_hundredths: count(average_hundredths(sum, answers)),
            low: is_low(sum, answers, below),
            rule: Some(words::rule(&rule)),
        }
    };
    let asked = setting.book.questions().iter().map(|question| question.id.as_str());
    // A question that was asked under an earlier version of the handbook still counts.
    let earlier = tally
        .scores
        .iter()
        .map(|score| score.question_id.as_str())
        .filter(|question_id| setting.book.question(question_id).is_none());
    asked.chain(earlier).map(figure).collect()
}
