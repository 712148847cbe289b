-- The next number of day $1. The first of a day writes its base; others wait for that once, then read it.
with drawn as (
    select nextval('case_number_sequence') as n
), opened as (
    insert into case_day (day, base)
    select $1, n - 1 from drawn where not exists (select 1 from case_day where day = $1)
    on conflict (day) do update set base = case_day.base
    returning base
)
select drawn.n - coalesce((select base from opened), (select base from case_day where day = $1)) as sequence
  from drawn
