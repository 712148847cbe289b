-- Writes what a case adds to the months' figures, in one round trip.
-- $1: case; $2: region; $3: the case's state, as in its document. Locks the case's own rows.
with reopenings as (
    insert into reopening_figure (case_id, ordinal, region, month)
    select $1, ordinal, $2, month
      from jsonb_array_elements_text($3::jsonb -> 'reopenings') with ordinality as reopening (month, ordinal)
    on conflict do nothing
), running_again as (
    delete from deadline_figure where case_id = $1 and not ($3::jsonb -> 'deadlines') ? deadline_id::text
), deadlines as (
    insert into deadline_figure (deadline_id, case_id, region, month, kind, basis, met)
    select key::uuid, $1, $2, value ->> 'month', value ->> 'kind', value ->> 'basis', (value ->> 'met')::boolean
      from jsonb_each($3::jsonb -> 'deadlines')
    on conflict (deadline_id) do update set month = excluded.month, met = excluded.met
     where (deadline_figure.month, deadline_figure.met) <> (excluded.month, excluded.met)
), payments as (
    insert into payment_figure (case_id, remedy_id, region, month, currency, minor)
    select $1, key, $2, value ->> 'month', value -> 'money' ->> 'currency', (value -> 'money' ->> 'minor')::bigint
      from jsonb_each($3::jsonb -> 'payments')
    on conflict (case_id, remedy_id) do update
       set month = excluded.month, currency = excluded.currency, minor = excluded.minor
     where (payment_figure.month, payment_figure.minor) <> (excluded.month, excluded.minor)
)
insert into case_figures (case_id, region, month, received_at, priority, category, sub_type, line, closed_at,
                          closed_month, basis)
values ($1, $2, $3::jsonb ->> 'month', ($3::jsonb ->> 'received_at')::timestamptz, $3::jsonb ->> 'priority',
        $3::jsonb ->> 'category', $3::jsonb ->> 'sub_type', $3::jsonb ->> 'line',
        ($3::jsonb -> 'closing' ->> 'at')::timestamptz, $3::jsonb -> 'closing' ->> 'month',
        $3::jsonb -> 'closing' ->> 'basis')
on conflict (case_id) do update
   set priority = excluded.priority, category = excluded.category, sub_type = excluded.sub_type,
       line = excluded.line, closed_at = excluded.closed_at, closed_month = excluded.closed_month,
       basis = excluded.basis
