-- one row per person (person_id)
-- Employer and title are those of the current affiliation. On a past day a card that bears no date speaks for
-- who has no dated one; a card with a title alone speaks where no affiliation has one.
with undated as (
    select
        person_id,
        arg_max({'organization': organization, 'title': title}, (ingested_at, contact_id)) as employment
    from main.contacts
    anti join (from main.affiliations where said_by = 'card') using (person_id)
    where organization is not null and (revised_at is null or revised_at > ingested_at)
    group by person_id
),

employed as (
    select
        person_id,
        coalesce(
            case when a.said_by <> 'address' then {'organization': a.organization, 'title': a.title} end,
            u.employment,
            {'organization': a.organization, 'title': a.title}
        ) as employment
    from (from main.affiliations where is_current) as a
    full join undated as u using (person_id)
),

cards as (
    select
        person_id,
        arg_max(title, (coalesce(revised_at, ingested_at), contact_id))
        filter (title is not null and organization is null) as title,
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
    e.employment.organization as organization,
    coalesce(e.employment.title, c.title) as title,
    p.kind,
    p.kind_reason,
    p.is_me,
    coalesce(c.circles, []) as circles,
    i.first_contact_at,
    i.last_contact_at
from people.persons as p
left join employed as e using (person_id)
left join cards as c using (person_id)
left join contact as i using (person_id)
order by p.person_id
