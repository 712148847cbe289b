-- Writes a survey's row and its scores, in one round trip. $1: survey; $2: case; $3: round; $4: region; $5: hash of the
-- token; $6: month of sending; $7: month of the answer; $8: whether a follow-up is open; $9: scores, a JSON list.
-- Locks the survey's own rows.
with scores as (
    insert into survey_score (survey_id, question_id, region, month, score)
    select $1, question_id, $4, $7, score from jsonb_to_recordset($9::jsonb) as given (question_id text, score integer)
    on conflict do nothing
)
insert into survey (survey_id, case_id, round, region, token_hash, sent_month, responded_month, follow_up_open)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (survey_id) do update
   set token_hash = excluded.token_hash, sent_month = excluded.sent_month,
       responded_month = excluded.responded_month, follow_up_open = excluded.follow_up_open
