"""Affiliations: who worked where as what, from when to when, and the job changes that fall out of it.

Three kinds of evidence, each dated by itself, so that a past day never sees what was said later: versions of
cards, the owner's positions, and addresses at the domain of an employer. `valid_to` is the day from which a
span does not hold any more, null while nothing says that it ended.
"""

from datetime import date

import polars as pl

from warehouse.derive.card_spans import (
    NEVER,
    closed_elsewhere,
    neighbour,
    spans_of_cards,
    spans_of_positions,
    statements,
)
from warehouse.derive.employers import HELD, at_sites, ended_at_sites, names_of_sites

VERSIONS = """
    with linked as (select source, key, person_id from people_card_links),
    -- a card that is gone has no link any more; its addresses, if all are one person's, tell whose it was
    gone as (
        select v.source, v.key, min(i.person_id) as person_id
        from (select source, key, unnest(emails) as email from ledger.card_versions) as v
        anti join linked using (source, key)
        join main.identifiers as i on i.kind = 'email' and i.value = lower(v.email)
        group by v.source, v.key
        having count(distinct i.person_id) = 1
    )
    select l.person_id, v.*
    from ledger.card_versions as v inner join (from linked union all from gone) as l using (source, key)"""
POSITIONS = """
    select p.person_id, l.source, l.organization, l.title, l.started_on, l.ended_on, l.ingested_at as seen_at
    from landed.positions as l cross join people.persons as p
    where p.is_me
    qualify rank() over (
        partition by l.source order by regexp_extract(l.file, '@(\\d{4}-\\d{2}-\\d{2})$', 1) desc) = 1"""
ADDRESSES = """
    select i.person_id, p.name, i.value as address, i.source, i.first_seen_at, i.last_seen_at
    from main.identifiers as i inner join people.persons as p using (person_id)
    where i.kind = 'email' and p.kind = 'human' and i.first_seen_at is not null"""


def affiliations(
    versions: pl.DataFrame,
    positions: pl.DataFrame,
    addresses: pl.DataFrame,
    *,
    as_of: date,
    owner_zone: str = "UTC",
) -> pl.DataFrame:
    """One row per person, organization and first day (person_id, organization, valid_from), as of a day.

    versions: person_id, source, file, key, batch, seen_at, is_withdrawn, organization, title, emails,
    revised_at (`VERSIONS`). positions: person_id, source, organization, title, started_on, ended_on (``YYYY``
    or ``YYYY-MM``), seen_at (`POSITIONS`). addresses: person_id, name, address, source, first_seen_at,
    last_seen_at (`ADDRESSES`).

    Columns: person_id, organization, title, valid_from, valid_to, source, evidence, is_current (at most one
    a person: cards and positions before addresses, then what was said last), said_by (``card``, ``position``
    or ``address``), last_said_on, ended_by (``change``, ``withdrawal`` or null).
    """
    said = statements(versions, as_of, owner_zone)
    card_spans, card_titles = spans_of_cards(said)
    own_spans, own_titles = spans_of_positions(positions, as_of, owner_zone)
    spans = closed_elsewhere(pl.concat([card_spans, own_spans]))
    spans = spans.sort(*HELD, "valid_from", "valid_to", "span").with_columns(_island())
    sites = at_sites(addresses, names_of_sites(said), as_of, owner_zone)
    islands = _beside(_islands(spans), ended_at_sites(sites, spans, as_of))
    titles = pl.concat([card_titles, own_titles]).join(spans.select("span", "island", *HELD), on="span")
    return _marked(_titled(islands, titles))


def job_changes(affiliations: pl.DataFrame) -> pl.DataFrame:
    """One row per observed change: person_id, from_organization, from_title, to_organization, to_title.

    after_on, by_on: it happened after the one and by the other day. is_promotion: of title alone.
    evidence: of the new. A card that was withdrawn and two sources that disagree are no change.
    """
    rows = affiliations.sort("person_id", "valid_from", pl.col("valid_to").fill_null(NEVER), "organization")
    rows = rows.with_row_index("row").with_columns(on="valid_from")
    ended = rows.filter(pl.col("ended_by") == "change").with_columns(on="valid_to").sort("on", "row")
    # both are sorted by day, which Polars cannot check within persons
    found = ended.join_asof(
        rows.sort("on", "row"), on="on", by="person_id", suffix="_new", check_sortedness=False
    ).filter(pl.col("row_new") > pl.col("row"))
    return found.select(
        "person_id",
        from_organization="organization",
        from_title="title",
        to_organization="organization_new",
        to_title="title_new",
        after_on=pl.min_horizontal("last_said_on", "valid_from_new"),
        by_on=pl.max_horizontal("last_said_on", "valid_from_new"),
        is_promotion=pl.col("organization") == pl.col("organization_new"),
        evidence="evidence_new",
    ).sort("person_id", "by_on", "from_organization", "to_organization")


def _island() -> pl.Expr:
    """The number of the island that a span, sorted by person, employer and first day, lies in."""
    reach = pl.col("valid_to").fill_null(NEVER).cum_max().shift(1).over(HELD)
    return (reach.is_null() | (pl.col("valid_from") > reach)).cum_sum().alias("island")


