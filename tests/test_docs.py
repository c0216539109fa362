"""The documentation says what the code does: pages, commands, queries, links, names and messages."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner
from pipeline import AS_OF, ask, make_home, sync

from flows import reference
from flows.cli.main import COMMANDS, kith
from flows.settings import Home, Settings, source_name

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SECTIONS = {"bounds", "identity", "me", "report", "sync", "sql", "sources"}
CODE_BLOCK = re.compile(r"(?ms)^```(\w*)\n(.*?)^```")


def blocks(path: Path, language: str) -> list[str]:
    return [text for found, text in CODE_BLOCK.findall(path.read_text()) if found == language]


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every call of `kith` in a shell example: the page and the arguments."""
    for path in DOCS:
        for line in "\n".join(blocks(path, "sh")).splitlines():
            if line.startswith("kith "):
                yield path.name, shlex.split(line, comments=True)[1:]


def queries() -> list[str]:
    written = [query for path in DOCS for query in blocks(path, "sql")]
    called = [words[1] for _, words in command_lines() if words[0] == "sql" and " " in words[-1]]
    return [*written, *called]


def inline_code() -> Iterator[tuple[str, str]]:
    for path in DOCS:
        for code in re.findall(r"`([^`\n]+)`", CODE_BLOCK.sub("", path.read_text())):
            yield path.name, code


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The sample world, synced with the sources of configs/sample.toml."""
    configured = tomllib.loads((ROOT / "configs" / "sample.toml").read_text())
    sources = {each["name"]: (each["kind"], ROOT / each["location"]) for each in configured["sources"]}
    home = make_home(tmp_path_factory.mktemp("docs") / "home", sources, tuple(configured["me"]["addresses"]))
    sync(home, AS_OF)
    return home


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return reference.pages()


def test_the_generated_pages_are_up_to_date(generated: dict[str, str]) -> None:
    written = {path.name: path.read_text() for path in (ROOT / "docs" / "reference").glob("*.md")}
    assert written == generated, "run `python -m flows.reference`"


def test_the_check_fails_when_a_page_differs(
    generated: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    monkeypatch.setattr(reference, "pages", lambda: generated)
    runner = CliRunner()
    assert runner.invoke(reference.main, ["--check"]).exit_code == 1
    assert runner.invoke(reference.main).exit_code == 0
    assert runner.invoke(reference.main, ["--check"]).exit_code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_reference_and_in_an_example(name: str, generated: dict[str, str]) -> None:
    assert f"## kith {name}" in generated["commands.md"]
    assert any(words[0] == name for _, words in command_lines()) or any(
        code.startswith(f"kith {name}") for _, code in inline_code()
    )


@pytest.mark.parametrize(("page", "words"), [*command_lines()])
def test_every_command_line_in_the_docs_is_understood(page: str, words: list[str]) -> None:
    if words == ["--version"]:
        return
    command: click.Command = kith
    while isinstance(command, click.Group) and (words or not command.invoke_without_command):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"{page}: kith has no command {words[0]}"
        command, words = found, words[1:]
    parser = command.make_parser(click.Context(command, info_name=page))
    _, _, order = parser.parse_args(args=list(words))
    assert order or not words


def test_every_option_has_a_meaning(generated: dict[str, str]) -> None:
    rows = re.findall(r"(?m)^\| `.*\|$", "\n".join(generated.values()))
    assert len(rows) > 100
    assert not [row for row in rows if row.rstrip(" |").endswith(("|", "`"))]


def test_the_reference_has_every_public_table_and_column_with_its_type(
    sample: Home, generated: dict[str, str]
) -> None:
    page = generated["tables.md"].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
    sections = dict(re.findall(r"(?ms)^## (\w+)\n(.*?)(?=^## |\Z)", page))
    columns = ask(
        sample,
        """select table_name, column_name, data_type, comment from duckdb_columns()
        where schema_name = 'main' and not internal""",
    )
    assert {table for table, *_ in columns} == set(sections)
    for table, column, kind, comment in columns:
        assert f"| `{column}` | {kind} | {comment} |" in sections[table].replace("\\|", "|"), (table, column)


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.strip().split("\n")[0][:60])
def test_every_query_in_the_docs_answers_on_the_sample_world(query: str, sample: Home) -> None:
    found = ask(sample, query)
    assert found or "now()" in query or "p…" in query


def test_no_doc_names_a_table_a_column_or_an_option_that_is_not_there(sample: Home) -> None:
    columns = ask(
        sample,
        "select table_name, column_name from duckdb_columns() where schema_name = 'main' and not internal",
    )
    tables, names = {table for table, _ in columns}, {column for _, column in columns}
    options = set(re.findall(r"(?m)^\| `(\w+)` \|", (ROOT / "docs/reference/configuration.md").read_text()))
    values = set(re.findall(r"[a-z_]+", (ROOT / "docs/reference/tables.md").read_text()))
    known = tables | names | options | values | {"read_csv"}
    wrong = [
        (page, code)
        for page, code in inline_code()
        if (re.fullmatch(r"[a-z]+(?:_[a-z]+)+", code) and code not in known)
        or (re.fullmatch(r"(?:main|me|report|sync|sql)\.(?!md)\w+", code) and code.split(".")[1] not in known)
    ]
    named = [
        (path.name, name)
        for path in DOCS
        for pair in re.findall(r"\btables? `(\w+)`|`(\w+)` table", path.read_text())
        for name in pair
        if name and name not in tables
    ]
    assert not wrong + named


def test_every_relative_link_in_the_docs_leads_somewhere() -> None:
    def anchors(path: Path) -> set[str]:
        heads = re.findall(r"(?m)^#+ (.+)$", CODE_BLOCK.sub("", path.read_text()))
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    broken = []
    for path in DOCS:
        for link in re.findall(r"\]\(([^)\s]+)\)", CODE_BLOCK.sub("", path.read_text())):
            target, _, anchor = link.partition("#")
            place = (path.parent / target) if target else path
            if "://" in link:
                continue
            if not place.exists() or (anchor and anchor not in anchors(place)):
                broken.append((path.name, link))
    assert not broken


def test_every_message_in_troubleshooting_is_one_that_the_code_can_say() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    heads = re.findall(r"(?m)^### (.+)$", page)
    reasons = re.findall(r"(?m)^\| (`.+`) \|", page)
    folders = ("flows", "connectors", "warehouse")
    code = "".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py"))
    said = re.sub(r'"\s*\n\s*f?"', "", code + (ROOT / "Makefile").read_text())
    messages = [message for head in [*heads, *reasons] for message in re.findall(r"`([^`]+)`", head)]
    parts = [(message, part.strip(" :;,.'()")) for message in messages for part in message.split("…")]
    assert len(messages) > 40
    assert not [(message, part) for message, part in parts if len(part) > 3 and part not in said]


def test_the_annotated_example_shows_every_option_with_its_default() -> None:
    text = (ROOT / "configs" / "kith.example.toml").read_text()
    settings = msgspec.convert(tomllib.loads(text), Settings)
    Home(ROOT).check(settings)
    defaults = Settings(me=msgspec.structs.replace(settings.me, timezone="UTC", region=None))
    assert msgspec.structs.replace(settings, sources=[]) == defaults
    shown = tomllib.loads(re.sub(r"(?m)^# (\w+ = )", r"\1", text))
    assert shown.keys() == {field.name for field in msgspec.structs.fields(Settings)} == SECTIONS
    assert shown["me"].keys() == {field.name for field in msgspec.structs.fields(type(settings.me))}
    for section in (settings.report, settings.sync, settings.identity, settings.sql, settings.bounds):
        name = type(section).__name__.lower()
        assert shown[name].keys() == {field.name for field in msgspec.structs.fields(type(section))}
    fields = {field.name for field in msgspec.structs.fields(type(settings.sources[0]))}
    assert shown["sources"][0].keys() == fields


def test_the_sample_configuration_is_that_of_the_demo() -> None:
    """Addresses, time zone and sources are the Makefile's; names are those that `source add` finds."""
    configured = tomllib.loads((ROOT / "configs" / "sample.toml").read_text())
    calls = re.findall(r"\$\(KITH\) (init|source add) (.+)", (ROOT / "Makefile").read_text())
    [start] = [shlex.split(rest) for verb, rest in calls if verb == "init"]
    options = [*zip(start[::2], start[1::2], strict=True)]
    assert configured["me"]["addresses"] == [value for option, value in options if option == "--me"]
    assert ("--timezone", configured["me"]["timezone"]) in options
    added = [tuple(rest.split()) for verb, rest in calls if verb == "source add"]
    assert [(each["kind"], each["location"]) for each in configured["sources"]] == added
    for each in configured["sources"]:
        assert each["name"] == source_name(Path(each["location"]), each["kind"], set())


def test_the_list_shown_in_the_readme_is_that_of_the_sample_world(sample: Home) -> None:
    [first] = [text for text in blocks(ROOT / "README.md", "text") if text.startswith("  1  ")]
    [(name, why)] = ask(sample, "select name, why from gone_quiet where rank = 1")
    assert first == f"  1  {name}\n     {why}\n"
