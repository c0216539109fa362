"""Generated mail of a fixed seed: archives that look like a busy person's, bodies included."""

import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import accumulate

ME = "robin@ferrow.example"
_START = datetime(2015, 1, 1, 8, tzinfo=UTC)
_BASE64 = (string.ascii_letters + string.digits + "+/").encode()
_SENTENCE = (
    "the bridge will hold if we move the second pier before winter and nobody from the council asks again "
    "what the harbour costs; I have spoken with Mira about it on Friday, she thinks the drawings are fine"
)
_WORDS = _SENTENCE.split()

# What a large provider adds on the way in, folded and long as it comes; nothing of it is read.
_RELAYED = """\
Delivered-To: robin@ferrow.example
Received: by 2002:a05:7010:{h[0]:.8}:b0:3f2:{h[1]:.8} with SMTP id {h[0]:.14}csp{n};
        {date}
X-Google-Smtp-Source: AGHT+I{h[2]:.60}
X-Received: by 2002:a05:6512:{h[3]:.4}:b0:51d:{h[4]:.8} with SMTP id {h[1]:.16}-{h[2]:.12}mr{n}lfb.41.{n};
        {date}
ARC-Seal: i=1; a=rsa-sha256; t={n}; cv=none;
        d=provider.example; s=arc-20160816;
        b={h[0]:.62}
         {h[1]:.66}
         {h[2]:.66}
         {h[3]:.66}
         {h[4]:.66}
         {h[5]:.14}==
ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=provider.example; s=arc-20160816;
        h=to:subject:message-id:date:from:mime-version:dkim-signature;
        bh={h[6]:.43}=;
        fh={h[7]:.43}=;
        b={h[5]:.62}
         {h[4]:.66}
         {h[3]:.66}
         {h[2]:.66}
         {h[1]:.66}
         {h[0]:.14}==;
        dara=provider.example
ARC-Authentication-Results: i=1; mx.provider.example;
       dkim=pass header.i=@{domain} header.s=20230601 header.b={h[6]:.8};
       spf=pass (provider.example: domain of {sender} designates 192.0.2.41 as permitted sender) \
smtp.mailfrom={sender};
       dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from={domain}
Return-Path: <{sender}>
Received: from mail-sor-f41.provider.example (mail-sor-f41.provider.example. [192.0.2.41])
        by mx.provider.example with SMTPS id {h[7]:.20}sor{n}lfb.1.2024.01.01
        for <robin@ferrow.example>
        (Provider Transport Security);
        {date}
Received-SPF: pass (provider.example: domain of {sender} designates 192.0.2.41 as permitted sender) \
client-ip=192.0.2.41;
Authentication-Results: mx.provider.example;
       dkim=pass header.i=@{domain} header.s=20230601 header.b={h[6]:.8};
       spf=pass (provider.example: domain of {sender} designates 192.0.2.41 as permitted sender) \
smtp.mailfrom={sender};
       dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from={domain}
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
        d={domain}; s=20230601; t={n}; x={n}; darn=ferrow.example;
        h=to:subject:message-id:date:from:mime-version:from:to:cc:subject
         :date:message-id:reply-to;
        bh={h[6]:.43}=;
        b={h[7]:.62}
         {h[0]:.66}
         {h[2]:.66}
         {h[4]:.66}
         {h[6]:.66}
         {h[1]:.14}==
X-Google-DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
        d=1e100.example; s=20230601; t={n}; x={n};
        h=to:subject:message-id:date:from:mime-version:x-gm-message-state
         :from:to:cc:subject:date:message-id:reply-to;
        bh={h[6]:.43}=;
        b={h[3]:.62}
         {h[5]:.66}
         {h[7]:.66}
         {h[1]:.66}
X-Gm-Message-State: AOJu0Y{h[5]:.70}
\t{h[6]:.70}
MIME-Version: 1.0
"""


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


