-- one row per message (message_id)
with parties as (
    select
        p.message_id,
        coalesce(bool_or(s.is_me) filter (p.role = 'from'), false) as is_from_me,
        coalesce(bool_or(s.is_me) filter (p.role = 'to'), false) as is_to_me,
        coalesce(bool_or(s.is_me) filter (p.role = 'cc'), false) as is_cc_me,
        coalesce(bool_or(s.is_me) filter (p.role = 'bcc'), false) as is_bcc_me,
        count(distinct lower(p.address)) filter (p.role in ('to', 'cc', 'bcc')) as recipients,
        count(distinct l.person_id) filter (p.role in ('from', 'to', 'cc', 'bcc')) as named_people
    from stg_mail__parties as p
    inner join people_mention_links as l using (name, address)
    inner join people.persons as s using (person_id)
    group by p.message_id
),

judged as (
    select
        m.*,
        t.thread_id,
        w.person_id as from_person_id,
        coalesce(p.recipients, 0) as recipients,
        coalesce(p.named_people, 0) as named_people,
        coalesce(p.is_from_me or p.is_to_me or p.is_cc_me or p.is_bcc_me, false) as is_me_named,
        -- A message of mine that a list sent back carries the list's headers; I wrote it to whom it names.
        coalesce(p.is_from_me and m.list_id is not null, false) as is_own_post,
        case
            when p.is_from_me then 'from'
            when p.is_to_me then 'to'
            when p.is_cc_me then 'cc'
            when p.is_bcc_me then 'bcc'
            when m.list_id is null and list_has_any(m.delivered_to, (select list(address) from my_delivery)) then 'bcc'
        end as my_role
    from stg_mail__messages as m
    left join parties as p using (message_id)
    left join stg_mail__threads as t using (message_id)
    -- of several writers (RFC 5322 3.6.2) the first speaks for the message
    left join people_mention_links as w
        on w.name = list_filter(m.parties, lambda each: each.role = 'from')[1].name
        and w.address = list_filter(m.parties, lambda each: each.role = 'from')[1].address
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
    -- a blind copy to me does not name me, and I am on it all the same
    named_people + (my_role is not null and not is_me_named)::int as party_size,
    in_reply_to,
    my_role,
    source,
    ingested_at
from reasoned
order by sent_at, message_id
