"""`portico connect`: what is printed, written, shown, put back and tried."""

import json
import re
import shlex
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_headless import Portico, serving
from tray_app.__main__ import main
from tray_app.store.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="POSIX paths")]


@pytest.fixture(scope="module")
def portico(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portico]:
    """One practice instance for every test here."""
    with serving(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def home(portico: Portico, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of a person whose Portico runs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PORTICO_HOME", str(portico.home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def names_of_keys(portico: Portico) -> list[str]:
    return [line.split()[0] for line in portico.say("key", "list").splitlines()]


def test_every_client_is_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect"]) == 0
    said = capsys.readouterr().out.splitlines()

    assert any(line.startswith("roo-code ") and "can be written" in line for line in said)
    assert any(line.startswith("cursor ") and "cannot reach" in line for line in said)
    assert any(line.startswith("codex ") and "does not speak yet" in line for line in said)
    assert list(home.iterdir()) == []


def test_a_script_gets_the_file_and_a_person_the_rest(portico: Portico, home: Path) -> None:
    said = portico.run("connect", "opencode")

    told = json.loads(said.stdout)
    options = told["provider"]["portico"]["options"]
    assert options == {
        "baseURL": f"http://127.0.0.1:{portico.port}/v1",
        "apiKey": portico.say("key", "show", "opencode"),
    }
    assert portico.chat(options["apiKey"])[0] == 200
    assert "~/.config/opencode/opencode.json" in said.stderr
    assert "--write" in said.stderr
    assert list(home.iterdir()) == []


def test_a_translators_key_has_its_own_profile_and_keeps_what_is_changed(
    portico: Portico, home: Path
) -> None:
    first = portico.say("connect", "immersive-translate")
    lines = portico.say("key", "list").splitlines()
    profile = next(line for line in lines if line.startswith("immersive-translate"))
    portico.say("key", "set", "immersive-translate", "patience_s", "50")
    second = portico.say("connect", "Immersive Translate")

    assert "patience_s=100.0" in profile
    assert "queue=background" in profile
    assert f"http://127.0.0.1:{portico.port}/v1/chat/completions" in first
    assert second == first
    assert "patience_s=50.0" in portico.say("key", "list")


def test_whom_a_client_needs_let_in_is_a_command_that_keeps_those_who_are(
    portico: Portico, home: Path
) -> None:
    portico.say("settings", "set", "hosts", '["mine"]')
    told = portico.run("connect", "open-webui").stderr
    [command] = [line for line in told.splitlines() if "portico settings set" in line]
    words = shlex.split(command[command.index("portico settings") :])
    portico.say(*words[1:])
    asked = portico.run("connect", "lobechat").stderr

    hosts = json.loads(portico.say("settings", "get", "hosts"))
    portico.say("settings", "set", "hosts", "[]")
    portico.say("key", "revoke", "open-webui")

    assert hosts == ["mine", "host.docker.internal"]
    assert "portico settings set origins" in asked


def test_a_link_with_the_key_in_it_is_warned_of(portico: Portico, home: Path) -> None:
    cherry, chatbox = (portico.run("connect", name).stderr for name in ("cherry-studio", "chatbox"))

    assert "cherrystudio://" in cherry
    assert "The link holds the key" in cherry
    assert "chatbox://" in chatbox
    assert "The link holds the key" not in chatbox


def test_variables_are_printed_for_a_shell(portico: Portico, home: Path) -> None:
    said = portico.say("connect", "copilot-cli", "--model", "qwen3.7-max")

    assert "export COPILOT_PROVIDER_TYPE=openai\n" in said
    assert said.endswith("export COPILOT_MODEL=qwen3.7-max")


def test_a_file_is_written_and_put_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    before = '{\n  // mine\n  "theme": "dark"\n}\n'
    path.write_text(before)

    assert main(["connect", "opencode", "--write"]) == 0
    written = path.read_text()
    mode = stat.S_IMODE(path.stat().st_mode)
    said = capsys.readouterr()
    assert main(["connect", "opencode", "--write"]) == 0
    again = capsys.readouterr()
    assert main(["connect", "opencode", "--undo"]) == 0
    undone = capsys.readouterr()

    assert "// mine" in written
    assert '"portico/qwen3.7-plus"' in written
    assert mode == 0o600
    assert said.out == f"Wrote {path}.\n"
    assert "--undo" in said.err
    assert "says so already" in again.out
    assert "Put" in undone.out
    assert "portico key revoke opencode" in undone.err
    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_key_may_stay_out_of_the_file(
    portico: Portico, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".config/kilo/kilo.json"

    assert main(["connect", "kilo", "--write", "--no-key"]) == 0
    said = capsys.readouterr()
    refused = main(["connect", "cline", "--write", "--no-key"])

    assert '"apiKey": "{env:PORTICO_API_KEY}"' in path.read_text()
    assert portico.say("key", "show", "kilo") not in path.read_text() + said.out + said.err
    assert "Set PORTICO_API_KEY to what this prints: portico key show kilo" in said.err
    assert refused == 2
    portico.say("key", "revoke", "kilo")


def test_both_files_of_roo_code_are_written_or_none(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = code_settings(home)
    settings.parent.mkdir(parents=True)
    settings.write_text('{"a": 1}')
    settings.chmod(0o400)

    refused = main(["connect", "roo-code", "--write"])
    left = [(home / ".roo/portico.json").exists(), settings.read_text()]
    settings.chmod(0o600)
    written = main(["connect", "roo-code", "--write"])

    assert (refused, left) == (1, [False, '{"a": 1}'])
    assert "read-only" in capsys.readouterr().err
    assert written == 0
    assert json.loads(settings.read_text())["roo-cline.autoImportSettingsPath"].startswith("~/.roo")
    assert stat.S_IMODE((home / ".roo/portico.json").stat().st_mode) == 0o600


def code_settings(home: Path) -> Path:
    if sys.platform == "darwin":
        return home / "Library/Application Support/Code/User/settings.json"
    return home / ".config/Code/User/settings.json"


def test_clients_that_share_a_file_take_back_their_own(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = code_settings(home)
    settings.parent.mkdir(parents=True)
    before = '{\n  "editor.fontSize": 14\n}\n'
    settings.write_text(before)
    for client in ("roo-code", "vscode"):
        assert main(["connect", client, "--write"]) == 0

    assert main(["connect", "roo-code", "--undo"]) == 0
    told = json.loads(settings.read_text())
    settings.write_text(settings.read_text().replace("14", "16"))
    assert main(["connect", "vscode", "--undo"]) == 0

    assert set(told) == {"editor.fontSize", "github.copilot.chat.customOAIModels"}
    assert settings.read_text() == before.replace("14", "16")
    assert [path for path in home.rglob("*") if path.is_file()] == [settings]
    said = capsys.readouterr().out
    assert f"Removed {home / '.roo/portico.json'}" in said
    assert f"Took out of {settings} what was Portico's" in said


def test_nothing_is_undone_where_one_of_the_files_cannot_be_read(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["connect", "roo-code", "--write"]) == 0
    code_settings(home).write_text("{ no JSON")

    assert main(["connect", "roo-code", "--undo"]) == 1

    assert "cannot be changed safely: it is not valid JSON in line 1" in capsys.readouterr().err
    assert (home / ".roo/portico.json").exists()


def test_cline_is_written_once(
    portico: Portico, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".cline/data/settings/providers.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"version": 1}')

    assert main(["connect", "cline", "--write"]) == 0
    before, after = re.split(r'(?<=updatedAt": ")[^"]+', path.read_text())
    path.write_text(f"{before}2026-01-02T03:04:05.000Z{after}")
    assert main(["connect", "cline", "--write"]) == 0
    again = capsys.readouterr().out
    assert main(["connect", "cline", "--write", "--model", "qwen3.7-max"]) == 0
    assert main(["connect", "cline", "--undo"]) == 0

    assert "says so already" in again
    assert path.read_text() == '{"version": 1}'
    portico.say("key", "revoke", "cline")


def test_what_belongs_into_a_file_elsewhere_is_still_shown(
    portico: Portico, home: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", str(home / "person"))
    (home / "person").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))

    assert main(["connect", "zed", "--write"]) == 1
    refused = capsys.readouterr().err
    keys = names_of_keys(portico)
    assert main(["connect", "zed"]) == 0
    said = capsys.readouterr()

    assert "leads out of your home" in refused
    assert "See what to put into it: portico connect zed" in refused
    assert "zed" not in keys
    assert "$XDG_CONFIG_HOME/zed/settings.json:" in said.err
    assert "openai_compatible" in said.out
    portico.say("key", "revoke", "zed")


def test_a_dry_run_shows_changes_without_the_key_and_makes_none(
    portico: Portico, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".config/zed/settings.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")

    assert main(["connect", "zed", "--dry-run"]) == 0
    assert main(["connect", "kilo", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert main(["connect", "pi", "--write"]) == 0
    assert main(["connect", "pi", "--dry-run", "--model", "qwen3.7-max"]) == 0

    assert "-{}" in out
    assert f'+      "api_url": "http://127.0.0.1:{portico.port}/v1"' in out.replace(
        "        ", "      "
    )
    assert '"apiKey": "sk-portico-..."' in out
    assert path.read_text() == "{}"
    assert not (home / ".config/kilo").exists()
    assert {"zed", "kilo"} & set(names_of_keys(portico)) == set()
    assert portico.say("key", "show", "pi") not in capsys.readouterr().out


def test_a_file_that_cannot_be_changed_safely_is_left_and_told(
    portico: Portico, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".continue/config.yaml"
    path.parent.mkdir()
    path.write_text("models: *all\n")

    assert main(["connect", "continue", "--write"]) == 1
    said = capsys.readouterr()
    assert main(["connect", "continue", "--dry-run"]) == 1

    assert "cannot be changed safely: models in it is not written line by line" in said.err
    assert "schema: v1" in said.out
    assert portico.say("key", "show", "continue") in said.out
    assert path.read_text() == "models: *all\n"
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_written_outside_the_home(
    portico: Portico, home: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", str(home / "person"))
    (home / "person").mkdir()
    (home / "elsewhere").mkdir()
    (home / "person/.cline").symlink_to(home / "elsewhere")

    assert main(["connect", "cline", "--write"]) == 1

    assert "leads out of your home" in capsys.readouterr().err
    assert list((home / "elsewhere").iterdir()) == []
    assert "cline" not in names_of_keys(portico)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--write"], 2, "Name the client."),
        (["curser"], 2, "Near names: cursor."),
        (["xyz"], 2, "See them all: portico connect"),
        (["cursor"], 1, "servers make the calls"),
        (["codex", "--write"], 1, "/responses"),
        (["claude-code", "--test"], 1, "/messages"),
        (["open-webui", "--write"], 1, "no file that Portico can write"),
        (["open-webui", "--dry-run"], 1, "no file that Portico can write"),
        (["open-webui", "--undo"], 1, "no file"),
        (["droid", "--undo"], 1, "nothing to undo"),
        (["droid", "--model", "qwen9"], 2, "qwen9"),
    ],
)
def test_what_cannot_be_done_is_told(
    portico: Portico, home: Path, capsys: pytest.CaptureFixture[str],
    words: list[str], code: int, said: str,
) -> None:  # fmt: skip
    assert main(["connect", *words]) == code

    assert said in capsys.readouterr().err
    assert words[0] not in names_of_keys(portico)


def test_a_client_that_cannot_work_yet_is_shown_without_a_key(portico: Portico, home: Path) -> None:
    said = portico.run("connect", "codex")

    assert said.returncode == 1
    assert 'wire_api = "responses"' in said.stdout
    assert "does not answer" in said.stderr
    assert "codex" not in names_of_keys(portico)


def test_a_client_is_tried_and_the_times_are_told(portico: Portico, home: Path) -> None:
    said = portico.say("connect", "roo-code", "--test")
    portico.say("settings", "set", "aliases", '{"ghost": "nonsense"}')
    refused = portico.run("connect", "roo-code", "--test", "--model", "ghost")

    assert said.startswith("It works: ")
    assert " s to the first word, " in said
    assert refused.returncode == 1
    assert "'nonsense' does not exist" in refused.stderr


def test_where_nobody_runs_what_was_known_last_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTICO_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PORTICO_PORT", raising=False)

    assert main(["connect", "nanocoder", "--dry-run"]) == 1
    assert (main(["connect", "codex"]), main(["connect", "roo-code", "--test"])) == (1, 1)

    told = capsys.readouterr()
    assert "Portico does not run" in told.err
    assert f'base_url = "http://127.0.0.1:{Settings().port}/v1"' in told.out
    assert 'model = "qwen3.7-plus"' in told.out


def test_where_no_key_can_be_had_the_rest_is_printed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTICO_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("PORTICO_PORT", raising=False)

    assert main(["connect", "roo-code"]) == 0
    shown = capsys.readouterr()
    assert main(["connect", "roo-code", "--dry-run"]) == 0
    changes = capsys.readouterr()
    refused = main(["connect", "roo-code", "--write"])

    assert '"openAiApiKey": "sk-portico-..."' in shown.out
    assert '"openAiApiKey": "sk-portico-..."' in changes.out
    assert all("sk-portico-... stands for the key" in one.err for one in (shown, changes))
    assert refused == 5
    assert not (tmp_path / ".roo").exists()
