-- one row per mention of a person (source, origin, name, address, cutype)
with births as (
    select origin, name, address, batch, hash(name, address) as mention from ledger.births where origin <> 'card'
),

written as (
    select m.*, case when m.service = 'linkedin' then 'linkedin' else 'header' end as origin
    from staging.stg_mail__mentions as m
),

named as (
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
),

born as (
    select b.batch as born, b.name, b.address, null::varchar as cutype, w.* exclude (mention, service)
    from written as w
    inner join births as b using (origin, mention)
    union all by name
    select b.batch as born, n.*
    from named as n
    inner join births as b using (origin, name, address)
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
    m.born,
    m.first_at,
    m.last_at
from born as m
left join stg_mail__lists as l on l.address = lower(m.address)
