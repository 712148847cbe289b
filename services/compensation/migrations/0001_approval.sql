-- What compensation keeps beside the engine's tables: the approvals by what people ask for. A function of the
-- resolutions' states; no personal data.

create table approval (
    approval_id  uuid        primary key,
    case_id      uuid        not null,
    region       text        not null,
    roles        jsonb       not null,
    state        text        not null,
    requested_at timestamptz not null,
    -- The approval as the resolution has it.
    document     jsonb       not null
);
create index approval_by_case on approval (case_id, requested_at, approval_id);
create index approval_open on approval (requested_at, approval_id) where state = 'pending';
