//! The shape of a stored event, its place in the log and its hash.

use redress_domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Partitions of a log: the same number in every service, for ever.
pub const PARTITIONS: i32 = 128;

/// The partition of a case, or of an aggregate that belongs to no case. The same function in every service, so
/// that "has this cause been applied" is one comparison with a cursor.
pub fn partition_of(id: Uuid) -> i32 {
    let digest = Sha256::digest(id.as_bytes());
    i32::from(digest[0]) % PARTITIONS
}

/// Where an event stands in a log: gapless and in commit order within its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Generation of the log.
    pub generation: i64,
    /// Partition.
    pub partition: i32,
    /// Number within the partition, from 1.
    pub n: i64,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Subject of the token, or the service's name.
    pub subject: String,
    /// Role that allowed it.
    pub role: String,
}

/// An event in another log that the decision had seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Service whose log it is.
    pub source: String,
    /// Its position there.
    pub position: Position,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// An event that waits for the end of its transaction to get its position.
#[derive(Clone, Debug)]
pub struct PendingEvent {
    /// Event id.
    pub id: Uuid,
    /// Full protobuf name of the payload.
    pub kind: String,
    /// Kind of the aggregate it is about.
    pub subject_kind: String,
    /// Id of the aggregate.
    pub subject_id: Uuid,
    /// Case, where it belongs to one.
    pub case_id: Option<Uuid>,
    /// Region of the case.
    pub region: String,
    /// Business time.
    pub time: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// W3C trace context of what caused it; may be empty.
    pub traceparent: String,
    /// Handbook under which it was decided.
    pub handbook_hash: String,
    /// Calendar under which it was decided.
    pub calendar_hash: String,
    /// What the decision had seen of other logs.
    pub causes: Vec<Cause>,
    /// Hash of this aggregate's previous event in this service; 32 zero bytes for the first.
    pub previous_hash: Vec<u8>,
    /// Hash of this event; see [`PendingEvent::seal`].
    pub hash: Vec<u8>,
    /// The encoded message.
    pub payload: Vec<u8>,
    /// The change to the aggregate's document; private to this service.
    pub effect: Option<Value>,
}

impl PendingEvent {
    /// Computes the hash from everything public but the position, which is not known yet.
    #[must_use]
    pub fn seal(mut self) -> Self {
        self.hash = chain_hash(&ChainLink {
            previous: &self.previous_hash,
            id: self.id,
            kind: &self.kind,
            subject_kind: &self.subject_kind,
            subject_id: self.subject_id,
            case_id: self.case_id,
            region: &self.region,
            time: self.time,
            actor: &self.actor,
            handbook_hash: &self.handbook_hash,
            calendar_hash: &self.calendar_hash,
            causes: &self.causes,
            payload: &self.payload,
        });
        self
    }
}

/// An event with its place: as read from a log, one's own or another's.
#[derive(Clone, Debug)]
pub struct LoggedEvent {
    /// Service whose log it is.
    pub source: String,
    /// Where it stands.
    pub position: Position,
    /// The event.
    pub event: PendingEvent,
}

impl LoggedEvent {
    /// The case, or the aggregate where there is none: what is held back together.
    pub fn thread(&self) -> Uuid {
        self.event.case_id.unwrap_or(self.event.subject_id)
    }

    /// This event as a cause of others.
    pub fn as_cause(&self) -> Cause {
        Cause { source: self.source.clone(), position: self.position, hash: hex::encode(&self.event.hash) }
    }

    /// Whether the stored hash is the hash of what is stored.
    pub fn is_intact(&self) -> bool {
        self.event.clone().seal().hash == self.event.hash
    }
}

struct ChainLink<'a> {
    previous: &'a [u8],
    id: Uuid,
    kind: &'a str,
    subject_kind: &'a str,
    subject_id: Uuid,
    case_id: Option<Uuid>,
    region: &'a str,
    time: Timestamp,
    actor: &'a Actor,
    handbook_hash: &'a str,
    calendar_hash: &'a str,
    causes: &'a [Cause],
    payload: &'a [u8],
}

fn chain_hash(link: &ChainLink<'_>) -> Vec<u8> {
    let mut hasher = Sha256::new();
    // Every part is preceded by its length, so that no two different events share a byte string.
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(link.previous);
    part(link.id.as_bytes());
    part(link.kind.as_bytes());
    part(link.subject_kind.as_bytes());
    part(link.subject_id.as_bytes());
    part(link.case_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
    part(link.region.as_bytes());
    part(&link.time.timestamp_micros().to_be_bytes());
    part(link.actor.subject.as_bytes());
    part(link.actor.role.as_bytes());
    part(link.handbook_hash.as_bytes());
    part(link.calendar_hash.as_bytes());
    for cause in link.causes {
        part(cause.source.as_bytes());
        part(&cause.position.generation.to_be_bytes());
        part(&cause.position.partition.to_be_bytes());
        part(&cause.position.n.to_be_bytes());
        part(cause.hash.as_bytes());
    }
    part(link.payload);
    hasher.finalize().to_vec()
}
