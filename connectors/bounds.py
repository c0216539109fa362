"""How much of a file is read at most, so that no file can take more than its share of time and memory."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Bounds(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Bounds on what one file may ask for. What is beyond them is left out and told, or quarantined."""

    memory_mb: Annotated[
        int, Meta(description="Memory of the process that reads; one that needs more is stopped.", ge=128)
    ] = 1024
    stall_seconds: Annotated[
        float, Meta(description="How long reading may go on without a record; then it is stopped.", gt=0)
    ] = 30.0
    whole_file_mb: Annotated[
        int,
        Meta(
            description="Size of a calendar or an address book, which are read whole; mail has no bound.",
            ge=1,
        ),
    ] = 256
    line_bytes: Annotated[
        int, Meta(description="Bytes kept of one unfolded line or one header.", ge=1024)
    ] = 65_536
    header_bytes: Annotated[
        int, Meta(description="Bytes looked at of the headers of one message.", ge=4096)
    ] = 262_144
    field_bytes: Annotated[int, Meta(description="Bytes kept of one field of a CSV file.", ge=1024)] = 65_536
    properties: Annotated[int, Meta(description="Properties kept of one event or card.", ge=100)] = 10_000
    depth: Annotated[int, Meta(description="How deep components may be nested.", ge=2, le=100)] = 16
    recipients: Annotated[
        int, Meta(description="People kept of one message or one meeting.", ge=12, le=10_000)
    ] = 500
    first_year: Annotated[int, Meta(description="Events before it are quarantined.", ge=1900)] = 1950
    last_year: Annotated[int, Meta(description="Events after it are quarantined.", le=2200)] = 2100
    expansion: Annotated[
        int, Meta(description="How many times its packed size a file may unpack to, beyond 64 MB.", ge=10)
    ] = 200
    members: Annotated[int, Meta(description="Files in one archive.", ge=1)] = 100_000
