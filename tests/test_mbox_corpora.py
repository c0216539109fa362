"""The reader against real mail, where the corpora are at hand: `KITHLINE_CORPORA` names their folder."""

import os
from pathlib import Path

import pytest

from connectors.inputs import plain
from connectors.mail.mbox import read
from connectors.records import Message, NotThisFormat

FOLDER = os.environ.get("KITHLINE_CORPORA")


@pytest.mark.skipif(not FOLDER, reason="KITHLINE_CORPORA names no folder with mail/")
def test_nearly_every_real_message_has_a_sender_and_an_instant() -> None:
    messages = complete = 0
    for path in filter(Path.is_file, (Path(FOLDER or "") / "mail").rglob("*")):
        try:
            with plain(path) as source:
                items = list(read(source))
        except NotThisFormat:
            continue
        found = [item for item in items if isinstance(item, Message)]
        messages += len(found)
        complete += sum(
            bool(item.sent_at and item.parties and item.parties[0].role == "from") for item in found
        )
    assert messages
    assert complete / messages > 0.95
