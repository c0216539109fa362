-- one row per card of a file (source, file, key)
-- A file whose name ends in @ and a day is an export's state of that day: the newest with a card speaks for it,
-- and the addresses of the earlier ones stay evidence.
with dated as (
    select *, regexp_matches(file, '@\d{4}-\d{2}-\d{2}$') as is_snapshot from landed.cards
),

newest as (
    select
        source,
        key,
        arg_max(file, right(file, 10)) as file,
        list_distinct(flatten(list(emails order by right(file, 10) desc))) as emails
    from dated
    where is_snapshot
    group by source, key
)

select
    c.source,
    c.file,
    c.key,
    c.uid,
    c.name,
    c.nickname,
    c.organization,
    c.title,
    coalesce(n.emails, c.emails) as emails,
    c.phones,
    c.urls,
    c.kind,
    c.birthday,
    c.categories,
    c.revised_at,
    c.connected_on,
    c.ingested_at,
    b.batch as born
from dated as c
left join newest as n using (source, file, key)
inner join ledger.births as b on b.origin = 'card' and b.name = c.source and b.address = c.key
where not c.is_snapshot or n.key is not null
