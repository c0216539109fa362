"""Who copies themselves on a message is still one person on it."""

from pathlib import Path

import pytest
from pipeline import ask, make_home, sync


@pytest.mark.parametrize(
    ("headers", "people"),
    [
        ("From: robin@ferrow.example\nTo: ada@quill.example\nCc: robin@ferrow.example", 2),
        ("From: robin@ferrow.example\nTo: ada@quill.example, ida@quill.example", 3),
        ("From: ada@quill.example\nTo: team@quill.example\nDelivered-To: robin@ferrow.example", 3),
    ],
)
def test_everyone_on_a_message_counts_once(tmp_path: Path, headers: str, people: int) -> None:
    (tmp_path / "m.mbox").write_text(
        f"From - Thu Jan  1 00:00:00 1970\n{headers}\nDate: 1 Jan 2026 10:00 +0000\n"
        "Message-ID: <1@q.example>\n\nx\n"
    )
    home = make_home(tmp_path / "home", {"mail": ("mbox", tmp_path / "m.mbox")})
    sync(home)
    assert ask(home, "select distinct party_size from interactions") == [(people,)]
