"""Mail outside the rhythms: lists, newsletters, machines, broadcasts, and messages with a flaw."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from .cast import PEOPLE, SHARED_ADDRESS, SHARED_NAMES, named
from .chance import Chance
from .plan import MARKER, ME_HOME, ME_WORK, Mail, Mailbox
from .rhythms import local

_LIST_ID = ("List-Id", "Makers of Oderling <makers.lists.oderling.example>")
_LIST_POST = ("List-Post", "<mailto:makers@lists.oderling.example>")
_LIST = (_LIST_ID, _LIST_POST, ("Precedence", "list"))


def mails(seed: int) -> list[Mail]:
    """All of them, in no particular order."""
    chance = Chance(seed, "correspondence")
    return [
        *_list(chance),
        *_newsletters(chance),
        *_machines(),
        *_broadcasts(),
        *_couple(),
        *_oddities(),
    ]


def _who(name: str) -> Mailbox:
    return named(name).mailbox


def _moment(text: str) -> datetime:
    stamp = datetime.fromisoformat(text)
    return local(stamp.date(), stamp.hour * 60 + stamp.minute)


def _received(sender: Mailbox, when: datetime, subject: str, to: tuple[Mailbox, ...] = (ME_HOME,)) -> Mail:
    """A message to me; my own address in To says where it arrived."""
    mine = next((box.address for box in to if box in (ME_HOME, ME_WORK)), ME_HOME.address)
    identity = f"{when:%Y%m%d%H%M}.{sender.address.split('@')[0]}@{sender.address.split('@')[1]}"
    return Mail(
        sent_at=when,
        sender=sender,
        to=to,
        message_id=identity,
        subject=f"{subject} ({MARKER})",
        delivered_to=mine,
    )


def _sent(when: datetime, to: tuple[Mailbox, ...], subject: str) -> Mail:
    return Mail(
        sent_at=when,
        sender=ME_HOME,
        to=to,
        message_id=f"{when:%Y%m%d%H%M}.robin@ferrow.example",
        subject=f"{subject} ({MARKER})",
        folders=("sent",),
    )


def _days(first: str, last: str, step: int) -> Iterator[date]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day
        day += timedelta(days=step)


def _list(chance: Chance) -> Iterator[Mail]:
    """Posts by members, one of them otherwise silent; a few name me in Cc, and I answer once."""
    members = ("Cosmo Rindle", "Petra Eelgrass", "Ottoline Farr", "Nikolaj Straw")
    makers = _who("Makers of Oderling")
    for day in _days("2025-03-04", "2026-06-26", 6):
        post = _received(
            _who(chance.pick(members)), local(day, chance.between(540, 1100)), "Glue and reeds", (makers,)
        )
        yield replace(
            post, is_contact=False, headers=_LIST, return_path="makers-bounces@lists.oderling.example"
        )
    named_me = _received(_who("Nikolaj Straw"), _moment("2026-05-07 15:20"), "Robin, your kiln", (makers,))
    yield replace(named_me, cc=(ME_HOME,), headers=(_LIST_ID, _LIST_POST))
    by_the_list = _received(_who("Petra Eelgrass"), _moment("2026-05-12 11:05"), "Also Robin", (makers,))
    yield replace(by_the_list, cc=(ME_HOME,), headers=_LIST, is_contact=False)
    answer = _sent(_moment("2026-05-07 17:45"), (makers,), "Re: Robin, your kiln")
    yield replace(answer, cc=(_who("Nikolaj Straw"),), references=(named_me.message_id,))


def _newsletters(chance: Chance) -> Iterator[Mail]:
    """A weekly one that stopped and a monthly one that goes on."""
    for name, first, last, step in (
        ("The Oderling Gazette", "2025-01-03", "2026-04-17", 7),
        ("Tidewater Offers", "2025-01-15", "2026-06-20", 30),
    ):
        sender = _who(name)
        leave = ("List-Unsubscribe", f"<mailto:leave@{sender.address.split('@')[1]}>")
        for day in _days(first, last, step):
            letter = _received(sender, local(day, chance.between(420, 480)), "This week")
            yield replace(letter, is_contact=False, headers=(leave, ("Precedence", "bulk")))


def _machines() -> Iterator[Mail]:
    """Tickets, a bounce, an absence notice from a person, and a help desk."""
    for day in _days("2025-02-10", "2026-06-10", 40):
        ticket = _received(_who("Oderling Tickets"), local(day, 615), "Your ticket")
        yield replace(ticket, is_contact=False, headers=(("Auto-Submitted", "auto-generated"),))
    bounce = _received(_who("Mail Delivery System"), _moment("2026-01-20 10:31"), "Undelivered mail")
    yield replace(bounce, is_contact=False, return_path="", headers=(("Auto-Submitted", "auto-replied"),))
    absence = _received(_who("Dembe Lukarro"), _moment("2026-03-24 19:00"), "Out of office", (ME_WORK,))
    yield replace(absence, is_contact=False, headers=(("Auto-Submitted", "auto-replied"),))
    notice = _received(_who("Amara Thistlewood"), _moment("2025-08-04 07:59"), "Closed for August")
    yield replace(notice, is_contact=False, return_path="")
    question = replace(
        _sent(_moment("2026-02-10 10:10"), (_who("Brightbox Support"),), "A lamp"), is_contact=False
    )
    yield question
    reply = _received(_who("Brightbox Support"), _moment("2026-02-10 12:40"), "Re: A lamp")
    yield replace(reply, is_contact=False, references=(question.message_id,))


def _broadcasts() -> Iterator[Mail]:
    """My circulars to fourteen, one to me and fourteen others, and a letter to exactly ten, which counts."""
    circle = (
        "Wilhelmina Sprock", "Jorah Tintagel", "Tamsin Okorewe", "Ilvar Brandquist", "Søren Vildgaard",
        "Nasrin Vale", "Verity Nightjar", "Ignatius Loam", "Fenna Ruisdonck", "Chiara Belvolto",
        "Saoirse Eldergate", "Orsolya Finch-Bata", "Rosalind Umber", "Liesl Throckwald",
    )  # fmt: skip
    boxes = tuple(_who(name) for name in circle)
    for day in _days("2025-11-10", "2026-05-04", 14):
        yield replace(_sent(local(day, 1140), boxes, "News from the pier"), is_contact=False)
    invitation = _received(
        _who("Verity Nightjar"), _moment("2026-05-28 09:12"), "Summer fair", (ME_HOME, *boxes)
    )
    yield replace(invitation, is_contact=False)
    yield _sent(_moment("2024-12-20 17:00"), boxes[2:12], "Season's greetings")


def _couple() -> Iterator[Mail]:
    """Two people, one address: each writes under their own name."""
    ansel, brigid = (Mailbox(name, SHARED_ADDRESS) for name in SHARED_NAMES)
    for sender, day in ((ansel, "2025-05-06"), (brigid, "2025-07-15"), (ansel, "2025-12-02")):
        first = _received(sender, _moment(f"{day} 10:00"), "Jam and jars")
        yield first
        answer = _sent(_moment(f"{day} 18:05"), (sender,), "Re: Jam and jars")
        yield replace(answer, references=(first.message_id,))
    yield _sent(_moment("2026-02-17 12:00"), (brigid,), "The spare key")


def _oddities() -> Iterator[Mail]:
    """One message for each flaw that a reader must survive; all of them are contacts."""
    dagny, kofi = _who("Dagny Fallowmere"), _who("Kofi Larkspur")
    yield replace(_received(dagny, _moment("2026-04-21 09:40"), "Clock trouble"), flaw="bad-date")
    yield replace(_received(kofi, _moment("2026-05-05 14:10"), "No number"), flaw="no-message-id")
    yield replace(
        _received(_who("Chiara Belvolto"), _moment("2026-03-10 11:11"), "The path"), flaw="from-line"
    )
    blind = _received(_who("Väinö Korpinlaakso"), _moment("2026-04-14 13:30"), "For your eyes", ())
    yield replace(blind, undisclosed=True, delivered_to=ME_HOME.address)
    aside = _received(_who("Saoirse Eldergate"), _moment("2026-04-28 16:45"), "Between us", (kofi,))
    yield replace(aside, delivered_to=ME_HOME.address)
    trio = _sent(_moment("2026-03-24 10:30"), (_who("Amara Thistlewood"),), "Three of us")
    yield replace(trio, cc=(_who("Chiara Belvolto"), ME_WORK), folders=("sent", "inbox"))
    reply = _received(_who("Amara Thistlewood"), _moment("2026-03-24 15:00"), "Re: Three of us", (ME_HOME,))
    yield replace(
        reply, cc=(_who("Chiara Belvolto"),), references=(trio.message_id,), folders=("inbox", "sent")
    )
    for number, person in enumerate(PEOPLE[-12:-7]):
        kept_twice = _received(person.mailbox, _moment(f"2024-11-{number + 4:02} 12:00"), "Kept twice")
        yield replace(kept_twice, folders=("inbox", "sent"))
