-- one row per message and mention on it (letter, mention)
-- roles: from 1, to 2, cc 4, bcc 8, reply_to 16, added up.
select letter, p.mention, bit_or(p.role) as roles
from arrived_letters, unnest(parties) as u (p)
group by letter, p.mention
