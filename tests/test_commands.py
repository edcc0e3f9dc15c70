"""The commands, against an instance that runs in a process of its own, and without one."""

import json
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.test_headless import MODULE, Portico, environ, serving
from tray_app.__main__ import main
from tray_app.store.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portico(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portico]:
    """One practice instance for every test here."""
    with serving(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which nothing runs."""
    monkeypatch.setenv("PORTICO_HOME", str(tmp_path))
    monkeypatch.delenv("PORTICO_PORT", raising=False)
    return tmp_path


def test_the_status_is_told_to_people_and_to_scripts(portico: Portico) -> None:
    told = json.loads(portico.say("status", "--json"))
    said = portico.say("status")

    assert set(told) == {
        "version", "endpoint", "port", "state", "session", "keyring", "queue", "hold", "recent",
        "note", "visitors", "network", "transport", "today", "live", "bodies_s", "turned_away",
        "site",
    }  # fmt: skip
    assert told["port"] == portico.port
    assert told["state"] == "running"
    assert told["session"]["state"] == "signed_in"
    assert told["queue"] == {"waiting": 0, "in_flight": 0}
    assert told["hold"] is None
    assert told["endpoint"] in said
    assert "signed in as practice" in said
    assert "calls      made by Portico itself, as the session was brought from" in said
    portico.chat(portico.say("key", "show"))
    assert "refused" not in said
    portico.chat("sk-portico-of-nobody")
    assert re.search(r"refused +wrong key: 1 \(since \d\d:\d\d\)\n", portico.say("status"))
    assert re.search(r"lately +\d\d:\d\d:\d\d +default +qwen3.7-plus +ok, ", portico.say("status"))


def test_a_hold_is_shown_and_ended_by_a_person(tmp_path: Path) -> None:
    with serving(tmp_path) as portico:
        key = portico.say("key", "show")
        portico.chat(key, "practice: challenge")
        told = json.loads(portico.say("status", "--json"))
        said = portico.say("status")
        held, _ = portico.chat(key)
        resumed = [portico.say("resume"), portico.say("resume")]
        after = json.loads(portico.say("status", "--json"))

    assert told["state"] == "holding"
    assert told["hold"]["kind"]
    assert told["hold"]["seconds_left"] > 0
    assert "portico resume" in said
    assert held == 503
    assert resumed == ["The pause is over.", "There was no pause."]
    assert (after["state"], after["hold"]) == ("running", None)


def test_a_hold_without_a_check_is_not_told_as_one(tmp_path: Path) -> None:
    """R35"""
    with serving(tmp_path) as portico:
        key = portico.say("key", "show")
        empty = [portico.chat(key, "practice: empty")[0] for _ in range(2)]
        told = json.loads(portico.say("status", "--json"))
        said = portico.say("status")

    assert (empty, told["hold"]["cause"]) == ([502, 502], "silence")
    assert "Qwen answered nothing twice" in said
    assert "asked for a check" not in said


def test_a_site_that_keeps_failing_is_told_apart_from_a_check(tmp_path: Path) -> None:
    """R53"""
    with serving(tmp_path) as portico:
        key = portico.say("key", "show")
        for _ in range(3):
            portico.chat(key, "practice: page")
        told = json.loads(portico.say("status", "--json"))
        said = portico.say("status")
        refused, _ = portico.chat(key)
        resumed = portico.say("resume")
        over = portico.say("status")
        answered, _ = portico.chat(key)
        after = json.loads(portico.say("status", "--json"))

    assert (told["state"], told["hold"]["kind"]) == ("holding", "network")
    assert 0 < told["hold"]["seconds_left"] <= 30
    assert "Qwen keeps failing; Portico tries again in" in said
    assert refused == 503
    assert resumed == "The pause is over."
    # A chat that was left may have been deleted by then, which is a try as well.
    assert "tries again with the next request" in over or "keeps failing" not in over
    assert answered == 200
    assert (after["state"], after["hold"]) == ("running", None)


def test_models_are_told_to_people_and_to_scripts(portico: Portico) -> None:
    told = json.loads(portico.say("models", "--json"))
    said = portico.say("models")

    assert {"id", "names", "context_tokens"} <= set(told[0])
    assert all(name in said for model in told for name in model["names"])
    assert "qwen3.7-plus-thinking" in said


def test_a_key_works_until_it_is_revoked(portico: Portico) -> None:
    key = portico.say("key", "new", "editor")
    assert portico.say("key", "show", "editor") == key
    assert portico.chat(key)[0] == 200
    listed = portico.say("key", "list")
    assert "editor" in listed
    assert key not in listed

    assert "revoked" in portico.say("key", "revoke", "editor")
    revoked_s = time.monotonic()

    assert portico.chat(key)[0] == 401
    assert time.monotonic() - revoked_s < 1
    assert portico.chat(portico.say("key", "show"))[0] == 200


def test_a_key_is_made_for_another_device(portico: Portico) -> None:
    portico.say("key", "new", "phone")
    assert portico.say("key", "set", "phone", "network", "yes") == "network of 'phone' is yes now."
    assert "network=yes" in portico.say("key", "list")
    portico.say("key", "revoke", "phone")


def test_a_keys_profile_can_be_changed(portico: Portico) -> None:
    portico.say("key", "new", "profile")

    said = portico.say("key", "set", "profile", "patience_s", "30")

    assert said == "patience_s of 'profile' is 30.0 now."
    assert "patience_s=30.0" in portico.say("key", "list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["key", "show", "nobody"], "no key named 'nobody'"),
        (["key", "revoke", "nobody"], "no key named 'nobody'"),
        (["key", "new", "default"], "already"),
        (["key", "new", ""], "name"),
        (["key", "set", "default", "nonsense", "1"], "patience_s"),
        (["key", "set", "default", "patience_s", "soon"], "patience_s"),
    ],
)
def test_what_cannot_be_done_to_a_key_is_told(
    portico: Portico, words: list[str], said: str
) -> None:
    ended = portico.run(*words)

    assert ended.returncode == 1
    assert said in ended.stderr
    assert ended.stdout == ""


def test_a_setting_takes_effect_at_once_and_is_filed(portico: Portico) -> None:
    said = portico.say("settings", "set", "parallel_answers", "3")

    assert said == "parallel_answers is 3 now."
    assert portico.say("settings", "get", "parallel_answers") == "3"
    assert json.loads((portico.home / "settings.json").read_text())["parallel_answers"] == 3


def test_a_setting_that_needs_a_restart_says_so_and_is_filed(portico: Portico) -> None:
    portico.say("settings", "set", "queue_size", "9")
    assert json.loads((portico.home / "settings.json").read_text())["port"] == Settings().port

    said = portico.say("settings", "set", "port", str(free_port()))
    wanted = int(said.split()[2])

    assert said.endswith("Restart Portico for it to take effect.")
    assert json.loads(portico.say("status", "--json"))["port"] == portico.port
    assert json.loads((portico.home / "settings.json").read_text())["port"] == wanted


def test_the_path_before_every_route_is_in_force_at_once(portico: Portico) -> None:
    key = portico.say("key", "show")
    said = portico.say("settings", "set", "path_prefix", "/qwen")
    told = json.loads(portico.say("status", "--json"))["endpoint"]
    refused, _ = portico.chat(key)
    portico.say("settings", "set", "path_prefix", "")

    assert said == 'path_prefix is "/qwen" now.'
    assert told == f"http://127.0.0.1:{portico.port}/qwen/v1"
    assert refused == 404
    assert portico.chat(key)[0] == 200


def test_columns_stay_straight_whatever_a_key_is_called(portico: Portico) -> None:
    for name in ("中文", "a-name-that-is-longer-than-most"):
        portico.say("key", "new", name)
    lines = portico.say("key", "list").splitlines()
    for name in ("中文", "a-name-that-is-longer-than-most"):
        portico.say("key", "revoke", name)

    columns = {line.index("last used") + (2 if "中文" in line else 0) for line in lines}
    assert len(lines) >= 3
    assert len(columns) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
def test_an_instance_that_hangs_is_told_soon_and_in_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path) as hung:
        assert hung.process is not None
        hung.process.send_signal(signal.SIGSTOP)
        try:
            began_s = time.monotonic()
            told = [hung.run(*words) for words in (["status"], ["doctor"], ["connect", "zed"])]
            took_s = time.monotonic() - began_s
        finally:
            hung.process.send_signal(signal.SIGCONT)

    assert [one.returncode for one in told] == [1, 1, 1]
    for one in (told[0], told[2]):
        assert one.stderr == (
            "portico: Portico runs, but does not answer. Wait a moment, or end it and start it "
            "anew.\n"
        )
    assert took_s < 30


@pytest.mark.parametrize(
    ("name", "value"), [("nonsense", "1"), ("port", "0"), ("parallel_answers", "many")]
)
def test_a_setting_that_cannot_be_is_refused(portico: Portico, name: str, value: str) -> None:
    ended = portico.run("settings", "set", name, value)

    assert ended.returncode == 2
    assert name in ended.stderr


def test_many_answers_at_a_time_are_set_with_a_warning(portico: Portico) -> None:
    ended = portico.run("settings", "set", "parallel_answers", "9")
    other = portico.run("settings", "set", "queue_size", "32")
    portico.say("settings", "set", "parallel_answers", "2")

    assert (ended.returncode, other.stderr) == (0, "")
    assert "more than 4" in ended.stderr


def test_settings_that_must_not_be_written_are_left_alone_in_words(portico: Portico) -> None:
    """R56"""
    portico.say("settings", "set", "queue_size", "32")
    before = (file := portico.home / "settings.json").read_bytes()
    file.write_bytes(newer := json.dumps({"version": 99}).encode())

    ended = portico.run("settings", "set", "queue_size", "5")
    left = file.read_bytes()
    file.write_bytes(before)

    assert ended.returncode == 1
    assert "newer Portico" in ended.stderr
    assert left == newer


def test_the_doctor_finds_the_running_instance(portico: Portico) -> None:
    told = portico.run("doctor")
    lines = told.stdout.splitlines()

    assert f"{portico.port} is Portico" in told.stdout
    assert "ok    network: not needed, the Portico that runs is in practice mode" in lines
    assert any(line.startswith("ok    session: signed in as practice, until ") for line in lines)
    # No keyring here, and that is said.
    assert [line.split()[1] for line in lines if line.startswith("FAIL")] == ["keyring:"]
    assert told.returncode == 1


def test_a_flag_outranks_the_environment_and_that_the_file(tmp_path: Path) -> None:
    filed, named = str(free_port()), str(free_port())
    quiet = Portico(tmp_path)

    default = quiet.say("settings", "get", "port")
    told = quiet.run("settings", "set", "port", filed, PORTICO_PORT=named).stderr
    with_file = quiet.say("settings", "get", "port")
    with_variable = quiet.run("settings", "get", "port", PORTICO_PORT=named).stdout.strip()
    with serving(tmp_path, more={"PORTICO_PORT": named}) as started:
        assert started.say("settings", "get", "port") == str(started.port)
    assert (default, with_file, with_variable) == ("7936", filed, named)
    assert told == f"PORTICO_PORT is {named} here, and outranks it.\n"
    assert quiet.say("settings", "get", "port") == filed


def test_without_an_instance_settings_are_read_and_changed(
    alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", "set", "aliases", '{"gpt-*": "qwen3.7-plus"}']) == 0
    assert main(["settings", "set", "path_prefix", "/qwen"]) == 0
    capsys.readouterr()

    assert main(["settings", "get", "aliases"]) == 0
    assert main(["settings", "get", "path_prefix"]) == 0
    assert capsys.readouterr().out == '{"gpt-*": "qwen3.7-plus"}\n/qwen\n'
    assert main(["settings", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(Settings.__struct_fields__)
    assert {path.name for path in alone.iterdir()} >= {"settings.json", "settings.json.bak"}


def test_a_full_disk_keeps_the_settings_and_is_told(
    alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R58"""
    main(["settings", "set", "queue_size", "7"])
    before = (alone / "settings.json").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        code = main(["settings", "set", "queue_size", "8"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert code == 1
    assert "Check the disk" in capsys.readouterr().err
    assert (alone / "settings.json").read_bytes() == before


def test_the_doctor_tells_a_broken_file_and_a_taken_port(
    alone: Path,
    portico: Portico,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """R56"""
    (alone / "settings.json").write_bytes(b"{broken")
    assert main(["doctor"]) == 1
    assert "FAIL" in capsys.readouterr().out

    monkeypatch.setenv("PORTICO_PORT", str(portico.port))
    assert main(["doctor"]) == 1
    assert "used by another program" in capsys.readouterr().out


def test_a_session_is_shown_cleared_and_not_brought_by_rubbish(tmp_path: Path) -> None:
    with serving(tmp_path) as portico:
        shown = portico.run("session", "show")
        cleared = [portico.say("session", "clear") for _ in range(2)]
        gone = portico.run("session", "show")
        refused = portico.run("session", "import")

        assert (shown.returncode, gone.returncode) == (0, 4)
        assert shown.stdout.startswith("signed in as practice")
        assert cleared == ["Signed out.", "Nobody was signed in."]
        assert refused.returncode == 1
        assert "Paste JSON" in refused.stderr


@pytest.mark.parametrize("words", ["session import", "session show", "session clear", "key show"])
def test_without_a_keyring_only_a_running_instance_keeps_anything(
    words: str, tmp_path: Path
) -> None:
    """S111"""
    ended = Portico(tmp_path).run(*words.split())

    assert ended.returncode == 5
    assert ended.stdout == ""
    assert "last only while Portico runs" in ended.stderr


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"x" * 300_000, "too long"), (b"\xff\xfe\x00", "no session"), (b"", "no session")],
)
def test_what_is_no_session_is_refused_in_words(portico: Portico, data: bytes, said: str) -> None:
    ended = subprocess.run(
        [sys.executable, *MODULE, "session", "import"],
        env=environ(portico.home),
        input=data,
        capture_output=True,
        check=False,
        timeout=20,
    )

    assert ended.returncode == 1
    assert said in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()
