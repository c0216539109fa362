"""Somebody whose identifiers stand in odd places of small homes: forgotten, no byte of them is left.

HYPOTHESIS_PROFILE=search draws many more homes.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pipeline import ME, ask, make_home, sync
from traces import card, left, run

from flows.settings import Home

EXAMPLES = 25 if os.environ.get("HYPOTHESIS_PROFILE") == "search" else 2
LOCAL = "wilma.quince"
DOMAINS = ("quince.example", "bücher-quince.example", "mail.quince.example")
OTHERS = tuple((f"{given} {family}", f"{given}@{family}.example".lower())
               for given, family in (("Bo", "Larch"), ("Mary", "Alder"), ("Ines", "Rowan")))  # fmt: skip
TRACES = (
    b"wilma.quince",
    b"wilma quince",
    b"2025550143",
    b"202-555-0143",
    b"202) 555-0143",
    b"wilma-q-7",
    b"uid-77w",
)


class Planted(NamedTuple):
    """A mailbox, an address book of some files, and a calendar, as they are written."""

    mail: str
    cards: dict[str, str]
    diary: str


def spellings(address: str) -> st.SearchStrategy[str]:
    """How an address may be written where nobody reads it as one."""
    local, domain = address.split("@")
    coded = domain.encode("idna").decode()
    return st.sampled_from(
        [address, address.upper(), f"{local}@{coded}", f"{local}+shop@{domain}", f'"{local}"@{coded}',
         f"{local}%40{coded}", f"bounces+{local}={coded}@lists.example", f"77.{local}@{coded}",
         f"SRS0=x={coded}={local}@fwd.example", f"a=b=1@{local}@{coded}", f"mailto:{local}@{domain}"]
    )  # fmt: skip


@st.composite
def messages(draw: st.DrawFn, address: str, number: int) -> str:
    """A message, theirs or another's, with the address in one or two headers."""
    name, other = draw(st.sampled_from(OTHERS))
    odd = spellings(address)
    sender, to = f"{name} <{other}>", f"Robin <{ME}>"
    match draw(st.integers(0, 5)):
        case 0:
            sender = f"Wilma Quince <{address}>"
        case 1:
            sender, to = to, f"{sender}, Wilma Quince <{address.upper()}>"
        case 2:
            sender, to = to, sender
    plants: dict[str, Callable[[str], str]] = {
        "Message-ID": lambda text: f"<{number}.{text}>",
        "References": lambda text: f"<1@mail.example> <{number}.{text}> <{text}>",
        "In-Reply-To": lambda text: f"<{text}>",
        "List-Post": lambda text: f"<mailto:list-{text}>",  # their own address would be a list
        "List-Id": lambda text: f"Those of {text} <makers.{number}.example>",
        "Return-Path": lambda text: f"<{text}>",
        "Delivered-To": lambda text: text,
        "Reply-To": lambda text: f'"{text.replace(chr(34), "")}" <{other}>',
        "Cc": lambda text: f"Wilma <{address.replace('@', '+news@')}>",
        "X-Gmail-Labels": lambda text: f"Inbox,{text}".replace(chr(34), ""),
    }
    headers = {"Message-ID": f"<m{number}@mail.example>", "From": sender, "To": to}
    for header in draw(st.lists(st.sampled_from(sorted(plants)), max_size=2, unique=True)):
        headers[header] = plants[header](draw(odd))
    lines = "".join(f"{header}: {value}\n" for header, value in headers.items())
    lines += f"Date: Mon, {number:02d} Jan 2026 10:00:00 +0000\n"
    return f"From x@y.example Mon Jan  5 10:00:00 2026\n{lines}\nHi\n\n"


@st.composite
def cards(draw: st.DrawFn, address: str, number: int) -> str:
    """Another's card, with something of theirs in one of its fields."""
    name, other = OTHERS[number % len(OTHERS)]
    text = draw(spellings(address))
    phones = [] if number else ["TEL:+1 (202) 555-0143", "TEL:+1-202-555-0143"]  # of three it is a house's
    field = draw(
        st.sampled_from(
            ["", f"ORG:Quince & Co\\, {text}", f"NICKNAME:{text}", f"TITLE:of {address}", f"EMAIL:{address}",
             f"EMAIL:Wilma <{address}>", f"URL:https://x.example/?of={text}", f"CATEGORIES:friends,{address}",
             "URL:https://www.LinkedIn.com/in/Wilma-Q-7/", "NICKNAME:wilma-q-7",
             "ORG:call +1 202-555-0143 now", *phones]
        )
    )  # fmt: skip
    return card(f"u{number}", name, f"EMAIL:{other}", "TEL:+1 202 555 0188", *filter(None, [field]))


