"""A home that an older version made is made anew from its landing, and read again once."""

import hashlib
import json
from pathlib import Path

import duckdb
from pipeline import ask, make_home, sync

from flows.settings import Home
from warehouse.landing import MANIFEST, Landing
from warehouse.schema import SCHEMA_VERSION

CARDS = "".join(
    f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{name}\r\nFN:{name} Q\r\nEMAIL:{name}@q.example\r\nEND:VCARD\r\n"
    for name in ("ada", "ida")
)


def made_older(home: Home) -> None:
    """Landing and database as version 1 of the schema wrote them."""
    for batch in Landing(home.landing).batches():
        manifest = json.loads((batch.folder / MANIFEST).read_text())
        current, older = batch.folder / "card.parquet", batch.folder / "records.parquet"
        duckdb.execute(
            f"copy (select * exclude (capped, digest, connected_on) from '{current}') to '{older}'"
        )
        current.unlink()
        withdrawn = batch.folder / "withdrawn.parquet"
        duckdb.execute(
            f"copy (select * exclude (record_kind) from '{withdrawn}') to '{withdrawn}.new' (format parquet)"
        )
        Path(f"{withdrawn}.new").replace(withdrawn)
        for change in manifest["files"].values():
            del change["state"]["format"], change["state"]["record_kind"]
        parts = {part.name: part for part in batch.folder.glob("*.parquet")}
        manifest |= {
            "schema_version": 1,
            "record_kind": "card",
            "parts": {name: hashlib.sha256(part.read_bytes()).hexdigest() for name, part in parts.items()},
        }
        (batch.folder / MANIFEST).write_text(json.dumps(manifest))
    with duckdb.connect(str(home.database)) as connection:
        connection.execute("update meta.publication set schema_version = 1")
        connection.execute("alter table landed.cards drop column capped")


def test_what_an_older_version_landed_is_kept_and_read_again_once(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text(CARDS)
    home = make_home(tmp_path / "home", {"cards": ("vcard", tmp_path / "a.vcf")})
    sync(home)
    people = ask(home, "select person_id, name from people order by all")
    made_older(home)
    [first] = sync(home).sources
    assert (first.read, first.new, first.withdrawn) == (2, 0, 0)
    assert ask(home, "select person_id, name from people order by all") == people
    [second] = sync(home).sources
    assert (second.status, second.unchanged) == ("unchanged", 2)
    assert ask(home, "select distinct schema_version from meta.publication") == [(SCHEMA_VERSION,)]


def test_an_older_landing_whose_file_is_gone_is_still_there_after_a_failed_night(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text(CARDS)
    home = make_home(tmp_path / "home", {"cards": ("vcard", tmp_path / "a.vcf")})
    sync(home)
    made_older(home)
    (tmp_path / "a.vcf").unlink()
    [source] = sync(home).sources
    assert source.status == "failed"
    assert ask(home, "select count(*) from contacts") == [(2,)]
