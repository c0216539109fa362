"""How a Prefect flow runs on this machine: on which server, and what it may store, say and send.

    with engine.running(home):
        from flows.nightly import nightly      # Prefect is imported in here, never before
        state = nightly(..., return_state=True)

The server is the one at PREFECT_API_URL, if that is on this machine. Otherwise it is a thread of this
process: Prefect's own ephemeral server is a child that outlives a killed parent, a thread cannot. Prefect
keeps what it is given, in clear, so it is given opaque ids only, and log lines are not sent to it at all.
"""

import contextvars
import fcntl
import hashlib
import ipaddress
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from warehouse.errors import KithlineError, UserError

START_TIMEOUT_SECONDS = 180
KEPT_DAYS = 90
_UNFINISHED = ("PENDING", "RUNNING", "CANCELLING")
_LOOPBACK_NAMES = "127.0.0.1,localhost,::1"

_PRIVATE = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_API_HOST": "127.0.0.1",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LOG_PRINTS": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}

_QUIET = {
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_COLORS": "false",
    # Prefect logs a failed task with its traceback; what failed is told by the one who called the flow.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(START_TIMEOUT_SECONDS),
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
}

# One run needs its states recorded and nothing else: no page, no schedule, no automation, no event kept.
_LEAN_SERVER = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",  # the password keeps a browser's other pages out
    # States wait in memory for the next second or the orderly end, and are written in one transaction.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "1000",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
} | {
    f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false"
    for service in (
        "CANCELLATION_CLEANUP",
        "CLEANUP_RECONCILER",
        "EVENT_PERSISTER",
        "FOREMAN",
        "LATE_RUNS",
        "PAUSE_EXPIRATIONS",
        "REPOSSESSOR",
        "SCHEDULER",
        "TRIGGERS",
    )
}


class ServerDidNotStart(KithlineError):
    """The embedded Prefect server gave up; the message says where it wrote why."""


