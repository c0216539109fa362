"""The Markdown report, read back by a CommonMark parser with tables."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from test_report import named, world

from warehouse.reports import to_markdown
from warehouse.reports.markdown import escape
from warehouse.reports.wording import one_line

NAMES = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1).filter(one_line) | st.text(
    alphabet="\\`*_{}[]<>()#+-=.!|~&;:/1 a\n", min_size=1
).filter(one_line)


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def shown(inline: Token) -> str:
    """The text of an inline token; a name must be nothing but text."""
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}, inline.content
    return "".join(child.content for child in inline.children or [])


@settings(max_examples=150, deadline=None)
@given(NAMES)
@example("a | b \\| `c` [d](javascript:x) <b> &lt; # e ~~f~~ www.evil.example https://evil.example")
@example("\\")
@example("1. first")
@example("- item")
@example("===")
def test_no_name_breaks_out_of_a_cell_a_line_or_a_heading(name: str) -> None:
    clean = one_line(name)
    text = f"{escape(clean)}\n\n### {escape(clean)}\n\n| a | b |\n| --- | --- |\n| {escape(clean)} | next |\n"
    line, heading, *cells = (token for token in tokens(text) if token.type == "inline")
    assert [shown(token) for token in (line, heading, *cells)] == [clean, clean, "a", "b", clean, "next"]


@pytest.mark.parametrize(
    "name", ["a | b", "`rm`", "[x](http://evil.example)", "<script>", "# x", "*a*_b_", "\n---\n"]
)
def test_a_hostile_name_changes_no_block_of_the_report(name: str) -> None:
    shape = [token.type for token in tokens(to_markdown(named("Ottilie")))]
    assert [token.type for token in tokens(to_markdown(named(name, organization=name, why=name)))] == shape


def test_a_person_after_the_fifth_stands_in_the_table() -> None:
    text = to_markdown(world())
    assert "### 5. Tadeusz “Tad” Okonkwo 🌱 (cooling)" in text
    assert "| 6 | Henrike O'Malley | Harbour Light Cooperative · henrike@harbourlight.example |" in text


def test_numbers_stand_to_the_right() -> None:
    assert "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |" in to_markdown(
        world()
    )
