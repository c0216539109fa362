""".eml files: one message each, as mail programs save and export them. RFC 5322."""

from collections.abc import Iterator

from connectors.inputs import Input
from connectors.mail.places import of_message_file
from connectors.mail.single import head_of, only_message
from connectors.records import Item


def read(source: Input) -> Iterator[Item]:
    """The message of a file, of which only the headers are read; nothing if it is empty."""
    head = head_of(source.stream, source.bounds.header_bytes + 1)
    yield from only_message(head, of_message_file(source.name), source.bounds)
