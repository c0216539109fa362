-- one row per message (message_id)
with touched as (
    from staging.stg_mail__messages semi join touched_letters using (letter)
),

parties as (
    select
        p.letter,
        bool_or(l.is_me and p.roles & 1 <> 0) as is_from_me,
        bool_or(l.is_me and p.roles & 2 <> 0) as is_to_me,
        bool_or(l.is_me and p.roles & 4 <> 0) as is_cc_me,
        bool_or(l.is_me and p.roles & 8 <> 0) as is_bcc_me,
        len(list_distinct(list(l.person_number) filter (p.roles <> 16))) as named_people
    from staging.stg_mail__parties as p
    semi join touched_letters using (letter)
    inner join staging.links as l using (mention)
    group by p.letter
),

judged as (
    select
        m.*,
        t.message_id as thread_id,
        w.person_id as from_person_id,
        coalesce(p.named_people, 0) as named_people,
        coalesce(p.is_from_me or p.is_to_me or p.is_cc_me or p.is_bcc_me, false) as is_me_named,
        -- A message of mine that a list sent back carries the list's headers; I wrote it to whom it names.
        (coalesce(p.is_from_me, false) or m.is_sent) and m.list_id is not null as is_own_post,
        case
            when p.is_from_me or m.is_sent then 'from'
            when p.is_to_me then 'to'
            when p.is_cc_me then 'cc'
            when p.is_bcc_me then 'bcc'
            when m.list_id is null and list_has_any(m.delivered_to, (select list(address) from my_delivery)) then 'bcc'
        end as my_role
    from touched as m
    left join parties as p using (letter)
    left join staging.stg_mail__threads as s using (letter)
    left join staging.stg_mail__messages as t on t.letter = s.thread
    left join staging.links as w on w.mention = m.writer
),

reasoned as (
    select
        *,
        case
            when is_own_post then null
            when list_id is not null and (my_role is null or my_role not in ('to', 'cc')) then 'List-Id'
            when has_list_unsubscribe then 'List-Unsubscribe'
            when precedence in ('bulk', 'list', 'junk') then 'Precedence: ' || precedence
        end as list_reason
    from judged
)

select
    message_id,
    thread_id,
    sent_at,
    service as channel,
    from_person_id,
    list_reason is not null as is_bulk,
    automatic_reason is not null as is_automatic,
    coalesce(
        automatic_reason,
        list_reason,
        case
            when recipients > 10 then 'more than 10 recipients'
            when sent_at is null then 'no believable date'
        end
    ) as bulk_reason,
    recipients,
    -- a blind copy to me does not name me, and I am on it all the same; what I sent names me as it may
    named_people + (my_role is not null and not is_me_named and not is_sent)::int as party_size,
    in_reply_to,
    my_role,
    source,
    ingested_at
from reasoned
