-- one row per message, role and address (message_id, role, address)
with addressed as (
    select p.letter, r.nth, l.address_number, min(l.number) as number
    from staging.stg_mail__parties as p
    semi join touched_letters using (letter)
    inner join staging.links as l using (mention)
    inner join (values (1, 1), (2, 2), (4, 3), (8, 4), (16, 5)) as r (bit, nth) on p.roles & r.bit <> 0
    group by p.letter, r.nth, l.address_number
)

select
    m.message_id,
    l.person_id,
    ['from', 'to', 'cc', 'bcc', 'reply_to'][a.nth] as role,
    lower(l.address) as address
from addressed as a
inner join staging.links as l using (number)
inner join staging.stg_mail__messages as m using (letter)