def prepare(home: Path) -> None:
    """Set what Prefect reads from the environment when it is imported, and make its private folder.

    UserError if PREFECT_API_URL names a server on another machine.
    """
    local_server(os.environ)
    os.umask(0o077)
    # A log that cannot be written, on a full disk say, is no answer to anybody.
    logging.raiseExceptions = False
    folder = _prefect_home(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(_PRIVATE | _QUIET, PREFECT_HOME=str(folder))
    os.environ.pop("PREFECT_PROFILE", None)  # a profile of another PREFECT_HOME does not exist in this one
    for name in ("NO_PROXY", "no_proxy"):  # a proxy would be asked for 127.0.0.1 as well
        inherited = os.environ.get(name, "")
        if _LOOPBACK_NAMES not in inherited:
            os.environ[name] = f"{inherited},{_LOOPBACK_NAMES}".lstrip(",")


def local_server(environment: Mapping[str, str]) -> str | None:
    """The API URL that the environment gives, None without one. UserError unless it is on this machine."""
    url = environment.get("PREFECT_API_URL", "")
    if not url:
        return None
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return url
    raise UserError(
        f"PREFECT_API_URL points at {host or 'no host'}, and nothing leaves this machine: "
        "unset it, or name a server on 127.0.0.1"
    )


@contextmanager
def running(home: Path) -> Iterator[None]:
    """Inside, flows run: on the server of PREFECT_API_URL or on an embedded one, quietly, with an owner.

    Runs that an earlier process of this home left unfinished are marked Crashed on the way in.
    """
    prepare(home)
    url = local_server(os.environ)
    with ExitStack() as stack:
        if url is None:
            url = stack.enter_context(embedded_server(home))
        stack.enter_context(_quiet_flows(url))
        reconcile(home)
        stack.enter_context(owner(home))
        try:
            yield
        finally:
            _send_pending_events()


@contextmanager
def embedded_server(home: Path) -> Iterator[str]:
    """A Prefect server over <home>/prefect, in a thread of this process, on a free port; gives its URL.

    Other users of the machine reach the port too, so it asks for a password that only this process knows.
    """
    prepare(home)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        login = {"PREFECT_SERVER_API_AUTH_STRING": _password(), "PREFECT_API_AUTH_STRING": _password()}
        with _environment(_LEAN_SERVER | login | {"PREFECT_API_URL": url}), _served(home, listener):
            yield url


@cache
def _password() -> str:
    """The same for all servers of this process: Prefect reads it once, at import."""
    return f"kith:{secrets.token_urlsafe()}"


@contextmanager
def _served(home: Path, listener: socket.socket) -> Iterator[None]:
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    if get_current_settings().home != _prefect_home(home):
        raise RuntimeError("Prefect was imported before its environment was prepared")
    application = create_app(ephemeral=True, ignore_cache=True)
    config = uvicorn.Config(
        application, lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(server.run, [listener]), name="prefect", daemon=True)
    with _logged_to(_prefect_home(home) / "server.log") as log:
        thread.start()
        try:
            deadline = time.monotonic() + START_TIMEOUT_SECONDS
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise ServerDidNotStart(f"the embedded Prefect server did not start; {log} says why")
                time.sleep(0.01)
            yield
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@contextmanager
def _logged_to(path: Path) -> Iterator[Path]:
    """The server's warnings go to a file, which is made when there is one to write."""
    handler = logging.FileHandler(path, mode="w", delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in ("uvicorn", "prefect.server")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield path
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _quiet_flows(url: str) -> Iterator[None]:
    """No heartbeat, which the environment can't say: a run waits for its thread to wake up."""
    from prefect import settings

    updates = {
        settings.PREFECT_API_URL: url,
        settings.PREFECT_API_AUTH_STRING: os.environ.get("PREFECT_API_AUTH_STRING"),
        settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        settings.PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with settings.temporary_settings(updates):
        yield


def _send_pending_events() -> None:
    """Task states travel as events, in the background; the server must have them before it stops."""
    from prefect.events.worker import EventsWorker

    EventsWorker.drain_all(timeout=30, at_exit=False)


@contextmanager
def owner(home: Path) -> Iterator[None]:
    """Flow runs started inside carry a tag whose file is locked until this process ends, however it ends."""
    from prefect import tags

    token = secrets.token_hex(8)
    path = _owners(home) / token
    unlocked = path.with_suffix(".new")
    with unlocked.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        unlocked.rename(path)  # a name without suffix and without lock is a process that is gone
        try:
            with tags(_home_tag(home) + token):
                yield
        finally:
            path.unlink(missing_ok=True)


def reconcile(home: Path) -> int:
    """Mark Crashed the unfinished runs whose process is gone, delete runs older than KEPT_DAYS.

    Out: how many were marked. Runs without an owner of this home are left alone.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas import filters
    from prefect.states import Crashed

    unfinished = filters.FlowRunFilter.model_validate({"state": {"type": {"any_": _UNFINISHED}}})
    long_ago = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
    outdated = filters.FlowRunFilter.model_validate({"end_time": {"before_": long_ago}})
    prefix = _home_tag(home)
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=unfinished)
        owned = {
            run.id: tag.removeprefix(prefix) for run in runs for tag in run.tags if tag.startswith(prefix)
        }
        living = _living(_owners(home))
        gone = [run_id for run_id, token in owned.items() if token not in living]
        for run_id in gone:
            client.set_flow_run_state(run_id, Crashed(message="The process ended first."), force=True)
        for run in client.read_flow_runs(flow_run_filter=outdated, limit=25):
            client.delete_flow_run(run.id)
    return len(gone)


def _living(owners: Path) -> set[str]:
    """Tokens whose process still holds its lock; the files of the others are removed."""
    living = set()
    for path in owners.iterdir():
        if path.suffix:
            continue
        with suppress(FileNotFoundError), path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                living.add(path.name)
            else:
                path.unlink(missing_ok=True)
    return living


def _prefect_home(home: Path) -> Path:
    return home.absolute() / "prefect"


def _owners(home: Path) -> Path:
    folder = _prefect_home(home) / "owners"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _home_tag(home: Path) -> str:
    """A server may serve several homes: the tag says whose, and does not say where that is."""
    return f"owner-{hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:8]}-"
