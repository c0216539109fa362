-- one row per source, service and mention in mail (source, service, mention)
-- An address that stands in Reply-To only was neither written from nor to.
select
    m.source,
    m.service,
    p.mention,
    count(*) filter (p.roles <> 16) as count,
    count(*) filter (p.roles % 2 = 1) as sent,
    count(*) filter (
        p.roles % 2 = 1
        and (
            m.automatic_reason is not null
            or m.precedence in ('bulk', 'junk')
            or (m.has_list_unsubscribe and m.list_post is null)
        )
    ) as automatic,
    min(m.sent_at) as first_at,
    max(m.sent_at) as last_at
from counted_parties as p
inner join staging.stg_mail__messages as m using (letter)
group by all
