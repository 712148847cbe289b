//! Fulfilment in `fulfilment.jsonl`: a line a call, with what it did.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use redress_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::behaviour::{Behaviour, Port};
use super::journal::{Fold, Journal};
use super::outside::{Course, Outside, Standing, beside, check_key};
use crate::{Fulfilment, FulfilmentState, FulfilmentTask, PortError};

const REASONS: [&str; 3] = ["OUT_OF_STOCK", "RECIPIENT_UNREACHABLE", "ADDRESS_NOT_SERVED"];

/// Fulfilment as a file.
pub struct FileFulfilment(Arc<Inner>);

struct Inner {
    outside: Arc<Outside>,
    journal: Journal<Tasks>,
}

/// A task as fulfilment's own books have it, whatever its callers were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRecord {
    /// What was ordered.
    pub task: FulfilmentTask,
    /// Its true state; never `Unknown` or `Absent`.
    pub state: FulfilmentState,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    key: String,
    behaviour: Behaviour,
    /// A new task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<FulfilmentTask>,
    /// How it goes on, from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    course: Option<Course>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear_until: Option<Timestamp>,
}

#[derive(Default)]
struct Tasks {
    tasks: HashMap<String, Task>,
    attempts: HashMap<String, u64>,
    /// In the order of their arrival.
    order: Vec<String>,
}

struct Task {
    task: FulfilmentTask,
    course: Course,
    unclear_until: Option<Timestamp>,
}

impl Fold for Tasks {
    type Entry = Entry;

    fn apply(&mut self, entry: Entry) {
        *self.attempts.entry(entry.key.clone()).or_default() += 1;
        if let Some(task) = self.tasks.get_mut(&entry.key) {
            if let Some(course) = entry.course {
                task.course = course;
            }
            task.unclear_until = entry.unclear_until.or(task.unclear_until);
        } else if let (Some(task), Some(course)) = (entry.task, entry.course) {
            self.order.push(entry.key.clone());
            self.tasks.insert(entry.key, Task { task, course, unclear_until: entry.unclear_until });
        }
    }
}

impl Task {
    fn state(&self, now: Timestamp) -> FulfilmentState {
        match self.course.at(now) {
            Standing::UnderWay => FulfilmentState::Accepted,
            Standing::Done(at) => {
                FulfilmentState::Completed { at, signed_for: self.task.kind.ends_with_signature() }
            }
            Standing::Failed(_, reason) => FulfilmentState::Failed { reason: reason.to_owned() },
        }
    }
}

impl FileFulfilment {
    pub(super) fn open(directory: &Path, outside: Arc<Outside>) -> io::Result<Self> {
        let journal = Journal::open(&directory.join("fulfilment.jsonl"))?;
        Ok(Self(Arc::new(Inner { outside, journal })))
    }

    /// All tasks, as fulfilment's books have them at this time.
    pub async fn tasks(&self) -> Result<Vec<TaskRecord>, PortError> {
        let inner = self.0.clone();
        beside(move || {
            let now = inner.outside.now();
            inner.journal.with(|page| {
                let tasks = page.state().order.iter().filter_map(|key| page.state().tasks.get(key));
                Ok(Ok(tasks
                    .map(|task| TaskRecord { task: task.task.clone(), state: task.state(now) })
                    .collect()))
            })
        })
        .await
    }
}

impl Inner {
    fn order(&self, task: &FulfilmentTask) -> io::Result<Result<FulfilmentState, PortError>> {
        use Behaviour::{Delivered, Down, Dropped, Duplicate, Failed, Lost, Refused, Slow, Unknown};
        let key = task.key.as_str();
        if let Err(error) = check_key(key) {
            return Ok(Err(error));
        }
        self.journal.with(|page| {
            if page.state().tasks.get(key).is_some_and(|known| known.task != *task) {
                return Ok(Err(PortError::key_reused(key)));
            }
            let can: &[Behaviour] = if page.state().tasks.contains_key(key) {
                &[Down, Slow, Lost, Dropped, Unknown, Duplicate]
            } else {
                &[Down, Slow, Lost, Dropped, Unknown, Refused, Failed, Duplicate, Delivered]
            };
            let attempt = page.state().attempts.get(key).copied().unwrap_or(0).to_string();
            let behaviour = self.outside.behaviour(Port::Fulfilment, can, &["order", key, &attempt])?;
            let now = self.outside.now();
            let arrivals = if behaviour == Duplicate { 2 } else { 1 };
            for _ in 0..arrivals {
                let known = page.state().tasks.contains_key(key);
                let takes_on = behaviour.arrives() && behaviour != Refused && !known;
                let delay = task.kind.ends_with_signature().then_some(self.outside.profile.goods);
                page.append(Entry {
                    at: now,
                    key: key.to_owned(),
                    behaviour,
                    task: takes_on.then(|| task.clone()),
                    course: takes_on
                        .then(|| self.outside.course(Port::Fulfilment, delay, behaviour, key, &REASONS)),
                    unclear_until: self.outside.unclear_until(behaviour, key),
                })?;
            }
            let state = page.state().tasks.get(key).map(|task| task.state(now));
            let refusal = || PortError::rejected("REFUSED", "fulfilment does not take this task");
            Ok(behaviour.deliver(state.ok_or_else(refusal)))
        })
    }

    fn ask(&self, key: &str) -> io::Result<Result<FulfilmentState, PortError>> {
        use Behaviour::{Delivered, Down, Failed, Slow, Unknown};
        self.journal.with(|page| {
            let now = self.outside.now();
            let task = page.state().tasks.get(key);
            let under_way = task.is_some_and(|task| task.course.is_open(now));
            let unclear = task.and_then(|task| task.unclear_until).is_some_and(|until| now < until);
            let can: &[Behaviour] =
                if under_way { &[Down, Slow, Unknown, Failed, Delivered] } else { &[Down, Slow, Unknown] };
            let behaviour = self.outside.reading(Port::Fulfilment, can, key)?;
            if matches!(behaviour, Failed | Delivered) {
                let failure = (behaviour == Failed).then(|| self.outside.reason(key, &REASONS));
                page.append(Entry {
                    at: now,
                    key: key.to_owned(),
                    behaviour,
                    task: None,
                    course: Some(Course { settles_at: now, failure }),
                    unclear_until: None,
                })?;
            }
            let state = page.state().tasks.get(key).map(|task| task.state(now));
            Ok(match behaviour {
                Unknown => Ok(FulfilmentState::Unknown),
                Behaviour::Normal if unclear => Ok(FulfilmentState::Unknown),
                _ => behaviour.deliver(Ok(state.unwrap_or(FulfilmentState::Absent))),
            })
        })
    }
}

#[async_trait]
impl Fulfilment for FileFulfilment {
    async fn order(&self, task: &FulfilmentTask) -> Result<FulfilmentState, PortError> {
        let (inner, task) = (self.0.clone(), task.clone());
        beside(move || inner.order(&task)).await
    }

    async fn ask(&self, key: &str) -> Result<FulfilmentState, PortError> {
        let (inner, key) = (self.0.clone(), key.to_owned());
        beside(move || inner.ask(&key)).await
    }
}
