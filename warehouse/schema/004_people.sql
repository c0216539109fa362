-- Who was whom, from publication to publication: loaded from the files of warehouse/history.py.
create schema if not exists people;
-- One row per file that is in this database.
create table if not exists people.histories (number bigint not null);
-- SCD-2: whose each record was, from when to when; valid_to null: is now.
create table if not exists people.membership (
    record varchar not null, person_id varchar not null, valid_from timestamptz not null, valid_to timestamptz
);
-- Every id that was ever published, with the record it was born with and the batch that brought that.
create table if not exists people.ids (
    person_id varchar not null, founder varchar not null, born bigint, since timestamptz not null
);
-- Links by names that hold: they stay as long as nothing contradicts them.
create table if not exists people.name_links (
    left_record varchar not null, right_record varchar not null, rule varchar not null,
    evidence varchar not null, since timestamptz not null
);
-- What happened to persons, without births.
create table if not exists people.events (
    "at" timestamptz not null, event varchar not null, person_id varchar, other_person_id varchar,
    detail varchar not null
);
