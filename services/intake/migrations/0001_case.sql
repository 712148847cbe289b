-- What intake keeps beside the engine's tables: rows by which cases are found, personal data and texts apart from
-- them, who read a text, the rules in force by region, and the copy of others' facts that closing asks first.

-- Cases by what people ask for. A function of the case's state; no personal data.
create table case_index (
    case_id      uuid primary key,
    case_number  text        not null unique,
    region       text        not null,
    person_ref   text        not null,
    external_id  text        not null,
    waybill_no   text        not null,
    batch        text        not null,
    line         text        not null,
    problem_type text        not null,
    received_at  timestamptz not null
);
create index case_index_by_person on case_index (person_ref, received_at) where person_ref <> '';
create index case_index_by_external_id on case_index (external_id) where external_id <> '';
create index case_index_by_batch on case_index (region, batch, received_at) where batch <> '';
create index case_index_by_line on case_index (region, line, received_at) where line <> '';

-- Case numbers: one sequence for all days, so that drawing a number blocks nobody; a day begins at its base.
create sequence case_number_sequence;
create table case_day (
    day  date   primary key,
    base bigint not null
);

-- Personal: the customer of a case, as given. Never in events, documents or logs.
create table customer (
    case_id           uuid primary key,
    person_ref        text    not null,
    name              text    not null,
    phone             text    not null,
    email             text    not null,
    account           text    not null,
    sender_address    text    not null,
    recipient_address text    not null,
    company           text    not null,
    payee_account     text    not null,
    customer_ref      text    not null,
    corporate         boolean not null,
    conversation      text    not null
);
create index customer_by_person on customer (person_ref) where person_ref <> '';

-- Personal: every free text that people type, for all services.
create table text (
    text_ref   uuid        primary key,
    case_id    uuid,
    region     text        not null,
    purpose    text        not null,
    language   text        not null,
    author     text        not null,
    -- Null once the person was erased.
    words      text,
    created_at timestamptz not null
);
create index text_by_case on text (case_id) where case_id is not null;

-- Who read which text, and what for. Only ever appended to.
create table text_access (
    id           bigint      generated always as identity primary key,
    text_ref     uuid        not null,
    reader       text        not null,
    role         text        not null,
    purpose      text        not null,
    on_behalf_of text        not null,
    at           timestamptz not null
);
create index text_access_by_text on text_access (text_ref, id);

-- Which rules are in force for new cases of a region, from when on. A function of the handbook's activations.
create table active_policy (
    region           text        not null,
    ordinal          bigint      not null unique,
    since            timestamptz not null,
    activated_at     timestamptz not null,
    handbook_id      text        not null,
    handbook_version text        not null,
    handbook_hash    text        not null,
    calendar_id      text        not null,
    calendar_hash    text        not null,
    primary key (region, ordinal)
);
create index active_policy_by_hash on active_policy (handbook_hash);

-- Facts of other services that the closing gate asks for, as their events told them. A read model, like the ledger.
create table closing_copy (
    case_id uuid  primary key,
    facts   jsonb not null
);

-- Closings under way: one at a time for a case. A row that its process left behind is taken up by its intent.
create table closing_attempt (
    case_id   uuid        primary key,
    attempt   uuid        not null,
    intent_id uuid        not null,
    at        timestamptz not null
);
