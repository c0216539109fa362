"""The schema as numbered SQL files, and what the loading code must know of each kind of record."""

from dataclasses import dataclass
from importlib.resources import files

SCHEMA_VERSION = 3


@dataclass(frozen=True)
class RecordKind:
    """A landed table, and the order in which of two records with one key in one file the first wins."""

    table: str
    newest_first: str


RECORD_KINDS = {
    "message": RecordKind("messages", "position"),
    "event": RecordKind("events", "sequence desc, stamped_at desc nulls last, position"),
    "card": RecordKind("cards", "revised_at desc nulls last, position"),
    "invitation": RecordKind("invitations", "position"),
    "position": RecordKind("positions", "position"),
    "own_identifier": RecordKind("own_identifiers", "position"),
}


def internal_scripts() -> list[str]:
    """The numbered SQL files of this folder, in order: the tables behind the public ones."""
    found = [entry for entry in files(__package__).iterdir() if entry.name[0].isdigit()]
    return [entry.read_text(encoding="utf-8") for entry in sorted(found, key=lambda entry: entry.name)]


def public_comments() -> str:
    """One script that comments on every public table and column."""
    return (files(__package__) / "public_comments.sql").read_text(encoding="utf-8")
