"""The errors: one root, one line each, and an exit code that the contract gives."""

import pytest

from flows.cli import main as command_line
from warehouse import errors
from warehouse.errors import (
    Busy,
    KithlineError,
    SourceError,
    SourceShrunk,
    SourceVanished,
    UserError,
    WarehouseError,
)


def test_every_error_has_the_one_root_and_stands_in_the_drawing() -> None:
    declared = [each for each in vars(errors).values() if isinstance(each, type)]
    assert all(issubclass(each, KithlineError) for each in declared)
    assert errors.__doc__ is not None
    assert all(each.__name__ in errors.__doc__ for each in declared)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (UserError, 2),
        (SourceError, 1),
        (SourceVanished, 1),
        (SourceShrunk, 1),
        (Busy, 1),
        (WarehouseError, 1),
        (PermissionError, 1),
    ],
)
def test_a_failure_is_one_harmless_line_and_its_exit_code(
    failure: type[Exception], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        if failure is PermissionError:
            raise PermissionError(13, "Permission denied", "/home/\x1b[31mx\n")
        raise failure("what is wrong\r\n\x1b[31m; the mend")

    monkeypatch.setattr(command_line.kith, "main", fail)
    monkeypatch.setattr(command_line, "_leave", exit_with)
    with pytest.raises(SystemExit) as ended:
        command_line.main([])
    said = capsys.readouterr().err
    assert ended.value.code == code
    assert said.startswith("kith: ")
    assert said.count("\n") == 1
    assert said.rstrip("\n").isprintable()


def exit_with(code: int) -> None:
    raise SystemExit(code)
