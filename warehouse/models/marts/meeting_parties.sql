-- one row per occurrence and person on it (meeting_id, person_id)
-- A person invited at two addresses is one party, with the firmest answer given at either.
with invited as (
    select meeting_id, unnest(attendees) as a from staging.stg_calendar__occurrences
),

named as (
    select
        meeting_id,
        a.name,
        a.address,
        case when a.response is null and a.is_asked then 'needs-action' else a.response end as response,
        coalesce(a.role, 'req-participant') as role,
        coalesce(a.kind, 'individual') as kind,
        true as is_attendee
    from invited
    where a.address <> ''
    union all
    select meeting_id, organizer_name, organizer_address, null, 'chair', 'individual', false
    from staging.stg_calendar__occurrences
    where organizer_address <> ''
),

linked as (
    select
        n.*,
        l.person_id,
        list_position(
            ['accepted', 'tentative', 'declined', 'delegated', 'needs-action'], coalesce(n.response, 'none')
        ) as firmness
    from named as n
    inner join people_mention_links as l using (name, address)
)

select
    meeting_id,
    person_id,
    arg_min(response, firmness) as response,
    case when bool_or(role = 'chair') then 'chair' else min(role) end as role,
    min(kind) as kind,
    bool_or(not is_attendee) as is_organizer,
    bool_or(is_attendee) as is_attendee
from linked
group by meeting_id, person_id
order by meeting_id, person_id
