"""By what kinds of files are known: first bytes, suffixes, columns of tables; and what is said of them."""

from dataclasses import dataclass

PACKED = frozenset({"zip", "gz", "xz", "bz2"})


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is.

    format: a key of `connectors.FORMATS` or of PACKED; None for what is not read, and then
    reason: what it is, one clause. mend: what the user can do about it.
    """

    format: str | None
    reason: str = ""
    mend: str = ""


SAVE_AS_MBOX = "export the mail from its program as mbox or .eml"
SAVE_AS_CARDS = "export it as vCard (.vcf)"
SAVE_AS_CALENDAR = "export it as iCalendar (.ics)"
_NOT_NEEDED = "leave it out"

EMPTY = Recognised(None, "an empty file", "export or download it again")
_TAR = Recognised(None, "a tar archive", "choose .zip in Takeout, or unpack it and add the folder")
PAGE = Recognised(None, "a web page, not an export", "export or download the file itself")
LOGIN = Recognised(None, "a web page that asks to sign in", "sign in, then export or download the file again")
_OFFICE = Recognised(None, "an office document", "save its table as CSV, or export from the original program")
TEXT = Recognised(None, "text of no known kind", "export it again as .ics, .vcf, .mbox or .csv")
BINARY = Recognised(None, "binary data of no known kind", _NOT_NEEDED)
_IMAGE = Recognised(None, "an image", _NOT_NEEDED)
VCALENDAR_1 = Recognised(None, "a vCalendar 1.0 file, which is older than iCalendar", SAVE_AS_CALENDAR)
LDIF = Recognised(None, "an LDIF address book", SAVE_AS_CARDS)
XML = Recognised(None, "XML", "export it as .ics, .vcf or .csv")
JSON = Recognised(None, "JSON", "export it as .ics, .vcf or .csv")
UNKNOWN_TABLE = Recognised(
    None,
    "a table without the columns of a known export",
    "export the contacts from Google, Outlook or Thunderbird as CSV, or as vCard",
)

# Offset, bytes, what it is.
MAGIC: tuple[tuple[int, bytes, Recognised], ...] = (
    (0, b"PK\3\4", Recognised("zip")),
    (0, b"PK\5\6", Recognised("zip")),
    (0, b"\x1f\x8b", Recognised("gz")),
    (0, b"\xfd7zXZ\0", Recognised("xz")),
    (0, b"BZh", Recognised("bz2")),
    (257, b"ustar", _TAR),
    (0, b"7z\xbc\xaf\x27\x1c", Recognised(None, "a 7z archive", "unpack it and add the folder")),
    (0, b"Rar!", Recognised(None, "a RAR archive", "unpack it and add the folder")),
    (0, b"!BDN", Recognised(None, "an Outlook data file (PST or OST)", SAVE_AS_MBOX)),
    (0, b"\xd0\xcf\x11\xe0", Recognised(None, "an Outlook item or old Office file (OLE)", SAVE_AS_MBOX)),
    (0, b"\xcf\xad\x12\xfe", Recognised(None, "an Outlook Express mailbox (DBX)", SAVE_AS_MBOX)),
    (0, b"\x78\x9f\x3e\x22", Recognised(None, "an Outlook attachment (TNEF)", _NOT_NEEDED)),
    (
        0,
        b"SQLite format 3\0",
        Recognised(None, "an SQLite database", "export from the program that keeps it"),
    ),
    (0, b"// <!-- <mdb:mork", Recognised(None, "an old Thunderbird address book (Mork)", SAVE_AS_CARDS)),
    (0, b"bplist00", Recognised(None, "an Apple property list", _NOT_NEEDED)),
    (0, b"%PDF", Recognised(None, "a PDF document", _NOT_NEEDED)),
    (0, b"{\\rtf", _OFFICE),
    (0, b"\x89PNG", _IMAGE),
    (0, b"\xff\xd8\xff", _IMAGE),
    (0, b"GIF8", _IMAGE),
    (8, b"WEBP", _IMAGE),
    (4, b"ftyp", Recognised(None, "an image or a film", _NOT_NEEDED)),
)
# Formats that lie within zip or gzip, told by the name.
WRAPPED = (
    ((".tgz", ".tar.gz", ".txz", ".tar.xz", ".tbz2", ".tar.bz2"), _TAR),
    ((".docx", ".xlsx", ".pptx", ".odt", ".ods", ".numbers", ".pages"), _OFFICE),
    ((".olm",), Recognised(None, "an archive of Outlook for Mac", SAVE_AS_MBOX)),
)

# Formats of tables: each one's columns, of which one name of every set is in the header. Localised names:
# Outlook in en de fr es it nl; Thunderbird in the same, as its `importMsgs.properties` has them.
_FIRST = {"first name", "vorname", "prénom", "nombre", "nome", "voornaam"}
_LAST = {"last name", "nachname", "nom", "apellidos", "apellido", "cognome", "achternaam"}
_OUTLOOK_EMAIL = {
    *("e-mail address", "e-mail-adresse", "adresse de messagerie", "dirección de correo electrónico"),
    *("dirección de correo", "indirizzo posta elettronica", "indirizzo di posta elettronica", "e-mailadres"),
}
_THUNDERBIRD_EMAIL = {
    *("primary email", "primäre e-mail-adresse", "première adresse électronique", "e-mail primaria"),
    *("dirección de correo electrónico principal", "email primaria", "eerste e-mail"),
    "adresse électronique principale",
}
_THUNDERBIRD_NAME = {
    *(
        "display name",
        "anzeigename",
        "nom à afficher",
        "nombre mostrado",
        "nome visualizzato",
        "weergavenaam",
    ),
}
TABLES: tuple[tuple[Recognised, tuple[set[str], ...]], ...] = (
    (Recognised("linkedin-connections"), ({"first name"}, {"last name"}, {"connected on"})),
    (Recognised("linkedin-messages"), ({"conversation id"}, {"from"}, {"date"})),
    (Recognised("linkedin-messages"), ({"from"}, {"to"}, {"date"}, {"content"}, {"direction"})),
    (Recognised("linkedin-invitations"), ({"from"}, {"to"}, {"sent at"}, {"direction"})),
    (Recognised("linkedin-positions"), ({"company name"}, {"title"}, {"started on"})),
    (Recognised("linkedin-addresses"), ({"email address"}, {"confirmed"}, {"primary"})),
    (Recognised("google-csv"), ({"e-mail 1 - value", "phone 1 - value"},)),
    (Recognised("google-csv"), ({"given name", "first name"}, {"group membership", "labels"})),
    (Recognised("thunderbird-csv"), (_THUNDERBIRD_EMAIL, _THUNDERBIRD_NAME)),
    (Recognised("outlook-csv"), (_OUTLOOK_EMAIL, _FIRST, _LAST)),
    (Recognised(None, "a calendar as a table", SAVE_AS_CALENDAR), ({"subject"}, {"start date"})),
)
