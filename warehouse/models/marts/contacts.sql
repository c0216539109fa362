-- one row per card, current version (contact_id)
select
    'c' || left(sha256(c.source || '|' || c.file || '|' || c.key), 16) as contact_id,
    l.person_id,
    c.source,
    c.name,
    nullif(c.organization, '') as organization,
    nullif(c.title, '') as title,
    c.birthday,
    c.categories,
    c.revised_at,
    c.connected_on,
    c.ingested_at
from stg_contacts__cards as c
left join people_card_links as l on l.source = c.source and l.key = c.key
