"""What sources a folder or an archive holds, from the names of its files and their recognised formats."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename, commonpath, dirname

from connectors import IN_ARCHIVES, KINDS
from connectors.signatures import PACKED

_MAILDIR_PARTS = {"cur", "new", "tmp"}
_MESSAGE_NAME = re.compile(
    r"\d{6,}[._]|.*[:;!]2,[A-Za-z]*\Z", re.DOTALL
)  # of a Maildir: seconds since 1970, flags
_NOISE = re.compile(
    r"(?:\A|.*/)(?:\.[^/]*|thumbs\.db|desktop\.ini|archive_browser\.html|table_of_contents|[^/]*\.(?:msf|dat)|"
    r"__MACOSX/.*|maildirfolder|subscriptions|dovecot[^/]*|courier[^/]*)",
    re.IGNORECASE | re.DOTALL,
)
_CONTENTS = "archive_browser.html"  # Google's own page about an export, called so in every language
_PRODUCTS = {"mbox", "ics", "vcard"}

# One and several of what a file of the format is to people.
_NOUNS = {
    "ics": ("calendar", "calendars"),
    "vcard": ("address book", "address books"),
    "google-csv": ("address book", "address books"),
    "outlook-csv": ("address book", "address books"),
    "thunderbird-csv": ("address book", "address books"),
    "mbox": ("mailbox", "mailboxes"),
    "linkedin": ("LinkedIn export", "LinkedIn exports"),
    "takeout": ("Google Takeout", "Google Takeouts"),
}
_MESSAGES = ("message", "messages")


@dataclass(frozen=True, slots=True)
class Found:
    """A source. kind: a key of `connectors.KINDS`. folder: where all of it lies; empty: in the top folder.

    files: the format of each of its files by name, names as they were given.
    """

    kind: str
    folder: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kinds:
    """All files of a folder or an archive, each in one place.

    sources: in the order of KINDS. archives: packed files to look into, or to leave alone in an archive.
    unknown: to be told of. other: what always lies beside exports.
    """

    sources: tuple[Found, ...]
    archives: tuple[str, ...]
    unknown: tuple[str, ...]
    other: tuple[str, ...]


def to_recognise(names: Iterable[str]) -> list[str]:
    """The files whose heads must be looked at before `kinds_of`: neither noise nor mail in a Maildir."""
    names = list(names)
    mail = _maildir_files(names)
    return [
        name for name in names if name not in mail and not name.endswith("/") and not _NOISE.fullmatch(name)
    ]


def kinds_of(names: Iterable[str], formats: Mapping[str, str]) -> Kinds:
    """What a folder or an archive holds.

    names: of its files, relative, with slashes; a name that ends in one is a folder.
    formats: what each was recognised as, without those that were not recognised.
    """
    names = list(names)
    files = [name for name in names if not name.endswith("/")]
    mail = _maildir_files(names)
    groups: dict[tuple[str, str | None], dict[str, str]] = defaultdict(dict)
    archives, unknown, other = [], [], []
    takeouts = _takeout_folders(files, formats)
    tables = {dirname(name) for name, one in formats.items() if one in KINDS["linkedin"]}
    for name in files:
        one = formats.get(name, "")
        takeout = next((folder for folder in takeouts if _is_in(name, folder)), None)
        if mail.get(name):
            groups["maildir", None][name] = "maildir"
        elif takeout is not None and one in KINDS["takeout"]:
            groups["takeout", takeout][name] = one
        elif one in PACKED:
            archives.append(name)
        elif one:
            is_linkedin = one in KINDS["linkedin"]
            groups["linkedin" if is_linkedin else one, dirname(name) if is_linkedin else None][name] = one
        elif (
            name in mail
            or _NOISE.fullmatch(name)
            or takeout is not None
            or (_is_table(name) and dirname(name) in tables)
        ):
            other.append(name)
        else:
            unknown.append(name)
    sources = [
        Found(kind, _common(kind, found) if folder is None else folder, found)
        for (kind, folder), found in groups.items()
    ]
    sources.sort(key=lambda source: ([*KINDS].index(source.kind), source.folder))
    return Kinds(tuple(sources), tuple(archives), tuple(unknown), tuple(other))


def summary(kinds: Kinds) -> str:
    """One line: ``found: 3 calendars (ics), 1 mailbox (mbox); 4 files are of no known kind``."""
    counts = Counter[str]()
    for source in kinds.sources:
        counts[source.kind] += 1 if source.kind in IN_ARCHIVES else len(source.files)
    phrases = [f"{_counted(kind, number)} ({_detail(kind, kinds)})" for kind, number in counts.items()]
    found = f"found: {', '.join(phrases)}" if phrases else "found nothing that can be read"
    ends = [
        f"{number} {one if number == 1 else several}"
        for number, one, several in (
            (len(kinds.archives), "archive was not looked into", "archives were not looked into"),
            (len(kinds.unknown), "file is of no known kind", "files are of no known kind"),
        )
        if number
    ]
    return "; ".join([found, *ends])


def _counted(kind: str, number: int) -> str:
    return f"{number} {_NOUNS.get(kind, _MESSAGES)[number != 1]}"


def _detail(kind: str, kinds: Kinds) -> str:
    """The kind; of an export of several things, which they are."""
    if kind not in IN_ARCHIVES:
        return kind
    inside = Counter(one for source in kinds.sources if source.kind == kind for one in source.files.values())
    if kind == "linkedin":
        return ", ".join(one.removeprefix("linkedin-") for one in KINDS[kind] if one in inside)
    return ", ".join(_counted(one, inside[one]) for one in KINDS[kind] if one in inside)


def _maildir_files(names: Iterable[str]) -> dict[str, bool]:
    """The files of all Maildirs, and whether they are messages, which those in ``tmp`` are not yet.

    A Maildir is where two of its three folders are, or where files are called as there: an empty folder may
    have got lost on the way.
    """
    parts: dict[str, set[str]] = defaultdict(set)
    files: dict[str, list[str]] = defaultdict(list)
    for name in names:
        place, part = dirname(dirname(name)), basename(dirname(name))
        if part not in _MAILDIR_PARTS:
            continue
        parts[place].add(part)
        if not name.endswith("/"):
            files[place].append(name)
            if part != "tmp" and _MESSAGE_NAME.match(basename(name)):
                parts[place] |= _MAILDIR_PARTS
    return {
        name: basename(dirname(name)) != "tmp"
        for place in parts
        if len(parts[place]) > 1
        for name in files[place]
    }


def _takeout_folders(files: list[str], formats: Mapping[str, str]) -> list[str]:
    """The folders that Google made: called so, or with its page in them, or the only one in an archive, with
    mail, calendars and contacts in folders of their own, whose names depend on the language."""
    folders = {dirname(name) for name in files if basename(name).lower() == _CONTENTS}
    for name in files:
        folders.update(above for above in _above(name) if basename(above).lower() == "takeout")
    tops = {name.partition("/")[0] for name in files if not _NOISE.fullmatch(name)}
    if len(tops) == 1:
        [top] = tops
        products = {
            (name.split("/")[1], one)
            for name, one in formats.items()
            if one in _PRODUCTS and name.count("/") >= 2 and _is_in(name, top)
        }
        if min(len({folder for folder, _ in products}), len({one for _, one in products})) > 1:
            folders.add(top)
    return sorted(folders, key=len)


def _above(name: str) -> Iterator[str]:
    """The folders that a file is in."""
    while name := dirname(name):
        yield name


def _is_in(name: str, folder: str) -> bool:
    return not folder or name.startswith(f"{folder}/")


def _is_table(name: str) -> bool:
    return name.lower().endswith(".csv")


def _common(kind: str, files: Iterable[str]) -> str:
    """The innermost folder that all the files are in; of a Maildir not its ``cur``."""
    folders = {dirname(name) for name in files}
    if kind == "maildir":
        folders = {dirname(folder) for folder in folders}
    return "" if "" in folders else commonpath(folders)
