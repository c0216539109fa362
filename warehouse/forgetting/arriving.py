"""What a sync reads, without those who are forgotten, before anything of it is compared or lands."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from warehouse.forgetting.lines import sift
from warehouse.forgetting.memory import REASON
from warehouse.forgetting.recognising import Forgotten
from warehouse.forgetting.versions import with_skipped_tail
from warehouse.landing import FileChange

_OTHERS = "others"
_Place = tuple[str, int]  # the file, as it may be named, and the position of a record


class Gate:
    """What may come in of one source. forgotten: None if there is nobody, and everything passes as it is."""

    def __init__(self, forgotten: Forgotten | None, source: str) -> None:
        self.forgotten = forgotten
        self.source = source

    def named(self, file: str) -> str:
        """A file as it is called in the books: a name that tells of who is forgotten is hidden."""
        return self.forgotten.hidden_path(file, self.source) if self.forgotten else file

    def told(self, reason: str) -> str:
        """Why a file was refused, unless that names them."""
        return "" if self.forgotten and self.forgotten.names(reason) else reason

    def sift(self, spool: Path, changes: Mapping[str, FileChange]) -> dict[str, FileChange]:
        """Take them out of a spool's lines. Out: the changes, with a last record of theirs as skipped.

        Their records become skipped ones. What is changed keeps the hash of what was read, so that the same
        reading is recognised the next time.
        """
        if self.forgotten is None:
            return dict(changes)
        gone: set[_Place] = set()
        for path in sorted(spool.glob("*.ndjson")):
            gone |= self._sift(path, self.forgotten)
        if gone:
            with (spool / f"{_OTHERS}.ndjson").open("ab") as others:
                others.writelines(_skipped(file, position) for file, position in sorted(gone))
        return {file: self._without_tail(file, each, gone) for file, each in changes.items()}

    def _sift(self, path: Path, forgotten: Forgotten) -> set[_Place]:
        target = path.with_suffix(".sifted")
        with path.open("rb") as lines, target.open("wb") as out:
            found = sift(lines, out, path.stem, forgotten, self.source)
        if found.gone or found.changed:
            target.replace(path)
        else:
            target.unlink()
        if not path.stat().st_size:
            path.unlink()  # as if nothing of the kind had been read
        return {(self.named(row["file"]), row["position"]) for row in found.gone}

    def _without_tail(self, file: str, change: FileChange, gone: set[_Place]) -> FileChange:
        state = change.state
        if state is None or not state.tail_key or self.forgotten is None:
            return change
        if (file, state.resume_at) in gone:
            return msgspec.structs.replace(change, state=with_skipped_tail(state))
        key = self.forgotten.hidden(state.tail_key, self.source)
        return msgspec.structs.replace(change, state=msgspec.structs.replace(state, tail_key=key))


def _skipped(file: str, position: int) -> bytes:
    row = {"file": file, "position": position, "locator": "", "is_rejected": False, "reason": REASON}
    return msgspec.json.encode(row) + b"\n"
