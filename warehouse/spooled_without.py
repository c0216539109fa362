"""What was read of a source without those who are forgotten, before anything of it is compared or lands."""

from pathlib import Path

import msgspec

from warehouse.cleansing import Row, cleansed
from warehouse.forgotten import REASON, Forgotten

OTHERS = "others"


def sift(spool: Path, source: str, forgotten: Forgotten) -> set[tuple[str, int]]:
    """Take them out of a spool's lines; the file, as it may be named, and the position of each that goes.

    Their records become skipped ones. What is changed keeps the hash of what was read, so that the same
    reading is recognised the next time.
    """
    gone: set[tuple[str, int]] = set()
    for path in sorted(spool.glob("*.ndjson")):
        gone |= _sift(path, source, forgotten)
    if gone:
        with (spool / f"{OTHERS}.ndjson").open("ab") as others:
            others.writelines(_skipped(file, position) for file, position in sorted(gone))
    return gone


def _sift(path: Path, source: str, forgotten: Forgotten) -> set[tuple[str, int]]:
    sifted, gone, is_changed = path.with_suffix(".sifted"), set[tuple[str, int]](), False
    decoder = msgspec.json.Decoder()
    with path.open("rb") as lines, sifted.open("wb") as out:
        for line in lines:
            row: Row = decoder.decode(line)
            kept = cleansed(path.stem, row, forgotten, source)
            if kept is None:
                gone.add((forgotten.hidden_path(row["file"], source), row["position"]))
            else:
                is_changed = is_changed or kept is not row
                out.write(line if kept is row else msgspec.json.encode(kept) + b"\n")
    if gone or is_changed:
        sifted.replace(path)
    else:
        sifted.unlink()
    if not path.stat().st_size:
        path.unlink()  # as if nothing of the kind had been read
    return gone


def _skipped(file: str, position: int) -> bytes:
    row = {"file": file, "position": position, "locator": "", "is_rejected": False, "reason": REASON}
    return msgspec.json.encode(row) + b"\n"
