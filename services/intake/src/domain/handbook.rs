//! Which handbook is in force where.

use redress_domain::{Decision, Rejection, RejectionKind, Timestamp};
use redress_proto::{fact, intake::v1 as pb, types::v1 as types};
use serde::{Deserialize, Serialize};

/// A version of a handbook and where it was activated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activation {
    /// Handbook id.
    pub handbook_id: String,
    /// Version.
    pub handbook_version: String,
    /// SHA-256 of its text.
    pub handbook_hash: String,
    /// Every activation, in order.
    pub regions: Vec<ActiveRegion>,
}

/// An activation for one region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActiveRegion {
    /// Region.
    pub region: String,
    /// Order of all activations of all handbooks; the last one whose time has come is in force.
    pub ordinal: i64,
    /// From when on it holds for new cases.
    pub since: Timestamp,
    /// When it was activated.
    pub activated_at: Timestamp,
    /// Calendar id.
    pub calendar_id: String,
    /// SHA-256 of the calendar's text.
    pub calendar_hash: String,
}

/// What is to be activated.
#[derive(Clone, Debug)]
pub struct Activate {
    /// Names and hashes.
    pub policy: types::Policy,
    /// Regions.
    pub regions: Vec<String>,
    /// What it replaces.
    pub replaced: Vec<pb::ReplacedPolicy>,
    /// From when on it holds.
    pub since: Timestamp,
    /// The first free ordinal.
    pub ordinal: i64,
}

impl Activation {
    /// Activates a version for some regions.
    ///
    /// # Errors
    /// `HANDBOOK_VERSION_TAKEN` when this id and version were stored with another text.
    pub fn activate(
        known: Option<&Self>,
        command: Activate,
        now: Timestamp,
    ) -> Result<Decision<Self>, Rejection> {
        let policy = &command.policy;
        let mut next = known.cloned().unwrap_or_default();
        if known.is_some() && next.handbook_hash != policy.handbook_hash {
            return Err(Rejection::new(
                RejectionKind::Exists,
                "HANDBOOK_VERSION_TAKEN",
                format!(
                    "version `{}` of handbook `{}` was stored with another text; raise the version",
                    policy.handbook_version, policy.handbook_id
                ),
            )
            .with("handbook_id", &policy.handbook_id)
            .with("handbook_version", &policy.handbook_version)
            .with("stored_hash", &next.handbook_hash));
        }
        next.handbook_id.clone_from(&policy.handbook_id);
        next.handbook_version.clone_from(&policy.handbook_version);
        next.handbook_hash.clone_from(&policy.handbook_hash);
        for (region, ordinal) in command.regions.iter().zip(command.ordinal..) {
            next.regions.push(ActiveRegion {
                region: region.clone(),
                ordinal,
                since: command.since,
                activated_at: now,
                calendar_id: policy.calendar_id.clone(),
                calendar_hash: policy.calendar_hash.clone(),
            });
        }
        let activated = pb::HandbookActivated {
            policy: Some(command.policy),
            regions: command.regions,
            replaced: command.replaced,
        };
        Ok(Decision::new(next).fact(fact(&activated)))
    }
}
