"""connectors.recognise and connectors.kinds: files are known by their content, sources by their files."""

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import FORMATS, KINDS
from connectors.kinds import Found, Kinds, kinds_of, summary, to_recognise
from connectors.recognise import HEAD_BYTES, missing_parts, parts_of, recognise
from connectors.signatures import PACKED

CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n"
)
EVENT = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:x\r\nEND:VEVENT\r\n"
OLD_CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:20260105T100000\r\nEND:VEVENT\r\n"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zoë Byte\r\nEND:VCARD\r\n"
MESSAGE = (
    "Received: by relay.example\r\nFrom: ada@ada.example\r\nTo: bob@bob.example\r\n\r\nFrom here on.\r\n"
)
MAILBOX = "From ada@ada.example Mon Jan  5 10:00:00 2026\n" + MESSAGE.replace("\r", "")
EMLX = f"{len(MESSAGE)}      \n{MESSAGE}"
GOOGLE_OLD = (
    "Name,Given Name,Additional Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value\n"
    "Ada Byte,Ada,,Byte,* myContacts,Home,ada@ada.example\n"
)
GOOGLE_NEW = "First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value\nAda,,Byte,,,\n"
OUTLOOK = '"Title","First Name","Middle Name","Last Name","E-mail Address","E-mail Type"\n'
THUNDERBIRD = "First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email\n"
CONNECTIONS = (
    'Notes:\n"When exporting your connection data, you may notice, that some are missing"\n\n'
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
)
LINKEDIN = {
    "linkedin-connections": CONNECTIONS,
    "linkedin-messages": "CONVERSATION ID,CONVERSATION TITLE,FROM,TO,DATE,SUBJECT,CONTENT,FOLDER\n",
    "linkedin-invitations": "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n",
    "linkedin-positions": "Company Name,Title,Description,Location,Started On,Finished On\n",
    "linkedin-addresses": "Email Address,Confirmed,Primary,Updated On\n",
}


def packed_zip() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a.ics", CALENDAR)
    return memory.getvalue()


