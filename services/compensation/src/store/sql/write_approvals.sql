-- Writes the approvals of a case ($1) in a region ($2) from a JSON array ($3). A repeat changes nothing.
insert into approval (approval_id, case_id, region, roles, state, requested_at, document)
select r.approval_id, $1, $2, r.roles, r.state, r.requested_at, r.document
  from jsonb_to_recordset($3)
       as r (approval_id uuid, roles jsonb, state text, requested_at timestamptz, document jsonb)
on conflict (approval_id) do update
   set roles = excluded.roles, state = excluded.state, document = excluded.document
 where approval.document is distinct from excluded.document
