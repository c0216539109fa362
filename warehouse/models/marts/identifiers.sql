-- one row per person, identifier and source (person_id, kind, value, source)
select
    person_id,
    kind,
    replace(value, '(not-mine)', '') as value,
    source,
    first_seen_at,
    last_seen_at,
    evidence
from people_identifiers
order by person_id, kind, value, source
