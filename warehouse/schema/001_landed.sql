-- The treaty with the connectors: each table holds the fields of a record type of connectors/records.py,
-- in its order, behind six columns of the ledger. A test holds the two together.
create schema if not exists landed;

create table if not exists landed.messages (
    source varchar not null, file varchar not null, hash varchar not null,
    born_batch bigint not null, batch bigint not null, ingested_at timestamptz not null,
    key varchar not null,
    message_id varchar, sent_at timestamptz, dated_by varchar,
    parties struct(role varchar, name varchar, address varchar)[],
    in_reply_to varchar, "references" varchar[],
    list_id varchar, list_post varchar, has_list_unsubscribe boolean,
    precedence varchar, auto_submitted varchar, return_path varchar, has_feedback_id boolean,
    delivered_to varchar[], labels varchar[], service varchar default 'email',
    capped varchar default '', digest varchar default '', position bigint not null, locator varchar not null
);

create table if not exists landed.events (
    source varchar not null, file varchar not null, hash varchar not null,
    born_batch bigint not null, batch bigint not null, ingested_at timestamptz not null,
    key varchar not null,
    uid varchar, sequence bigint, stamped_at timestamptz, created_at timestamptz,
    starts_local timestamp, ends_local timestamp, is_all_day boolean, zone varchar,
    rule varchar, added timestamp[], removed timestamp[],
    recurrence_local timestamp, is_recurrence_all_day boolean, is_this_and_future boolean,
    status varchar, is_transparent boolean, organizer_name varchar, organizer_address varchar,
    attendees struct(
        name varchar, address varchar, response varchar, role varchar, kind varchar, is_asked boolean)[],
    capped varchar default '', digest varchar default '', position bigint not null, locator varchar not null
);

create table if not exists landed.cards (
    source varchar not null, file varchar not null, hash varchar not null,
    born_batch bigint not null, batch bigint not null, ingested_at timestamptz not null,
    key varchar not null,
    uid varchar, name varchar, given_name varchar, family_name varchar, nickname varchar, kind varchar,
    organization varchar, title varchar, emails varchar[], phones varchar[], urls varchar[],
    birthday varchar, categories varchar[], revised_at timestamptz, connected_on date,
    capped varchar default '', digest varchar default '', position bigint not null, locator varchar not null
);

create table if not exists landed.invitations (
    source varchar not null, file varchar not null, hash varchar not null,
    born_batch bigint not null, batch bigint not null, ingested_at timestamptz not null,
    key varchar not null,
    sent_at timestamptz, direction varchar, name varchar, profile varchar,
    capped varchar default '', digest varchar default '', position bigint not null, locator varchar not null
);

create table if not exists landed.positions (
    source varchar not null, file varchar not null, hash varchar not null,
    born_batch bigint not null, batch bigint not null, ingested_at timestamptz not null,
    key varchar not null,
    organization varchar, title varchar, started_on varchar, ended_on varchar,
    capped varchar default '', digest varchar default '', position bigint not null, locator varchar not null
);

create table if not exists landed.own_identifiers (
    source varchar not null, file varchar not null, hash varchar not null,
    born_batch bigint not null, batch bigint not null, ingested_at timestamptz not null,
    key varchar not null,
    kind varchar, "value" varchar, evidence varchar,
    capped varchar default '', digest varchar default '', position bigint not null, locator varchar not null
);
