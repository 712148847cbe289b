-- Deadlines: the row decides, Redis only says when to look.
create table deadline (
    id             uuid        primary key,
    aggregate_kind text        not null,
    aggregate_id   uuid        not null,
    case_id        uuid,
    region         text        not null,
    name           text        not null,
    kind           text        not null,
    basis          text        not null check (basis in ('house', 'statute', 'promise', 'action')),
    state          text        not null check (state in ('pending', 'met', 'missed', 'cancelled')),
    starts_at      timestamptz not null,
    -- Absent while a pause is open.
    due_at         timestamptz,
    -- When to look next: a warning, the due time, or a rung of the ladder. Absent: never again.
    next_at        timestamptz,
    -- The whole deadline, with pauses, extensions and ladder progress.
    document       jsonb       not null,
    -- Hash of its last event in the log.
    chain          bytea       not null
);
create unique index deadline_one_pending on deadline (aggregate_kind, aggregate_id, name) where state = 'pending';
create index deadline_by_aggregate on deadline (aggregate_kind, aggregate_id, name);
create index deadline_by_case on deadline (case_id, due_at) where case_id is not null;
create index deadline_to_look_at on deadline (next_at) where next_at is not null;
