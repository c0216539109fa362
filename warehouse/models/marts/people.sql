-- one row per person (person_id)
with cards as (
    select
        person_id,
        arg_max(organization, coalesce(revised_at, ingested_at)) filter (organization is not null) as organization,
        arg_max(title, coalesce(revised_at, ingested_at)) filter (title is not null) as title,
        list_sort(list_distinct(flatten(list(categories)))) as circles
    from main.contacts
    group by person_id
),

contact as (
    select person_id, min(occurred_at) as first_contact_at, max(occurred_at) as last_contact_at
    from main.interactions
    group by person_id
)

select
    p.person_id,
    p.name,
    p.primary_email,
    c.organization,
    c.title,
    p.kind,
    p.kind_reason,
    p.is_me,
    coalesce(c.circles, []) as circles,
    i.first_contact_at,
    i.last_contact_at
from people.persons as p
left join cards as c using (person_id)
left join contact as i using (person_id)
order by p.person_id
