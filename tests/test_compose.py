"""What a proxy is put together from."""

import gc
import time
import urllib.request
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.waiting import until
from tray_app.__main__ import main
from tray_app.compose import compose
from tray_app.core.deeds import Deed
from tray_app.core.redact import Redactor
from tray_app.practice import PracticeSite
from tray_app.proxy.door import DoorError
from tray_app.store import statistics
from tray_app.store.paths import Paths
from tray_app.store.settings import with_value
from tray_app.store.settings_file import load
from tray_app.upstreams.qwen import SITE

PRACTICE = Namespace(practice=True, port=None, host=None)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk may take as long as it does at the end."""
    monkeypatch.setattr(statistics, "LAST_S", 60.0)


def test_a_single_command_is_about_the_real_site_and_the_keyring(tmp_path: Path) -> None:
    with ExitStack() as stack:
        parts = compose(Paths(tmp_path), {}, Redactor(), stack).parts

    assert parts.site is SITE
    assert parts.person.owner.session is None
    assert not parts.person.safe.is_memory


def test_practice_is_signed_in_and_keeps_nothing_but_its_own_statistics(tmp_path: Path) -> None:
    with ExitStack() as stack:
        parts = compose(Paths(tmp_path), {}, Redactor(), stack, PRACTICE).parts
        parts.shelf.save(b"models", 1.0)
        parts.chats.begin()
        parts.chats.note("chat", "me")
        parts.person.activity.statistics.note(Deed(1.0, "default"))
        parts.person.activity.statistics.close()

        assert [path.name for path in tmp_path.iterdir()] == ["practice-statistics.db"]
        assert parts.site.chat_origin.startswith("http://127.0.0.1:")
        assert parts.person.owner.session is not None
        assert parts.person.safe.is_memory
        assert parts.shelf.load() is None


def test_practice_keeps_no_record_of_what_it_was_asked(tmp_path: Path) -> None:
    """R74"""
    with ExitStack() as stack:
        origin = compose(Paths(tmp_path), {}, Redactor(), stack, PRACTICE).parts.site.chat_origin
        sites = [one for one in gc.get_objects() if isinstance(one, PracticeSite)]
        (site,) = [one for one in sites if one.origin == origin]
        for _ in range(3):
            urllib.request.urlopen(f"{origin}/api/models").close()

        assert site.heard == []


def test_what_was_practised_is_read_back_from_the_file_that_the_command_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTICO_HOME", str(tmp_path))
    with ExitStack() as stack:
        parts = compose(Paths(tmp_path), {}, Redactor(), stack, PRACTICE).parts
        counted = parts.person.activity.statistics
        counted.note(Deed(time.time(), "practised"))
        until(lambda: counted.latest(5))
        with counted.every() as every:
            kept = [deed.key for _, deed in every]
        read = [
            [deed.key for deed in counted.latest(5)],
            kept,
            [*counted.tallies("", "key")],
        ]
        code = main(["--practice", "statistics", "--by", "client"])

    assert read == [["practised"]] * 3
    assert code == 0
    assert "practised" in capsys.readouterr().out


def test_chats_are_noted_in_the_data_folder_until_they_are_gone(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with ExitStack() as stack:
        chats = compose(paths, {}, Redactor(), stack).parts.chats
        chats.begin()
        chats.note("chat", "me")
        assert paths.chats.exists()
        chats.strike("chat")

    assert not paths.chats.exists()


def test_requests_are_counted_in_the_data_folder(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with ExitStack() as stack:
        activity = compose(paths, {}, Redactor(), stack).parts.person.activity
        with activity.noting("default"):
            pass
    with ExitStack() as stack:
        activity = compose(paths, {}, Redactor(), stack).parts.person.activity
        until(lambda: activity.today().requests == 1)


def test_what_a_variable_says_is_not_filed(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.prepare()
    with ExitStack() as stack:
        composed = compose(paths, {"PORTICO_PORT": "7999"}, Redactor(), stack)
    parts = composed.parts
    parts.save_settings(with_value(parts.settings, "queue_size", 5), "queue_size")
    filed = load(paths.settings, lambda: pytest.fail("nothing is broken")).settings

    assert parts.settings.port == 7999
    assert (filed.port, filed.queue_size) == (7936, 5)
    assert composed.notes == ()


def test_what_a_flag_says_is_filed_once_a_person_sets_it_too(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.prepare()
    flags = Namespace(practice=False, port=8000, host=None)
    with ExitStack() as stack:
        parts = compose(paths, {}, Redactor(), stack, flags).parts
    parts.save_settings(with_value(parts.settings, "queue_size", 5), "queue_size")
    before = load(paths.settings, lambda: pytest.fail("nothing is broken")).settings.port
    parts.save_settings(with_value(parts.settings, "port", 8000), "port")
    parts.save_settings(with_value(parts.settings, "queue_size", 6), "queue_size")
    filed = load(paths.settings, lambda: pytest.fail("nothing is broken")).settings

    assert before == 7936
    assert (filed.port, filed.queue_size) == (8000, 6)


def test_settings_that_cannot_be_saved_are_an_error_for_people(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "gone")
    with ExitStack() as stack:
        parts = compose(paths, {}, Redactor(), stack).parts
    with pytest.raises(DoorError, match="cannot be saved"):
        parts.save_settings(parts.settings, "port")