def _islands(spans: pl.DataFrame) -> pl.DataFrame:
    """One row per person, employer and uninterrupted time, spoken for by what was said last."""
    evidence = (
        spans.select("island", "valid_from", "evidence")
        .sort("island", "valid_from", "evidence")
        .unique(["island", "evidence"], keep="first", maintain_order=True)
        .group_by("island")
        .agg(pl.col("evidence").str.join("; "))
    )
    ends = pl.when(pl.col("ended_by") == "change").then("valid_to").max().alias("changed_on")
    return (
        spans.sort("said_on", "said_by", "source", "organization", "valid_from", "span")
        .group_by("island")
        .agg(
            pl.col(*HELD).first(),
            pl.col("organization", "source", "said_by", "said_on").last(),
            pl.col("valid_from").min(),
            pl.col("valid_to").max(),
            ends,
            is_open=pl.col("valid_to").is_null().any(),
        )
        .with_columns(valid_to=pl.when(~pl.col("is_open")).then("valid_to"))
        .with_columns(
            ended_by=pl.when(pl.col("changed_on") == pl.col("valid_to"))
            .then(pl.lit("change"))
            .when(pl.col("valid_to").is_not_null())
            .then(pl.lit("withdrawal"))
        )
        .drop("changed_on", "is_open")
        .join(evidence, on="island")
    )


def _beside(islands: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Islands with what addresses add: an earlier beginning, an end nobody wrote on a card, or their own."""
    order = pl.int_range(pl.len()).over(HELD)
    both = (
        islands.sort(*HELD, "valid_from")
        .with_columns(is_first=order == 0, is_last=order == pl.len().over(HELD) - 1)
        .join(sites.select(*HELD, "first_on", "last_on", "site_to", "site_evidence"), on=HELD, how="left")
    )
    is_over = pl.col("valid_to").is_null() & (pl.col("last_on") >= pl.col("said_on")) & pl.col("is_last")
    touches = pl.col("first_on").is_not_null() & (pl.col("is_first") | pl.col("is_last"))
    end = pl.when(is_over).then("site_to").otherwise("valid_to")
    both = both.with_columns(
        valid_from=pl.when("is_first")
        .then(pl.min_horizontal("valid_from", "first_on"))
        .otherwise("valid_from"),
        valid_to=end,
        ended_by=pl.when(is_over & pl.col("site_to").is_not_null())
        .then(pl.lit("change"))
        .otherwise("ended_by"),
        said_on=pl.when(end.is_null() | is_over)
        .then(pl.max_horizontal("said_on", "last_on"))
        .otherwise("said_on"),
        evidence=pl.when(touches)
        .then(pl.format("{}; {}", "evidence", "site_evidence"))
        .otherwise("evidence"),
    )
    last = (
        islands.sort("valid_from")
        .group_by(HELD)
        .agg(pl.col("valid_to", "ended_by").last(), is_held=pl.lit(value=True))
    )
    # After a card is withdrawn its owner's address goes on to speak.
    alone = (
        sites.join(last, on=HELD, how="left")
        .filter(
            pl.col("is_held").is_null()
            | (pl.col("ended_by") == "withdrawal") & (pl.col("site_to").fill_null(NEVER) > pl.col("valid_to"))
        )
        .with_columns(begins_on=pl.coalesce("valid_to", "first_on"))
        .select(
            *(*HELD, "organization", "source"),
            island=-1 - pl.int_range(pl.len(), dtype=pl.Int64),
            said_by=pl.lit("address"),
            said_on=pl.max_horizontal("last_on", "begins_on"),
            valid_from="begins_on",
            valid_to="site_to",
            ended_by=pl.when(pl.col("site_to").is_not_null()).then(pl.lit("change")),
            evidence="site_evidence",
        )
    )
    columns = alone.columns
    return pl.concat([both.with_columns(pl.col("island").cast(pl.Int64)).select(columns), alone])


def _titled(islands: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """Islands cut where the title changed. An undated first sight of a title does not outdo a dated one."""
    is_new = pl.col("island").ne_missing(pl.col("island").shift(1))
    told = (
        titles.filter(pl.col("is_sure") | ~pl.col("is_sure").any().over("island"))
        .sort("island", "on", "is_sure", "title")
        .unique(["island", "on"], keep="last", maintain_order=True)
        .filter(is_new | pl.col("title_key").ne_missing(pl.col("title_key").shift(1)))
        .with_columns(
            is_later=~is_new,
            next_on=neighbour("on", "island", 1),
            before_on=pl.coalesce("before_on", neighbour("on", "island", -1)),
        )
        .with_columns(next_before_on=neighbour("before_on", "island", 1))
        .select("island", "on", "title", "is_later", "next_on", "before_on", "next_before_on")
        .rechunk()
    )
    is_cut, is_later = pl.col("next_on").is_not_null(), pl.col("is_later").fill_null(value=False)
    return islands.join(told, on="island", how="left").with_columns(
        valid_from=pl.when(is_later).then("on").otherwise("valid_from"),
        valid_to=pl.when(is_cut).then("next_on").otherwise("valid_to"),
        ended_by=pl.when(is_cut).then(pl.lit("change")).otherwise("ended_by"),
        said_on=pl.when(is_cut).then("next_before_on").otherwise("said_on"),
        evidence=pl.when(is_later)
        .then(pl.format("title changed between {} and {}; {}", "before_on", "on", "evidence"))
        .otherwise("evidence"),
    )


def _marked(rows: pl.DataFrame) -> pl.DataFrame:
    """The public columns, sorted, with the one affiliation of each person that speaks for them now."""
    holds = pl.col("valid_to").is_null()
    ranks = [holds, holds & (pl.col("said_by") != "address"), "said_on", "valid_from", "org_key"]
    return (
        rows.sort("person_id", *ranks)
        .with_columns(
            is_current=holds & (pl.int_range(pl.len()).over("person_id") == pl.len().over("person_id") - 1)
        )
        .select(
            *("person_id", "organization", "title", "valid_from", "valid_to", "source", "evidence"),
            *("is_current", "said_by"),
            last_said_on="said_on",
            ended_by="ended_by",
        )
        .sort("person_id", "valid_from", "organization", "valid_to", "title")
    )
