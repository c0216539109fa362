"""Frames in, text out: the gone-quiet report as a page, as Markdown, as CSV, and safe on a terminal."""

from warehouse.escaping import to_terminal
from warehouse.reports.markdown import to_markdown
from warehouse.reports.page import to_html
from warehouse.reports.sheet import to_csv
from warehouse.reports.view import ReportData

__all__ = ["ReportData", "to_csv", "to_html", "to_markdown", "to_terminal"]
