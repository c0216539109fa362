"""The report as one HTML file: no script, no request, readable offline, on paper and by a screen reader."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from warehouse.reports.method import ALL_QUARANTINED, FOOTNOTE, METHOD
from warehouse.reports.view import FIGURES, QUARANTINE_SHOWN, ReportData, report


def to_html(data: ReportData) -> str:
    """The whole page. Only the style sheet, which is ours, goes in unescaped."""
    css = stylesheet()
    return (
        environment()
        .get_template("report.html.jinja")
        .render(
            report=report(data),
            figures=FIGURES,
            quarantine_shown=QUARANTINE_SHOWN,
            method=METHOD,
            all_quarantined=ALL_QUARANTINED,
            footnote=FOOTNOTE,
            css=Markup(css),  # noqa: S704  # a file of this package, without any value from outside
            css_hash=style_hash(css),
        )
    )


@cache
def environment() -> Environment:
    """The templates of this package; everything is escaped, and a missing value is an error, not a blank."""
    return Environment(
        loader=PackageLoader("warehouse.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def stylesheet() -> str:
    """The style sheet, as it will stand in the page."""
    return files("warehouse.reports").joinpath("templates", "report.css").read_text(encoding="utf-8")


def style_hash(css: str) -> str:
    """The source expression that allows this style element and no other (CSP Level 3, 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
