//! The ledger (M6.2): what all services' events say about a case. Pure.
//!
//! Each service has a part of its own, which is a fold of that service's log only, in its order. Step, owner, next
//! deadline and money are functions of the five parts. So the row does not depend on how the logs interleave, and
//! nothing here asks the clock or a handbook.

pub mod deadlines;
pub mod details;
pub mod order;
pub mod parts;
pub mod row;
pub mod titles;
pub mod words;

use prost::DecodeError;
use redress_domain::Timestamp;
use redress_proto::{deadlines::v1::DeadlineChanged, intake::v1::CaseStep};
use serde::{Deserialize, Serialize};

use self::{
    deadlines::Deadlines,
    parts::{CompensationPart, IntakePart, InvestigationPart, SurveyPart, TriagePart},
};

/// The services whose logs the ledger reads, in the order of the usual course of a case.
pub const SOURCES: [&str; 5] = ["intake", "triage", "investigation", "compensation", "survey"];

/// Where a service stands in [`SOURCES`].
pub fn source_index(source: &str) -> Option<usize> {
    SOURCES.iter().position(|known| *known == source)
}

/// An event of a case, as the ledger takes it in.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// Service that logged it.
    pub source: &'a str,
    /// Place in that log: generation and number within the case's partition.
    pub position: (i64, i64),
    /// Full name of the payload's message.
    pub kind: &'a str,
    /// Business time.
    pub time: Timestamp,
    /// Region of the case.
    pub region: &'a str,
    /// The message, encoded.
    pub payload: &'a [u8],
}

/// What one service's log says about a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part<S> {
    /// The last event that was folded: generation and number.
    pub position: (i64, i64),
    /// How many events were folded.
    pub events: i64,
    /// Region, as the events state it.
    pub region: String,
    /// Time of the latest event.
    pub changed_at: Option<Timestamp>,
    /// Deadlines that the service keeps for the case.
    pub deadlines: Deadlines,
    /// What is particular to the service.
    pub says: S,
}

/// How a service's own events change its part.
pub trait Fold {
    /// Package of the service's own events, with the final dot.
    const PACKAGE: &'static str;

    /// Takes in the event `name` of [`Fold::PACKAGE`]; events that say nothing for the ledger change nothing.
    ///
    /// # Errors
    /// When the payload is not the message that its name promises.
    fn fold(&mut self, name: &str, payload: &[u8]) -> Result<(), DecodeError>;

    /// The step that this part alone stands for; unspecified where it has nothing to say (any more).
    fn step(&self) -> CaseStep;
}

/// All five parts of a case: the whole of what the ledger knows about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parts {
    /// Front door and registry.
    pub intake: Part<IntakePart>,
    /// Rank and dispatch.
    pub triage: Part<TriagePart>,
    /// Findings.
    pub investigation: Part<InvestigationPart>,
    /// Resolution and money.
    pub compensation: Part<CompensationPart>,
    /// Satisfaction.
    pub survey: Part<SurveyPart>,
}

/// Why an event could not be taken in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The ledger does not read this service's log.
    #[error("`{0}` is no service of the ledger")]
    Source(String),
    /// The payload is not the message that its name promises.
    #[error("payload of `{kind}`: {error}")]
    Payload {
        /// Full name of the message.
        kind: String,
        /// What is wrong.
        error: DecodeError,
    },
}

impl<S: Fold> Part<S> {
    /// Takes in the next event of this part's log. An event that was taken in before changes nothing.
    fn apply(&mut self, event: &Happened<'_>) -> Result<Option<CaseStep>, Refused> {
        if event.position <= self.position {
            return Ok(None);
        }
        let refused = |error| Refused::Payload { kind: event.kind.to_owned(), error };
        if event.kind == DEADLINE_CHANGED {
            let changed: DeadlineChanged = decode(event.payload).map_err(refused)?;
            self.deadlines.fold(&changed.deadline.unwrap_or_default());
        } else if let Some(name) = event.kind.strip_prefix(S::PACKAGE) {
            self.says.fold(name, event.payload).map_err(refused)?;
        }
        self.position = event.position;
        self.events += 1;
        event.region.clone_into(&mut self.region);
        self.changed_at = self.changed_at.max(Some(event.time));
        Ok(Some(self.says.step()))
    }
}

