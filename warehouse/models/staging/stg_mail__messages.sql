-- one row per message (message_key)
-- The same Message-ID, sender and instant in several files is one message. The copy with the fewest signs of
-- a list speaks for it: what reached me directly did reach me, though the list sent a second copy.
-- letter and kin are its message_id and its Message-ID as numbers: tables join on numbers.
with counted as (
    select key, kin, count(*) as copies, min(place) as speaker
    from arrived_messages
    group by key, kin
),

-- What only one copy shows: Bcc stands in mine alone, Delivered-To in the receiver's.
pooled as (
    select
        m.key,
        min_by(
            m.place,
            (m.list_id is not null, m.has_list_unsubscribe, m.precedence is not null, m.source, m.file, m.position)
        ) as speaker,
        list_sort(list_distinct(flatten(list(m.delivered_to)))) as delivered_to,
        list_distinct(flatten(list(list_filter(m.parties, lambda p: p.role = 'bcc')))) as blind_parties,
        bool_or(list_contains(m.labels, 'sent')) as is_sent
    from arrived_messages as m
    inner join counted as c using (key)
    where c.copies > 1
    group by m.key
),

ranked as (
    select c.key, c.kin, coalesce(p.speaker, c.speaker) as speaker, p.* exclude (key, speaker), p.key is not null as is_pooled
    from counted as c
    left join pooled as p using (key)
),

-- A Message-ID that stands on two different messages is kept apart: the later one gets a suffix.
repeated as (
    select r.key, row_number() over (partition by r.kin order by m.sent_at nulls last, r.key) as nth
    from ranked as r
    inner join arrived_messages as m on m.place = r.speaker
    where r.kin in (select kin from counted group by kin having count(*) > 1)
),

chosen as (
    select
        m.key as message_key,
        m.kin,
        case
            when m.message_id is null or m.message_id = '' then 'no-id:' || m.key
            when coalesce(n.nth, 1) = 1 then m.message_id
            else m.message_id || '#' || left(m.key, 8)
        end as message_id,
        m.sent_at,
        list_filter(
            case
                when r.is_pooled
                    then list_concat(list_filter(m.parties, lambda each: each.role <> 'bcc'), r.blind_parties)
                else m.parties
            end,
            lambda each: each.address <> ''
        ) as parties,
        -- of several writers (RFC 5322 3.6.2) the first speaks for the message
        list_filter(m.parties, lambda each: each.role = 'from')[1] as writer,
        m.in_reply_to,
        m."references",
        m.list_id,
        m.list_post,
        m.has_list_unsubscribe,
        m.precedence,
        coalesce(r.delivered_to, m.delivered_to) as delivered_to,
        coalesce(r.is_sent, list_contains(m.labels, 'sent'), false) as is_sent,
        coalesce(m.service, 'email') as service,
        m.auto_submitted,
        m.return_path,
        m.has_feedback_id,
        m.source,
        m.ingested_at
    from arrived_messages as m
    inner join ranked as r on r.speaker = m.place
    left join repeated as n on n.key = m.key
)

select
    hash(message_id) as letter,
    * exclude (parties, writer, "references", auto_submitted, return_path, has_feedback_id),
    hash(writer.name, writer.address) as writer,
    len(
        list_distinct(
            list_transform(
                list_filter(parties, lambda each: each.role in ('to', 'cc', 'bcc')), lambda each: lower(each.address)
            )
        )
    ) as recipients,
    list_transform(
        parties,
        lambda each: {
            'mention': hash(each.name, each.address),
            'role': (1 << (list_position(['from', 'to', 'cc', 'bcc', 'reply_to'], each.role) - 1))::utinyint
        }
    ) as parties,
    list_transform(
        list_filter(list_append("references", in_reply_to), lambda each: each <> ''), lambda each: hash(each)
    ) as named,
    case
        when auto_submitted is not null and auto_submitted <> 'no' then 'Auto-Submitted: ' || auto_submitted
        when return_path = '' then 'null return path'
        when has_feedback_id then 'Feedback-ID'
        when regexp_matches(
            lower(writer.address),
            '^([^@]*[-_.+])?(no[-_.]?reply|do[-_.]?not[-_.]?reply|feedback|mailer-daemon|postmaster|bounces?)\d*([-+=_.][^@]*)?@'
        ) then 'no-reply sender'
    end as automatic_reason
from chosen
