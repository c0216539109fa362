"""What the published warehouse says on a day, gathered for the terminal and the report files."""

from datetime import date
from pathlib import Path

from flows.answers import answers
from flows.asking import published_day, totals
from flows.settings import Home
from warehouse.connection import opened
from warehouse.derive.rhythms import contact_days
from warehouse.frames import frame
from warehouse.landing import write_durably
from warehouse.reports import ReportData, to_csv, to_html, to_markdown

FILES = ("index.html", "report.md", "gone_quiet.csv")


def report_data(home: Home, *, as_of: date | None = None) -> ReportData:
    """Everything the report shows."""
    settings = home.settings()
    with opened(home.require_database(), read_only=True) as connection:
        found = answers(connection, home, as_of or published_day(connection))
        listed = found.gone_quiet.head(settings.report.top)
        people = frame(connection, "select person_id, organization, primary_email from main.people")
        contacts = (
            contact_days(found.interactions.lazy(), owner_zone=settings.me.timezone)
            .join(listed.lazy(), on="person_id", how="semi")
            .select("person_id", "on", "channel", "direction")
            .collect()
        )
        return ReportData(
            as_of=found.as_of,
            owner_zone=settings.me.timezone,
            gone_quiet=listed.join(people, on="person_id", how="left", maintain_order="left"),
            contacts=contacts,
            totals=totals(connection),
            sources=frame(connection, _SOURCES),
            quarantine=frame(
                connection, "select source, locator, reason, mend, seen_at from main.quarantine"
            ),
        )


def write_reports(home: Home, folder: Path, *, as_of: date | None = None) -> list[Path]:
    """Write the report as HTML, Markdown and CSV, each whole or not at all; the files written."""
    data = report_data(home, as_of=as_of)
    folder.mkdir(parents=True, exist_ok=True)
    texts = (to_html(data), to_markdown(data), to_csv(data.gone_quiet))
    for name, text in zip(FILES, texts, strict=True):
        write_durably(folder / name, text.encode("utf-8", "replace"))
    return [folder / name for name in FILES]


_SOURCES = """
select
    s.source as name, s.kind, r.status, r.read, r.new, r.changed, r.unchanged,
    list_sum(map_values(r.skipped))::bigint as skipped,
    array_to_string(
        list_transform(map_entries(r.skipped), lambda e: e.key || ' ' || e.value), ', '
    ) as skipped_reasons,
    r.quarantined, r.withdrawn, s.synced_at as last_synced_at
from main.sources s
left join (
    select * from main.sync_runs qualify row_number() over (partition by source order by started_at desc) = 1
) r using (source)
order by s.source
"""
