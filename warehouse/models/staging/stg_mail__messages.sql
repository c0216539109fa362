-- one row per message (message_key)
-- The same Message-ID, sender and instant in several files is one message. The copy with the fewest signs of
-- a list speaks for it: what reached me directly did reach me, though the list sent a second copy.
with copies as (
    select
        *,
        row_number() over (
            partition by key
            order by list_id is not null, has_list_unsubscribe, precedence is not null, source, file, position
        ) as copy_number
    from landed.messages
),

addressed as (
    select
        key,
        list_distinct(flatten(list(delivered_to))) as delivered_to,
        list_distinct(flatten(list(list_filter(parties, lambda p: p.role = 'bcc')))) as blind_parties
    from landed.messages
    group by key
),

chosen as (
    select
        c.key as message_key,
        nullif(c.message_id, '') as header_id,
        c.sent_at,
        list_concat(list_filter(c.parties, lambda p: p.role <> 'bcc'), a.blind_parties) as parties,
        c.in_reply_to,
        c."references",
        c.list_id,
        c.list_post,
        c.has_list_unsubscribe,
        c.precedence,
        a.delivered_to,
        c.source,
        c.ingested_at,
        case
            when c.auto_submitted is not null and c.auto_submitted <> 'no' then 'Auto-Submitted: ' || c.auto_submitted
            when c.return_path = '' then 'null return path'
            when c.has_feedback_id then 'Feedback-ID'
            when list_any_value(list_transform(
                c.parties,
                lambda p: nullif(
                    p.role = 'from' and regexp_matches(
                        lower(p.address),
                        '^(no[-_.]?reply|do[-_.]?not[-_.]?reply|feedback|mailer-daemon|postmaster|bounces?)([-+=_.][^@]*)?@'
                    ),
                    false
                )
            )) then 'no-reply sender'
        end as automatic_reason
    from copies as c
    inner join addressed as a using (key)
    where c.copy_number = 1
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
