-- one row per mention of a person (source, origin, name, address, cutype)
-- An address that is mine at times only is, at others, a mention of its own (staging), born with it.
with landed_births as (
    select origin, name, address, batch from ledger.births where origin <> 'card'
),

births as (
    select *, address as landed_address, hash(name, address) as mention from landed_births
    union all by name
    select b.* replace (a.other as address), b.address as landed_address, hash(b.name, a.other) as mention
    from landed_births as b
    inner join (select distinct address, other from staging.absences) as a using (address)
),

written as (
    select m.*, case when m.service = 'linkedin' then 'linkedin' else 'header' end as origin
    from staging.stg_mail__mentions as m
),

invited as (
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
),

-- A series may reach from one time of an address into the next: each occurrence counts for its own.
parted as (
    select o.source, o.series_id, o.starts_at, unnest(list_append(
        o.attendees,
        {
            'name': o.organizer_name, 'address': o.organizer_address, 'response': null,
            'role': 'chair', 'kind': null, 'is_asked': false
        }
    )) as a
    from staging.stg_calendar__occurrences as o
    where exists (from staging.absences)
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
    from invited
    where a.address <> '' and a.address not in (select address from staging.absences)
    group by all
    union all
    select
        source,
        'calendar' as origin,
        a.name,
        a.address,
        a.kind as cutype,
        count(distinct series_id) as count,
        0 as sent,
        0 as automatic,
        min(starts_at) as first_at,
        max(starts_at) as last_at
    from parted
    where a.address in (select address from staging.absences union select other from staging.absences)
    group by all
),

born as (
    select b.batch as born, b.name, b.address, b.landed_address, null::varchar as cutype, w.* exclude (mention, service)
    from written as w
    inner join births as b using (origin, mention)
    union all by name
    select b.batch as born, b.landed_address, n.*
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
left join stg_mail__lists as l on l.address = lower(m.landed_address)