def packed_tar() -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.ics"))
    return memory.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CALENDAR, "ics"), (EVENT, "ics"), ("\r\n\r\n  begin:vcalendar  \n", "ics"),
        ("X-Proxy: yes\nBEGIN:VCALENDAR\nVERSION:2.0\n", "ics"),
        (CARD, "vcard"), (MAILBOX, "mbox"), ("\n\n" + MAILBOX, "mbox"), (MESSAGE, "eml"), (EMLX, "emlx"),
        ("Date: x\nSubject: y\n z\n\n", "eml"), (">From x\nDate: x\nSubject: y\n", "eml"),
        (GOOGLE_OLD, "google-csv"), (GOOGLE_NEW, "google-csv"), (OUTLOOK, "outlook-csv"),
        (OUTLOOK.replace(",", ";"), "outlook-csv"),
        ("Anrede;Vorname;Weitere Vornamen;Nachname;E-Mail-Adresse;E-Mail-Typ\n", "outlook-csv"),
        ("Titre,Prénom,Nom,Adresse de messagerie,Type de messagerie\n", "outlook-csv"),
        ("Nombre;Apellidos;Dirección de correo electrónico\n", "outlook-csv"),
        ("Nome,Cognome,Indirizzo posta elettronica\n", "outlook-csv"),
        ("Voornaam;Achternaam;E-mailadres;E-mailtype\n", "outlook-csv"),
        (THUNDERBIRD, "thunderbird-csv"), (THUNDERBIRD.replace(",", "\t"), "thunderbird-csv"),
        ("Vorname,Nachname,Anzeigename,Spitzname,Primäre E-Mail-Adresse\n", "thunderbird-csv"),
        ("Prénom,Nom de famille,Nom à afficher,Surnom,Première adresse électronique\n", "thunderbird-csv"),
        ("Ada,Byte,Ada Byte,,ada@ada.example" + "," * 32 + "\n", "thunderbird-csv"),
        *((content, one) for one, content in LINKEDIN.items()),
    ],
)  # fmt: skip
def test_text_is_known_by_its_content_in_every_encoding_and_under_every_name(
    content: str, expected: str
) -> None:
    encoded = [content.encode("utf-8"), content.encode("utf-8-sig"), content.encode("utf-16")]
    if content.isascii() or expected.endswith("csv"):
        encoded.append(content.encode("cp1252"))
    for name in ("export", "export.txt", "export.ics", "export.csv"):
        assert [recognise(name, data).format for data in encoded] == [expected] * len(encoded)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (packed_zip(), "zip"),
        (gzip.compress(b"x"), "gz"),
        (lzma.compress(b"x"), "xz"),
        (bz2.compress(b"x"), "bz2"),
    ],
    ids=lambda value: "bytes" if isinstance(value, bytes) else None,
)
def test_packed_files_are_known_by_their_first_bytes(content: bytes, expected: str) -> None:
    assert recognise("a.ics", content).format == expected


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.ics", b"", "an empty file"),
        ("a.ics", b"\xef\xbb\xbf \r\n\0\0", "an empty file"),
        ("a.vcs", OLD_CALENDAR.encode(), "a vCalendar 1.0 file, which is older than iCalendar"),
        ("a.ics", b"<!DOCTYPE html><html><title>x</title>", "a web page, not an export"),
        ("a.ics", b"<html><form action=/login>", "a web page that asks to sign in"),
        ("a.xml", b"<?xml version='1.0'?><icalendar xmlns='x'/>", "XML"),
        ("a.json", b'["vcalendar", [], []]', "JSON"),
        ("a.json", b'{"contacts": []}', "JSON"),
        ("a.pst", b"!BDN" + bytes(300), "an Outlook data file (PST or OST)"),
        ("a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Outlook item or old Office file (OLE)"),
        ("a.dbx", b"\xcf\xad\x12\xfe\xc5", "an Outlook Express mailbox (DBX)"),
        ("a.sqlite", b"SQLite format 3\0", "an SQLite database"),
        ("a.mab", b'// <!-- <mdb:mork:z v="1.4"/> -->', "an old Thunderbird address book (Mork)"),
        ("a.ldif", b"dn: cn=Ada Byte,mail=ada@ada.example\nobjectclass: top\n", "an LDIF address book"),
        ("a.pdf", b"%PDF-1.7", "a PDF document"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "an image"),
        ("a.heic", b"\0\0\0\x18ftypheic", "an image or a film"),
        ("a.ics", b"\0\1\2\3\4\5" * 50, "binary data of no known kind"),
        ("a.tgz", gzip.compress(b"x"), "a tar archive"),
        ("a.tar.gz", gzip.compress(b"x"), "a tar archive"),
        ("a", packed_tar(), "a tar archive"),
        ("a.xlsx", packed_zip(), "an office document"),
        ("a.olm", packed_zip(), "an archive of Outlook for Mac"),
        ("a.csv", b"Subject,Start Date,Start Time\n", "a calendar as a table"),
        ("a.csv", b"id,amount\n1,2\n", "a table without the columns of a known export"),
        ("a.txt", b"Dear Ada,\nFrom now on all is well.\n", "text of no known kind"),
        ("a", b"From now on it is Mon Jan  5 10:00:00 2026\nand all is well.\n", "text of no known kind"),
        ("a", b"From: Ada\n\nis the only header.\n", "text of no known kind"),
    ],
    ids=lambda value: "bytes" if isinstance(value, bytes) else None,
)
def test_what_is_not_read_is_called_by_its_name_and_has_a_mend(
    name: str, content: bytes, reason: str
) -> None:
    found = recognise(name, content)
    assert (found.format, found.reason) == (None, reason)
    assert found.mend


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.ics", "ics"), ("A.VCF", "vcard"), ("Inbox.mbox", "mbox"), ("a.eml", "eml"), ("Inbox", None)],
)
def test_the_name_decides_where_the_content_says_nothing(name: str, expected: str | None) -> None:
    assert recognise(name, b"some text that a program left here\n").format == expected


def test_a_message_that_quotes_a_mailbox_is_what_its_name_says() -> None:
    data = (MESSAGE + "\r\n" + MAILBOX).encode()
    assert recognise("a.eml", data).format == "eml"
    assert recognise("Inbox", data).format == "mbox"


def test_a_message_that_holds_a_calendar_or_a_page_is_a_message() -> None:
    assert recognise("a", (MESSAGE + CALENDAR).encode()).format == "eml"
    assert recognise("a", (MESSAGE + "<html>").encode()).format == "eml"


