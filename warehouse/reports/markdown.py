"""The report as Markdown (CommonMark with GFM tables), line for line the same from the same frames."""

import re

from warehouse.reports.method import ALL_QUARANTINED, FOOTNOTE, METHOD
from warehouse.reports.view import FIGURES, QUARANTINE_SHOWN, Person, Report, ReportData, report
from warehouse.reports.wording import count

_ENTITY_STARTS = re.compile(r"&(?=#?\w)")
_MARKS = re.compile(r"[\\`*_{}\[\]#|~!$]|(?<=www)\.|:(?=//)")
_LINE_STARTS = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")


def to_markdown(data: ReportData) -> str:
    """The same content as the page, in the same order, ended by one line feed."""
    said = report(data)
    parts = [
        f"# Who has gone quiet\n\nAs of {said.weekday}, {said.day}",
        *_people(said),
        *_read(said),
        *_quarantine(said),
        "## How this is computed",
        *(f"**{heading}.** {text}" for heading, text in METHOD),
        f"---\n\n{FOOTNOTE}",
    ]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Clean text that shows as itself, also at the start of a line and inside a table cell."""
    marked = _MARKS.sub(r"\\\g<0>", _ENTITY_STARTS.sub("&amp;", text))
    return _LINE_STARTS.sub(_escape_start, marked.replace("<", "&lt;").replace(">", "&gt;"))


def _escape_start(start: re.Match[str]) -> str:
    """What would begin a list or underline a heading, as a numeric character reference or escaped."""
    mark = start[1]
    return f"&#{ord(mark[0])};{mark[1:]}" if mark[0].isdigit() else f"\\{mark}"


def _people(said: Report) -> list[str]:
    """The first ones as paragraphs, all others as a table."""
    if said.empty:
        return ["## People to write to", said.empty]
    parts = ["## People to write to", said.lead, *(_entry(person) for person in said.first)]
    if said.rest:
        header = ["", "name", "organization and address", "last contact", "usual rhythm", "gone quiet", "why"]
        parts += ["Then, in this order:", _table(header, [_row(person) for person in said.rest])]
    return parts


def _entry(person: Person) -> str:
    """One of the first people: a heading, who it is, why, and the facts."""
    facts = [
        f"- last contact: {person.last_contact}" + (f", {person.silence}" if person.silence else ""),
        f"- usual rhythm: {person.rhythm}",
        f"- gone quiet: {person.likelihood}",
        f"- {person.timeline.summary if person.timeline else 'no contact days on record'}",
    ]
    heading = f"### {person.rank}. {escape(person.name)} ({escape(person.level)})"
    return "\n\n".join(part for part in (heading, _who(person), escape(person.why), "\n".join(facts)) if part)


def _who(person: Person) -> str:
    """Where someone works and how to reach them, as far as it is known."""
    return " · ".join(escape(part) for part in (person.organization, person.email) if part)


def _row(person: Person) -> list[str]:
    """One of the others as the cells of a table."""
    return [
        str(person.rank),
        escape(person.name),
        _who(person),
        person.last_contact,
        person.rhythm,
        f"{escape(person.level)}: {person.likelihood}",
        escape(person.why),
    ]


def _read(said: Report) -> list[str]:
    """The books of each source."""
    if not said.sources:
        return ["## What was read", "No source has been read yet."]
    header = ["source", "kind", "status", *FIGURES, "skipped because", f"last read ({escape(said.zone)})"]
    rows = [
        [
            *map(escape, (source.name, source.kind, source.status)),
            *map(count, source.figures),
            escape(source.skipped_reasons),
            source.synced or "never",
        ]
        for source in said.sources
    ]
    totals = ", ".join(f"{number} {label}" for label, number in said.totals)
    return ["## What was read", f"{totals}.", escape(said.balance), _table(header, rows, FIGURES)]


def _quarantine(said: Report) -> list[str]:
    """The records that were set aside, the first of them in a table."""
    if not said.quarantine:
        return ["## Quarantine", "Nothing is in quarantine: every record that was offered could be read."]
    rows = [
        [*map(escape, (record.source, record.locator, record.reason, record.mend)), record.seen]
        for record in said.quarantine
    ]
    parts = [
        "## Quarantine",
        "These records could not be read. Everything around them was.",
        _table(["source", "where", "what is wrong", "what mends it", "seen"], rows),
    ]
    if said.more_quarantined:
        parts.append(
            f"The first {QUARANTINE_SHOWN}, and {count(said.more_quarantined)} more; `{ALL_QUARANTINED}`."
        )
    return parts


def _table(header: list[str], rows: list[list[str]], numbers: tuple[str, ...] = ()) -> str:
    """A GFM table of escaped cells; the columns called `numbers` stand to the right."""
    rules = ["---:" if name in numbers else "---" for name in header]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rules, *rows))
