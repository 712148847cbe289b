-- Triage's query tables. Each row follows from one aggregate's state alone and is written with it.

-- Who has to act on which case, most urgent first.
create table queue (
    case_id     uuid        primary key,
    region      text        not null,
    stage       text        not null check (stage in ('TRIAGED', 'DISPATCHED', 'CONFIRMED', 'ENDED')),
    -- 1 general, 2 important, 3 urgent.
    priority    smallint    not null check (priority between 1 and 3),
    department  text        not null,
    assignee    text        not null,
    lead_roles  jsonb       not null,
    deliverable text        not null,
    due_at      timestamptz
);
create index queue_open on queue (priority desc, due_at, case_id) where stage <> 'ENDED';

-- Incidents by what their cases share; the newest of a key takes the next case.
create table incident (
    incident_id uuid        primary key,
    region      text        not null,
    sub_type    text        not null,
    key         text        not null,
    key_value   text        not null,
    sequence    integer     not null check (sequence > 0),
    recognised  boolean     not null,
    latest_at   timestamptz not null,
    unique (region, sub_type, key, key_value, sequence)
);
create index incident_by_time on incident (latest_at desc, incident_id);
