"""Files that were made to do harm, each with the verdict that it must get.

    attacks(kind)  every attack, made when it is asked for: some are of many megabytes
    zipped(...)    an archive
    GOOD           by kind, a harmless file: it lies beside the attacks and must always be read

Random bytes come from one seed, so the same attacks come every time. People are of example domains.
"""

import base64
import bz2
import gzip
import io
import lzma
import os
import random
import socket
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

READ, CAPPED, QUARANTINED, REFUSED = "read", "read capped", "quarantined", "refused"
MANY = 100_000
LONG = 5_000_000
SECRET = "kept-outside-the-folder"  # noqa: S105 - no password: it stands in a file that lies beside the folder
_RANDOM = random.Random(20260105)  # noqa: S311 - bytes, not secrets

CONTROLS = "\x00\x01\x07\x1b[31m\x7f\x85\x9b\u200b\u200e\u202e\u2066\ufeff"
SURROGATE = b"\xed\xa0\x80"  # U+D800 as CESU-8 has it


@dataclass(frozen=True)
class Attack:
    """One file, or what else stands under its name.

    data: its bytes, or what lays it out at a path. records: how many come out; None if that is not the point.
    """

    name: str
    kind: str
    file: str
    data: bytes | Callable[[Path], None]
    verdict: str
    records: int | None = None

    def lay(self, folder: Path) -> None:
        """Put it into a folder."""
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(self.data, bytes):
            path.write_bytes(self.data)
        else:
            self.data(path)


Case = tuple[bytes | str, str] | tuple[bytes | str, str, int]
Cases = dict[str, Case]


def attacks(kind: str) -> Iterator[Attack]:
    """All attacks on the readers of a kind of source, one after the other."""
    for table in _TABLES.get(kind, ()):
        for name, case in table().items():
            data, verdict, *count = case
            yield Attack(
                name=name,
                kind=kind,
                file=f"{name[:100]}{GOOD[kind][0]}".replace("/", "_"),
                data=data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data,
                verdict=str(verdict),
                records=count[0] if count else None,
            )
    for layer in _LAYERS.get(kind, ()):
        yield from layer()


# Calendars


def _event(*lines: str, start: str = "DTSTART:20240305T120000Z") -> str:
    return "\r\n".join(["BEGIN:VEVENT", "UID:1@fern.example", start, *lines, "END:VEVENT", ""])


def _calendar(*parts: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *parts, "END:VCALENDAR", ""])


def _one(*lines: str, start: str = "DTSTART:20240305T120000Z") -> str:
    return _calendar(_event(*lines, start=start))


def _calendars() -> Cases:
    wide = _one("SUMMARY:x").encode("utf-16")
    return {
        "a line of 5 MB": (_one("DESCRIPTION:" + "x" * LONG), READ, 1),
        "a UID of 5 MB": (_one().replace("1@fern", "1" * LONG + "@fern"), CAPPED, 1),
        "folds without end": (_one("DESCRIPTION:" + "x\r\n " * MANY), READ, 1),
        "a name of 5 MB": (_one("X" * LONG + ":1"), READ, 1),
        "begun 10^5 times": ("BEGIN:VEVENT\n" * MANY, QUARANTINED, 0),
        "calendars in calendars": ("BEGIN:VCALENDAR\n" * 20_000 + _event(), QUARANTINED),
        "ends without beginnings": ("END:VEVENT\n" * MANY + _one(), READ, 1),
        "components in components": (
            _one(*["BEGIN:VALARM"] * MANY, *["END:VALARM"] * MANY),
            READ,
            1,
        ),
        "components never closed": (_calendar(_event(*["BEGIN:VALARM"] * 1000)), READ, 1),
        "an event never closed": ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n", QUARANTINED, 0),
        "a file that breaks off in a line": (_one("ATTENDEE:mailto:ada@fern.example")[:90], QUARANTINED, 0),
        "10^5 unknown properties": (_one(*["X-A:1"] * MANY), READ, 1),
        "10^5 attendees": (_one(*["ATTENDEE:mailto:a@fern.example"] * MANY), CAPPED, 1),
        "600 attendees": (_one(*[f"ATTENDEE:mailto:a{n}@fern.example" for n in range(600)]), CAPPED, 1),
        "10^5 parameters": (_one("ATTENDEE" + ";X=1" * MANY + ":mailto:a@fern.example"), CAPPED, 1),
        "quotes never closed": (_one("ATTENDEE" + ';CN="' * MANY + ":mailto:a@fern.example"), CAPPED, 1),
        "one quote never closed": (_one('ATTENDEE;CN="Ada:mailto:a@fern.example'), READ, 1),
        "10^5 values of EXDATE": (
            _one("RRULE:FREQ=DAILY", "EXDATE:" + ",".join(["20240306T120000Z"] * MANY)),
            CAPPED,
            1,
        ),
        "10^5 lines of RDATE": (_one(*["RDATE:20240306T120000Z"] * MANY), CAPPED, 1),
        "a flood of overrides": (
            _calendar(*[_event(f"RECURRENCE-ID:2024{n % 12 + 1:02}05T120000Z") for n in range(5_000)]),
            READ,
            5_000,
        ),
        "an attachment of 5 MB": (
            _one("ATTACH;ENCODING=BASE64;VALUE=BINARY:" + base64.b64encode(bytes(LONG)).decode()),
            READ,
            1,
        ),
        "a method of CANCEL": (_calendar("METHOD:CANCEL", _event()), READ, 1),
        "a method of REPLY": (_calendar("METHOD:REPLY", _event("ATTENDEE:mailto:a@fern.example")), READ, 0),
        "controls in a name": (
            _one(f'ORGANIZER;CN="Ada{CONTROLS} Byte":mailto:ada@fern.example'.replace("\x85", "")),
            READ,
            1,
        ),
        "controls in a UID": (_one().replace("1@fern", f"1{CONTROLS}@fern".replace("\x85", "")), READ, 1),
        "a lone surrogate in a name": (
            _one('ORGANIZER;CN="Ada":mailto:a@fern.example')
            .encode()
            .replace(b"Ada", b"A" + SURROGATE + b"da"),
            READ,
            1,
        ),
        "NULs between the letters of a value": (_one("X-A:" + "\0" * 1000), READ, 1),
        "UTF-16 with a byte too many": (wide + b"\0", READ, 1),
        "UTF-32": (_one().encode("utf-32"), READ, 1),
        "UTF-32 cut within a letter": (_one().encode("utf-32")[:-3], READ, 1),
        "a mark within the text": (_one().replace("BEGIN:VEVENT", "\ufeffBEGIN:VEVENT"), READ, 1),
        "returns alone": (_one("SUMMARY:x").replace("\r\n", "\r"), READ, 1),
        "a traversing zone": (_one(start="DTSTART;TZID=../../../../etc/passwd:20240305T120000"), CAPPED, 1),
        "an absolute zone": (_one(start="DTSTART;TZID=/etc/passwd:20240305T120000"), CAPPED, 1),
        "a zone with a NUL": (_one(start="DTSTART;TZID=Europe/Ber\0lin:20240305T120000"), READ),
        "a zone that is a folder": (_one(start="DTSTART;TZID=Europe:20240305T120000"), CAPPED, 1),
        "the year 0001": (_one(start="DTSTART:00010101T000000Z"), QUARANTINED, 0),
        "the year 9999": (_one(start="DTSTART:99991231T235959Z"), QUARANTINED, 0),
        "the year -1": (_one(start="DTSTART:-0010101T000000Z"), QUARANTINED, 0),
        "the end of time in a western zone": (
            _one("DTEND;TZID=America/New_York:99991231T235959"),
            READ,
            1,
        ),
        "a date of 5000 digits": (_one(start="DTSTART:" + "2" * 5000), QUARANTINED, 0),
        "digits of another script": (
            _one(start="DTSTART:\u0662\u0660\u0662\u06640305T120000Z"),
            QUARANTINED,
            0,
        ),
        "a duration beyond time": (_one("DURATION:P999999999999W"), READ, 1),
        "a duration of 10^5 digits": (_one("DURATION:P" + "9" * MANY + "D"), CAPPED, 1),
        "a sequence of 10^5 digits": (_one("SEQUENCE:" + "9" * MANY), CAPPED, 1),
        "an end before the start": (_one("DTEND:20230305T120000Z"), READ, 1),
    }


