"""The door of the program: what it takes, and its exit codes."""

import re
from pathlib import Path

import pytest

from tests.test_headless import Portico
from tray_app import __version__
from tray_app.__main__ import main
from tray_app.core.ports import Profile
from tray_app.store.settings import Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which nothing runs."""
    monkeypatch.setenv("PORTICO_HOME", str(tmp_path / "home"))
    for name in ("PORTICO_PORT", "PORTICO_LOG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def test_it_is_a_program_that_tells_its_version(tmp_path: Path) -> None:
    ended = Portico(tmp_path).run("--version")

    assert (ended.returncode, ended.stdout) == (0, f"portico {__version__}\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"], ["status", "--help"], ["models", "--help"], ["resume", "--help"],
        ["doctor", "--help"], ["key", "--help"], ["key", "set", "--help"], ["settings", "--help"],
        ["forget", "--help"],
    ],
)  # fmt: skip
def test_every_command_explains_itself(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: portico")


@pytest.mark.parametrize(
    "words",
    [
        ["--port", "0"], ["--port", "65536"], ["--port", "x"], ["--port", "-1"], ["--port", "1.5"],
        ["--port", ""], ["--port", "٣"], ["--log-level", "loud"], ["nonsense"], ["--nonsense"],
        ["key"], ["key", "nonsense"], ["key", "new"], ["key", "revoke"], ["key", "set", "a", "b"],
        ["settings"], ["settings", "get"], ["settings", "set", "port"], ["status", "extra"],
        ["forget", "all"],
    ],
)  # fmt: skip
def test_wrong_usage_is_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bogus"], "portico: There is no command 'bogus'. See them all: portico --help"),
        (["key", "x"], "portico: There is no action 'x'. See them all: portico key --help"),
    ],
)
def test_an_unknown_command_is_told_without_those_that_are_its_own(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words)

    told = capsys.readouterr().err
    assert told.splitlines()[-1] == said
    assert "clipboard" not in told


def test_help_lists_the_commands_and_what_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for words in (["--help"], ["key", "set", "--help"], ["settings", "set", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
        said.append(capsys.readouterr().out)

    assert re.search(r"^commands:\n +status ", said[0], re.MULTILINE)
    assert "clipboard" not in said[0]
    assert "stdin-ends" not in said[0]
    told = said[1].partition("fields and their values:")[2]
    assert tuple(line.split()[0] for line in told.split("\n")[1:-1]) == Profile.__struct_fields__
    assert all(name in said[2] for name in Settings.__struct_fields__)


@pytest.mark.parametrize("text", ["README.md", ".ci/bundle/debian/portico.1"])
def test_what_is_written_of_it_names_every_flag_and_command(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    names = re.findall(
        r"^ +(--[a-z-]+|[a-z]+)(?: [A-Z]+)?  ", capsys.readouterr().out, re.MULTILINE
    )
    written = re.sub(r"\\f[BR]|\\(?=-)", "", (Path(__file__).parent.parent / text).read_text())

    assert {"--practice", "connect"} <= set(names)
    assert [name for name in names if not re.search(rf"(?<![\w-]){name}\b", written)] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["status"], 1, "not running"), (["models"], 1, "not running"),
        (["resume"], 1, "not running"), (["key", "show"], 5, "no keyring"),
        (["settings", "get", "nonsense"], 2, "nonsense"),
        (["settings", "set", "nonsense", "1"], 2, "settings list"),
        (["settings", "set", "port", "70000"], 2, "port"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_and_a_code(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("portico: ")
    assert said in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("words", [["settings", "get", "port"], ["doctor"], ["--practice"]])
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("PORTICO_PORT", "0", "no port from 1"), ("PORTICO_LOG", "loud", "'loud', which is none of")],
)
def test_a_bad_variable_in_the_environment_is_two(
    words: list[str],
    name: str,
    value: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)

    assert main(words) == 2
    told = capsys.readouterr().err
    assert name in told
    assert said in told


@pytest.mark.parametrize("words", [["settings", "set", "port", "8000"], ["--practice"], ["doctor"]])
def test_a_home_that_cannot_be_is_one(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file")

    assert main(words) == 1
    assert "PORTICO_HOME" in capsys.readouterr().err
