"""messages.csv: who wrote to whom and when, one row a message; what they wrote is never kept.

Columns have come with the years: profiles of the senders, of the recipients (2023), attachments, drafts
(2024). A conversation is one thread. Profiles stand where mail has addresses, in one spelling.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from connectors.inputs import Input
from connectors.linkedin import MEND, instant, profile_url
from connectors.records import Item, Message, MessageParty
from connectors.tables import Layout, Row, items, key, looked_ahead, rows

_LAYOUT = Layout(
    "LinkedIn messages",
    MEND,
    {
        "conversation id": "conversation",
        "from": "from",
        "sender profile url": "sender",
        "to": "to",
        "recipient profile urls": "recipients",
        "date": "date",
        "content": "content",
        "direction": "direction",
        "folder": "folder",
        "is message draft": "draft",
    }.get,
    {"FROM": ("from",), "TO": ("to",), "DATE": ("date",), "FOLDER": ("folder",), "CONTENT": ("content",)},
)
_LONG = 65_536  # five hundred recipients
_ADVERTISED = "spinmail"  # the class of what LinkedIn's editor for sponsored messages writes
_YES = ("yes", "true")
_NEARLY_ALL = 0.8
_MOST_PAIRS = 500_000


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""
    owner, source = looked_ahead(source, _owner)

    def to_message(row: Row) -> Item:
        reason = _skipped(row)
        return row.skipped(reason) if reason else _message(row, owner, source.bounds.recipients)

    yield from items(source, _LAYOUT, to_message)


def _skipped(row: Row) -> str:
    """Why a row is no message between two people; empty if it is one."""
    folder = row.one("folder").lower()
    if row.one("draft").lower() in _YES or "draft" in folder:
        return "draft"
    if "spam" in folder:
        return "spam"
    return "sponsored" if "sponsored" in folder or _ADVERTISED in row.one("content") else ""


def _message(row: Row, owner: str, most: int) -> Item:
    sender = MessageParty(role="from", name=row.one("from"), address=profile_url(row.one("sender", 1000)))
    recipients = _recipients(row)
    parties = (sender, *recipients[:most]) if sender.name or sender.address else tuple(recipients[:most])
    if not parties:
        return row.rejected("row holds no sender and no recipient")
    conversation, written = row.one("conversation"), row.one("date")
    sent_at = instant(written)
    moment = sent_at.isoformat() if sent_at else written
    message_id = f"linkedin:{key(conversation, sender.address or sender.name, moment)}"
    is_sent = row.one("direction").lower() == "outgoing" or (owner and sender.address == owner)
    beyond = f"recipients beyond {most}" if len(recipients) > most else ""
    return Message(
        key=message_id,
        message_id=message_id,
        sent_at=sent_at,
        dated_by="date" if sent_at else "none",
        parties=parties,
        in_reply_to=None,
        references=(f"linkedin:{conversation}",) if conversation else (),
        list_id=None,
        list_post=None,
        has_list_unsubscribe=False,
        precedence=None,
        auto_submitted=None,
        return_path=None,
        has_feedback_id=False,
        delivered_to=(owner,) if owner else (),
        labels=("sent",) if is_sent else (),
        service="linkedin",
        capped=", ".join(filter(None, (row.capped, beyond))),
        position=row.position,
        locator=row.locator,
    )


def _recipients(row: Row) -> list[MessageParty]:
    """Names and profiles stand in two columns, each joined by commas, which stand in names, too.

    So a name goes with a profile only where there are as many of both; the profile is what counts.
    """
    names = [name.strip() for name in row.one("to", _LONG).split(",")]
    profiles = [profile_url(url) for url in row.one("recipients", _LONG).split(",")]
    if len(profiles) == 1:
        names = [row.one("to")] if profiles[0] else names
        profiles *= len(names)
    elif len(names) != len(profiles):
        names = [""] * len(profiles)
    pairs = dict.fromkeys(zip(names, profiles, strict=True))
    return [MessageParty(role="to", name=name[:200], address=url) for name, url in pairs if name or url]


def _owner(source: Input) -> str:
    """The one member who takes part in nearly all of several conversations; empty if that is nobody, or many.

    Nearly: an export may leave its owner out of a group's recipients, or a deleted profile's address empty.
    """
    members: defaultdict[str, set[str]] = defaultdict(set)
    pairs = 0
    for row in rows(source, _LAYOUT):
        if isinstance(row, Row) and not _skipped(row) and (conversation := row.one("conversation")):
            known = members[conversation]
            before = len(known)
            known.update(filter(None, map(profile_url, row.one("recipients", _LONG).split(","))))
            known.update(filter(None, [profile_url(row.one("sender", 1000))]))
            pairs += len(known) - before
            if pairs > _MOST_PAIRS:
                return ""
    shared = [known for known in members.values() if len(known) > 1]
    present = Counter(url for known in shared for url in known).most_common(2)
    (owner, most), (_, next_most) = (*present, ("", 0), ("", 0))[:2]
    is_clear = most >= 2 and most > next_most and most >= _NEARLY_ALL * len(shared)
    return owner if is_clear else ""
