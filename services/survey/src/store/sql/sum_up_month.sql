-- What the cases and surveys of a region add up to in a month, as one JSON object. One statement, so that all of it is of
-- one moment. $1: region; $2: month, "2026-03"; $3: the priorities that have a target, a JSON list. Takes no locks.
with received as (
    select * from case_figures where region = $1 and month = $2
), closed as (
    select * from case_figures where region = $1 and closed_month = $2
), sent as (
    select * from survey where region = $1 and sent_month = $2
)
select jsonb_build_object(
    'received', (select count(*) from received),
    'open', (select count(*) from received where closed_at is null),
    'closed', (select count(*) from closed),
    'reopened', (select count(distinct case_id) from reopening_figure where region = $1 and month = $2),
    'types', (select coalesce(jsonb_agg(t), '[]')
                from (select category, sub_type, line, count(*) as cases from received group by 1, 2, 3) t),
    'priorities', (select coalesce(jsonb_agg(t), '[]')
                     from (select priority, count(*) as cases from received group by 1) t),
    'ends', (select coalesce(jsonb_agg(t), '[]') from (select basis, count(*) as cases from closed group by 1) t),
    'handled', (select coalesce(jsonb_agg(t), '[]')
                  from (select priority, received_at, closed_at from received
                         where $3::jsonb @> to_jsonb(priority)) t),
    'deadlines', (select coalesce(jsonb_agg(t), '[]')
                    from (select kind, basis, count(*) as total, count(*) filter (where met) as met
                            from deadline_figure where region = $1 and month = $2 group by 1, 2) t),
    'scores', (select coalesce(jsonb_agg(t), '[]')
                 from (select question_id, count(*) as answers, sum(score) as sum
                         from survey_score where region = $1 and month = $2 group by 1 order by 1) t),
    'surveys_sent', (select count(*) from sent),
    'surveys_responded', (select count(*) from sent where responded_month is not null),
    'paid', (select coalesce(jsonb_agg(t), '[]')
               from (select currency, sum(minor) as minor
                       from payment_figure where region = $1 and month = $2 group by 1 order by 1) t)
) as tally
