"""Generated mail of a fixed seed: an mbox that looks like a busy person's, bodies included."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

ME = "robin@ferrow.example"
_START = datetime(2015, 1, 1, 8, tzinfo=UTC)


def messages(count: int, *, people: int = 300, body_bytes: int = 2000, seed: int = 7) -> Iterator[bytes]:
    """`count` messages of an mbox, oldest first, in threads among me and `people` others."""
    chance = random.Random(seed)
    body = b"Lorem ipsum dolor sit amet, consectetur adipiscing elit.\n" * (body_bytes // 57)
    recent: list[str] = []
    for number in range(count):
        other = min(int(chance.expovariate(8 / people)), people - 1)
        them = f"Person {other} <person{other}@company{other % 40}.example>"
        mine = chance.random() < 0.45
        sender, receiver = (f"Robin Ferrow <{ME}>", them) if mine else (them, ME)
        sent = _START + timedelta(minutes=number * 17 + chance.randrange(17))
        parent = f"<{chance.choice(recent)}>" if recent and chance.random() < 0.6 else None
        own = f"{number}.{seed}@mail.example"
        recent = [*recent[-50:], own]
        headers = [
            f"From {other} {sent:%a %b %d %H:%M:%S %Y}",
            "Received: from mx.example (mx.example [192.0.2.1])\n\tby mail.example with ESMTP;\n\t"
            + format_datetime(sent),
            f"From: {sender}",
            f"To: {receiver}",
            f"Date: {format_datetime(sent)}",
            f"Message-ID: <{own}>",
            "Subject: a subject that is not read",
        ]
        if parent:
            headers += [f"In-Reply-To: {parent}", f"References: {parent}"]
        yield "\n".join(headers).encode() + b"\n\n" + body + b"\n"
