-- Who worked where as what: one row per person, organization and first day (person_id, organization,
-- valid_from). Made anew with the answers; people are asked of it before the first of them, too.
create table if not exists main.affiliations (
    person_id varchar, organization varchar, title varchar, valid_from date, valid_to date,
    source varchar, evidence varchar, is_current boolean,
    said_by varchar, last_said_on date, ended_by varchar
);
