//! Orders the next behaviours of the ports, for case scripts and tests.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::behaviour::{Behaviour, Port};
use super::journal::{Fold, Journal};

/// Queues of behaviours, one a port, in a file of the directory; every process that has the directory open takes from
/// the same queues.
///
/// A call takes the head of its port's queue if it can behave so, else it leaves the queue alone and behaves as the
/// profile has it: `paid` waits for a `pay` (or an `ask` about money on its way), not for a `reserve`.
#[derive(Clone)]
pub struct Faults(Arc<Journal<Queues>>);

#[derive(Default)]
struct Queues(HashMap<Port, VecDeque<Behaviour>>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Push { port: Port, next: Vec<Behaviour> },
    Take { port: Port },
    Clear,
}

impl Fold for Queues {
    type Entry = Entry;

    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Push { port, next } => self.0.entry(port).or_default().extend(next),
            Entry::Take { port } => {
                self.0.entry(port).or_default().pop_front();
            }
            Entry::Clear => self.0.clear(),
        }
    }
}

/// Why behaviours could not be queued.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// No call of this port can behave so.
    #[error("port `{port}` cannot behave `{behaviour}`")]
    Impossible {
        /// The port.
        port: Port,
        /// The behaviour.
        behaviour: Behaviour,
    },
    /// The file could not be written.
    #[error("failed to write the queue")]
    Io(#[from] io::Error),
}

impl Faults {
    /// Opens the queues of a directory.
    pub fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Journal::open(&directory.join("faults.jsonl"))?)))
    }

    /// Appends to a port's queue.
    pub fn push(&self, port: Port, next: &[Behaviour]) -> Result<(), FaultError> {
        if let Some(&behaviour) = next.iter().find(|&&behaviour| !port.can(behaviour)) {
            return Err(FaultError::Impossible { port, behaviour });
        }
        Ok(self.0.with(|page| page.append(Entry::Push { port, next: next.to_vec() }))?)
    }

    /// What is still queued.
    pub fn pending(&self, port: Port) -> io::Result<Vec<Behaviour>> {
        self.0.with(|page| {
            Ok(page.state().0.get(&port).map(|queue| queue.iter().copied().collect()).unwrap_or_default())
        })
    }

    /// Empties all queues.
    pub fn clear(&self) -> io::Result<()> {
        self.0.with(|page| page.append(Entry::Clear))
    }

    /// Takes the head of the queue if it is one of `can`.
    pub(super) fn take(&self, port: Port, can: &[Behaviour]) -> io::Result<Option<Behaviour>> {
        self.0.with(|page| {
            let head = page.state().0.get(&port).and_then(|queue| queue.front().copied());
            let Some(head) = head.filter(|head| *head == Behaviour::Normal || can.contains(head)) else {
                return Ok(None);
            };
            page.append(Entry::Take { port })?;
            Ok(Some(head))
        })
    }
}
