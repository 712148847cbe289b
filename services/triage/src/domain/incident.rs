//! Group incidents (M3.2): several people complain about the same within the handbook's window.
//!
//! An incident is a chain of complaints about the same, none further than one window from another. A case is part of
//! the group complaint when a window that it lies in has the handbook's number of different people; the others wait
//! in the chain, and those that no window can reach any more drop out of it. People are counted by their pseudonyms:
//! a case whose person is not known is part of the group but adds nobody to it.

use std::collections::BTreeSet;

use redress_domain::{
    Calendar, CalendarError, Decision, RuleRef, Ruling, Timestamp, deadline,
    handbook::{IncidentKey, IncidentRule},
};
use redress_proto::{fact, time_to_wire, triage::v1 as pb};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::words;

/// Cases in one incident; the next complaint begins a new one.
pub const MEMBERS_MAX: usize = 1000;

/// Names the incidents of this suite among all UUIDs.
const NAMESPACE: Uuid = Uuid::from_u128(0x5f0f_3a5e_8f7b_5c55_9d0c_2a6f_6b1e_7d31);

/// What complaints must share to be the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Region.
    pub region: String,
    /// Primary sub-type.
    pub sub_type: String,
    /// Batch or line.
    pub key: IncidentKey,
    /// Which one.
    pub value: String,
}

/// A group incident, under its own revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What its cases share.
    pub key: Key,
    /// Which incident of this key it is, from 1.
    pub sequence: u32,
    /// Cases, by when they were received.
    pub members: Vec<Member>,
    /// People in it: once recognised all of the group, before the most in one window.
    pub people: u32,
    /// When it was recognised as a group complaint.
    #[serde(default)]
    pub recognised_at: Option<Timestamp>,
    /// Rule that it is recognised by.
    pub rule: RuleRef,
}

/// A case in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Case.
    pub case_id: Uuid,
    /// Pseudonym of its person; empty when nothing identifies the person.
    pub person_ref: String,
    /// When the complaint was received.
    pub received_at: Timestamp,
    /// It is part of the group complaint.
    #[serde(default)]
    pub grouped: bool,
    /// It is only linked.
    #[serde(default)]
    pub linked_only: bool,
}

/// What came of a case that looked for its incident.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The incident with the case in it.
    pub next: Incident,
    /// The incident is a new one.
    pub opened: bool,
    /// Cases that became part of the group complaint by this, in the order of their ids.
    pub grouped: Vec<Uuid>,
}

impl Key {
    /// The id of the n-th incident of this key: the same wherever it is computed.
    pub fn incident_id(&self, sequence: u32) -> Uuid {
        let name = json!([self.region, self.sub_type, self.key, self.value, sequence]).to_string();
        Uuid::new_v5(&NAMESPACE, name.as_bytes())
    }

    /// A number by which concurrent registrations of this key wait for each other.
    pub fn lock(&self) -> i64 {
        let (high, _) = self.incident_id(0).as_u64_pair();
        i64::from_be_bytes(high.to_be_bytes())
    }
}

impl Incident {
    /// Its id.
    pub fn id(&self) -> Uuid {
        self.key.incident_id(self.sequence)
    }

    /// Whether it is recognised as a group complaint.
    pub fn is_recognised(&self) -> bool {
        self.recognised_at.is_some()
    }

    /// A member.
    pub fn member(&self, case_id: Uuid) -> Option<&Member> {
        self.members.iter().find(|member| member.case_id == case_id)
    }

    /// The cases that lie with `newcomer` in a window of enough people, and the most people in any window of it.
    fn around(
        &self,
        newcomer: &Member,
        rule: &IncidentRule,
        calendar: &Calendar,
    ) -> Result<(BTreeSet<Uuid>, u32), CalendarError> {
        let mut group = BTreeSet::new();
        let mut most = 0;
        for first in &self.members {
            let end = deadline::after(calendar, first.received_at, rule.window)?;
            if !(first.received_at..=end).contains(&newcomer.received_at) {
                continue;
            }
            let inside =
                self.members.iter().filter(|member| (first.received_at..=end).contains(&member.received_at));
            let people = count_people(inside.clone());
            most = most.max(people);
            if people >= rule.people_min.value {
                group.extend(inside.map(|member| member.case_id));
            }
        }
        Ok((group, most))
    }

    /// Drops what no complaint can lie in one window with any more. Complaints may be learnt out of order, so one
    /// window more is kept.
    fn prune(&mut self, rule: &IncidentRule, calendar: &Calendar) -> Result<(), CalendarError> {
        let Some(latest) = self.members.last().map(|member| member.received_at) else { return Ok(()) };
        let mut kept = Vec::with_capacity(self.members.len());
        for member in self.members.drain(..) {
            let reach = deadline::after(calendar, member.received_at, rule.window)?;
            if member.grouped || deadline::after(calendar, reach, rule.window)? >= latest {
                kept.push(member);
            }
        }
        self.members = kept;
        Ok(())
    }
}

