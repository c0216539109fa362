"""Why the records of a person are one person's: each link with its evidence, and where it can be seen."""

from datetime import datetime

from warehouse.connection import Connection, rows
from warehouse.people.addresses import normalise
from warehouse.people.records import MENTION, place_of


def why_linked(connection: Connection, person_id: str) -> list[dict[str, object]]:
    """The links of a person, the oldest first: rule, evidence, left_record, right_record, since, seen_in.

    seen_in: of a link through an address the latest message in which it stands, as message_id and day.
    """
    messages = _latest_messages(connection, person_id)
    found = rows(
        connection,
        """
        select rule, evidence, left_record, right_record, since from main.person_links where person_id = ?
        order by since, rule, left_record, right_record""",
        [person_id],
    )
    names = ("rule", "evidence", "left_record", "right_record", "since")
    links = [dict[str, object](zip(names, row, strict=True)) for row in found]
    for link in links:
        seen = (messages.get(place_of(str(link[side]))) for side in ("right_record", "left_record"))
        link["seen_in"] = next(filter(None, seen), None)
    return links


def former_ids(connection: Connection, person_id: str) -> list[str]:
    """Ids that lead to this person now."""
    found = rows(
        connection, "select person_id from people.redirects where to_person_id = ? order by all", [person_id]
    )
    return [former for (former,) in found]


def _latest_messages(connection: Connection, person_id: str) -> dict[str, str]:
    """By place of a record, the last message that names its address: "<id> of 2026-05-01"."""
    found = rows(
        connection,
        """
        select p.address, arg_max(m.message_id, m.sent_at), max(m.sent_at)
        from main.message_parties as p inner join main.messages as m using (message_id)
        where p.person_id = ? and m.sent_at is not null group by p.address""",
        [person_id],
    )
    latest: dict[str, tuple[datetime, str]] = {}
    for address, message_id, sent_at in found:
        place = f"{MENTION}{normalise(address)}"
        latest[place] = max(latest.get(place, (sent_at, message_id)), (sent_at, message_id))
    return {place: f"{message_id} of {sent_at:%Y-%m-%d}" for place, (sent_at, message_id) in latest.items()}
