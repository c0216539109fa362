-- What has been loaded, and how far each file has been read.
create schema if not exists ledger;

-- One row per batch of landing that is in this database.
create table if not exists ledger.batches (
    batch bigint not null, source varchar not null, landed_at timestamptz not null
);

-- One row per file of a source as it was last read: enough to know a change, and where to go on.
create table if not exists ledger.files (
    source varchar not null, file varchar not null, state varchar not null
);

-- One row per source that has ever landed.
create table if not exists ledger.sources (
    source varchar not null, kind varchar not null, location varchar not null
);

-- One row per mention of a person, (origin, name, address) or (source, '', card key), and the batch
-- that brought it first. Ids follow births, so births are never withdrawn.
create table if not exists ledger.births (
    origin varchar not null, name varchar not null, address varchar not null, batch bigint not null
);

-- One row per card and batch that says something of it: what a version says of employers and when it was
-- revised (REV), or that the card is gone. Affiliations over time are made of these rows.
create table if not exists ledger.card_versions (
    source varchar not null, file varchar not null, key varchar not null, batch bigint not null,
    seen_at timestamptz not null, is_withdrawn boolean not null,
    organization varchar, title varchar, emails varchar[] not null, revised_at timestamptz
);

-- One row per record that could not be read.
create table if not exists ledger.quarantine (
    source varchar not null, file varchar not null, position bigint not null, locator varchar not null,
    reason varchar not null, mend varchar not null, excerpt varchar not null, seen_at timestamptz not null
);

-- One row per run and source.
create table if not exists ledger.runs (
    run_id varchar not null, source varchar not null, kind varchar not null,
    started_at timestamptz not null, finished_at timestamptz not null, as_of date not null,
    status varchar not null, error varchar,
    read bigint not null, new bigint not null, changed bigint not null, unchanged bigint not null,
    skipped map(varchar, bigint) not null, quarantined bigint not null, withdrawn bigint not null,
    seconds double not null
);
