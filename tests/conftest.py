"""What all tests share: a home of their own, and one Prefect server for those that ask for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from flows import engine

# The suite draws the same examples every time; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(scope="session", autouse=True)
def _nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the home of who runs it, nor a server of theirs."""
    home = tmp_path_factory.mktemp("home")
    before = os.umask(0o022)  # as on most machines: what is private is made so by Kithline
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("PREFECT_", "KITH_", "XDG_"))]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("KITH_HOME", str(home / "kithline"))
        patch.setenv("PREFECT_HOME", str(home / "kithline" / "prefect"))
        yield
    os.umask(before)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One embedded server for all tests of a worker that run a flow, `kith` as a subprocess included.

    Out: its home. Only a test that asks for it pays for importing Prefect.
    """
    home = tmp_path_factory.mktemp("served")
    with engine.embedded_server(home):
        yield home
