"""The dry run of a source: what would be read, skipped and quarantined, with examples. Nothing is kept."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from connectors.bounds import Bounds
from connectors.orders import Job
from connectors.spool import OTHERS, SEEN
from flows import reading
from flows.gathering import listed
from flows.parts import Part
from flows.settings import Source

COLUMNS = ("kind", "location", "files", "read", "records", "skipped", "quarantined", "capped")
_EXAMPLES = 3


class _Record(msgspec.Struct):
    """What is looked at of a record: whose it is and what was left out of it."""

    file: str
    locator: str
    capped: str = ""


class _Other(msgspec.Struct):
    """A line of what is no record."""

    file: str
    locator: str
    reason: str
    is_rejected: bool
    mend: str = ""


@dataclass
class Checked:
    """What reading a source gave.

    records: by kind. skipped: by reason. quarantined, capped: by reason; examples: locators of some of each.
    refused: files that could not be read as a whole, with the reason. other: files that are none of the kind.
    """

    source: Source
    files: int = 0
    records: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[tuple[str, str]] = field(default_factory=Counter)
    capped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)

    def row(self) -> tuple[object, ...]:
        """The values of `COLUMNS`."""
        lost = sum(self.quarantined.values()) + len(self.refused)
        read = sum(self.records.values()) + sum(self.skipped.values()) + lost
        kinds = _in_words(self.records) or "nothing"
        skipped = _in_words(self.skipped) or "0"
        capped = sum(self.capped.values())
        return self.source.kind, self.source.location, self.files, read, kinds, skipped, lost, capped

    def document(self) -> dict[str, object]:
        """All of it, for JSON."""
        row = dict(zip(COLUMNS, self.row(), strict=True))
        return row | {
            "records": dict(self.records),
            "skipped": dict(self.skipped),
            "quarantine": [
                {"reason": reason, "mend": mend, "count": number, "examples": self.examples[reason]}
                for (reason, mend), number in self.quarantined.most_common()
            ],
            "read_in_part": [
                {"left_out": what, "count": number, "examples": self.examples[what]}
                for what, number in self.capped.most_common()
            ],
            "refused_files": [{"file": file, "reason": reason} for file, reason in self.refused.items()],
            "other_files": self.other,
        }

    def lines(self) -> Iterator[str]:
        """What a person wants to know beside the numbers."""
        for (reason, mend), number in self.quarantined.most_common():
            yield f"quarantined: {number} × {reason}; {mend}".rstrip("; ")
            yield from (f"  {example}" for example in self.examples[reason])
        for what, number in self.capped.most_common():
            yield f"read in part: {number} × {what}"
            yield from (f"  {example}" for example in self.examples[what])
        for file, reason in self.refused.items():
            yield f"not read: {file}: {reason}"
        if self.other:
            yield f"none of the kind: {len(self.other)} files, such as {self.other[0]}"


def checked(source: Source, bounds: Bounds) -> Checked:
    """Read a source into nothing. Raises SourceError if it is not there or holds nothing of its kind."""
    parts = listed(source, bounds)
    found = Checked(source, files=len(parts))
    found.refused = {file: part.refusal for file, part in parts.items() if part.refusal}
    with TemporaryDirectory(prefix="kith-") as scratch:
        spool = Path(scratch)
        for told in reading.read(_jobs(parts), bounds, spool):
            if told.refusal or told.fault:
                found.refused[told.file] = told.refusal or f"{told.fault} while reading it; please report it"
            elif not told.format:
                found.other.append(told.file)
        for path in sorted(spool.glob("*.ndjson")):
            if path.stem not in (SEEN, OTHERS):
                _count_records(path, found)
        _count_others(spool / f"{OTHERS}.ndjson", found)
    return found


def first_refusal(parts: Mapping[str, Part], bounds: Bounds) -> str:
    """Why the first file of a source cannot be read, by its beginning; empty if it can."""
    if refusals := [part.refusal for part in parts.values() if part.refusal]:
        return refusals[0]
    with TemporaryDirectory(prefix="kith-") as scratch:
        told = next(reading.read(_jobs(parts)[:1], bounds, Path(scratch), most=1))
    return told.refusal or told.fault


def _jobs(parts: Mapping[str, Part]) -> list[Job]:
    return [part.job() for part in parts.values() if not part.refusal]


def _count_records(path: Path, found: Checked) -> None:
    decode = msgspec.json.Decoder(_Record).decode
    with path.open("rb") as lines:
        for line in lines:
            record = decode(line)
            found.records[path.stem] += 1
            if record.capped:
                found.capped[record.capped] += 1
                _exemplify(found, record.capped, record.file, record.locator)


def _count_others(path: Path, found: Checked) -> None:
    if not path.exists():
        return
    decode = msgspec.json.Decoder(_Other).decode
    with path.open("rb") as lines:
        for line in lines:
            other = decode(line)
            if other.is_rejected:
                found.quarantined[other.reason, other.mend] += 1
                _exemplify(found, other.reason, other.file, other.locator)
            else:
                found.skipped[other.reason] += 1


def _exemplify(found: Checked, what: str, file: str, locator: str) -> None:
    examples = found.examples.setdefault(what, [])
    if len(examples) < _EXAMPLES:
        examples.append(f"{file}: {locator}")


def _in_words(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in counts.most_common())
