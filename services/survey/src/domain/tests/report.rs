use redress_domain::{
    DeadlineBasis,
    handbook::{Category, Priority},
};
use redress_proto::survey::v1::{ProblemKind, ReviewFigures, ReviewProblem};

use super::{at, setting};
use crate::domain::{
    problems::problems,
    report::{
        DeadlineTally, Handled, ScoreTally, Tally, TypeTally, average_hundredths, figures, is_low, reaches,
        share,
    },
};

const NOW: &str = "2026-04-08T00:00:00+08:00";

fn review(tally: &Tally) -> (ReviewFigures, Vec<ReviewProblem>) {
    let figures = figures(tally, &setting(NOW)).expect("wall-clock hours need no notice");
    let problems = problems(tally, &figures, &setting(NOW));
    (figures, problems)
}

#[test]
fn shares_and_averages_are_rounded_half_up_for_the_reader_and_compared_before() {
    assert_eq!(
        (share(0, 0), share(1, 3), share(2, 3), share(1, 1), share(1, 20_000)),
        (0, 3_333, 6_667, 10_000, 1)
    );
    assert_eq!(
        (average_hundredths(0, 0), average_hundredths(387, 100), average_hundredths(9, 2)),
        (0, 387, 450)
    );
    assert!(reaches(90, 100, 9_000) && !reaches(89, 100, 9_000) && reaches(0, 0, 9_000));
    assert_eq!((share(89_996, 100_000), reaches(89_996, 100_000, 9_000)), (9_000, false));
    assert!(is_low(399, 100, 400) && !is_low(400, 100, 400) && !is_low(0, 0, 400));
    assert_eq!((average_hundredths(7_995, 2_000), is_low(7_995, 2_000, 400)), (400, true));
}

/// `late` of ten urgent cases took a second more than the limit.
fn urgent_cases(late: i64) -> Tally {
    let received_at = at("2026-03-02T09:00:00+08:00");
    let limit = chrono::Duration::hours(24);
    let case = |index| Handled {
        priority: Priority::Urgent,
        received_at,
        closed_at: Some(received_at + limit + chrono::Duration::seconds(i64::from(index < late))),
    };
    Tally { received: 10, handled: (0..10).map(case).collect(), ..Tally::default() }
}

#[test]
fn the_target_is_met_at_ninety_percent_and_not_below() {
    let (figures, problems) = review(&urgent_cases(1));
    let figure = &figures.in_time[0];
    assert_eq!(figure.figure_id, "urgent_closed");
    assert_eq!(
        (figure.total, figure.in_time, figure.share, figure.target_share, figure.met),
        (10, 9, 9_000, 9_000, true)
    );
    assert_eq!(
        figure.name.as_ref().map(|name| name.en.as_str()),
        Some("urgent complaints closed within 24 h")
    );
    assert!(problems.is_empty());

    let (figures, problems) = review(&urgent_cases(2));
    assert_eq!((figures.in_time[0].share, figures.in_time[0].met), (8_000, false));
    assert_eq!(
        (problems[0].problem_id.as_str(), problems[0].kind()),
        ("late:urgent_closed", ProblemKind::Late)
    );
    assert_eq!(problems[0].measures, ["process_review"]);
}

#[test]
fn an_open_case_is_late_when_its_time_is_over_and_not_before() {
    let open =
        |received: &str| Handled { priority: Priority::Urgent, received_at: at(received), closed_at: None };
    let tally = Tally {
        handled: vec![open("2026-04-07T00:00:00+08:00"), open("2026-04-06T23:59:59+08:00")],
        ..Tally::default()
    };
    let (figures, _) = review(&tally);
    assert_eq!((figures.in_time[0].total, figures.in_time[0].in_time), (1, 0));
}

fn delays(line: &str, cases: u64) -> TypeTally {
    TypeTally { category: Some(Category::ServiceQuality), sub_type: "delay".into(), line: line.into(), cases }
}

#[test]
fn delays_of_one_line_are_a_problem_from_thirty_percent_on() {
    for (cases, expected) in [(30, vec!["frequent_type:delay:SHA-PEK"]), (29, vec![])] {
        let tally = Tally { received: 100, types: vec![delays("SHA-PEK", cases)], ..Tally::default() };
        let (figures, problems) = review(&tally);
        assert_eq!(figures.types[0].share, i32::try_from(cases * 100).expect("fits"));
        let found: Vec<_> = problems.iter().map(|problem| problem.problem_id.as_str()).collect();
        assert_eq!(found, expected);
        for problem in problems {
            assert_eq!(problem.measures, ["line_optimised", "sorters_added", "process_review"]);
            let text = problem.text.expect("in words");
            assert_eq!(text.zh_cn, "线路SHA-PEK：“包裹延误”占当月投诉的30.00 %（30/100）");
        }
    }
}

#[test]
fn a_type_that_is_frequent_on_no_single_line_is_frequent_over_all() {
    let tally = Tally {
        received: 100,
        types: vec![delays("A", 16), delays("B", 15), delays("", 9)],
        ..Tally::default()
    };
    let (figures, problems) = review(&tally);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].problem_id, "frequent_type:delay");
    let lines: Vec<_> = figures.types.iter().map(|figure| (figure.line.as_str(), figure.share)).collect();
    assert_eq!(lines, [("A", 1_600), ("B", 1_500), ("", 900)]);
}

#[test]
fn low_scores_broken_promises_and_late_kinds_are_told() {
    let deadline = |kind: &str, basis, total, met| DeadlineTally { kind: kind.into(), basis, total, met };
    let tally = Tally {
        scores: vec![
            ScoreTally { question_id: "efficiency".into(), answers: 100, sum: 400 },
            ScoreTally { question_id: "solution_reasonable".into(), answers: 100, sum: 399 },
        ],
        deadlines: vec![
            deadline("payment_promise", DeadlineBasis::Promise, 2, 2),
            deadline("apology_promise", DeadlineBasis::Promise, 1, 0),
            deadline("first_response", DeadlineBasis::House, 3, 2),
        ],
        ..Tally::default()
    };
    let (figures, problems) = review(&tally);
    assert_eq!((figures.promises_due, figures.promises_kept, figures.promises_kept_share), (3, 2, 6_667));
    let scores: Vec<_> = figures.scores.iter().map(|score| (score.average_hundredths, score.low)).collect();
    assert_eq!(scores, [(400, false), (399, true)]);
    let first_response =
        figures.in_time.iter().find(|figure| figure.figure_id == "first_response").expect("told");
    assert_eq!(
        (first_response.total, first_response.in_time, first_response.share, first_response.met),
        (3, 2, 6_667, true)
    );
    let found: Vec<_> = problems.iter().map(|problem| problem.problem_id.as_str()).collect();
    assert_eq!(found, ["broken_promises", "low_score:solution_reasonable"]);
}
