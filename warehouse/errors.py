"""What can go wrong, by what the caller does next.

KithlineError           its message is one line for the user: what is wrong, where, and the mend
├── UserError           stop, exit 2: the input or the configuration is wrong
├── SourceError         skip this source, go on with the others, exit 1
│   ├── SourceVanished
│   └── SourceShrunk
├── Busy                wait and try again: another process writes
└── WarehouseError      stop, exit 1: disk, permissions, a damaged file; what is published stays
"""


class KithlineError(Exception):
    """The root: str() of it is fit to be shown as it is."""


class UserError(KithlineError):
    """The user's input or configuration is wrong."""


class SourceError(KithlineError):
    """One source cannot be read this time; the others can."""


class SourceVanished(SourceError):
    """A file or folder that was there is not there any more."""


class SourceShrunk(SourceError):
    """A source offers less than half of the records that it held: a fault more often than a wish."""


class Busy(KithlineError):
    """Another process holds the writer's lock."""


class WarehouseError(KithlineError):
    """The warehouse or the landing cannot be written or read."""
