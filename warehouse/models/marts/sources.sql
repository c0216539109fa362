-- one row per source (source)
with last_run as (
    select source, arg_max(status, started_at) as status, max(finished_at) filter (status <> 'failed') as synced_at
    from ledger.runs
    group by source
),

held as (
    select source, count(*) as records, count(*) filter (capped <> '') as read_in_part from (
        select source, capped from landed.messages
        union all
        select source, capped from landed.events
        union all
        select source, capped from landed.cards
        union all
        select source, capped from landed.invitations
        union all
        select source, capped from landed.positions
        union all
        select source, capped from landed.own_identifiers
    )
    group by source
)

select
    s.source,
    s.kind,
    s.location,
    coalesce(h.records, 0) as records,
    coalesce(h.read_in_part, 0) as read_in_part,
    r.status,
    r.synced_at
from ledger.sources as s
left join last_run as r using (source)
left join held as h using (source)
order by s.source
