-- one row per mention of a person (source, origin, name, address, cutype)
with header as (
    select
        m.source,
        'header' as origin,
        p.name,
        p.address,
        null::varchar as cutype,
        -- an address that stands in Reply-To only was neither written from nor to
        count(distinct m.message_id) filter (p.role <> 'reply_to') as count,
        count(distinct m.message_id) filter (p.role = 'from') as sent,
        count(distinct m.message_id) filter (
            p.role = 'from'
            and (
                m.automatic_reason is not null
                or m.precedence in ('bulk', 'junk')
                or (m.has_list_unsubscribe and m.list_post is null)
            )
        ) as automatic,
        min(m.sent_at) as first_at,
        max(m.sent_at) as last_at
    from stg_mail__messages as m
    inner join stg_mail__parties as p using (message_id)
    group by all
),

calendar as (
    select
        source,
        'calendar' as origin,
        a.name,
        a.address,
        a.kind as cutype,
        count(*) as count,
        0 as sent,
        0 as automatic,
        min(starts_local)::timestamptz as first_at,
        max(starts_local)::timestamptz as last_at
    from (
        select source, starts_local, unnest(attendees) as a from landed.events
        union all
        select
            source,
            starts_local,
            {
                'name': organizer_name, 'address': organizer_address, 'response': null,
                'role': 'chair', 'kind': null, 'is_asked': false
            }
        from landed.events
    )
    where a.address <> ''
    group by all
)

select
    m.source,
    m.origin,
    m.name,
    m.address,
    m.count::bigint as count,
    m.sent::bigint as sent,
    m.automatic::bigint as automatic,
    l.address is not null as listed,
    m.cutype,
    b.batch as born,
    m.first_at,
    m.last_at
from (from header union all by name from calendar) as m
inner join ledger.births as b on b.origin = m.origin and b.name = m.name and b.address = m.address
left join stg_mail__lists as l on l.address = lower(m.address)
