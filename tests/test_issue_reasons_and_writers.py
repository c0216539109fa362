"""Why a message is no contact is stored, whatever the reason; and of several writers the first counts."""

from pathlib import Path

import pytest
from pipeline import ask, make_home, sync

MANY = ", ".join(f"p{number}@quill.example" for number in range(10))


@pytest.mark.parametrize(
    ("sender", "others", "dated", "reason"),
    [
        ("a@quill.example", f", {MANY}", True, "more than 10 recipients"),
        ("a@quill.example", "", False, "no believable date"),
        ("Ada <customer-feedback@quill.example>", "", True, "no-reply sender"),
        ("Ada <jobs-noreply@quill.example>", "", True, "no-reply sender"),
        ("Ada <noreply1@quill.example>", "", True, "no-reply sender"),
    ],
)
def test_the_reason_why_a_message_is_no_contact_is_stored(
    tmp_path: Path, sender: str, others: str, dated: bool, reason: str
) -> None:
    date = "Date: 1 Jan 2026 10:00 +0000\n" if dated else ""
    (tmp_path / "m.mbox").write_text(
        f"From - Thu Jan  1 00:00:00 1970\nFrom: {sender}\nTo: robin@ferrow.example{others}\n{date}"
        "Message-ID: <1@q.example>\n\nx\n"
    )
    home = make_home(tmp_path / "home", {"mail": ("mbox", tmp_path / "m.mbox")})
    sync(home)
    assert ask(home, "select bulk_reason from messages") == [(reason,)]
    assert ask(home, "select count(*) from interactions") == [(0,)]


def test_of_several_writers_the_first_is_in_contact(tmp_path: Path) -> None:
    (tmp_path / "m.mbox").write_text(
        "From - Thu Jan  1 00:00:00 1970\n"
        "From: Zed Quill <zed@quill.example>, Ann Quill <ann@quill.example>\n"
        "To: robin@ferrow.example\nDate: 1 Jan 2026 10:00 +0000\nMessage-ID: <1@q.example>\n\nx\n"
    )
    home = make_home(tmp_path / "home", {"mail": ("mbox", tmp_path / "m.mbox")})
    sync(home)
    assert ask(home, "select name from interactions join people using (person_id)") == [("Zed Quill",)]
