"""The engine on one real server: what a flow run leaves there, what it says, and what a kill leaves."""
# ruff: noqa: PLC0415  # Prefect is imported where a flow runs: its environment must be prepared first

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows import engine
from warehouse.errors import UserError

PLANTED = "Vexlor Quandt"
REPOSITORY = Path(__file__).parent.parent


class Night:
    """Stands for the run that a flow hands to its tasks, with a database connection inside."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def _refuse(self, *_: object) -> Any:  # noqa: ANN401  # the special methods below differ in what they return
        raise AssertionError("Prefect looked inside the run")

    __deepcopy__ = __copy__ = __reduce_ex__ = __iter__ = __eq__ = _refuse
    __hash__ = object.__hash__


def sample_flow() -> Any:  # noqa: ANN401  # the type is Prefect's, which is not imported at the top
    """The pattern of our flows: coarse tasks, one a source, called one after the other in this thread."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE
    from prefect.client.schemas.objects import State
    from prefect.states import Completed, Failed

    @task(cache_policy=NO_CACHE, persist_result=False, task_run_name="read {source_id}")
    def read(run: Night, source_id: str) -> int:
        try:
            if source_id == "s-bad":
                raise ValueError(f"no date in the card of {PLANTED}")
        except ValueError:
            raise RuntimeError(source_id) from None
        run.read.append(f"{source_id} of {PLANTED}")
        return len(run.read)

    @flow(name="sample", persist_result=False)
    def sample(sources: tuple[str, ...]) -> State[Night]:
        run = Night()
        states = [read(run, source_id, return_state=True) for source_id in sources]
        if any(state.is_failed() for state in states):
            return Failed(message="a source failed", data=run)
        return Completed(data=run)

    return sample


def flow_run(run_id: object) -> Any:  # noqa: ANN401  # the same
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id)  # type: ignore[arg-type]  # ids come from Prefect's own states


def test_one_failing_source_does_not_stop_the_others(prefect_server: Path) -> None:
    with engine.running(prefect_server):
        state = sample_flow()(("s1", "s-bad", "s2"), return_state=True)
        recorded = flow_run(state.state_details.flow_run_id)
    run = state.result(raise_on_failure=False)
    assert [line.split()[0] for line in run.read] == ["s1", "s2"]
    assert recorded.state_name == "Failed"
    assert recorded.state.message == "a source failed"


def test_a_run_without_failures_is_completed_on_the_server(prefect_server: Path) -> None:
    with engine.running(prefect_server):
        state = sample_flow()(("s1",), return_state=True)
        recorded = flow_run(state.state_details.flow_run_id)
    assert recorded.state_name == "Completed"
    assert recorded.parameters == {"sources": ["s1"]}


def test_nothing_is_said_on_the_terminal(prefect_server: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with engine.running(prefect_server):
        sample_flow()(("s-bad",), return_state=True)
    assert capfd.readouterr() == ("", "")


def test_prefect_keeps_no_name_and_nobody_else_can_read_what_it_keeps(prefect_server: Path) -> None:
    with engine.running(prefect_server):
        sample_flow()(("s1", "s-bad"), return_state=True)
    kept = [path for path in prefect_server.rglob("*") if path.is_file()]
    text = b"".join(path.read_bytes() for path in kept)
    assert b"s-bad" in text
    assert not [word for word in PLANTED.split() if word.encode() in text]
    assert not [path for path in [prefect_server, *kept] if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_the_run_of_a_killed_process_becomes_crashed(prefect_server: Path) -> None:
    script = f"""
from pathlib import Path
from flows import engine
with engine.running(Path({str(prefect_server)!r})):
    import time
    from prefect import flow
    from prefect.runtime import flow_run
    @flow
    def endless():
        print(flow_run.id, flush=True)
        time.sleep(60)
    endless()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    with engine.running(prefect_server):
        assert flow_run(run_id).state_name == "Crashed"


def test_the_run_of_a_living_process_is_left_alone(prefect_server: Path) -> None:
    from prefect import flow
    from prefect.runtime import flow_run as current

    @flow(persist_result=False)
    def watching() -> tuple[int, str]:
        return engine.reconcile(prefect_server), flow_run(current.id).state_name

    with engine.running(prefect_server):
        assert watching() == (0, "Running")


def test_a_home_knows_only_its_own_runs(prefect_server: Path, tmp_path: Path) -> None:
    from prefect import flow

    @flow(persist_result=False)
    def watching() -> int:
        engine.prepare(tmp_path)
        return engine.reconcile(tmp_path)

    with engine.running(prefect_server):
        assert watching() == 0


@pytest.mark.parametrize(
    "url",
    ["https://api.prefect.test/api", "http://192.0.2.7:4200/api", "http://127.0.0.1.example/api", "nonsense"],
)
def test_a_server_on_another_machine_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="nothing leaves this machine"):
        engine.local_server({"PREFECT_API_URL": url})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4200/api", "http://localhost:4200/api", "http://[::1]:4200/api"]
)
def test_a_server_on_this_machine_is_used(url: str) -> None:
    assert engine.local_server({"PREFECT_API_URL": url}) == url


def test_without_a_server_there_is_none_to_use() -> None:
    assert engine.local_server({}) is engine.local_server({"PREFECT_API_URL": ""}) is None


def test_preparing_does_not_import_prefect(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from flows import engine
engine.prepare(Path(sys.argv[1]))
print("prefect" in sys.modules, os.environ["PREFECT_HOME"], os.environ["NO_PROXY"], oct(os.umask(0)))
"""
    environment = os.environ | {"NO_PROXY": "proxy.example"}
    said = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "new" / "home")],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    folder = tmp_path / "new" / "home" / "prefect"
    assert said == ["False", str(folder), "proxy.example,127.0.0.1,localhost,::1", "0o77"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
