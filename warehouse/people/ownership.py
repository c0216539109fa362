"""Which addresses are mine: when they are not, and which others may be, by evidence that is shown and asked.

Nothing here makes an address mine: only the configuration does. An address may be mine for a time and then
another's (an old employer gives it to a successor): while it is not mine, it is written with `NOT_MINE`
behind it, so that its mentions are mentions of their own.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from warehouse.people.addresses import NOT_MINE, normalise, parse_all

LIKELY = 0.5  # the score from which a candidate is worth a word outside of `kith me`
Period = tuple[str, date | None, date | None]
INSTANT = pl.Datetime("us", "UTC")
ABSENCES = pl.Schema({"address": pl.String(), "other": pl.String(), "since": INSTANT, "until": INSTANT})
EVIDENCE = pl.Schema(
    {
        "source": pl.String(),
        "calendar": pl.String(),
        "address": pl.String(),
        "is_labelled": pl.Boolean(),
        "messages": pl.Int64(),
        "evidence": pl.String(),
        "events": pl.Int64(),
        "organized": pl.Int64(),
        "of": pl.Int64(),
        "first_at": INSTANT,
        "last_at": INSTANT,
    }
)
_CLAIM = pl.Schema(
    {
        "value": pl.String(),
        "spelling": pl.String(),
        "strength": pl.Float64(),
        "evidence": pl.String(),
        "first_at": INSTANT,
        "last_at": INSTANT,
    }
)
_BEGINNING, _END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_LEAST_SCORE = 0.2
_LEAST_EVENTS = 5  # fewer say nothing about whose calendar it is


class Absence(NamedTuple):
    """A time in which a normalised address is not mine: from `since`, to before `until`."""

    address: str
    since: datetime
    until: datetime


def absences(periods: Iterable[Period], zone: str) -> list[Absence]:
    """What is left of all time beside the periods (address, first day, last day) of each address.

    zone: the IANA zone of the days. Of spellings of one address the periods are put together.
    """
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for address, since, until in periods:
        begins = _midnight(since, zone) if since else _BEGINNING
        ends = _midnight(until + timedelta(days=1), zone) if until else _END
        spans.setdefault(normalise(address), []).append((begins, ends))
    found = []
    for address, own in sorted(spans.items()):
        gone = _BEGINNING
        for begins, ends in [*sorted(own), (_END, _END)]:
            if gone < begins:
                found.append(Absence(address, gone, begins))
            gone = max(gone, ends)
    return found


def spelled(found: Sequence[Absence], addresses: pl.Series) -> pl.DataFrame:
    """The absences for each way in which their addresses are written (`ABSENCES`).

    addresses: every spelling there is. other: how the address is written while it is not mine.
    """
    times = pl.DataFrame(found, schema=["value", "since", "until"], orient="row")
    return (
        parse_all(addresses.drop_nulls())
        .join(times, on="value")
        .select("address", pl.concat_str("address", pl.lit(NOT_MINE)).alias("other"), "since", "until")
        .cast(ABSENCES)
        .sort("address", "since")
    )


def candidates(
    sent: pl.DataFrame,
    delivered: pl.DataFrame,
    own: pl.DataFrame,
    calendars: pl.DataFrame,
    *,
    mine: Collection[str],
    declined: Collection[str] = (),
) -> pl.DataFrame:
    """Addresses that may be mine, best first: address, evidence (sentences), score, first_at, last_at.

    sent: who wrote what lies in sent folders, a row per source, address and is_labelled: messages, first_at,
    last_at. is_labelled: a label of the mailbox says so, not only the name of a folder.
    delivered: to whom mail was delivered but by a list, a row per source and address: the same columns.
    own: what exports call their owner's, a row per address and evidence.
    calendars: a row per calendar and address: events on which it stands, organized, and of, the number of
    events of that calendar on which anybody stands; first_at, last_at.
    EVIDENCE has the types of all columns. mine: addresses that are mine already. declined: that are not.

    The score grows with the messages and with each further kind of evidence; it orders, no more.
    """
    known = {normalise(address) for address in mine}
    asked = known | {normalise(address) for address in declined}
    claims = pl.concat(
        [
            _of_sent(_read(sent)),
            _of_delivered(_read(delivered), known),
            _of_own(_read(own)),
            _of_calendars(_read(calendars), known),
        ]
    ).filter(~pl.col("value").is_in(sorted(asked)))
    return (
        claims.sort(pl.col("strength").neg(), "evidence", "spelling")
        .group_by("value", maintain_order=True)
        .agg(
            pl.col("spelling").first().alias("address"),
            pl.col("evidence").unique(maintain_order=True),
            (1 - (1 - pl.col("strength")).product()).clip(upper_bound=0.99).round(2).alias("score"),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
        )
        .filter(pl.col("score") >= _LEAST_SCORE)
        .sort(pl.col("score").neg(), "address")
        .select("address", "evidence", "score", "first_at", "last_at")
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _read(found: pl.DataFrame) -> pl.DataFrame:
    """Rows at an address that can be one person's, with its normal form and its spelling."""
    read = parse_all(found["address"].cast(pl.String).drop_nulls())
    return found.join(read, on="address").filter(pl.col("kind") == "personal")


