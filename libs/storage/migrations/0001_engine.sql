-- What every service keeps beside its own tables: aggregates, its event log, cursors in others' logs,
-- request ids, rulings, intents to outside systems, parked events, and the policies cases are pinned to.

create table log_generation (
    only_row   boolean primary key default true check (only_row),
    -- Raised after a restore or a lossy failover; subscribers that see a new one stop and reconcile.
    generation bigint not null check (generation > 0)
);
insert into log_generation (generation) values (1);

-- One row a partition. A transaction that appends locks its partitions here, in order, as its last
-- statement; so positions are gapless and in commit order.
create table log_partition (
    partition integer primary key check (partition between 0 and 127),
    head      bigint  not null default 0 check (head >= 0)
) with (fillfactor = 10);
insert into log_partition (partition) select generate_series(0, 127);

create table event (
    partition     integer     not null,
    n             bigint      not null,
    id            uuid        not null unique,
    type          text        not null,
    subject_kind  text        not null,
    subject_id    uuid        not null,
    case_id       uuid,
    region        text        not null,
    time          timestamptz not null,
    actor         jsonb       not null,
    traceparent   text        not null,
    handbook_hash text        not null,
    calendar_hash text        not null,
    causes        jsonb       not null,
    previous_hash bytea       not null,
    hash          bytea       not null,
    payload       bytea       not null,
    -- Private to this service: the change to the aggregate's document, so that state is a fold of the log.
    effect        jsonb,
    primary key (partition, n)
);
create index event_by_case on event (case_id, partition, n) where case_id is not null;
create index event_by_subject on event (subject_kind, subject_id, partition, n);

create table aggregate (
    kind          text        not null,
    id            uuid        not null,
    case_id       uuid,
    region        text        not null,
    handbook_hash text        not null,
    calendar_hash text        not null,
    revision      bigint      not null check (revision > 0),
    -- The state, and the positions in other logs that it has seen.
    document      jsonb       not null,
    -- Hash of the last event of this aggregate in this service.
    chain         bytea       not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    primary key (kind, id)
);
create index aggregate_by_case on aggregate (case_id) where case_id is not null;

create table cursor (
    source     text    not null,
    partition  integer not null,
    generation bigint  not null,
    n          bigint  not null check (n >= 0),
    primary key (source, partition)
);

create table request (
    caller     text        not null,
    method     text        not null,
    request_id text        not null,
    body_hash  bytea       not null,
    case_id    uuid,
    response   bytea       not null,
    at         timestamptz not null,
    primary key (caller, method, request_id)
);
create index request_by_case on request (case_id) where case_id is not null;

create table ruling (
    event_id      uuid        not null,
    ordinal       integer     not null,
    case_id       uuid,
    at            timestamptz not null,
    subject       text        not null,
    rule_id       text        not null,
    cite          text        not null,
    handbook_hash text        not null,
    outcome       text        not null,
    facts         jsonb       not null,
    primary key (event_id, ordinal)
);
create index ruling_by_case on ruling (case_id, at, event_id, ordinal);

create table intent (
    id             uuid        primary key,
    kind           text        not null,
    key            text        not null unique,
    aggregate_kind text        not null,
    aggregate_id   uuid        not null,
    case_id        uuid,
    region         text        not null,
    payload        jsonb       not null,
    state          text        not null check (state in ('open', 'done')),
    attempts       integer     not null default 0,
    next_at        timestamptz not null,
    last_error     text        not null default '',
    traceparent    text        not null,
    created_at     timestamptz not null
);
create index intent_open on intent (next_at) where state = 'open';

create table parked_event (
    source    text        not null,
    partition integer     not null,
    n         bigint      not null,
    case_id   uuid,
    subject_id uuid       not null,
    event     bytea       not null,
    reason    text        not null,
    detail    text        not null,
    attempts  integer     not null default 0,
    parked_at timestamptz not null,
    ordinal   bigint      generated always as identity,
    primary key (source, partition, n)
);
create index parked_event_by_subject on parked_event (coalesce(case_id, subject_id), ordinal);

create table policy (
    hash text primary key,
    kind text not null check (kind in ('handbook', 'calendar')),
    name text not null,
    text text not null
);
