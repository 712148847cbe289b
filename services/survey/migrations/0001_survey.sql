-- Survey's query tables: surveys by case and token, what cases add to the months' figures, reviews and improvements.
-- Each row follows from one aggregate's state alone and is written with it.

create table survey (
    survey_id       uuid    primary key,
    case_id         uuid    not null,
    round           integer not null check (round > 0),
    region          text    not null,
    -- SHA-256 of the one-time token, hexadecimal; empty before it is sent.
    token_hash      text    not null,
    -- Local months; absent before.
    sent_month      text,
    responded_month text,
    follow_up_open  boolean not null,
    unique (case_id, round)
);
create unique index survey_by_token on survey (token_hash) where token_hash <> '';
create index survey_by_sent_month on survey (region, sent_month) where sent_month is not null;

create table survey_score (
    survey_id   uuid    not null,
    question_id text    not null,
    region      text    not null,
    month       text    not null,
    score       integer not null,
    primary key (survey_id, question_id)
);
create index survey_score_by_month on survey_score (region, month);

-- What a month's review counts of a case. A month's figures are sums over these rows, whatever order the facts came in.
create table case_figures (
    case_id      uuid        primary key,
    region       text        not null,
    -- Local month in which the complaint was received.
    month        text        not null,
    received_at  timestamptz not null,
    priority     text,
    category     text,
    sub_type     text        not null,
    line         text        not null,
    closed_at    timestamptz,
    closed_month text,
    basis        text
);
create index case_figures_by_month on case_figures (region, month);
create index case_figures_by_closed_month on case_figures (region, closed_month) where closed_month is not null;

create table reopening_figure (
    case_id uuid    not null,
    ordinal integer not null,
    region  text    not null,
    month   text    not null,
    primary key (case_id, ordinal)
);
create index reopening_figure_by_month on reopening_figure (region, month);

create table deadline_figure (
    deadline_id uuid    primary key,
    case_id     uuid    not null,
    region      text    not null,
    -- Local month in which it fell due.
    month       text    not null,
    kind        text    not null,
    basis       text    not null,
    met         boolean not null
);
create index deadline_figure_by_month on deadline_figure (region, month);
create index deadline_figure_by_case on deadline_figure (case_id);

create table payment_figure (
    case_id   uuid   not null,
    remedy_id text   not null,
    region    text   not null,
    -- Local month in which the money arrived.
    month     text   not null,
    currency  text   not null,
    minor     bigint not null,
    primary key (case_id, remedy_id)
);
create index payment_figure_by_month on payment_figure (region, month);

create table review (
    review_id      uuid    primary key,
    region         text    not null,
    month          text    not null,
    published      boolean not null,
    -- Absent where the calendar has no notice of the year in which it falls due.
    publish_due_at timestamptz,
    unique (region, month)
);

create table improvement (
    improvement_id   uuid        primary key,
    region           text        not null,
    month            text        not null,
    state            text        not null check (state in ('planned', 'completed')),
    owner_department text        not null,
    due_at           timestamptz not null
);
create index improvement_by_due on improvement (due_at, improvement_id);
create index improvement_by_month on improvement (region, month);