def archive(count: int, *, people: int = 3000, seed: int = 11) -> Iterator[tuple[bytes, bytes]]:
    """(separator line, message) of a large archive: about 3.4 KB of headers each, as a provider leaves them,
    and 6.7 KB of body on average, text and base64; few write often, many seldom; threads of up to 30."""
    chance = random.Random(seed)
    bodies = [_body(chance) for _ in range(400)]
    blobs = [_blob(chance, 70).decode() for _ in range(997)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(people)))
    threads: list[list[str]] = []
    for number in range(count):
        circle = chance.choices(range(people), cum_weights=weights, k=1 + int(chance.expovariate(0.7)))
        mine = chance.random() < 0.35
        thread = chance.choice(threads[-200:]) if threads and chance.random() < 0.6 else []
        sent = _START + timedelta(minutes=number * 17 + chance.randrange(17))
        own = f"{blobs[number % 997][:28]}{number}@mail.{_domain(circle[0])}"
        head = _head(circle, own, thread, sent, is_mine=mine)
        if not mine:
            picked = [blobs[(number * 31 + step * 7) % 997] for step in range(8)]
            head = (
                _RELAYED.format(
                    h=picked,
                    n=1_700_000_000 + number,
                    date=format_datetime(sent),
                    sender=_address(circle[0]),
                    domain=_domain(circle[0]),
                )
                + head
            )
        if not thread:
            threads.append(thread)
        thread.append(own)
        del thread[:-30]
        separator = f"From {number}@xxx {sent:%a %b %d %H:%M:%S +0000 %Y}\n"
        yield separator.encode(), head.encode() + b"\n" + chance.choice(bodies) + b"\n"


def _head(circle: list[int], own: str, thread: list[str], sent: datetime, *, is_mine: bool) -> str:
    """The headers that the writer's own program wrote."""
    me = f"Robin Ferrow <{ME}>"
    first, others = _mailbox(circle[0]), [_mailbox(person) for person in circle[1:]]
    lines = [
        f"From: {me if is_mine else first}",
        f"To: {first if is_mine else me}",
        f"Date: {format_datetime(sent)}",
        f"Message-ID: <{own}>",
        "Subject: a subject that is not read",
        'Content-Type: multipart/alternative; boundary="000000000000a1b2c3"',
    ]
    if others:
        lines.append("Cc: " + ",\n\t".join(others))
    if thread:
        lines.append(f"In-Reply-To: <{thread[-1]}>")
        lines.append("References: " + "\n ".join(f"<{parent}>" for parent in thread))
    return "\n".join(lines) + "\n"


def _mailbox(person: int) -> str:
    name = f"Person {person} Fictional"
    if person % 9 == 0:
        name = f"=?utf-8?Q?P=C3=A9rson_{person}?="
    elif person % 5 == 0:
        name = f'"Fictional, Person {person}"'
    return f"{name} <{_address(person)}>"


def _address(person: int) -> str:
    return f"person{person}@{_domain(person)}"


def _domain(person: int) -> str:
    return f"company{person % 400}.example"


def _body(chance: random.Random) -> bytes:
    """Plain text, and for every other message a part in base64; now and then a line that begins with From."""
    paragraphs = []
    for _ in range(3 + int(chance.expovariate(0.2))):
        words = chance.choices(_WORDS, k=chance.randrange(30, 120))
        lines = [" ".join(words[at : at + 12]) for at in range(0, len(words), 12)]
        paragraphs.append("\n".join(lines))
    if chance.random() < 0.3:
        paragraphs.append("From what I saw the bridge will hold.\n>From the quarry nothing new.")
    text = "\n\n".join(paragraphs).encode()
    if chance.random() < 0.5:
        text += b"\n\n" + b"\n".join(_blob(chance, 76) for _ in range(chance.randrange(20, 150)))
    return text + b"\n"


def _blob(chance: random.Random, length: int) -> bytes:
    return bytes(chance.choices(_BASE64, k=length))
