"""People in the build: from staged mentions and cards to persons, what is new of them, and who is meant."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from warehouse import history
from warehouse.connection import Connection, rows
from warehouse.frames import frame, store
from warehouse.models import model_query
from warehouse.owner import Owner, Rules
from warehouse.people.addresses import NOT_MINE, normalise, parse
from warehouse.people.lineage import redirects
from warehouse.people.resolve import resolve

MODELS = ("stg_mail__lists", "stg_contacts__cards", "stg_people__mentions")


def resolve_people(
    connection: Connection,
    owner: Owner,
    rules: Rules,
    scratch: Path,
    remember: Callable[[pl.DataFrame], None],
) -> None:
    for model in MODELS:
        connection.execute(f"create or replace temp table {model} as {model_query('staging', model)}")
    mentions = frame(connection, "from stg_people__mentions")
    cards = frame(
        connection, "select * exclude (file, birthday, categories, connected_on) from stg_contacts__cards"
    )
    before = history.published(connection)
    resolution = resolve(
        mentions,
        cards,
        me=[*owner.me, *my_profiles(connection)],
        region=owner.region,
        decisions=rules.decisions,
        published=before,
        rare_names=rules.rare_names,
    )
    told = frozenset(
        detail
        for (detail,) in rows(connection, "select detail from people.events where event = 'decision_refused'")
    )
    if len(news := history.news(resolution, before, told)):
        remember(news)
    store(connection, "people.persons", resolution.persons, scratch)
    store(connection, "people.suggestions", resolution.suggestions, scratch)
    store(connection, "people.redirects", redirects(resolution.members, before), scratch)
    store(connection, "people_ties", resolution.ties, scratch, temporary=True)
    store(connection, "people_mention_links", resolution.mention_links, scratch, temporary=True)
    store(connection, "people_card_links", resolution.card_links, scratch, temporary=True)
    store(connection, "people_identifiers", resolution.identifiers, scratch, temporary=True)
    connection.execute(
        """
        create or replace table people.links as
        select t.*, greatest(l.valid_from, r.valid_from) as since
        from people_ties as t
        left join people.membership as l on l.record = t.left_record and l.valid_to is null
        left join people.membership as r on r.record = t.right_record and r.valid_to is null
        order by all"""
    )
    _link_mentions(connection)


def _link_mentions(connection: Connection) -> None:
    """staging.links, by number, and moved_mentions: those that were nobody's before, or somebody else's."""
    connection.execute(
        """
        create or replace temp table links as
        select
            row_number() over (order by l.name, l.address) as number,
            hash(l.name, l.address) as mention,
            replace(l.address, $1, '') as address,
            hash(lower(replace(l.address, $1, ''))) as address_number,
            l.person_id,
            hash(l.person_id) as person_number,
            p.is_me
        from people_mention_links as l inner join people.persons as p using (person_id)""",
        [NOT_MINE],
    )
    connection.execute("create table if not exists staging.links as from links limit 0")
    connection.execute(
        """
        create or replace temp table moved_mentions as
        select mention, person_id, is_me from links
        except select mention, person_id, is_me from staging.links"""
    )
    connection.execute("create or replace table staging.links as from links")


def my_profiles(connection: Connection) -> list[str]:
    """My profiles: an export names them, and those to which its messages were delivered. Addresses that an
    export names may be old or another's, so they are not taken for mine.
    """
    found = rows(
        connection,
        """
        select "value" from landed.own_identifiers where kind = 'linkedin'
        union select unnest(delivered_to) from landed.messages where service = 'linkedin'""",
    )
    profiles = {parse(value if ":" in value else f"linkedin:{value}") for (value,) in found if value}
    return sorted(profile.value for profile in profiles if profile.slug)


def list_my_delivery(connection: Connection, owner: Owner) -> None:
    """my_delivery: how my addresses are written where mail was delivered."""
    mine = {normalise(address) for address in [*owner.me, *my_profiles(connection)]}
    delivered = rows(
        connection,
        """
        select distinct unnest(delivered_to)
        from staging.stg_mail__messages semi join all_touched using (letter)""",
    )
    own = [address for (address,) in delivered if normalise(address) in mine]
    connection.execute(
        "create or replace temp table my_delivery as select unnest(?::varchar[]) as address", [own]
    )
