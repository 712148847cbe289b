//! A month's review in a region: open while its figures still change, published by its deadline, frozen from then on.

use redress_domain::{
    CalendarError, DeadlineChange, Decision, Ruling, Timestamp,
    handbook::{DeadlineKind, Priority},
};
use redress_proto::{fact, survey::v1 as pb, time_to_wire};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{NAMESPACE, Setting, month::Month};

/// A month's review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Month.
    pub month: Month,
    /// When it is published; none where the calendar has no notice of that year yet.
    pub publish_due_at: Option<Timestamp>,
    /// What was published; none before.
    #[serde(default)]
    pub published: Option<Published>,
}

/// A published review. Facts that are learnt later change nothing of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// The event, as logged.
    #[serde(with = "as_logged")]
    pub event: pb::ReviewPublished,
}

/// The id of a review; the same whenever it is computed.
pub fn id_of(region: &str, month: Month) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("review/{region}/{month}").as_bytes())
}

/// A month's review begins.
///
/// # Errors
/// [`CalendarError::OutOfRange`] for a month at the end of time.
pub fn open(month: Month, setting: &Setting<'_>) -> Result<Decision<Review>, CalendarError> {
    opened(Review { month, publish_due_at: None, published: None }, setting)
}

/// Sets when the review is published: so long after the month's end, or after now where it begins later than that, so
/// that what is brought in of an old month is counted before it is frozen.
fn opened(review: Review, setting: &Setting<'_>) -> Result<Decision<Review>, CalendarError> {
    let start = review.month.end(setting.calendar)?.max(setting.now);
    let publication = setting.deadline(DeadlineKind::ReviewPublication, Priority::General, start);
    let publish_due_at = publication.as_ref().map(|(_, due_at)| *due_at);
    let event = pb::ReviewOpened {
        region: setting.region.to_owned(),
        month: review.month.to_string(),
        publish_due_time: publish_due_at.map(time_to_wire),
    };
    let mut decision = Decision::new(Review { publish_due_at, ..review }).fact(fact(&event));
    decision.deadlines.extend(publication.map(|(draft, _)| DeadlineChange::Open(draft)));
    Ok(decision)
}

impl Review {
    /// It goes by other rules from now on, those of `setting`. None once it is published.
    ///
    /// # Errors
    /// As [`open`].
    pub fn moved(&self, setting: &Setting<'_>) -> Result<Option<Decision<Self>>, CalendarError> {
        if self.published.is_some() {
            return Ok(None);
        }
        opened(self.clone(), setting).map(Some)
    }

    /// It is published by its deadline, which fell due at `due_at`. None when it was before.
    pub fn publish(
        &self,
        figures: pb::ReviewFigures,
        problems: Vec<pb::ReviewProblem>,
        due_at: Timestamp,
        setting: &Setting<'_>,
    ) -> Option<Decision<Self>> {
        if self.published.is_some() {
            return None;
        }
        let (rules, rule) = setting.book.review();
        let ruling = Ruling::new(
            "review",
            rule,
            if problems.is_empty() { "no_problem" } else { "problems" },
            json!({
                "problems": problems.iter().map(|problem| &problem.problem_id).collect::<Vec<_>>(),
                "low_item_below_hundredths": rules.low_item_below_hundredths,
                "frequent_share_basis_points": rules.frequent_share_basis_points,
            }),
        );
        let event = pb::ReviewPublished {
            region: setting.region.to_owned(),
            month: self.month.to_string(),
            figures: Some(figures),
            problems,
        };
        let logged = fact(&event);
        let next = Self { published: Some(Published { at: setting.now, event }), ..self.clone() };
        let met =
            DeadlineChange::Meet { name: DeadlineKind::ReviewPublication.as_str().to_owned(), at: due_at };
        Some(Decision::new(next).fact(logged).ruling(ruling).deadline(met))
    }
}

/// A published review is kept in the contract's own encoding, hexadecimal: exactly what was logged.
mod as_logged {
    use prost::Message as _;
    use redress_proto::survey::v1::ReviewPublished;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        event: &ReviewPublished,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(event.encode_to_vec()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ReviewPublished, D::Error> {
        let bytes = hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        ReviewPublished::decode(bytes.as_slice()).map_err(D::Error::custom)
    }
}