def test_a_head_that_is_cut_within_a_character_is_read_to_its_last_line() -> None:
    header = "Vorname,Nachname,Anzeigename,Primäre E-Mail-Adresse\n".encode()
    data = header + b"," * (HEAD_BYTES - len(header) - 2) + b"\n" + "ä".encode() * 10
    assert recognise("a.csv", data).format == "thunderbird-csv"


@given(st.binary(max_size=400), st.sampled_from(["a", "a.ics", "a.csv", "a.mbox", "cur/1.x:2,S"]))
def test_of_any_bytes_something_is_said(data: bytes, name: str) -> None:
    found = recognise(name, data)
    assert found.format in {None, *FORMATS, *PACKED}
    assert bool(found.format) != bool(found.reason and found.mend)


@pytest.mark.parametrize(
    "unit",
    [
        b"From a ",
        b"From x Mon Jan  5 ",
        b"a:",
        b"\n",
        b",",
        b'"',
        b"<!--",
        b"BEGIN:",
        b" ",
        b"[",
        b"\xff",
        b"From a\n",
    ],
)
def test_a_head_made_to_be_slow_is_not(unit: bytes) -> None:
    start = time.process_time()
    recognise("a", b"x: y\n" + unit * HEAD_BYTES)
    recognise("a", unit * HEAD_BYTES)
    assert time.process_time() - start < 1


def sources(*names: str, **formats: str) -> dict[tuple[str, str], list[str]]:
    """Found sources as (kind, folder) -> names; the format of a name is that of its ending."""
    endings = {"ics": "ics", "vcf": "vcard", "mbox": "mbox", "eml": "eml", **formats}
    by_name = {name: endings[end] for name in names if (end := name.rpartition(".")[2]) in endings}
    return {(each.kind, each.folder): sorted(each.files) for each in kinds_of(names, by_name).sources}


def test_a_folder_of_mixed_exports_is_several_sources_in_one_line() -> None:
    formats = {"work.ics": "ics", "home/a.ics": "ics", "b.ics": "ics", "c.vcf": "vcard", "d.vcf": "vcard",
               "Mail.mbox/mbox": "mbox", "old.zip": "zip"}  # fmt: skip
    names = [
        *formats,
        "Mail.mbox/table_of_contents",
        "Inbox.msf",
        ".DS_Store",
        "a/._b.ics",
        "x.docx",
        "y.json",
    ]
    found = kinds_of(names, formats)
    assert [(each.kind, each.folder, len(each.files)) for each in found.sources] == [
        ("ics", "", 3),
        ("vcard", "", 2),
        ("mbox", "Mail.mbox", 1),
    ]
    assert found.unknown == ("x.docx", "y.json")
    assert summary(found) == (
        "found: 3 calendars (ics), 2 address books (vcard), 1 mailbox (mbox); "
        "1 archive was not looked into; 2 files are of no known kind"
    )


def test_nothing_found_is_said() -> None:
    assert summary(kinds_of(["a.txt"], {})) == "found nothing that can be read; 1 file is of no known kind"


@pytest.mark.parametrize(
    ("mail", "others", "folder"),
    [
        (["cur/1767600000.M1P1.host:2,S"], ["new/", "tmp/"], ""),
        (["cur/a", "new/b"], ["dovecot-uidlist"], ""),
        (["Mail/cur/1767600000.x:2,S", "Mail/.Sent/cur/1767600001.x:2,"], ["Mail/.Sent/tmp/y"], "Mail"),
        (["M/Inbox/new/1767600000.M1P1.host", "M/Sent/Old/cur/1767600000.x!2,RS"], [], "M"),
    ],
)
def test_a_maildir_is_known_by_its_folders_alone(mail: list[str], others: list[str], folder: str) -> None:
    found = kinds_of([*mail, *others], {})
    [source] = found.sources
    assert (source.kind, source.folder, list(source.files)) == ("maildir", folder, mail)
    assert not found.unknown
    assert not to_recognise([*mail, *others])


def test_a_folder_called_new_is_no_maildir() -> None:
    assert sources("new/a.ics", "new/b.vcf") == {
        ("ics", "new"): ["new/a.ics"],
        ("vcard", "new"): ["new/b.vcf"],
    }


