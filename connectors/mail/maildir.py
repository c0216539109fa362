"""Messages of a Maildir: a file each, whose name ends in its flags (``:2,ST``, on other systems ``;2,``)."""

from collections.abc import Iterator

from connectors.inputs import Input
from connectors.mail.places import of_maildir
from connectors.mail.single import head_of, only_message
from connectors.records import Item


def read(source: Input) -> Iterator[Item]:
    """The message of a file, of which only the headers are read; nothing if it is empty. `source.name` is its
    path inside the Maildir, which with its flags tells drafts, trash, spam and sent mail."""
    head = head_of(source.stream, source.bounds.header_bytes + 1)
    yield from only_message(head, of_maildir(source.name), source.bounds)
