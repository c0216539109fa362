-- one row per pair of persons who may be one (left_person_id, right_person_id)
select
    s.card,
    s.left_person_id,
    l.name as left_name,
    s.right_person_id,
    r.name as right_name,
    s.score,
    s.preset,
    s.shared,
    s.conflicting
from people.suggestions as s
inner join people.persons as l on l.person_id = s.left_person_id
inner join people.persons as r on r.person_id = s.right_person_id
order by s.score desc, s.left_person_id, s.right_person_id
