-- Investigation's query table. Each row follows from one aggregate's state alone and is written with it.

-- To which case a piece of evidence belongs: it is downloaded by its own id.
create table evidence (
    evidence_id uuid primary key,
    case_id     uuid not null,
    -- SHA-256 of the file, which is its address in the blob store.
    sha256      text not null check (sha256 ~ '^[0-9a-f]{64}$')
);
create index evidence_by_case on evidence (case_id);
