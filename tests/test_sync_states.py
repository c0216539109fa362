"""The sync as a state machine: whatever happens to the files and to the process, what is current is right."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pipeline import AS_OF, ask, make_home

from flows.reading import TRUSTING
from flows.steps import How, Night, night
from warehouse import loading
from warehouse.landing import SourceRun

NAMES = st.sampled_from(["a.mbox", "b.mbox"])
WORDS = st.lists(st.integers(0, 30), max_size=8)


class PowerCut(Exception):
    """The process ends here."""


def message(number: int, *, revised: bool = False) -> str:
    """One message of an mbox; a revised one has another Reply-To under the same Message-ID and date."""
    extra = "Reply-To: elsewhere@quill.example\n" if revised else ""
    return (
        "From - Thu Jan  1 00:00:00 1970\n"
        f"From: Ada Quill <ada{number % 5}@quill.example>\nTo: robin@ferrow.example\n{extra}"
        f"Date: Mon, {1 + number % 28} Jan 2024 10:00:00 +0000\nMessage-ID: <m{number}@quill.example>\n"
        "Subject: x\n\nFrom the body, which is not read.\n\n"
    )


class Syncs(RuleBasedStateMachine):
    """Two mail files in a folder; the model is what they hold, as (number, revised) in file order."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "mail"
        self.folder.mkdir()
        (self.folder / "always.mbox").write_text("".join(message(number) for number in range(100, 104)))
        self.files: dict[str, list[tuple[int, bool]]] = {}
        self.synced: dict[str, list[tuple[int, bool]]] = {}
        self.home = make_home(self.root / "home", {"mail": ("mbox", self.folder)})

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    @rule(name=NAMES, numbers=WORDS)
    def write(self, name: str, numbers: list[int]) -> None:
        self.files[name] = [(number, False) for number in numbers]
        self.save(name)

    @rule(name=NAMES, numbers=WORDS)
    def append(self, name: str, numbers: list[int]) -> None:
        added = [(number, False) for number in numbers]
        with (self.folder / name).open("a") as file:
            file.write("".join(message(number) for number in numbers))
        self.files[name] = self.files.get(name, []) + added

    @precondition(lambda self: any(self.files.values()))
    @rule(data=st.data())
    def revise_one(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(name for name, held in self.files.items() if held)))
        index = data.draw(st.integers(0, len(self.files[name]) - 1))
        self.files[name][index] = (self.files[name][index][0], True)
        self.save(name)

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        self.files.pop(name, None)

    @rule(name=NAMES)
    def touch(self, name: str) -> None:
        if name in self.files:
            (self.folder / name).touch()

    @rule()
    def sync(self) -> None:
        before = dict(self.synced)
        outcome = self.run()
        self.synced = {name: list(held) for name, held in self.files.items()}
        assert outcome.is_balanced
        assert outcome.read == 4 + sum(len(held) for held in self.files.values())
        if before == self.synced:
            assert (outcome.new, outcome.changed, outcome.withdrawn) == (0, 0, 0) or before == {}

    @rule()
    def sync_that_is_cut_off_after_landing(self) -> None:
        with suppress(PowerCut):
            self.run(cut_off=True)

    @invariant()
    def what_is_current_is_what_the_files_held_at_the_last_sync(self) -> None:
        if not hasattr(self, "home"):
            return
        found = ask(
            self.home,
            """select file, message_id, len(list_filter(parties, lambda p: p.role = 'reply_to')) > 0
            from landed.messages where file <> 'always.mbox' order by all""",
        )
        expected = set()
        for name, held in self.synced.items():
            first = {}
            for number, revised in held:
                first.setdefault(number, revised)
            expected |= {(name, f"m{number}@quill.example", revised) for number, revised in first.items()}
        assert len(found) == len(set(found))
        assert set(found) == expected

    def run(self, *, cut_off: bool = False) -> SourceRun:
        with night(self.home, as_of=AS_OF, how=How(accept_shrink=True, hands=TRUSTING)) as run:
            outcome = run.read(run.settings.sources[0])
            assert outcome.status in ("ok", "unchanged"), outcome.error
            if cut_off:
                raise PowerCut
            self.load(run)
        return outcome

    def load(self, run: Night) -> None:
        loading.load_pending(run.connection, run.landing)

    def save(self, name: str) -> None:
        text = "".join(message(number, revised=revised) for number, revised in self.files[name])
        (self.folder / name).write_text(text)


TestSyncs = Syncs.TestCase
TestSyncs.settings = settings(
    max_examples=8, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
