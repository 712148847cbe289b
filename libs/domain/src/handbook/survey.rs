//! What customers are asked after closing, and what the month's review looks at (M7.2, M7.3).

use super::names::{Id, Ref, kinds};
use super::problem::Report;
use super::read::{BASIS_POINTS, Cite, section};
use super::source::Span;
use super::tables::Placed;
use super::text::Text;
use super::vocabulary::{Channel, ClosingBasis, Priority, Role};
use super::{Handbook, rule_ref};
use crate::{Limit, RuleRef};

section! {
    /// The chapter `[survey]`.
    pub struct Survey {
        /// The ways of ending after which it is sent.
        pub after: Vec<ClosingBasis>,
        /// The channels that it goes by, best first.
        pub channels: Vec<Placed<Channel>>,
        /// What is asked.
        pub questions: Vec<Question>,
        /// What follows a low score.
        pub follow_up: FollowUp,
        /// The monthly review.
        pub review: Review,
        /// Measures of improvement.
        pub improvements: Vec<Improvement>,
    }

    /// A question: `[[survey.questions]]` (M7.2).
    pub struct Question (check_scores) {
        /// Its name in the system.
        pub id: Id<kinds::Question>,
        /// Clause of the source.
        pub cite: Cite,
        /// The question.
        pub text: Text,
        /// The lowest score.
        pub score_min: Placed<u32>,
        /// The highest score.
        pub score_max: Placed<u32>,
        /// A comment in free text may be added.
        pub free_text: bool,
    }

    /// What follows a low score.
    pub struct FollowUp {
        /// Clause of the source.
        pub cite: Cite,
        /// A score below this is low.
        pub score_below: u32,
        /// Who calls the customer back.
        pub role: Role,
    }

    /// What the monthly review looks at (M7.3).
    pub struct Review {
        /// Clause of the source.
        pub cite: Cite,
        /// Who publishes it.
        pub roles: Vec<Role>,
        /// A question whose average is below this, in hundredths of a score, is a low item.
        pub low_item_below_hundredths: u32,
        /// A type with at least this share of the month's complaints is frequent, in basis points.
        pub frequent_share_basis_points: u32,
        /// So many of the most frequent types are shown.
        pub top_types: u32,
        /// The shares handled in time that are aimed at.
        pub targets: Vec<Target>,
    }

    /// A share handled in time that is aimed at: `[[survey.review.targets]]`.
    pub struct Target (check_share) {
        /// Its name in the system.
        pub id: Id<kinds::Target>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// The priority that it is about.
        pub priority: Priority,
        /// Closed within this time from registration.
        pub within: Limit,
        /// The least share, in basis points.
        pub share_basis_points_min: Placed<u32>,
    }

    /// A measure of improvement: `[[survey.improvements]]`.
    pub struct Improvement {
        /// Its name in the system.
        pub id: Id<kinds::Improvement>,
        /// Clause of the source.
        pub cite: Cite,
        /// What is done.
        pub name: Text,
        /// The sub-types that it is against; all if left out.
        pub subtypes: Vec<Ref<kinds::Subtype>>,
        /// It is only complete when those who took part have passed an exam.
        pub exam_required: bool,
    }
}

impl Handbook {
    /// Whether a survey is sent after a way of ending (M7.2).
    #[must_use]
    pub fn surveys_after(&self, basis: ClosingBasis) -> bool {
        self.survey.after.contains(&basis)
    }

    /// The questions of the survey (M7.2).
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.survey.questions
    }

    /// A question, if there is one of this name.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.survey.questions.iter().find(|question| question.id.as_str() == id)
    }

    /// What follows a low score, and the rule for the record.
    #[must_use]
    pub fn follow_up(&self) -> (&FollowUp, RuleRef) {
        (&self.survey.follow_up, rule_ref("survey", "follow_up", &self.survey.follow_up.cite))
    }

    /// What the monthly review looks at, and the rule for the record (M7.3).
    #[must_use]
    pub fn review(&self) -> (&Review, RuleRef) {
        (&self.survey.review, rule_ref("survey", "review", &self.survey.review.cite))
    }

    /// The measures of improvement against a sub-type.
    pub fn improvements_for<'b>(&'b self, subtype: &'b str) -> impl Iterator<Item = &'b Improvement> {
        self.survey.improvements.iter().filter(move |improvement| {
            improvement.subtypes.is_empty()
                || improvement.subtypes.iter().any(|known| known.as_str() == subtype)
        })
    }

    /// A measure of improvement, if there is one of this name.
    #[must_use]
    pub fn improvement(&self, id: &str) -> Option<&Improvement> {
        self.survey.improvements.iter().find(|improvement| improvement.id.as_str() == id)
    }
}

impl Target {
    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("target", &self.id, &self.cite)
    }

    fn check_share(&self, _at: Span, report: &mut Report<'_>) {
        let share = self.share_basis_points_min;
        if share.value > BASIS_POINTS {
            report.add(share.at, format!("{} basis points are more than all", share.value), "at most 10000");
        }
    }
}

impl Question {
    fn check_scores(&self, _at: Span, report: &mut Report<'_>) {
        if self.score_max.value <= self.score_min.value {
            let wrong = format!("the highest score {} is not above the lowest", self.score_max.value);
            report.add(self.score_max.at, wrong, format!("more than {}", self.score_min.value));
        }
    }

    /// Whether a score is one of its scores.
    #[must_use]
    pub const fn takes(&self, score: u32) -> bool {
        self.score_min.value <= score && score <= self.score_max.value
    }

    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("question", &self.id, &self.cite)
    }
}
