-- one row per two records and rule that makes them one person's (person_id, left_record, right_record, rule)
select
    person_id,
    left_record,
    right_record,
    rule,
    string_agg(distinct evidence, '; ' order by evidence) as evidence,
    min(since) as since
from people.links
group by person_id, left_record, right_record, rule
order by all
