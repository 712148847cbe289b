-- The ledger: the read model over the event logs of all services. A function of those logs alone, however they
-- interleave: it can be built anew from them at any time. No personal data; enums are kept as their wire numbers.

-- A row a case.
create table ledger (
    case_id          uuid primary key,
    -- What each service's own log says: five folds. Everything else in the row is derived from them.
    parts            jsonb       not null default '{}',
    -- Events taken in.
    events           bigint      not null default 0,
    -- False until the registration itself has been learnt of.
    registered       boolean     not null default false,
    region           text        not null default '',
    state            integer     not null default 0,
    step             integer     not null default 0,
    priority         integer     not null default 0,
    category         integer     not null default 0,
    primary_sub_type text        not null default '',
    waybill_no       text        not null default '',
    incident_id      text        not null default '',
    owner_department text        not null default '',
    person_ref       text        not null default '',
    external_id      text        not null default '',
    received_at      timestamptz,
    next_due_at      timestamptz
);
create index ledger_by_region on ledger (region, case_id);
create index ledger_by_due on ledger (next_due_at) where next_due_at is not null;
create index ledger_by_step on ledger (step, case_id);
create index ledger_by_department on ledger (owner_department, case_id) where owner_department <> '';
create index ledger_by_waybill on ledger (waybill_no) where waybill_no <> '';
create index ledger_by_incident on ledger (incident_id) where incident_id <> '';
create index ledger_by_person on ledger (person_ref) where person_ref <> '';
create index ledger_by_external_id on ledger (external_id) where external_id <> '';

-- A row an event of a case, as its log has it.
create table timeline (
    source        text        not null,
    partition     integer     not null,
    n             bigint      not null,
    generation    bigint      not null,
    event_id      uuid        not null,
    case_id       uuid        not null,
    time          timestamptz not null,
    type          text        not null,
    subject_kind  text        not null,
    subject_id    uuid        not null,
    actor         jsonb       not null,
    handbook_hash text        not null,
    -- Rules that decided it.
    rules         jsonb       not null,
    -- What its decision had seen of other logs: pairs of service and number in the same partition.
    causes        jsonb       not null,
    -- The step that its service stood for after it.
    standing      integer     not null,
    payload       bytea       not null,
    primary key (source, partition, n)
);
create index timeline_by_case on timeline (case_id, source, n);
