-- one row per card of a file (source, file, key)
select
    c.source,
    c.file,
    c.key,
    c.uid,
    c.name,
    c.nickname,
    c.organization,
    c.title,
    c.emails,
    c.phones,
    c.urls,
    c.kind,
    c.birthday,
    c.categories,
    c.revised_at,
    c.ingested_at,
    b.batch as born
from landed.cards as c
inner join ledger.births as b on b.origin = 'card' and b.name = c.source and b.address = c.key
