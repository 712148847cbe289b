-- The queue of triage: one row a case with its open dispatch deadline, filtered and paged. Takes no locks.
select a.*, d.id as deadline_id
  from queue q
  join aggregate a on a.kind = 'triage' and a.id = q.case_id
  left join lateral (
       select id from deadline
        where aggregate_kind = 'triage' and aggregate_id = q.case_id and name = q.deliverable
        order by (state = 'pending') desc, starts_at desc, id desc
        limit 1) d on true
 where ($1 = '' or q.department = $1)
   and ($2 = '' or q.lead_roles ? $2)
   and ($3 = '' or q.assignee = $3)
   and ($4::smallint is null or q.priority = $4)
   and $5::jsonb ? q.stage
   and ($6::jsonb = '[]' or $6::jsonb ? q.region)
 order by q.priority desc, q.due_at nulls last, q.case_id
offset $7 limit $8