/// Finds the incident of a case: the `latest` of its key where a window reaches from one of its members to the
/// case, else a new one.
pub fn admit(
    latest: Option<&Incident>,
    key: &Key,
    newcomer: Member,
    (rule, rule_ref): (&IncidentRule, &RuleRef),
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Admission, CalendarError> {
    let reached = match latest {
        Some(latest) if latest.members.len() < MEMBERS_MAX => reaches(latest, &newcomer, rule, calendar)?,
        _ => false,
    };
    let (mut next, opened) = match latest.filter(|_| reached) {
        Some(latest) => (latest.clone(), false),
        None => {
            let sequence = latest.map_or(1, |latest| latest.sequence + 1);
            let rule = rule_ref.clone();
            (
                Incident {
                    key: key.clone(),
                    sequence,
                    members: Vec::new(),
                    people: 0,
                    recognised_at: None,
                    rule,
                },
                true,
            )
        }
    };
    let at = next.members.partition_point(|member| member.received_at <= newcomer.received_at);
    next.members.insert(at, newcomer.clone());
    next.prune(rule, calendar)?;
    let (group, most) = next.around(&newcomer, rule, calendar)?;
    let mut grouped = Vec::new();
    for member in next.members.iter_mut().filter(|member| !member.grouped && group.contains(&member.case_id))
    {
        member.grouped = true;
        grouped.push(member.case_id);
    }
    grouped.sort_unstable();
    if !grouped.is_empty() && next.recognised_at.is_none() {
        next.recognised_at = Some(now);
    }
    next.people = if next.is_recognised() {
        count_people(next.members.iter().filter(|member| member.grouped))
    } else {
        most
    };
    Ok(Admission { next, opened, grouped })
}

fn reaches(
    incident: &Incident,
    newcomer: &Member,
    rule: &IncidentRule,
    calendar: &Calendar,
) -> Result<bool, CalendarError> {
    for member in &incident.members {
        let (earlier, later) =
            (member.received_at.min(newcomer.received_at), member.received_at.max(newcomer.received_at));
        if later <= deadline::after(calendar, earlier, rule.window)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn count_people<'m>(members: impl Iterator<Item = &'m Member>) -> u32 {
    let people: BTreeSet<&str> =
        members.map(|member| member.person_ref.as_str()).filter(|person| !person.is_empty()).collect();
    u32::try_from(people.len()).unwrap_or(u32::MAX)
}

/// The decision of an admission, once it is known which of the `grouped` cases are only linked.
pub fn admitted(
    before: Option<&Incident>,
    admission: Admission,
    newcomer: Uuid,
    linked_only: &BTreeSet<Uuid>,
) -> Decision<Incident> {
    let Admission { mut next, opened, grouped } = admission;
    for member in next.members.iter_mut().filter(|member| grouped.contains(&member.case_id)) {
        member.linked_only = linked_only.contains(&member.case_id);
    }
    let incident_id = next.id().to_string();
    let key = words::incident_key(next.key.key).into();
    let member = next.member(newcomer).map(member_to_wire);
    let people = i32::try_from(next.people).unwrap_or(i32::MAX);
    let first = if opened {
        fact(&pb::IncidentOpened {
            incident_id: incident_id.clone(),
            key,
            key_value: next.key.value.clone(),
            primary_sub_type: next.key.sub_type.clone(),
            member,
        })
    } else {
        fact(&pb::IncidentGrew { incident_id: incident_id.clone(), member, people })
    };
    let newly = next.is_recognised() && !before.is_some_and(Incident::is_recognised);
    let mut decision = Decision::new(next.clone()).fact(first);
    if newly {
        let cases = next.members.iter().filter(|member| member.grouped);
        decision = decision
            .fact(fact(&pb::IncidentRecognised {
                incident_id,
                key,
                key_value: next.key.value.clone(),
                primary_sub_type: next.key.sub_type.clone(),
                people,
                case_ids: cases.map(|member| member.case_id.to_string()).collect(),
                rule: Some(words::rule(&next.rule)),
            }))
            .ruling(recognition(&next));
    }
    decision
}

/// The record of a recognition.
pub fn recognition(incident: &Incident) -> Ruling {
    let facts = json!({
        "incident": {
            "id": incident.id(), "people": incident.people, "cases": incident.members.len(),
            "sub_type": incident.key.sub_type, "key": incident.key.key, "value": incident.key.value,
        }
    });
    Ruling::new("incident", incident.rule.clone(), "recognised", facts)
}

/// Lets a case go that is not part of the group complaint; `None` when there is nothing to let go.
pub fn leave(incident: &Incident, case_id: Uuid) -> Option<Decision<Incident>> {
    let member = incident.member(case_id).filter(|member| !member.grouped)?.clone();
    let mut next = incident.clone();
    next.members.retain(|member| member.case_id != case_id);
    if !next.is_recognised() {
        next.people = next.people.min(count_people(next.members.iter()));
    }
    let event = pb::IncidentLeft {
        incident_id: next.id().to_string(),
        member: Some(member_to_wire(&member)),
        people: i32::try_from(next.people).unwrap_or(i32::MAX),
    };
    Some(Decision::new(next).fact(fact(&event)))
}

/// A member for the wire.
pub fn member_to_wire(member: &Member) -> pb::IncidentMember {
    pb::IncidentMember {
        case_id: member.case_id.to_string(),
        person_ref: member.person_ref.clone(),
        received_time: Some(time_to_wire(member.received_at)),
        linked_only: member.linked_only,
    }
}