impl Parts {
    /// Takes in an event of any service. Returns the step that its service stands for after it, or `None` when the
    /// event was taken in before.
    ///
    /// # Errors
    /// [`Refused`]: another service, or a payload that cannot be read.
    pub fn apply(&mut self, event: &Happened<'_>) -> Result<Option<CaseStep>, Refused> {
        match event.source {
            "intake" => self.intake.apply(event),
            "triage" => self.triage.apply(event),
            "investigation" => self.investigation.apply(event),
            "compensation" => self.compensation.apply(event),
            "survey" => self.survey.apply(event),
            other => Err(Refused::Source(other.to_owned())),
        }
    }

    /// Events taken in so far.
    pub fn events(&self) -> i64 {
        self.intake.events
            + self.triage.events
            + self.investigation.events
            + self.compensation.events
            + self.survey.events
    }

    /// The step that each service stands for, in the order of [`SOURCES`].
    pub fn standings(&self) -> [CaseStep; 5] {
        [
            self.intake.says.step(),
            self.triage.says.step(),
            self.investigation.says.step(),
            self.compensation.says.step(),
            self.survey.says.step(),
        ]
    }

    /// Where the case stands in its whole life.
    pub fn step(&self) -> CaseStep {
        step(self.standings())
    }

    /// Region of the case.
    pub fn region(&self) -> &str {
        self.each(|part| part.region).into_iter().find(|region| !region.is_empty()).unwrap_or_default()
    }

    /// When the ledger's row last changed.
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.each(|part| part.changed_at).into_iter().max().flatten()
    }

    /// The deadlines of each service, with its name.
    pub fn deadlines(&self) -> impl Iterator<Item = (&'static str, &Deadlines)> {
        SOURCES.into_iter().zip(self.each(|part| part.deadlines))
    }

    fn each<'p, T>(&'p self, of: impl Fn(Common<'p>) -> T) -> [T; 5] {
        [
            of(self.intake.common()),
            of(self.triage.common()),
            of(self.investigation.common()),
            of(self.compensation.common()),
            of(self.survey.common()),
        ]
    }
}

/// What all parts have in common.
struct Common<'p> {
    region: &'p str,
    changed_at: Option<Timestamp>,
    deadlines: &'p Deadlines,
}

impl<S> Part<S> {
    fn common(&self) -> Common<'_> {
        Common { region: &self.region, changed_at: self.changed_at, deadlines: &self.deadlines }
    }
}

/// The step of a case whose services stand at `standings`, in the order of [`SOURCES`].
///
/// The registry leads: an end is an end. In an open case the part that is furthest in the usual course leads; a part
/// that was ended or unsealed for a reopening says nothing until it moves again.
pub fn step([intake, triage, investigation, compensation, survey]: [CaseStep; 5]) -> CaseStep {
    match intake {
        CaseStep::Closed if survey != CaseStep::Unspecified => survey,
        CaseStep::Closed | CaseStep::Refused | CaseStep::Withdrawn => intake,
        _ => [compensation, investigation, triage]
            .into_iter()
            .find(|step| *step != CaseStep::Unspecified)
            .unwrap_or(intake),
    }
}

const DEADLINE_CHANGED: &str = "redress.deadlines.v1.DeadlineChanged";

fn decode<M: prost::Message + Default>(payload: &[u8]) -> Result<M, DecodeError> {
    M::decode(payload)
}

/// A time of an event.
fn time(wire: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    wire.and_then(|time| redress_proto::time_from_wire(time).ok())
}

#[cfg(test)]
mod tests;
