//! The order of a timeline: by time, and what caused something before what it caused.
//!
//! Events of one instant are common: a chain of reactions takes no business time on a virtual clock. Their order
//! follows from each log's own order and from what each decision had seen of other logs, never from the order in
//! which the ledger learnt of them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use redress_domain::Timestamp;
use redress_proto::intake::v1::CaseStep;

/// An event of a case, as far as its place in the timeline goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// Service, as its index in [`super::SOURCES`].
    pub source: usize,
    /// Number in that service's log.
    pub n: i64,
    /// Business time.
    pub time: Timestamp,
    /// Numbers of the events of other logs that its decision had seen, by service index.
    pub causes: Vec<(usize, i64)>,
    /// The step that its service stood for after it.
    pub standing: CaseStep,
}

/// The indices of `occurrences` in the order of the timeline. All of them belong to one case, and so to one partition.
pub fn in_order(occurrences: &[Occurrence]) -> Vec<usize> {
    let mut by_place: Vec<((usize, i64), usize)> =
        occurrences.iter().enumerate().map(|(index, event)| ((event.source, event.n), index)).collect();
    by_place.sort_unstable();
    let places: BTreeMap<(usize, i64), usize> = by_place.iter().copied().collect();

    let mut waits_for = vec![0_usize; occurrences.len()];
    let mut lets_go: Vec<Vec<usize>> = vec![Vec::new(); occurrences.len()];
    let mut after = |earlier: usize, later: usize| {
        if let (Some(lets_go), Some(waits_for)) = (lets_go.get_mut(earlier), waits_for.get_mut(later)) {
            lets_go.push(later);
            *waits_for += 1;
        }
    };
    for pair in by_place.windows(2) {
        if let [((source, _), earlier), ((next_source, _), later)] = pair
            && source == next_source
        {
            after(*earlier, *later);
        }
    }
    for (index, event) in occurrences.iter().enumerate() {
        // A cause that is not here yet, or belongs to another case, orders nothing.
        for cause in event.causes.iter().filter(|cause| cause.0 != event.source) {
            if let Some(earlier) = places.get(cause) {
                after(*earlier, index);
            }
        }
    }

    let key = |index: usize| occurrences.get(index).map(|event| (event.time, event.source, event.n, index));
    let mut ready: BinaryHeap<_> = waits_for
        .iter()
        .enumerate()
        .filter(|(_, waits_for)| **waits_for == 0)
        .filter_map(|(index, _)| key(index).map(Reverse))
        .collect();
    let mut ordered = Vec::with_capacity(occurrences.len());
    while let Some(Reverse((_, _, _, index))) = ready.pop() {
        ordered.push(index);
        for later in lets_go.get(index).into_iter().flatten() {
            if let Some(waits_for) = waits_for.get_mut(*later) {
                *waits_for -= 1;
                if *waits_for == 0 {
                    ready.extend(key(*later).map(Reverse));
                }
            }
        }
    }
    // Causes run in no circle, unless a log was tampered with; then its events are still shown.
    let circular = waits_for
        .iter()
        .enumerate()
        .filter(|(_, waits_for)| **waits_for > 0)
        .filter_map(|(index, _)| key(index));
    let mut circular: Vec<_> = circular.collect();
    circular.sort_unstable();
    ordered.extend(circular.into_iter().map(|(_, _, _, index)| index));
    ordered
}

/// For each of `ordered`, the step to which the case came by it; unspecified where it stayed.
pub fn steps(occurrences: &[Occurrence], ordered: &[usize]) -> Vec<CaseStep> {
    let mut standings = [CaseStep::Unspecified; 5];
    let mut before = CaseStep::Unspecified;
    ordered
        .iter()
        .map(|index| {
            if let Some(event) = occurrences.get(*index)
                && let Some(standing) = standings.get_mut(event.source)
            {
                *standing = event.standing;
            }
            let step = super::step(standings);
            if step == before {
                return CaseStep::Unspecified;
            }
            before = step;
            step
        })
        .collect()
}
