"""Message identifiers, read in bulk and one by one."""

import re

from hypothesis import given
from hypothesis import strategies as st

from connectors.mail.identifiers import message_id, message_ids

identifiers = st.sampled_from(["<a@kvist.example>", "<b@okoro.example>", "<a\n b@x.example>", "<>", "<a b>"])
between = st.sampled_from([" ", "\n\t", "", ",", " (a phrase) ", "é", ">", "<", "x" * 600])


@given(st.lists(identifiers | between, max_size=12).map("".join))
def test_each_pair_of_brackets_with_something_inside_is_an_id(value: str) -> None:
    unfolded = value.replace("\n", "")
    expected = ("".join(inner.split()) for inner in re.findall(r"<([^<>]+)>", unfolded))
    assert message_ids(value) == tuple(filter(None, (each[:998] for each in expected)))


@given(st.text("ab@.<> \n", max_size=20))
def test_the_first_id_of_many_is_the_id_of_one(value: str) -> None:
    ids = message_ids(value)
    assert not ids or message_id(value) == ids[0]
