-- Approvals, the oldest first: of case $1 (null for any), decided by role $2 (empty for any), in the states $3 and the
-- regions $4 (JSON arrays; no region for all), from offset $5 on, at most $6.
select case_id, region, document
  from approval
 where ($1::uuid is null or case_id = $1)
   and ($2 = '' or roles ? $2)
   and state in (select jsonb_array_elements_text($3))
   and (jsonb_array_length($4) = 0 or region in (select jsonb_array_elements_text($4)))
 order by requested_at, approval_id
offset $5 limit $6
