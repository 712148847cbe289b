//! The problems that a month's figures show (M7.3). Each needs an improvement.

use std::collections::BTreeMap;

use redress_domain::{
    RuleRef,
    handbook::{Handbook, Improvement, Language, Text},
};
use redress_proto::{survey::v1 as pb, types::v1::LocalizedText};

use super::{
    Setting,
    report::{Tally, by_frequency, reaches, share},
    words,
};

/// The problems of a month, the gravest first: what was late, promises broken, what customers were dissatisfied with, what
/// is frequent.
pub fn problems(tally: &Tally, figures: &pb::ReviewFigures, setting: &Setting<'_>) -> Vec<pb::ReviewProblem> {
    let mut problems = late(figures, setting);
    problems.extend(broken_promises(figures, setting));
    problems.extend(low_scores(figures, setting));
    problems.extend(frequent_types(tally, setting));
    problems
}

fn late(figures: &pb::ReviewFigures, setting: &Setting<'_>) -> Vec<pb::ReviewProblem> {
    let late = figures.in_time.iter().filter(|figure| !figure.met);
    late.map(|figure| {
        let name = figure.name.clone().unwrap_or_default();
        let (share, target) = (percent(figure.share), percent(figure.target_share));
        pb::ReviewProblem {
            problem_id: format!("late:{}", figure.figure_id),
            kind: pb::ProblemKind::Late.into(),
            text: Some(LocalizedText {
                zh_cn: format!(
                    "{}：{share}（{}/{}），目标不低于{target}",
                    name.zh_cn, figure.in_time, figure.total
                ),
                en: format!(
                    "{}: {share} ({} of {}), target at least {target}",
                    name.en, figure.in_time, figure.total
                ),
            }),
            measures: general_measures(setting.book),
            rule: figure.rule.clone(),
        }
    })
    .collect()
}

fn broken_promises(figures: &pb::ReviewFigures, setting: &Setting<'_>) -> Option<pb::ReviewProblem> {
    let broken = figures.promises_due - figures.promises_kept;
    (broken > 0).then(|| pb::ReviewProblem {
        problem_id: "broken_promises".to_owned(),
        kind: pb::ProblemKind::BrokenPromises.into(),
        text: Some(LocalizedText {
            zh_cn: format!("对客户的承诺到期{}项，未兑现{broken}项", figures.promises_due),
            en: format!("{broken} of {} promises to customers broken", figures.promises_due),
        }),
        measures: general_measures(setting.book),
        rule: Some(words::rule(&setting.book.review().1)),
    })
}

fn low_scores(figures: &pb::ReviewFigures, setting: &Setting<'_>) -> Vec<pb::ReviewProblem> {
    let mut low: Vec<&pb::ScoreFigure> = figures.scores.iter().filter(|score| score.low).collect();
    low.sort_by_key(|score| score.average_hundredths);
    low.into_iter()
        .map(|score| {
            let question = setting.book.question(&score.question_id).map(|question| &question.text);
            let question =
                |language| question.map_or(score.question_id.as_str(), |text: &Text| text.get(language));
            let average = hundredths(score.average_hundredths);
            pb::ReviewProblem {
                problem_id: format!("low_score:{}", score.question_id),
                kind: pb::ProblemKind::LowScore.into(),
                text: Some(LocalizedText {
                    zh_cn: format!(
                        "“{}”平均{average}分（{}份答卷）",
                        question(Language::ZhCn),
                        score.answers
                    ),
                    en: format!(
                        "\"{}\" {average} on average ({} answers)",
                        question(Language::En),
                        score.answers
                    ),
                }),
                measures: general_measures(setting.book),
                rule: score.rule.clone(),
            }
        })
        .collect()
}

/// Types that are frequent on one line, such as a line whose delays are 30 % of the month; and types that are frequent over
/// all lines where no single line is.
fn frequent_types(tally: &Tally, setting: &Setting<'_>) -> Vec<pb::ReviewProblem> {
    let (review, rule) = setting.book.review();
    let is_frequent = |cases| reaches(cases, tally.received, review.frequent_share_basis_points);
    let classified = || by_frequency(tally).into_iter().filter(|of_type| !of_type.sub_type.is_empty());
    let mut frequent: Vec<(&str, &str, u64)> = classified()
        .filter(|of_type| !of_type.line.is_empty() && is_frequent(of_type.cases))
        .map(|of_type| (of_type.sub_type.as_str(), of_type.line.as_str(), of_type.cases))
        .collect();
    let mut all_lines: BTreeMap<&str, u64> = BTreeMap::new();
    for of_type in classified() {
        *all_lines.entry(&of_type.sub_type).or_default() += of_type.cases;
    }
    all_lines.retain(|sub_type, cases| {
        is_frequent(*cases) && !frequent.iter().any(|(of_line, ..)| of_line == sub_type)
    });
    frequent.extend(all_lines.into_iter().map(|(sub_type, cases)| (sub_type, "", cases)));
    frequent.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    frequent
        .into_iter()
        .map(|(sub_type, line, cases)| frequent_type(sub_type, line, cases, tally.received, &rule, setting))
        .collect()
}

fn frequent_type(
    sub_type: &str,
    line: &str,
    cases: u64,
    received: u64,
    rule: &RuleRef,
    setting: &Setting<'_>,
) -> pb::ReviewProblem {
    let known = setting.book.subtype(sub_type);
    let name = |language| known.map_or(sub_type, |known| known.name.get(language));
    let share = percent(super::count(share(cases, received)));
    let (problem_id, on_line_chinese, on_line) = if line.is_empty() {
        (format!("frequent_type:{sub_type}"), String::new(), String::new())
    } else {
        (format!("frequent_type:{sub_type}:{line}"), format!("线路{line}："), format!(" on line {line}"))
    };
    pb::ReviewProblem {
        problem_id,
        kind: pb::ProblemKind::FrequentType.into(),
        text: Some(LocalizedText {
            zh_cn: format!(
                "{on_line_chinese}“{}”占当月投诉的{share}（{cases}/{received}）",
                name(Language::ZhCn)
            ),
            en: format!(
                "{}{on_line}: {share} of the month's complaints ({cases} of {received})",
                name(Language::En)
            ),
        }),
        measures: setting.book.improvements_for(sub_type).map(id).collect(),
        rule: Some(words::rule(rule)),
    }
}

/// Measures that are against no type in particular.
fn general_measures(book: &Handbook) -> Vec<String> {
    book.survey.improvements.iter().filter(|measure| measure.subtypes.is_empty()).map(id).collect()
}

fn id(measure: &Improvement) -> String {
    measure.id.to_string()
}

/// Hundredths of a percent, such as `30.00 %`.
fn percent(basis_points: i32) -> String {
    format!("{} %", hundredths(basis_points))
}

fn hundredths(number: i32) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}
