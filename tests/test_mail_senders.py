"""Mail that a list passed on under its own address: whose it is, and when nothing proves it."""

import pytest

from connectors.mail.headers import message
from connectors.records import Message

LIST = "garden@lists.example"
OF_A_LIST = f"List-Id: Garden <garden.lists.example>\nList-Post: <mailto:{LIST}>\n"
VIA = f'From: "Ada Kvist via Garden" <{LIST}>\n'
BARE = f"From: Ada Kvist <{LIST}>\n"
ADA = ("Ada Kvist", "ada@kvist.example")


def sender(headers: str) -> tuple[str, str]:
    item = message(f"\n{headers}".encode(), position=0, locator="byte 0")
    assert isinstance(item, Message)
    assert item.parties[0].role == "from"
    return item.parties[0].name, item.parties[0].address


@pytest.mark.parametrize(
    "headers",
    [
        VIA + OF_A_LIST + "X-Original-From: Ada Kvist <ada@kvist.example>\n",
        VIA + OF_A_LIST + "X-Original-From: ada@kvist.example\n",
        VIA + OF_A_LIST + "X-Google-Original-From: Ada Kvist <ada@kvist.example>\n",
        VIA + "X-Original-Sender: ada@kvist.example\n",
        VIA + OF_A_LIST + "Reply-To: Ada Kvist <ada@kvist.example>\n",
        VIA + OF_A_LIST + f"Reply-To: Garden <{LIST}>, Ada Kvist <ada@kvist.example>\n",
        f"From: 'Ada Kvist' via Garden <{LIST}>\n" + OF_A_LIST + "Reply-To: ADA KVIST <ada@kvist.example>\n",
        BARE + "List-Id: <garden.lists.example>\nReply-To: Ada Kvist <ada@kvist.example>\n",
        BARE + f"Sender: {LIST}\nList-Id: <g.example>\nReply-To: Ada Kvist <ada@kvist.example>\n",
    ],
)
def test_the_person_is_the_sender_where_a_header_proves_it(headers: str) -> None:
    name, address = sender(headers)
    assert (name.title(), address) == ADA


@pytest.mark.parametrize(
    "headers",
    [
        VIA + OF_A_LIST,
        VIA + OF_A_LIST + f"Reply-To: {LIST}\n",
        VIA + OF_A_LIST + "Reply-To: ada@kvist.example\n",
        VIA + OF_A_LIST + "Reply-To: Ben Okoro <ben@okoro.example>\n",
        VIA + OF_A_LIST + "Reply-To: Ada Kvist <ada@kvist.example>, Ben Okoro <ben@okoro.example>\n",
        VIA + OF_A_LIST + f"X-Original-From: Garden <{LIST}>\n",
        VIA + OF_A_LIST + "X-Original-From: Ada Kvist\n",
        VIA + "Reply-To: Ada Kvist <ada@kvist.example>\n",
    ],
)
def test_without_proof_the_list_stays_the_sender(headers: str) -> None:
    assert sender(headers) == ("Ada Kvist via Garden", LIST)


@pytest.mark.parametrize(
    "headers",
    [
        "From: Ben Okoro <ben@okoro.example>\n" + OF_A_LIST + "X-Original-Sender: ada@kvist.example\n",
        "From: Ben Okoro <ben@okoro.example>\n" + OF_A_LIST + "Reply-To: Ben Okoro <ada@kvist.example>\n",
        "From: Ben Okoro <ben@okoro.example>\nX-Original-From: Ada Kvist <ada@kvist.example>\n",
    ],
)
def test_a_sender_with_an_address_of_their_own_stays(headers: str) -> None:
    assert sender(headers) == ("Ben Okoro", "ben@okoro.example")


def test_a_copy_by_way_of_a_list_has_the_key_of_the_letter() -> None:
    rest = "Date: Mon, 4 Mar 2024 10:00:00 +0000\nMessage-ID: <a@kvist.example>\n"
    direct = "From: Ada Kvist <ada@kvist.example>\n" + rest
    passed_on = VIA + OF_A_LIST + "X-Original-From: ada@kvist.example\n" + rest
    one, other = (message(f"\n{text}".encode(), position=0, locator="") for text in (direct, passed_on))
    assert isinstance(one, Message)
    assert isinstance(other, Message)
    assert one.key == other.key
