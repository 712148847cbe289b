-- Gives a transaction's events their positions and stores them: the last statement before COMMIT.
-- $1: the events as a JSON array, in order.
-- Locks: the rows of log_partition that are touched (a caller with several has locked them in order before).
with input as (
    select * from jsonb_to_recordset($1) as e (
        ordinal integer, partition integer, id uuid, type text, subject_kind text, subject_id uuid, case_id uuid,
        region text, time timestamptz, actor jsonb, traceparent text, handbook_hash text, calendar_hash text,
        causes jsonb, previous_hash text, hash text, payload text, effect jsonb)
), counted as (
    update log_partition p
       set head = p.head + c.events
      from (select partition, count(*) as events from input group by partition) c
     where p.partition = c.partition
    returning p.partition, p.head - c.events as base
)
insert into event (partition, n, id, type, subject_kind, subject_id, case_id, region, time, actor, traceparent,
                   handbook_hash, calendar_hash, causes, previous_hash, hash, payload, effect)
select i.partition, counted.base + row_number() over (partition by i.partition order by i.ordinal),
       i.id, i.type, i.subject_kind, i.subject_id, i.case_id, i.region, i.time, i.actor, i.traceparent,
       i.handbook_hash, i.calendar_hash, i.causes, decode(i.previous_hash, 'hex'), decode(i.hash, 'hex'),
       decode(i.payload, 'hex'), i.effect
  from input i
  join counted using (partition)
returning partition, n, id