def _rules() -> Cases:
    huge = ",".join(map(str, range(60)))
    product = f"FREQ=YEARLY;BYMONTH={','.join(map(str, range(1, 13)))};BYHOUR=" + ",".join(
        map(str, range(24))
    )
    cases: Cases = {
        f"a rule {name}": (_one(f"RRULE:{rule}"), verdict, 1)
        for name, rule, verdict in (
            ("every second", "FREQ=SECONDLY", CAPPED),
            ("every minute", "FREQ=MINUTELY;COUNT=1000000000", CAPPED),
            ("of interval 0", "FREQ=DAILY;INTERVAL=0", CAPPED),
            ("of a negative interval", "FREQ=DAILY;INTERVAL=-5", CAPPED),
            ("of a huge interval", "FREQ=DAILY;INTERVAL=" + "9" * 400, CAPPED),
            ("that comes a billion times", "FREQ=DAILY;COUNT=1000000000", CAPPED),
            ("that never matches", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", CAPPED),
            ("on the 366th of no leap year", "FREQ=YEARLY;BYYEARDAY=366;INTERVAL=100;BYMONTH=1", READ),
            ("of a huge product", f"{product};BYMINUTE={huge};BYSECOND={huge}", CAPPED),
            ("until the year 9999", "FREQ=DAILY;UNTIL=99991231T235959Z", READ),
            ("of 10^5 parts", "FREQ=DAILY" + ";X=1" * MANY, CAPPED),
            ("of 10^4 days", "FREQ=YEARLY;BYYEARDAY=" + ",".join(["1"] * 10_000), CAPPED),
            ("without a frequency", "COUNT=3", CAPPED),
            ("of nonsense", "=;=;FREQ==;;", CAPPED),
        )
    }
    return cases | {"10^4 rules in one event": (_one(*["RRULE:FREQ=DAILY;COUNT=9"] * 10_000), CAPPED, 1)}


def _zone(name: str, *parts: str) -> str:
    return "\r\n".join(["BEGIN:VTIMEZONE", f"TZID:{name}", *parts, "END:VTIMEZONE"])


def _offset(offset: str, *lines: str) -> str:
    start = "DTSTART:19700101T000000"
    lines = (start, f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}", *lines)
    return "\r\n".join(["BEGIN:STANDARD", *lines, "END:STANDARD"])


def _zones() -> Cases:
    at = "DTSTART;TZID=Home:20240305T120000"
    return {
        "10^4 zones": (
            _calendar(*[_zone(f"Z{n}", _offset("+0100")) for n in range(10_000)], _event()),
            READ,
            1,
        ),
        "a zone of 10^4 offsets": (
            _calendar(_zone("Home", *[_offset("+0100")] * 10_000), _event(start=at)),
            READ,
        ),
        "a zone that changes every second": (
            _calendar(_zone("Home", _offset("+0100", "RRULE:FREQ=SECONDLY")), _event(start=at)),
            READ,
        ),
        "a zone that changes for ever": (
            _calendar(_zone("Home", _offset("+0100", "RRULE:FREQ=DAILY")), _event(start=at)),
            READ,
        ),
        "a zone 999 hours away": (_calendar(_zone("Home", _offset("+99999999")), _event(start=at)), CAPPED),
        "a zone without an end": (_calendar("BEGIN:VTIMEZONE\r\nTZID:Home", _event(start=at)), QUARANTINED),
        "a zone of another file, one hour": (
            _calendar(_zone("Custom", _offset("+0100")), _event(start="DTSTART;TZID=Custom:20240305T120000")),
            READ,
            1,
        ),
        "a zone of another file, three hours": (
            _calendar(_zone("Custom", _offset("+0300")), _event(start="DTSTART;TZID=Custom:20240305T120000")),
            READ,
            1,
        ),
    }


def _no_calendars() -> Cases:
    page = "<!DOCTYPE html><html><body><form>Sign in <input type=password></form></body></html>"
    return {
        "a login page": (page, REFUSED),
        "a login page with a calendar in it": (f"<html><pre>\n{_one()}</pre>", READ),
        "nothing": ("", REFUSED),
        "white space": (" \r\n\t\r\n" * 1000, REFUSED),
        "NULs alone": ("\0" * 100_000, REFUSED),
        "a gzip file without its ending": (gzip.compress(_one().encode(), mtime=0), REFUSED),
        "a zip file without its ending": (b"PK\3\4" + _RANDOM.randbytes(1000), REFUSED),
        "random bytes": (_RANDOM.randbytes(100_000), REFUSED),
        "vCalendar 1.0": (_one().replace("VERSION:2.0", "VERSION:1.0"), QUARANTINED, 0),
        "a vCard": (_card("FN:Ada Byte"), REFUSED),
        "a mailbox": (_mail(), REFUSED),
        "JSON": ('{"kind": "calendar#events", "items": [' + "[" * MANY, REFUSED),
        "a shell script": ("#!/bin/sh\nrm -rf $HOME\n", REFUSED),
        "a bomb of XML entities": (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>',
            REFUSED,
        ),
    }


# Cards


def _card(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def _cards() -> Cases:
    ada = ("FN:Ada Byte", "EMAIL:ada@fern.example")
    return {
        "begun 10^5 times": ("BEGIN:VCARD\r\n" * MANY, QUARANTINED),
        "ended 10^5 times": ("END:VCARD\r\n" * MANY + _card(*ada), READ, 1),
        "10^4 empty cards": (_card() * 10_000, QUARANTINED, 0),
        "a card never closed": ("BEGIN:VCARD\r\nFN:Ada\r\n", QUARANTINED),
        "agents in agents": (
            _card(*ada, *["AGENT:\r\nBEGIN:VCARD\r\nFN:Bo"] * 1000, *["END:VCARD"] * 1000),
            READ,
        ),
        "an agent never closed": (_card(*ada, "AGENT:", "BEGIN:VCARD", "FN:Bo"), QUARANTINED),
        "10^5 addresses": (_card("FN:Ada", *[f"EMAIL:a{n}@fern.example" for n in range(MANY)]), CAPPED, 1),
        "10^5 equal addresses": (_card("FN:Ada", *["EMAIL:a@fern.example"] * MANY), CAPPED, 1),
        "10^5 groups": (_card(*ada, *[f"item{n}.X-ABLABEL:x" for n in range(MANY)]), READ, 1),
        "a group of 10^5 dots": (_card(*ada, "a." * MANY + "TEL:1"), READ, 1),
        "a name of 10^5 parts": (_card("N:" + ";" * MANY + "Ada", "EMAIL:ada@fern.example"), CAPPED, 1),
        "a name of 5 MB": (_card("FN:" + "A" * LONG, ada[1]), CAPPED, 1),
        "a photo of 5 MB": (
            _card(*ada, "PHOTO;ENCODING=b:" + base64.b64encode(_RANDOM.randbytes(LONG)).decode()),
            READ,
            1,
        ),
        "a folded photo": (_card(*ada, "PHOTO;ENCODING=b:" + "QUJD\r\n " * MANY), READ, 1),
        "a photo that never ends": (
            _card(*ada)[:-11] + "PHOTO;ENCODING=b:" + "QUJD\r\n " * MANY,
            QUARANTINED,
        ),
        "10^5 parameters": (_card("FN:Ada", "EMAIL" + ";TYPE=x" * MANY + ":a@fern.example"), CAPPED, 1),
        "10^5 categories": (_card(*ada, "CATEGORIES:" + ",".join(["x"] * MANY)), CAPPED, 1),
        "a birthday in the year 0": (_card(*ada, "BDAY:0000-00-00"), READ, 1),
        "a birthday on the 31st of February": (_card(*ada, "BDAY:1990-02-31"), READ, 1),
        "a birthday of 10^5 digits": (_card(*ada, "BDAY:" + "1" * MANY), CAPPED, 1),
        "a revision in the year 0": (_card(*ada, "REV:00000101T000000Z"), READ, 1),
        "a revision beyond time": (_card(*ada, "REV:9999-12-31T23:59:59-23:59"), READ, 1),
        "controls in a name": (_card(f"FN:Ada{CONTROLS} Byte".replace("\x85", ""), ada[1]), READ, 1),
        "controls in an address": (_card("FN:Ada", "EMAIL:ada\x1b[2J\u202e@fern.example"), READ, 1),
        "a lone surrogate": (_card(*ada).encode().replace(b"Ada", b"A" + SURROGATE + b"da"), READ, 1),
        "a link that runs code": (_card(*ada, "URL:javascript:alert(1)"), READ, 1),
        "UTF-16 with a byte too many": (_card(*ada).encode("utf-16") + b"\0", READ, 1),
        "random bytes in a value": (
            b"BEGIN:VCARD\r\nEMAIL:ada@fern.example\r\nFN:"
            + _RANDOM.randbytes(2000).translate(None, b"\r\n")
            + b"\r\nEND:VCARD\r\n",
            READ,
            1,
        ),
        "random bytes": (_RANDOM.randbytes(100_000), REFUSED),
        "nothing": ("", REFUSED),
        "a login page": ("<html><title>Log in</title></html>", REFUSED),
    }


def _encoded_cards() -> Cases:
    cases: Cases = {
        f"the charset {name}": (
            _card(f"FN;CHARSET={name};ENCODING=QUOTED-PRINTABLE:=41da", "EMAIL:ada@fern.example"),
            READ,
            1,
        )
        for name in (
            *("utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "base64", "zip", "bz2"),
            *("rot13", "hex", "uu", "mbcs", "undefined", "utf-8-sig", "nonsense", "..", "x" * 5000),
        )
    }
    return cases | {
        "soft breaks for ever": (
            _card("FN;ENCODING=QUOTED-PRINTABLE:A=" + "\r\n=" * MANY, "EMAIL:ada@fern.example"),
            QUARANTINED,
        ),
        "a bomb of quoted letters": (
            _card("FN;ENCODING=QUOTED-PRINTABLE:" + "=41" * MANY, "EMAIL:a@fern.example"),
            CAPPED,
            1,
        ),
        "base64 that is none": (_card("FN;ENCODING=b:!!!!", "EMAIL:ada@fern.example"), READ, 1),
    }


# Mail


_DATE = "Mon, 05 Jan 2026 10:00:00 +0000"
_FROM = "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n"


def _head(*lines: str, sender: str = "Vera <vera@fern.example>", to: str = "b@fern.example") -> str:
    return "\n".join([f"From: {sender}", f"To: {to}", f"Date: {_DATE}", *lines, ""])


def _mail(*lines: str, sender: str = "Vera <vera@fern.example>", to: str = "b@fern.example") -> str:
    return f"{_FROM}{_head(*lines, sender=sender, to=to)}\nbody\n\n"


def _mailboxes() -> Cases:
    quoted = f"{_FROM}{_head('Message-ID: <inner@fern.example>')}"
    return {
        "separators alone": (_FROM * MANY, REFUSED),
        "separators in a body": (_mail() + "From here on it goes\n" * MANY, READ, 1),
        "quoted separators": (
            _mail() + "".join(f">{line}\n" for line in quoted.splitlines()) * 1000,
            READ,
            1,
        ),
        "a header line of 5 MB": (_mail("X-A: " + "x" * LONG), CAPPED),
        "a header that never ends": (_FROM + _head() + "X-A: 1\n" * 1_000_000, CAPPED, 1),
        "a folded header that never ends": (_mail("X-A: 1" + "\n x" * 1_000_000), CAPPED),
        "a body of one line": (_mail() + "x" * LONG, READ, 1),
        "10^5 Received": (_mail(*["Received: from a by b; " + _DATE] * MANY), CAPPED),
        "an empty message": (_FROM + "\n\n" + _mail(), QUARANTINED, 1),
        "a length that lies": (_mail("Content-Length: 999999999") + _mail(), READ, 2),
        "a length below zero": (_mail("Content-Length: -5") + _mail(), READ, 2),
        "a length of 10^5 digits": (_mail("Content-Length: " + "9" * MANY) + _mail(), READ, 2),
        "returns alone": (_mail().replace("\n", "\r"), READ, 1),
        "a return within a header": (_mail("X-A: 1\rFrom: Eve <eve@evil.example>"), READ, 1),
        "NULs in the headers": (_mail("X-A: \0\0\0", sender="Ve\0ra <vera@fern.example>"), READ, 1),
        "NULs before the first message": ("\0" * 5000 + "\n" + _mail(), QUARANTINED, 1),
        "NULs alone": ("\0" * LONG, REFUSED),
        "UTF-16": (_mail().encode("utf-16"), REFUSED),
        "8-bit headers": (_mail(sender="V\u00e9ra <vera@fern.example>").encode("latin-1"), READ, 1),
        "a lone surrogate": (
            _mail(sender="V@@ra <v@fern.example>").encode().replace(b"@@", SURROGATE),
            READ,
            1,
        ),
        "nothing": ("", READ, 0),
        "white space": ("\n" * MANY, READ, 0),
        "a web page": ("<html>" + "x" * 1000, REFUSED),
        "random bytes": (_RANDOM.randbytes(1_000_000), REFUSED),
    }


def _headers() -> Cases:
    word = "=?utf-8?b?" + base64.b64encode(b"A" * 40).decode() + "?="
    cases: Cases = {
        f"the charset {name} in a word": (_mail(sender=f"=?{name}?q?Vera=00?= <vera@fern.example>"), READ, 1)
        for name in (
            *("utf-7", "idna", "punycode", "unicode_escape", "zip", "base64", "rot13", "hex", "undefined"),
            *("nonsense", "../../etc/passwd", "x" * 500, "utf-8*en"),
        )
    }
    dates = {
        "of the year 102": "Mon, 05 Jan 102 10:00:00 +0000",
        "of the year 99999": "Mon, 05 Jan 99999 10:00:00 +0000",
        "of the year -1": "Mon, 05 Jan -1 10:00:00 +0000",
        "of huge numbers": f"Mon, {'9' * 500} Jan {'9' * 500} {'9' * 500}:00:00 +0000",
        "of a huge offset": "Mon, 05 Jan 2026 10:00:00 +99999999",
        "of an offset beyond the day": "Mon, 05 Jan 2026 10:00:00 -9999",
        "at 25:61:61": "Mon, 05 Jan 2026 25:61:61 +0000",
        "of 5 MB": "Mon, " + " " * LONG,
        "in comments": "(" * MANY + "Mon, 05 Jan 2026 10:00:00 +0000",
        "of digits of another script": "Mon, \u0660\u0665 Jan 2026 10:00:00 +0000",
    }
    for name, date in dates.items():
        verdict = CAPPED if len(date) > 60_000 else READ
        cases[f"a date {name}"] = (_mail().replace(_DATE, date), verdict)
    return cases | {
        "a bomb of encoded words": (_mail(sender=word * 20_000 + " <vera@fern.example>"), CAPPED),
        "words in words": (_mail(sender="=?utf-8?q?" * 10_000 + "?=" * 10_000), CAPPED),
        "a broken word": (_mail(sender="=?utf-8?b?!!!=?= <vera@fern.example>"), READ, 1),
        "a word without an end": (_mail(sender="=?utf-8?b?QUJD <vera@fern.example>"), READ, 1),
        "controls in words": (
            _mail(sender=f"=?utf-8?b?{base64.b64encode(CONTROLS.encode()).decode()}?= <vera@fern.example>"),
            READ,
            1,
        ),
        "an address in a word": (
            _mail(sender="=?utf-8?q?Vera_=3Ceve=40evil.example=3E?= <v@fern.example>"),
            READ,
            1,
        ),
        "a line break in a word": (
            _mail(sender="=?utf-8?q?Vera=0D=0ABcc:_eve=40evil.example?= <v@fern.example>"),
            READ,
            1,
        ),
        "no Message-ID": (_mail("Message-ID:"), READ, 1),
        "an empty Message-ID": (_mail("Message-ID: <>"), READ, 1),
        "a Message-ID of 5 MB": (_mail(f"Message-ID: <{'x' * LONG}@fern.example>"), CAPPED),
        "a Message-ID of controls": (
            _mail(f"Message-ID: <1{CONTROLS}@fern.example>".replace("\x85", "")),
            READ,
            1,
        ),
        "10^4 references": (
            _mail("References: " + "\n ".join(f"<{n}@fern.example>" for n in range(10_000))),
            CAPPED,
        ),
        "a bomb of labels": (_mail("X-Gmail-Labels: " + "x," * 25_000), READ),
        "an encoded bomb of labels": (_mail("X-Gmail-Labels: " + f"{word}\n " * 3000), CAPPED),
        "labels that traverse": (_mail("X-Gmail-Labels: ../../etc/passwd,\x1b[31m"), READ, 1),
        "all headers twice": (f"{_FROM}{_head()}{_head()}\n", READ, 1),
        "10^4 From headers": (_mail(*["From: Eve <eve@evil.example>"] * 10_000), CAPPED),
    }


def _addresses() -> Cases:
    return {
        "10^5 recipients": (_mail(to=",".join(["a@fern.example"] * MANY)), CAPPED),
        "600 recipients": (_mail(to=", ".join(f"a{n}@fern.example" for n in range(600))), CAPPED, 1),
        "comments in comments": (_mail(to="(" * 30_000 + ")" * 30_000 + " a@fern.example"), READ, 1),
        "comments never closed": (_mail(to="(" * 60_000), READ, 1),
        "quotes never closed": (_mail(to='"' * 60_001), READ, 1),
        "brackets in brackets": (_mail(to="<" * 30_000 + "a@fern.example" + ">" * 30_000), READ, 1),
        "groups in groups": (_mail(to="a:" * 20_000 + ";" * 20_000), READ, 1),
        "backslashes": (_mail(to='"' + "\\" * 60_000 + '" <a@fern.example>'), READ, 1),
        "commas": (_mail(to="," * 60_000), READ, 1),
        "at signs": (_mail(to="@" * 60_000), READ, 1),
        "routes": (_mail(to="<" + "@a," * 20_000 + ":a@fern.example>"), READ, 1),
        "an address of 60 KB": (_mail(to="a" * 60_000 + "@fern.example"), READ, 1),
        "a quoted address with a break": (_mail(to='"a\n b"@fern.example'), READ, 1),
        "a name that turns round": (_mail(sender="\u202eareV\u202c <vera@fern.example>"), READ, 1),
        "a name that colours": (_mail(sender="\x1b]0;x\x07\x1b[31mVera <vera@fern.example>"), READ, 1),
        "a formula for a name": (_mail(sender="=cmd|'/c calc'!A1 <vera@fern.example>"), READ, 1),
        "no sender": (_mail(sender=""), READ, 1),
    }


def _messages() -> Cases:
    return {
        "nothing": ("", REFUSED),
        "a header that never ends": (_head() + "X-A: 1\n" * MANY, CAPPED, 1),
        "a line of 5 MB": (_head("X-A: " + "x" * LONG), CAPPED),
        "a body of 5 MB": (_head() + "\n" + "x" * LONG, READ, 1),
        "parts in parts": (
            _head("Content-Type: multipart/mixed; boundary=a") + "\n" + "--a\n" * MANY,
            READ,
            1,
        ),
        "a mailbox": (_mail() * 3, READ, 1),
        "random bytes": (_RANDOM.randbytes(100_000), REFUSED),
        "a program": (b"\x7fELF" + _RANDOM.randbytes(10_000), REFUSED),
        "UTF-16": (_head().encode("utf-16"), READ, 1),
        "controls": (_head(sender=f"Vera{CONTROLS} <vera@fern.example>".replace("\x85", "")), READ, 1),
    }


def _apple_messages() -> Cases:
    plist = (
        '<?xml version="1.0"?><plist version="1.0"><dict><key>flags</key><integer>{}</integer></dict></plist>'
    )
    entities = '<!DOCTYPE a [<!ENTITY a "' + "a" * 1000 + '"><!ENTITY b "' + "&a;" * 1000 + '">]><a>&b;</a>'
    outside = f'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>{SECRET[:0]}'

    def counted(count: object, properties: str = "", message: str = _head() + "\nbody\n") -> str:
        return f"{len(message) if count is None else count}\n{message}{properties}"

    return {
        "a count that is right": (counted(None, plist.format(1)), READ, 1),
        "a count that is too small": (counted(5), READ),
        "a count that is too large": (counted(10**9), READ, 1),
        "a count below zero": (counted(-1), READ, 1),
        "a count of 10^5 digits": (counted("9" * MANY), READ, 1),
        "a bomb of entities": (counted(None, entities), READ, 1),
        "an entity from outside": (counted(None, outside), READ, 1),
        "flags of 10^5 digits": (counted(None, plist.format("9" * MANY)), READ, 1),
        "a list of 5 MB": (counted(None, "<plist>" * (LONG // 7)), READ, 1),
        "a list in place of the message": (counted(0, plist.format(1)), REFUSED),
        "random bytes": (_RANDOM.randbytes(100_000), REFUSED),
        "nothing": ("", REFUSED),
    }


# Tables


_HEADING = "First Name,Last Name,Labels,E-mail 1 - Value\n"


def _tables() -> Cases:
    row = "Ada,Byte,* myContacts,ada@fern.example\n"
    return {
        "a quote never closed": (_HEADING + '"Ada,Byte\n' + row * 1000, QUARANTINED),
        "a field of 5 MB": (f'{_HEADING}"{"A" * LONG}",Byte,,ada@fern.example\n{row}', CAPPED, 2),
        "a field of 5 MB without quotes": (
            f"{_HEADING}{'A' * LONG},Byte,,ada@fern.example\n{row}",
            CAPPED,
            2,
        ),
        "10^5 columns in a row": (_HEADING + row[:-1] + "," * MANY + "\n", READ),
        "10^5 columns in the heading": (_HEADING[:-1] + ",x" * MANY + "\n" + row, READ),
        "10^5 quotes": (_HEADING + '"' * (MANY + 1) + "\n" + row, QUARANTINED),
        "NULs": (_HEADING + row.replace("Ada", "A\0da"), READ, 1),
        "formulas": (_HEADING + "=cmd|'/c calc'!A1,@SUM(1),+1,ada@fern.example\n", READ, 1),
        "controls": (_HEADING + row.replace("Ada", f"Ada{CONTROLS}".replace("\x85", "")), READ, 1),
        "a lone surrogate": ((_HEADING + row).encode().replace(b"Ada,", b"A" + SURROGATE + b"da,"), READ, 1),
        "mixed delimiters": (_HEADING + row.replace(",", ";") + row, QUARANTINED, 1),
        "mixed line ends": (_HEADING.replace("\n", "\r\n") + row + row.replace("\n", "\r"), READ),
        "returns alone": ((_HEADING + row).replace("\n", "\r"), READ, 1),
        "UTF-16 with a mark": ((_HEADING + row).encode("utf-16"), READ, 1),
        "UTF-16 with a byte too many": ((_HEADING + row).encode("utf-16") + b"\0", QUARANTINED, 1),
        "a heading alone": (_HEADING, READ, 0),
        "a heading twice": (_HEADING + _HEADING + row, READ),
        "20,000 empty rows": (_HEADING + ",,,\n" * 20_000 + row, READ, 1),
        "20,000 blank lines": (_HEADING + "\n" * 20_000 + row, READ),
        "a row that is too short": (_HEADING + "Ada\n", QUARANTINED, 0),
    }


# Packed files and archives


_PAPER = _one("ATTENDEE:mailto:ada@fern.example").encode()
_BOMB = bytes(80 * 2**20)


def _packed() -> Iterator[Attack]:
    noise = _calendar(*[_event(f"X-A:{_RANDOM.randbytes(60).hex()}") for _ in range(500)]).encode()
    bomb = gzip.compress(_BOMB, mtime=0)
    gz, xz, bz = gzip.compress(_PAPER, mtime=0), lzma.compress(_PAPER), bz2.compress(_PAPER)
    for name, data, verdict in (
        ("sound.ics.gz", gz, READ),
        ("sound.ics.xz", xz, READ),
        ("sound.ics.bz2", bz, READ),
        (
            "two streams.ics.gz",
            gzip.compress(_PAPER[:60], mtime=0) + gzip.compress(_PAPER[60:], mtime=0),
            READ,
        ),
        ("10^4 empty streams.ics.gz", gzip.compress(b"", mtime=0) * 10_000 + gz, READ),
        ("junk behind.ics.gz", gz + _RANDOM.randbytes(1000), READ),
        ("cut.ics.gz", gzip.compress(noise, mtime=0)[:-5000], QUARANTINED),
        ("cut.ics.xz", lzma.compress(noise)[:-5000], QUARANTINED),
        ("a wrong sum.ics.gz", gz[:-8] + b"\0\0\0\0" + gz[-4:], REFUSED),
        ("garbage.ics.gz", _RANDOM.randbytes(10_000), REFUSED),
        ("garbage.ics.xz", b"\xfd7zXZ\0" + _RANDOM.randbytes(10_000), REFUSED),
        ("garbage.ics.bz2", b"BZh9" + _RANDOM.randbytes(10_000), REFUSED),
        ("nothing.ics.gz", b"", REFUSED),
        ("a bomb.ics.gz", bomb, REFUSED),
        ("a bomb.ics.bz2", bz2.compress(_BOMB), REFUSED),
        ("a bomb.ics.xz", lzma.compress(_BOMB), REFUSED),
        ("a bomb behind an event.ics.gz", gzip.compress(_PAPER + _BOMB, mtime=0), QUARANTINED),
        ("a bomb in a bomb.ics.gz", gzip.compress(bomb, mtime=0), REFUSED),
        ("a dictionary of 1 GB.ics.xz", _of_huge_dictionary(xz), REFUSED),
        ("plain.ics.gz", _PAPER, REFUSED),
    ):
        yield Attack(name, "ics", name, data, verdict)


def _of_huge_dictionary(data: bytes) -> bytes:
    """An .xz file whose first block asks for a dictionary of 1 GB (xz-file-format 3.1, 5.3.1)."""
    end = 12 + (data[12] + 1) * 4 - 4
    header = data[12:16] + bytes([36]) + data[17:end]
    return data[:12] + header + struct.pack("<L", zlib.crc32(header)) + data[end + 4 :]


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    memory = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name comes twice is the point
        with zipfile.ZipFile(memory, "w", method) as archive:
            for name, data in members:
                archive.writestr(name, data, method)
    return memory.getvalue()


def _moded(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def _patched(data: bytes, offset: int, value: bytes) -> bytes:
    """An archive of which the first entry of the table of contents is changed."""
    at = data.rindex(b"PK\1\2") + offset
    return data[:at] + value + data[at + len(value) :]


def _archives() -> Iterator[Attack]:
    name, sound = "Takeout/Calendar/a.ics", ("Takeout/Calendar/b.ics", _PAPER)
    one = zipped((name, _PAPER))
    header = one[: one.index(b"PK\1\2")]
    entry = one[len(header) : one.rindex(b"PK\5\6")]
    overlap = (
        header + entry * 3 + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, len(entry) * 3, len(header), 0)
    )
    deep = _PAPER
    for _ in range(10):
        deep = zipped((name, deep))
    for title, data, verdict in (
        ("sound", zipped(sound), READ),
        ("traversal", zipped((f"../../{SECRET}.ics", _PAPER), sound), REFUSED),
        ("absolute", zipped(("/etc/cron.d/a.ics", _PAPER), sound), REFUSED),
        ("a drive", zipped(("C:/Windows/a.ics", _PAPER), sound), REFUSED),
        ("backslashes", zipped((_moded("..\\..\\a.ics", 0o100644), _PAPER), sound), REFUSED),
        ("controls in a name", zipped(("Takeout/a\x1b[31m.ics", _PAPER), sound), REFUSED),
        ("a link", zipped((_moded(name, stat.S_IFLNK | 0o777), b"/etc/passwd"), sound), REFUSED),
        ("a device", zipped((_moded(name, stat.S_IFCHR | 0o666), b""), sound), REFUSED),
        ("overlapping", overlap, REFUSED),
        ("encrypted", _patched(_patched(one, 8, b"\1\0"), 8, b"\1\0"), REFUSED),
        ("an unknown packing", _patched(one, 10, b"\x63\0"), REFUSED),
        ("a size that is too small", _patched(one, 24, struct.pack("<L", 9)), REFUSED),
        ("a size that is too large", _patched(one, 24, struct.pack("<L", 99_999)), QUARANTINED),
        ("a size of 4 GB", _patched(one, 24, struct.pack("<L", 0xFFFFFFFE)), REFUSED),
        ("a zip64 size that is missing", _patched(one, 24, struct.pack("<L", 0xFFFFFFFF)), REFUSED),
        ("a wrong sum", _patched(one, 16, b"\0\0\0\0"), QUARANTINED),
        ("a position beyond the end", _patched(one, 42, struct.pack("<L", 0x7FFFFFFF)), REFUSED),
        ("twice the same name", zipped((name, b"x"), (name, _PAPER)), REFUSED),
        ("a bomb", zipped((name, _BOMB)), REFUSED),
        ("many small bombs", zipped(*[(f"Takeout/{n}.ics", _BOMB[: 2**23]) for n in range(12)]), REFUSED),
        ("archives in archives", zipped(("Takeout/a.zip", deep), sound), READ),
        ("an archive called a calendar", zipped((name, deep), sound), REFUSED),
        ("10^4 files", zipped(*[(f"Takeout/{n}.txt", b"") for n in range(10_000)], sound), READ),
        ("cut", zipped(sound)[:-30], REFUSED),
        ("cut in the middle", zipped(sound, (name, _RANDOM.randbytes(5000)))[:2000], REFUSED),
        ("junk before it", b"MZ" + _RANDOM.randbytes(5000) + zipped(sound), READ),
        ("a comment of 60 KB", _commented(zipped(sound)), REFUSED),
        ("nothing", b"", REFUSED),
        ("random bytes", _RANDOM.randbytes(50_000), REFUSED),
        ("entries without end", _patched_end(one, 0xFFFF), READ),
        ("a web page", b"<html>Sign in</html>", REFUSED),
    ):
        yield Attack(f"zip: {title}", "takeout", f"{title}.zip", data, verdict)


def _commented(data: bytes) -> bytes:
    at = data.rindex(b"PK\5\6") + 20
    return data[:at] + struct.pack("<H", 60_000) + b"PK\5\6" * 15_000


def _patched_end(data: bytes, entries: int) -> bytes:
    at = data.rindex(b"PK\5\6") + 8
    return data[:at] + struct.pack("<HH", entries, entries) + data[at + 4 :]


# Folders


def _maildir() -> Iterator[Attack]:
    for file, data, verdict in (
        ("cur/1700000001.a:2,STSTST", _head(), READ),
        ("cur/1700000002.a:2," + "S" * 100, _head(), READ),
        ("cur/1700000003\x1b[31m.a:2,S", _head(), READ),
        ("cur/1700000004\n.a:2,S", _head(), READ),
        ("cur/1700000005;2,!2.a:2,S", _head(), READ),
        ("new/1700000006.b", "", REFUSED),
        ("new/1700000007.b", _RANDOM.randbytes(1000), REFUSED),
        ("cur/1700000008..%2f..%2fa", _head(), READ),
    ):
        yield Attack(
            f"maildir: {file!a}", "maildir", file, data if isinstance(data, bytes) else data.encode(), verdict
        )
    yield Attack("maildir: a link", "maildir", "cur/1700000009.a:2,", _link_outside, REFUSED)
    yield Attack("maildir: a pipe", "maildir", "cur/1700000010.a:2,", os.mkfifo, REFUSED)
    yield Attack("maildir: a folder", "maildir", "cur/1700000011.a:2,/x", b"", READ, records=0)


def _link_outside(path: Path) -> None:
    path.symlink_to(next(above / SECRET for above in path.parents if (above / SECRET).exists()))


def _link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # a socket's name has hardly a hundred letters
        try:
            made.bind(path.name)
        finally:
            os.chdir(before)


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # what is /dev/zero elsewhere


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 2**30)


def _unreadable(path: Path) -> None:
    path.write_text(_one())
    path.chmod(0)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inner.ics").write_text(_one())


def _harmless(path: Path) -> None:
    path.write_text(_one())


def _things() -> Iterator[Attack]:
    """What is no file, or a file with an unpleasant name, in a folder of calendars."""
    is_root = os.geteuid() == 0
    things: list[tuple[str, Callable[[Path], None], str]] = [
        ("a link to a file.ics", _link_outside, REFUSED),
        ("a link to a folder.ics", _link_to("/etc"), REFUSED),
        ("a link to itself.ics", lambda path: path.symlink_to(path.name), REFUSED),
        ("a link to the folder.ics", _link_to("."), REFUSED),
        ("a link to nowhere.ics", _link_to("nowhere"), REFUSED),
        ("a link to a device.ics", _link_to("/dev/zero"), REFUSED),
        ("a pipe.ics", os.mkfifo, REFUSED),
        ("a socket.ics", _socket, REFUSED),
        ("10 GB of nothing.ics", _sparse, REFUSED),
        ("a folder.ics", _folder, READ),
        ("a..%2f..%2fb.ics", _harmless, READ),
        ("a\nline.ics", _harmless, READ),
        ("\x1b[31mred.ics", _harmless, READ),
        ("\u202escid.ics", _harmless, READ),
        ("-rf *.ics", _harmless, READ),
        ("$(reboot).ics", _harmless, READ),
        ("'; drop table people; --.ics", _harmless, READ),
        ("x" * 240 + ".ics", _harmless, READ),
    ]
    if is_root:
        things.append(("a device.ics", _device, REFUSED))
    else:
        things.append(("unreadable.ics", _unreadable, REFUSED))
    for file, lay, verdict in things:
        yield Attack(f"in the folder: {file!a}", "ics", file, lay, verdict)


GOOD: dict[str, tuple[str, bytes]] = {
    "ics": (".ics", _PAPER),
    "vcard": (".vcf", _card("FN:Ada Byte", "EMAIL:ada@fern.example").encode()),
    "mbox": (".mbox", _mail().encode()),
    "eml": (".eml", _head().encode()),
    "emlx": (".emlx", f"{len(_head())}\n{_head()}".encode()),
    "google-csv": (".csv", f"{_HEADING}Ada,Byte,* myContacts,ada@fern.example\n".encode()),
    "takeout": (".ics", _PAPER),
    "maildir": (":2,", _head().encode()),
}

_TABLES: dict[str, tuple[Callable[[], Cases], ...]] = {
    "ics": (_calendars, _rules, _zones, _no_calendars),
    "vcard": (_cards, _encoded_cards),
    "mbox": (_mailboxes, _headers, _addresses),
    "eml": (_messages,),
    "emlx": (_apple_messages,),
    "google-csv": (_tables,),
}
_LAYERS: dict[str, tuple[Callable[[], Iterator[Attack]], ...]] = {
    "ics": (_packed, _things),
    "takeout": (_archives,),
    "maildir": (_maildir,),
}
