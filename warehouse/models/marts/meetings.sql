-- one row per occurrence on record (meeting_id)
with parties as (
    select
        p.meeting_id,
        arg_min(p.person_id, p.person_id) filter (p.is_organizer) as organizer_person_id,
        coalesce(bool_or(s.is_me and p.is_organizer), false) as is_mine,
        any_value(p.response) filter (s.is_me) as my_answer,
        count(*) filter (p.is_attendee and p.kind not in ('room', 'resource') and s.kind <> 'room') as attendees,
        count(*) filter (not s.is_me and p.kind not in ('room', 'resource') and s.kind <> 'room') as others
    from main.meeting_parties as p
    inner join people.persons as s using (person_id)
    group by p.meeting_id
)

select
    o.meeting_id,
    o.series_id,
    o.starts_at,
    o.ends_at,
    o.is_all_day,
    o.status,
    case
        when p.my_answer = 'declined' then 'declined'
        when p.is_mine then 'organizer'
        else p.my_answer
    end as my_response,
    p.organizer_person_id,
    coalesce(p.others, 0) + 1 as party_size,
    coalesce(p.attendees, 0) as attendees,
    o.source,
    o.created_at,
    o.ingested_at
from staging.stg_calendar__occurrences as o
left join parties as p using (meeting_id)
order by o.starts_at, o.meeting_id
