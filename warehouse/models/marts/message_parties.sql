-- one row per message, role and address (message_id, role, address)
select
    p.message_id,
    arg_min(l.person_id, p.name) as person_id,
    p.role,
    lower(p.address) as address
from stg_mail__parties as p
inner join people_mention_links as l using (name, address)
group by p.message_id, p.role, lower(p.address)
order by p.message_id, p.role, lower(p.address)
