-- A page of improvements by due date, with their documents. $1: regions, a JSON list; $2: month; $3: states, a JSON list;
-- $4: owning department; $5: rows to skip; $6: rows wanted. An empty list or text is no condition. Takes no locks.
select a.*
  from improvement i
  join aggregate a on a.kind = 'improvement' and a.id = i.improvement_id
 where ($1::jsonb = '[]' or $1::jsonb ? i.region)
   and ($2 = '' or i.month = $2)
   and ($3::jsonb = '[]' or $3::jsonb ? i.state)
   and ($4 = '' or i.owner_department = $4)
 order by i.due_at, i.improvement_id offset $5 limit $6