@st.composite
def meetings(draw: st.DrawFn, address: str, number: int) -> str:
    """An event with others, which they attend or whose texts hold the address."""
    name, other = draw(st.sampled_from(OTHERS))
    text = draw(spellings(address)).replace('"', "")
    uid = draw(st.sampled_from([f"e{number}", f"e{number}-{text}"]))
    attendee = draw(
        st.sampled_from(["", f"ATTENDEE;CN=Wilma Quince;PARTSTAT=ACCEPTED:mailto:{address}",
                         f'ATTENDEE;CN="{text}";PARTSTAT=ACCEPTED:mailto:x{number}@larch.example'])
    )  # fmt: skip
    organizer = draw(st.sampled_from([f"CN=Wilma Quince:mailto:{address}", f"CN={name}:mailto:{other}"]))
    day = f"202602{number:02d}"
    lines = [
        "BEGIN:VEVENT", f"UID:{uid}", f"DTSTART:{day}T100000Z", f"DTEND:{day}T110000Z",
        f"ORGANIZER;{organizer}", f"ATTENDEE;CN={name};PARTSTAT=ACCEPTED:mailto:{other}",
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ME}", *filter(None, [attendee]), "END:VEVENT",
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines)


@st.composite
def planted(draw: st.DrawFn) -> Planted:
    """The files of a home in which they stand in odd places."""
    address = f"{LOCAL}@{draw(st.sampled_from(DOMAINS))}"
    theirs = card("uid-77w", "Wilma Quince", f"EMAIL:{address}", "TEL:+1 202-555-0143",
                   "URL:https://www.linkedin.com/in/wilma-q-7")  # fmt: skip
    book = {
        draw(st.sampled_from(["all.vcf", f"{address}.vcf", "Wilma Quince.vcf", "uid-77w.vcf"])): theirs,
        draw(st.sampled_from(["others.vcf", f"wilma-quince-{address}.vcf"])): "".join(
            draw(cards(address, number)) for number in range(3)
        ),
    }
    mail = "".join(draw(messages(address, number)) for number in range(1, 13))
    diary = "".join(draw(meetings(address, number)) for number in range(1, 5))
    return Planted(mail, book, f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{diary}END:VCALENDAR\r\n")


def written(files: Planted, folder: Path) -> Home:
    """A home with these files as its sources."""
    for name in ("mail", "book", "diary"):
        (folder / name).mkdir()
    (folder / "mail" / "all.mbox").write_text(files.mail, "utf-8")
    (folder / "diary" / "all.ics").write_text(files.diary, "utf-8", newline="")
    for name, text in files.cards.items():
        (folder / "book" / name).write_text(text, "utf-8", newline="")
    kinds = {"mail": "mbox", "book": "vcard", "diary": "ics"}
    return make_home(folder / "home", {name: (kind, folder / name) for name, kind in kinds.items()})


def with_others(home: Home, but: set[str]) -> set[tuple[Any, ...]]:
    """Interactions of records that do not involve them: who, when, how. but: instants of records that do."""
    found = ask(
        home,
        """select p.primary_email, i.occurred_at::varchar, i.channel, i.direction, i.party_size
        from main.interactions i join main.people p using (person_id)""",
    )
    return {each for each in found if each[1] not in but}


def involving(home: Home) -> set[str]:
    """When there was something that they took part in, under a tagged address, too."""
    found = ask(
        home,
        """with them as (select distinct person_id from main.identifiers where contains(value, $1))
        select sent_at::varchar from main.message_parties semi join them using (person_id)
            join main.messages using (message_id)
        union all select starts_at::varchar from main.meeting_parties semi join them using (person_id)
            join main.meetings using (meeting_id)""",
        LOCAL,
    )
    return {instant for (instant,) in found}


@settings(max_examples=EXAMPLES, phases=[Phase.generate])  # to shrink a home takes longer than to read it
@given(planted())
def test_no_byte_of_them_is_left_and_what_others_did_stays(files: Planted) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        home = written(files, folder)
        sync(home)
        [(person_id,)] = ask(home, "select person_id from main.identifiers where value = 'uid-77w'")
        theirs = involving(home)
        before = with_others(home, theirs)
        result = run(home, person_id, "--yes")
        assert (result.exit_code, result.output) == (0, "Forgotten: Wilma Quince\n")
        assert left(home.folder, TRACES) == []
        assert with_others(home, theirs) == before
        sync(home)
        assert left(home.folder, TRACES) == []
        assert with_others(home, theirs) == before
    finally:
        shutil.rmtree(folder)
