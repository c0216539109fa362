-- one row per pair of persons who may be one (left_person_id, right_person_id)
with asked as (
    select distinct card, unnest([left_record, right_record]) as record from people.suggestions
),

-- a question is called after the records that it is about, so that it means the same tomorrow
cards as (
    select card, left(sha256(string_agg(record, chr(10) order by record)), 8) as card_id from asked group by card
)

select
    c.card_id as card,
    s.left_person_id,
    l.name as left_name,
    s.right_person_id,
    r.name as right_name,
    s.score,
    s.preset,
    s.shared,
    s.conflicting
from people.suggestions as s
inner join cards as c using (card)
inner join people.persons as l on l.person_id = s.left_person_id
inner join people.persons as r on r.person_id = s.right_person_id
order by s.score desc, s.left_person_id, s.right_person_id