def test_a_takeout_is_one_source_and_what_else_is_in_it_is_silent() -> None:
    names = ("Takeout/Mail/All mail.mbox", "Takeout/Calendar/a.ics", "Takeout/Contacts/All/All.vcf",
             "Takeout/archive_browser.html", "Takeout/Contacts/All/1.jpg", "Takeout/Maps/x.json")  # fmt: skip
    formats = dict(zip(names, ("mbox", "ics", "vcard"), strict=False))
    found = kinds_of(names, formats)
    assert [(each.kind, each.folder) for each in found.sources] == [("takeout", "Takeout")]
    assert not found.unknown
    assert summary(found) == "found: 1 Google Takeout (1 mailbox, 1 calendar, 1 address book)"


def test_a_takeout_in_another_language_is_known_by_what_is_in_it() -> None:
    names = (
        "Exportación/Correo/Todo.mbox",
        "Exportación/Calendario/a.ics",
        "Exportación/Contactos/Mis/Mis.vcf",
    )
    assert list(sources(*names)) == [("takeout", "Exportación")]


def test_an_unpacked_takeout_is_known_by_google_s_page() -> None:
    assert list(sources("archive_browser.html", "Mail/Tout.mbox")) == [("takeout", "")]


def test_calendars_and_cards_side_by_side_are_no_takeout() -> None:
    assert [*sources("mine/a.ics", "mine/b.vcf")] == [("ics", "mine"), ("vcard", "mine")]
    assert [*sources("x/p/a.ics", "y/q/b.mbox")] == [("ics", "x/p"), ("mbox", "y/q")]


def test_every_linkedin_export_is_a_source_of_its_own() -> None:
    names = [
        "2025/Connections.csv",
        "2025/messages.csv",
        "2025/Skills.csv",
        "2026/Connections.csv",
        "Skills.csv",
    ]
    formats = {"2025/Connections.csv": "linkedin-connections", "2025/messages.csv": "linkedin-messages",
               "2026/Connections.csv": "linkedin-connections"}  # fmt: skip
    found = kinds_of(names, formats)
    assert [(each.kind, each.folder) for each in found.sources] == [
        ("linkedin", "2025"),
        ("linkedin", "2026"),
    ]
    assert (found.other, found.unknown) == (("2025/Skills.csv",), ("Skills.csv",))
    assert summary(found).startswith("found: 2 LinkedIn exports (connections, messages)")


def test_heads_are_looked_at_only_where_they_tell_something() -> None:
    names = ["a", "sub/", ".DS_Store", "x/Thumbs.db", "__MACOSX/._a.ics", "Inbox.msf", "Inbox.sbd/Archive"]
    assert to_recognise(names) == ["a", "Inbox.sbd/Archive"]


PARTS = ["Takeout", "cur", "new", "tmp", "x", "a.ics", "1767600000.x:2,S", ".hidden", "b"]
NAMES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("/".join)


@given(st.dictionaries(NAMES, st.sampled_from(["", *FORMATS, *PACKED])))
def test_every_file_is_in_one_place(formats: dict[str, str]) -> None:
    found = kinds_of(formats, {name: one for name, one in formats.items() if one})
    assert isinstance(found, Kinds)
    everywhere = [*found.archives, *found.unknown, *found.other]
    for source in found.sources:
        assert isinstance(source, Found)
        assert all(one in KINDS[source.kind] for one in source.files.values())
        assert all(not source.folder or name.startswith(f"{source.folder}/") for name in source.files)
        everywhere += source.files
    assert sorted(everywhere) == sorted(formats)
    assert summary(found).startswith("found")


def test_the_parts_of_an_export_are_found_by_their_instant() -> None:
    siblings = [f"takeout-20260101T000000Z-{part}.zip" for part in ("001", "010", "002", "002 (1)")]
    other = ["takeout-20260201T000000Z-001.zip", "takeout-20260101T000000Z-003.zip.part", "notes.txt"]
    assert parts_of(siblings[0], [*other, *siblings]) == [siblings[0], siblings[2], siblings[1]]
    assert parts_of("export.zip", siblings) == []


def test_a_missing_part_is_told() -> None:
    names = [f"takeout-20260101T000000Z-{part}.zip" for part in ("1-001", "1-003", "2-002", "10-001")]
    assert (
        parts_of(names[1], names) == [names[0], names[1], names[3], names[2]]
        or parts_of(names[1], names) == names
    )
    assert missing_parts(names) == [
        "takeout-20260101T000000Z-1-002.zip",
        "takeout-20260101T000000Z-2-001.zip",
    ]
