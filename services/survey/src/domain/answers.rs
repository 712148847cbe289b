//! Whether answers are answers to the handbook's questions (M7.2).

use redress_domain::{Rejection, RejectionKind, handbook::Handbook};
use redress_proto::survey::v1::SurveyAnswer;

/// One thing that is wrong.
struct Fault {
    reason: &'static str,
    field: String,
    description: String,
    metadata: Vec<(&'static str, String)>,
}

/// Checks that each question has one answer within its range, and words only where it takes them.
///
/// # Errors
/// `QUESTION_UNKNOWN`, `ANSWERS_INCOMPLETE`, `SCORE_OUT_OF_RANGE` or `INVALID_FIELDS`: the first that applies, with every
/// violation.
pub fn check(given: &[SurveyAnswer], book: &Handbook) -> Result<(), Rejection> {
    let mut faults = unknown(given, book);
    faults.extend(incomplete(given, book));
    faults.extend(out_of_range(given, book));
    faults.extend(unwanted_words(given, book));
    let Some(first) = faults.first() else { return Ok(()) };
    let mut rejection = Rejection::new(
        RejectionKind::Invalid,
        first.reason,
        format!("`{}`: {}", first.field, first.description),
    );
    for (key, value) in &first.metadata {
        rejection = rejection.with(key, value);
    }
    Err(faults.iter().fold(rejection, |rejection, fault| {
        rejection.violation(&fault.field, &fault.description, fault.reason)
    }))
}

fn unknown(given: &[SurveyAnswer], book: &Handbook) -> Vec<Fault> {
    let unknown = given.iter().enumerate().filter(|(_, answer)| book.question(&answer.question_id).is_none());
    unknown
        .map(|(index, answer)| Fault {
            reason: "QUESTION_UNKNOWN",
            field: format!("answers[{index}].question_id"),
            description: format!("the handbook has no question `{}`", answer.question_id),
            metadata: vec![("question_id", answer.question_id.clone())],
        })
        .collect()
}

fn incomplete(given: &[SurveyAnswer], book: &Handbook) -> Vec<Fault> {
    let answers = |id: &str| given.iter().filter(|answer| answer.question_id == id).count();
    let questions = book.questions().iter().filter(|question| answers(&question.id) != 1);
    questions
        .map(|question| Fault {
            reason: "ANSWERS_INCOMPLETE",
            field: "answers".to_owned(),
            description: format!(
                "question `{}` has {} answers; expected one",
                question.id,
                answers(&question.id)
            ),
            metadata: vec![("question_id", question.id.to_string())],
        })
        .collect()
}

fn out_of_range(given: &[SurveyAnswer], book: &Handbook) -> Vec<Fault> {
    let known = given.iter().enumerate().filter_map(|(index, answer)| {
        book.question(&answer.question_id).map(|question| (index, answer, question))
    });
    known
        .filter(|(_, answer, question)| !u32::try_from(answer.score).is_ok_and(|score| question.takes(score)))
        .map(|(index, answer, question)| {
            let (lowest, highest) = (question.score_min.value, question.score_max.value);
            Fault {
                reason: "SCORE_OUT_OF_RANGE",
                field: format!("answers[{index}].score"),
                description: format!("{} is not from {lowest} to {highest}", answer.score),
                metadata: vec![
                    ("question_id", question.id.to_string()),
                    ("lowest", lowest.to_string()),
                    ("highest", highest.to_string()),
                ],
            }
        })
        .collect()
}

fn unwanted_words(given: &[SurveyAnswer], book: &Handbook) -> Vec<Fault> {
    let takes_none =
        |answer: &SurveyAnswer| book.question(&answer.question_id).is_some_and(|known| !known.free_text);
    let unwanted =
        given.iter().enumerate().filter(|(_, answer)| !answer.comment.is_empty() && takes_none(answer));
    unwanted
        .map(|(index, _)| Fault {
            reason: "INVALID_FIELDS",
            field: format!("answers[{index}].comment"),
            description: "this question takes no words".to_owned(),
            metadata: Vec::new(),
        })
        .collect()
}
