-- one row per message, role, name and address (message_id, role, name, address)
select distinct
    m.message_id,
    p.role,
    p.name,
    p.address
from stg_mail__messages as m, unnest(m.parties) as u (p)
where p.address <> ''
