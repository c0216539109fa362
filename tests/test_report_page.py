"""The HTML report: nothing breaks out, nothing is fetched, everybody can read it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from test_report import empty_world, named, world

from warehouse.reports import ReportData, page, to_html
from warehouse.reports.page import environment, style_hash, stylesheet
from warehouse.reports.view import NAME_LIMIT
from warehouse.reports.wording import mailto, one_line, shorten

VOID = {"meta", "link", "br", "img", "rect", "line", "circle"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></svg><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egpj.exe\u2066 nel\x1b[2Ja",
    "👩🏽‍🚀 Zoë \U0001f3f4\U000e0067\U000e0062",
    "&lt;b&gt; &amp; &#60;",
    "W" * 300,
]


class Page(HTMLParser):
    """Start tags with their attributes in order, and the text of each h3's bdi."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.names: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if self.open[-2:] == ["h3", "bdi"]:
            self.names.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open[-2:] == ["h3", "bdi"]:
            self.names[-1] += data

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """What a name may not change: the elements and the names of their attributes."""
        return [
            (tag, tuple(attribute for attribute in attrs if attribute != "title")) for tag, attrs in self.tags
        ]

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attrs for each, attrs in self.tags if each == tag)


def small(name: str) -> ReportData:
    """A report with one person and few contacts, quick to write and to parse."""
    data = named(name)
    return replace(data, gone_quiet=data.gone_quiet.head(1), contacts=data.contacts.head(3))


SMALL_SHAPE = Page(to_html(small("Ottilie"))).shape()
SHAPE = Page(to_html(named("Ottilie"))).shape()
FULL = to_html(world())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_and_changes_no_element(name: str) -> None:
    parsed = Page(to_html(named(name, organization=name, why=name)))
    assert parsed.shape() == SHAPE
    assert parsed.names[0] == shorten(one_line(name), NAME_LIMIT)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1).filter(one_line))
def test_no_name_breaks_out_of_the_page(name: str) -> None:
    parsed = Page(to_html(small(name)))
    assert parsed.shape() == SMALL_SHAPE
    assert parsed.names == [shorten(one_line(name), NAME_LIMIT)]


def test_hostile_sources_and_quarantine_change_no_element() -> None:
    data = world()
    hostile = '</td><script src="https://evil.example/x.js"></script>'
    sources = data.sources.with_columns(
        name=data.sources["name"] + hostile, kind=data.sources["kind"] + hostile
    )
    quarantine = data.quarantine.with_columns(locator=data.quarantine["locator"] + hostile)
    assert Page(to_html(world(sources=sources, quarantine=quarantine))).shape() == Page(FULL).shape()


def test_a_quote_ends_no_attribute_and_without_autoescape_it_would(monkeypatch: pytest.MonkeyPatch) -> None:
    data = named('" onmouseover="alert(1)" ' + "x" * 100)
    handlers = lambda text: [a for _, attrs in Page(text).tags for a in attrs if a.startswith("on")]  # noqa: E731  # used twice, here only
    assert handlers(to_html(data)) == []

    def careless() -> Environment:
        ours = environment()
        return Environment(loader=ours.loader, autoescape=False, trim_blocks=True)  # noqa: S701  # the mistake itself

    monkeypatch.setattr(page, "environment", careless)
    assert "onmouseover" in handlers(to_html(data))


@pytest.mark.parametrize("text", [FULL, to_html(empty_world())])
def test_the_page_asks_nothing_of_the_network_and_runs_nothing(text: str) -> None:
    parsed = Page(text)
    tags = {tag for tag, _ in parsed.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    addresses = [
        v or "" for _, attrs in parsed.tags for k, v in attrs.items() if k in {"href", "src", "xlink:href"}
    ]
    assert all(address.startswith(("#", "mailto:")) for address in addresses)
    assert not any(k.startswith("on") or k == "style" for _, attrs in parsed.tags for k in attrs)
    assert not re.search(r"url\(|@import|https?://", text)


def test_the_policy_allows_this_style_sheet_and_nothing_else() -> None:
    [policy] = [
        a["content"] for a in Page(FULL).all("meta") if a.get("http-equiv") == "Content-Security-Policy"
    ]
    [style] = re.findall(r"<style>(.*?)</style>", FULL, flags=re.DOTALL)
    assert style == stylesheet()
    assert (
        policy == f"default-src 'none'; style-src '{style_hash(style)}'; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("text", [FULL, to_html(empty_world())])
def test_the_page_has_a_language_landmarks_and_headings_in_order(text: str) -> None:
    parsed = Page(text)
    assert [a["lang"] for a in parsed.all("html")] == ["en"]
    assert {"header", "nav", "main", "section", "footer"} <= {tag for tag, _ in parsed.tags}
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_reference_inside_the_page_has_its_target_and_no_target_is_double() -> None:
    parsed = Page(FULL)
    ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    labels = [part for _, attrs in parsed.tags for part in (attrs.get("aria-labelledby") or "").split()]
    links = [href[1:] for a in parsed.all("a") if (href := a["href"] or "").startswith("#")]
    assert labels
    assert set(labels) | set(links) <= set(ids)


def test_every_plot_has_words_and_every_column_a_scope() -> None:
    parsed = Page(FULL)
    plots = [a for a in parsed.all("svg") if a.get("aria-hidden") != "true"]
    assert len(plots) == world().gone_quiet.height
    assert all(plot["role"] == "img" and plot["aria-labelledby"] for plot in plots)
    assert all(cell.get("scope") in {"col", "row"} for cell in parsed.all("th"))
    assert len(list(parsed.all("caption"))) == len(list(parsed.all("table"))) == 2


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_a_contrast_of_at_least_four_and_a_half(scheme: int) -> None:
    tokens = dict(re.findall(r"--(\w+): (#\w{6})", stylesheet().split(":root {")[scheme + 1]))
    for background in ("paper", "card"):
        for text in ("ink", "soft", "quiet", "cooling", "meeting"):
            assert _contrast(tokens[text], tokens[background]) >= 4.5, (text, background)
        assert _contrast(tokens["mail"], tokens[background]) >= 3  # a mark, WCAG 2.2, 1.4.11
    assert _contrast(tokens["mail"], tokens["silence"]) >= 3


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2: the contrast ratio of two colours."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("ada@example.org", "mailto:ada@example.org"),
        ("a?bcc=b@example.org", "mailto:a%3Fbcc%3Db@example.org"),
        ("a%0Abcc=x@example.org", "mailto:a%250Abcc%3Dx@example.org"),
        ("a@example.org,b@example.org", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_a_mail_link_has_one_recipient_and_no_header(address: str, link: str) -> None:
    assert mailto(address) == link
