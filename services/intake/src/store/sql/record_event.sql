-- Writes case $1's row in the ledger as it is after event $17, and the event's row in the timeline.
with entry as (
    insert into timeline (case_id, source, partition, n, generation, event_id, time, type, subject_kind, subject_id,
                          actor, handbook_hash, rules, causes, standing, payload)
    values ($1, $18, $19, $20, $21, $17, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)
    on conflict do nothing
)
update ledger
   set parts = $2, events = $3, registered = $4, region = $5, state = $6, step = $7, priority = $8, category = $9,
       primary_sub_type = $10, waybill_no = $11, incident_id = $12, owner_department = $13, person_ref = $14,
       external_id = $15, received_at = $16, next_due_at = $32
 where case_id = $1