def _of_sent(sent: pl.DataFrame) -> pl.DataFrame:
    """Gmail labels only what its owner wrote; into a folder people also move what others wrote."""
    counted = _counted(sent, "source", "is_labelled").with_columns(
        share=pl.col("messages") / pl.col("messages").sum().over("source", "is_labelled")
    )
    is_most = pl.col("is_labelled") | (pl.col("share") >= 0.1)
    where = pl.when("is_labelled").then(pl.lit("labelled sent")).otherwise(pl.lit("in a sent folder"))
    doubt = pl.when(is_most).then(pl.lit("")).otherwise(pl.lit(", little of what lies there"))
    base = pl.when("is_labelled").then(0.97).when(is_most).then(0.9).otherwise(0.3)
    said = pl.format("wrote {} {} of {}, {}{}", _messages(), where, "source", _span(), doubt)
    return _claims(counted, base * _habit(), said)


def _of_delivered(delivered: pl.DataFrame, mine: Collection[str]) -> pl.DataFrame:
    """Of a mailbox that is mine, or for much of what came into it theirs; others may share an archive."""
    is_mine = pl.col("value").is_in(sorted(mine))
    total = pl.col("messages").sum().over("source")
    counted = _counted(delivered, "source").with_columns(
        share=pl.col("messages") / total,
        my_share=pl.col("messages").filter(is_mine).sum().over("source") / total,
        people=pl.len().over("source"),
    )
    is_owned = (pl.col("my_share") >= 0.5) | (pl.col("share") >= 0.3)
    were = pl.when(pl.col("messages") == 1).then(pl.lit("was")).otherwise(pl.lit("were"))
    doubt = pl.format(", but mail to {} people lies there: it may be a shared archive", "people")
    said = pl.format(
        "{} of {} {} delivered to it, {}{}",
        *(_messages(), "source", were, _span()),
        pl.when(is_owned).then(pl.lit("")).otherwise(doubt),
    )
    base = pl.when(is_owned).then(0.75).otherwise(0.25)
    return _claims(counted, base * _habit(), said)


def _of_own(own: pl.DataFrame) -> pl.DataFrame:
    never = pl.lit(None, dtype=INSTANT)
    return _claims(own.with_columns(first_at=never, last_at=never), pl.lit(0.95), pl.col("evidence"))


def _of_calendars(calendars: pl.DataFrame, mine: Collection[str]) -> pl.DataFrame:
    """Of calendars not known to be mine: who organized most events, who stands on nearly all."""
    summed = calendars.group_by("calendar", "value", "of").agg(
        pl.col("spelling").min(),
        pl.col("events", "organized").sum(),
        pl.col("first_at").min(),
        pl.col("last_at").max(),
    )
    counted = summed.with_columns(
        share=(pl.col("events") / pl.col("of")).clip(upper_bound=1),
        organized_share=(pl.col("organized") / pl.col("of")).clip(upper_bound=1),
        is_mine=(pl.col("value").is_in(sorted(mine)) & (2 * pl.col("events") >= pl.col("of")))
        .any()
        .over("calendar"),
    ).filter(~pl.col("is_mine") & (pl.col("of") >= _LEAST_EVENTS))
    present = counted.filter(pl.col("share") >= 0.8).with_columns(others=pl.len().over("calendar") - 1)
    organizing = counted.filter(pl.col("organized_share") >= 0.5)
    doubt = (
        pl.when(pl.col("others") == 0)
        .then(pl.lit(""))
        .otherwise(pl.format(", but so does who else is on it: {}", "others"))
    )
    events = pl.format("of {} events in {}, {}", "of", "calendar", _span())
    return pl.concat(
        [
            _claims(
                present,
                0.8 * pl.col("share") / (pl.col("others") + 1),
                pl.format("stands on {} {}{}", "events", events, doubt),
            ),
            _claims(
                organizing,
                0.6 * pl.col("organized_share"),
                pl.format("organized {} {}", "organized", events),
            ),
        ]
    )


def _counted(found: pl.DataFrame, *place: str) -> pl.DataFrame:
    """The messages of all spellings of an address in one place."""
    return found.group_by(*place, "value").agg(
        pl.col("spelling").sort_by(pl.col("messages").neg(), "spelling").first(),
        pl.col("messages").sum(),
        pl.col("first_at").min(),
        pl.col("last_at").max(),
    )


def _claims(found: pl.DataFrame, strength: pl.Expr, evidence: pl.Expr) -> pl.DataFrame:
    told = found.with_columns(strength=strength, evidence=evidence)
    return told.select(_CLAIM.names()).cast(_CLAIM)


def _habit() -> pl.Expr:
    """One message may be chance, a hundred are none: from a half towards one."""
    return 1 - 1 / (pl.col("messages") + 1)


def _messages() -> pl.Expr:
    noun = pl.when(pl.col("messages") == 1).then(pl.lit("message")).otherwise(pl.lit("messages"))
    return pl.format("{} {}", "messages", noun)


def _span() -> pl.Expr:
    """``2019-03 to 2026-05``, or one month; undated mail has none."""
    first, last = (pl.col(name).dt.strftime("%Y-%m") for name in ("first_at", "last_at"))
    span = pl.when(first == last).then(first).otherwise(pl.format("{} to {}", first, last))
    return pl.coalesce(span, pl.lit("undated"))
