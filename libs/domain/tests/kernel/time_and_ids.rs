//! Clocks and identifiers.

use std::collections::HashSet;
use std::sync::Arc;

use redress_domain::{Clock, Ids, RandomIds, SeededIds, SystemClock, VirtualClock};

use crate::at;

#[test]
fn a_virtual_clock_moves_only_forward() {
    let clock = Arc::new(VirtualClock::new(at("2026-03-02T01:00:00Z")));
    assert_eq!(clock.now(), at("2026-03-02T01:00:00Z"));

    clock.advance_to(at("2026-03-02T01:00:00.000001Z"));
    assert_eq!(clock.now(), at("2026-03-02T01:00:00.000001Z"));

    clock.advance_to(at("2026-03-01T00:00:00Z"));
    assert_eq!(clock.now(), at("2026-03-02T01:00:00.000001Z"));
}

#[test]
fn clocks_tell_whole_microseconds() {
    assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
    assert_eq!(
        VirtualClock::new(at("1969-12-31T23:59:59.123456789Z")).now(),
        at("1969-12-31T23:59:59.123456Z")
    );
}

#[test]
fn a_seed_repeats_its_ids_and_another_seed_does_not() {
    let made = |seed| {
        let ids = SeededIds::new(seed);
        (0..1_000).flat_map(|_| [ids.uuid_v4(), ids.uuid_v7(at("2026-03-02T01:00:00Z"))]).collect::<Vec<_>>()
    };
    assert_eq!(made(7), made(7));

    let all: HashSet<_> = (0..20).flat_map(made).collect();
    assert_eq!(all.len(), 40_000);
}

#[test]
fn ids_have_their_version_and_v7_its_time() {
    let moment = at("2026-03-02T01:00:00.789Z");
    let sources: [&dyn Ids; 2] = [&RandomIds, &SeededIds::new(1)];
    for ids in sources {
        assert_eq!(ids.uuid_v4().get_version_num(), 4);
        let id = ids.uuid_v7(moment);
        assert_eq!(id.get_version_num(), 7);
        let milliseconds = id.as_u128() >> 80;
        assert_eq!(i128::try_from(milliseconds).unwrap(), i128::from(moment.timestamp_millis()));
        assert!(ids.uuid_v7(at("2026-03-02T01:00:00.790Z")) > id);
        assert_eq!(ids.uuid_v7(at("1912-01-01T00:00:00.5Z")).as_u128() >> 80, 0);
    }
}
