-- one row per message (message_key)
-- The same Message-ID, sender and instant in several files is one message. The copy with the fewest signs of
-- a list speaks for it: what reached me directly did reach me, though the list sent a second copy.
with ranked as (
    select
        key,
        count(*) as copies,
        min_by(
            rowid,
            (list_id is not null, has_list_unsubscribe, precedence is not null, source, file, position)
        ) as speaker
    from landed.messages
    group by key
),

-- What only one copy shows: Bcc stands in mine alone, Delivered-To in the receiver's.
pooled as (
    select
        m.key,
        list_distinct(flatten(list(m.delivered_to))) as delivered_to,
        list_distinct(flatten(list(list_filter(m.parties, lambda p: p.role = 'bcc')))) as blind_parties
    from landed.messages as m
    inner join ranked as r using (key)
    where r.copies > 1
    group by m.key
),

chosen as (
    select
        m.key as message_key,
        nullif(m.message_id, '') as header_id,
        m.sent_at,
        case
            when p.key is null then m.parties
            else list_concat(list_filter(m.parties, lambda each: each.role <> 'bcc'), p.blind_parties)
        end as parties,
        m.in_reply_to,
        m."references",
        m.list_id,
        m.list_post,
        m.has_list_unsubscribe,
        m.precedence,
        coalesce(p.delivered_to, m.delivered_to) as delivered_to,
        m.source,
        m.ingested_at,
        case
            when m.auto_submitted is not null and m.auto_submitted <> 'no' then 'Auto-Submitted: ' || m.auto_submitted
            when m.return_path = '' then 'null return path'
            when m.has_feedback_id then 'Feedback-ID'
            when regexp_matches(
                lower(list_filter(m.parties, lambda each: each.role = 'from')[1].address),
                '^([^@]*[-_.+])?(no[-_.]?reply|do[-_.]?not[-_.]?reply|feedback|mailer-daemon|postmaster|bounces?)\d*([-+=_.][^@]*)?@'
            ) then 'no-reply sender'
        end as automatic_reason
    from landed.messages as m
    inner join ranked as r on r.speaker = m.rowid
    left join pooled as p on p.key = m.key
)

-- A Message-ID that stands on two different messages is kept apart: the later one gets a suffix.
select
    *,
    case
        when header_id is null then 'no-id:' || message_key
        when row_number() over (partition by header_id order by sent_at nulls last, message_key) = 1 then header_id
        else header_id || '#' || left(message_key, 8)
    end as message_id
from chosen
