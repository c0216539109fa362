"""connectors.linkedin: the files of LinkedIn's archive, of its several years."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.inputs import Input, plain
from connectors.linkedin import (
    addresses,
    connections,
    day,
    instant,
    invitations,
    messages,
    month,
    positions,
    profile_url,
)
from connectors.records import (
    Card,
    Invitation,
    Item,
    Message,
    NotThisFormat,
    OwnIdentifier,
    Position,
    Rejected,
    Skipped,
)

DATA = Path(__file__).parent / "data" / "linkedin"
OLGA = "https://www.linkedin.com/in/olgaowner"
ADA = "https://www.linkedin.com/in/ada-quill-7"
MESSAGES = "CONVERSATION ID,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,CONTENT,FOLDER\n"
READERS = (addresses, connections, invitations, messages, positions)


def items_of(reader, name: str) -> list[Item]:
    with plain(DATA / name) as source:
        return list(reader.read(replace(source, dated=datetime(2024, 7, 1, tzinfo=UTC))))


def read_text(reader, text: str, bounds: Bounds | None = None) -> list[Item]:
    return list(reader.read(Input(io.BytesIO(text.encode()), "x.csv", bounds=bounds or Bounds())))


# Connections


def test_connections_are_facts_of_the_day_of_the_export_below_a_note() -> None:
    ada, zoe, hidden, empty, ghost = items_of(connections, "Connections.csv")
    assert isinstance(ada, Card)
    assert (ada.key, ada.urls, ada.emails) == (ADA, (ADA,), ("ada@quill.example",))
    assert (ada.name, ada.organization, ada.title) == ("Ada Quill", "Quill, Ink & Co", "Editor")
    assert (ada.connected_on, ada.revised_at) == (date(2024, 3, 5), datetime(2024, 7, 1, tzinfo=UTC))
    assert isinstance(zoe, Card)
    assert zoe.key == "https://www.linkedin.com/in/zoë-brandt"
    assert [item.reason for item in (hidden, empty) if isinstance(item, Skipped)] == [
        "hidden profile",
        "empty row",
    ]
    assert isinstance(ghost, Rejected)


def test_connections_without_profiles_are_known_by_name_and_day() -> None:
    [ada] = items_of(connections, "Connections-2020.csv")
    assert isinstance(ada, Card)
    assert (ada.urls, len(ada.key), ada.connected_on) == ((), 16, date(2019, 3, 5))


def test_a_date_that_cannot_be_read_costs_the_date() -> None:
    [card] = read_text(connections, "First Name,Last Name,Connected On\nAda,Quill,32 Foo 2024\n")
    assert isinstance(card, Card)
    assert card.connected_on is None


# Messages


def test_a_message_is_its_people_and_its_time() -> None:
    first, answer, both, *_ = items_of(messages, "messages.csv")
    assert isinstance(first, Message)
    assert isinstance(answer, Message)
    assert isinstance(both, Message)
    assert [(p.role, p.name, p.address) for p in first.parties] == [
        ("from", "Ada Quill", ADA),
        ("to", "Olga Owner", OLGA),
    ]
    assert (first.sent_at, first.dated_by) == (datetime(2024, 3, 5, 14, 3, 22, tzinfo=UTC), "date")
    assert first.references == answer.references == ("linkedin:2-aaa",)
    assert first.key == first.message_id != answer.message_id
    assert (first.service, first.delivered_to, first.labels, answer.labels) == (
        "linkedin",
        (OLGA,),
        (),
        ("sent",),
    )
    # A comma within a name leaves open which name goes with which profile.
    assert [(p.name, p.address[-8:]) for p in both.parties[1:]] == [("", "n/bo-bay"), ("", "jane-doe")]


def test_who_has_left_keeps_the_name_and_has_no_address() -> None:
    gone = items_of(messages, "messages.csv")[3]
    assert isinstance(gone, Message)
    assert (gone.parties[0].name, gone.parties[0].address) == ("LinkedIn Member", "")


def test_advertisements_spam_and_drafts_are_skipped() -> None:
    skipped = items_of(messages, "messages.csv")[4:]
    assert [item.reason for item in skipped if isinstance(item, Skipped)] == ["sponsored", "spam", "draft"]


def test_nothing_that_was_written_is_kept() -> None:
    told = repr(items_of(messages, "messages.csv") + items_of(invitations, "Invitations.csv")).lower()
    assert not any(word in told for word in ("secret", "hello", "let us", "offer"))


def test_messages_of_2016_are_read_by_name_and_direction() -> None:
    sent, got = items_of(messages, "messages-2016.csv")
    assert isinstance(sent, Message)
    assert isinstance(got, Message)
    assert (sent.sent_at, sent.labels) == (datetime(2016, 3, 5, 14, 3, tzinfo=UTC), ("sent",))
    assert (got.parties[0].name, got.labels, got.references, got.delivered_to) == ("Ada Quill", (), (), ())


def test_the_owner_is_unknown_from_one_conversation() -> None:
    one = MESSAGES + f"1,Ada,{ADA},Olga,{OLGA},2024-01-01 00:00:00 UTC,x,INBOX\n"
    [message] = read_text(messages, one)
    assert isinstance(message, Message)
    assert message.delivered_to == ()
    told = read_text(messages, one + f"2,Bo,linkedin.com/in/bo,Olga,{OLGA},2024-01-01 00:00:00 UTC,x,INBOX\n")
    assert all(isinstance(item, Message) and item.delivered_to == (OLGA,) for item in told)


def test_a_crowd_of_recipients_is_cut_and_told() -> None:
    names, urls = (",".join(f"{stem}{n}" for n in range(20)) for stem in ("P", "linkedin.com/in/p"))
    [message] = read_text(
        messages, MESSAGES + f'1,Ada,{ADA},"{names}","{urls}",,x,INBOX\n', Bounds(recipients=12)
    )
    assert isinstance(message, Message)
    assert (len(message.parties), message.capped) == (13, "recipients beyond 12")
    assert (message.parties[3].name, message.parties[3].address) == ("P2", "https://www.linkedin.com/in/p2")
    assert (message.sent_at, message.dated_by) == (None, "none")


# The other files


def test_an_invitation_is_the_other_persons() -> None:
    out, into, odd = items_of(invitations, "Invitations.csv")
    assert isinstance(out, Invitation)
    assert (out.direction, out.name, out.profile) == ("out", "Bo Bay", "https://www.linkedin.com/in/bo-bay")
    assert isinstance(into, Invitation)
    assert (into.direction, into.profile, into.sent_at) == ("in", ADA, datetime(2019, 11, 30, tzinfo=UTC))
    assert isinstance(odd, Rejected)


def test_positions_are_read_without_their_description() -> None:
    mill, quill, empty = items_of(positions, "Positions.csv")
    assert isinstance(mill, Position)
    assert (mill.organization, mill.title, mill.started_on, mill.ended_on) == (
        "Mill Ltd",
        "Buyer",
        "2021-03",
        "",
    )
    assert isinstance(quill, Position)
    assert (quill.started_on, quill.ended_on, quill.locator) == ("2015", "2021-02", "line 4")
    assert isinstance(empty, Skipped)
    assert "Bought" not in repr(mill)


def test_only_confirmed_addresses_are_the_owners() -> None:
    primary, old, typo, nonsense = items_of(addresses, "Email Addresses.csv")
    assert isinstance(primary, OwnIdentifier)
    assert (primary.kind, primary.value) == ("email", "olga@owner.example")
    assert primary.evidence == "LinkedIn export: confirmed, primary"
    assert isinstance(old, OwnIdentifier)
    assert old.evidence == "LinkedIn export: confirmed"
    assert isinstance(typo, Skipped)
    assert isinstance(nonsense, Rejected)


# What they share


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/in/Ada-Quill-7/",
        "www.linkedin.com/in/ada-quill-7?x=1",
        "http://uk.linkedin.com/in/ADA-QUILL-7",
    ],
)
def test_a_profile_has_one_spelling(written: str) -> None:
    assert profile_url(written) == ADA


@pytest.mark.parametrize(
    "written", ["", "https://www.linkedin.com/in/UNKNOWN", "https://www.linkedin.com/company/mill", "x"]
)
def test_what_is_no_profile_is_empty(written: str) -> None:
    assert profile_url(written) == ""


def test_dates_are_read_as_linkedin_has_written_them() -> None:
    assert day("05 Mar 2024") == day("5-Mar-24") == day("2024-03-05") == day("3/5/24") == date(2024, 3, 5)
    assert day("30 Feb 2024") is day("05 Foo 2024") is day("") is None
    assert (
        instant("3/5/24, 12:03\u202fAM")
        == instant("2024-03-05 00:03:00 UTC")
        == datetime(2024, 3, 5, 0, 3, tzinfo=UTC)
    )
    assert instant("2024-03-05T25:00:00Z") is instant("13/13/24, 2:03 PM") is None
    assert (month("Mar 2021"), month("2021"), month("March 2021"), month("Foo 2021")) == (
        "2021-03",
        "2021",
        "2021-03",
        "",
    )


@given(
    st.text(max_size=30)
    | st.from_regex(r"\d{1,4}[-/ ]\d{1,2}[-/ ]\d{1,4}( \d\d:\d\d(:\d\d)?)?", fullmatch=True)
)
def test_any_text_is_a_date_or_none(text: str) -> None:
    day(text)
    instant(text)
    assert len(month(text)) in (0, 4, 7)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("path", sorted(DATA.glob("*.csv")), ids=lambda path: path.stem)
def test_a_file_is_read_by_its_own_reader_alone(reader, path: Path) -> None:
    own = path.stem.lower().partition("-")[0].replace("email ", "") == reader.__name__.rpartition(".")[2]
    if own:
        assert items_of(reader, path.name)
    else:
        with pytest.raises(NotThisFormat, match="download the archive again"):
            items_of(reader, path.name)


@pytest.mark.parametrize(
    ("reader", "heading"),
    [
        (addresses, "Email Address,Confirmed,Primary,Updated On"),
        (connections, "First Name,Last Name,URL,Connected On"),
        (invitations, "From,To,Sent At,Direction"),
        (messages, "FROM,TO,DATE,CONTENT,FOLDER"),
        (positions, "Company Name,Title,Started On,Finished On"),
    ],
)
@given(cells=st.lists(st.text("aé0/: @.\x00\u202e", max_size=9), min_size=5, max_size=5))
@settings(max_examples=40)
def test_every_row_is_one_item(reader, heading: str, cells: list[str]) -> None:
    row = ",".join(cells[: heading.count(",") + 1])
    assert len(read_text(reader, f"{heading}\n{row}\n")) == 1
