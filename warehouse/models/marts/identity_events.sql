-- one row per event in the life of a person's id (event_number)
with told as (
    select since as happened_at, 'new' as event, person_id, null::varchar as other_person_id, '' as detail from people.ids
    union all
    select "at", event, person_id, other_person_id, detail from people.events
)

select
    row_number() over (order by happened_at, event, person_id, other_person_id, detail) as event_number,
    happened_at,
    event,
    person_id,
    other_person_id,
    detail
from told
order by event_number
