"""The file of the settings, which survives anything: R56, R58, F18."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tray_app.store import StoreError
from tray_app.store.files import SIZE_LIMIT_BYTES
from tray_app.store.settings import Settings, with_value
from tray_app.store.settings_file import VERSION, Loaded, load, save

CHANGED = Settings(port=8000, parallel_answers=3, aliases={"gpt-*": "qwen3.7-plus"})
SHARED_FOLDER = examples(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path) -> Loaded:
    return load(path, lambda: datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


PREFIXES = st.from_regex(r"\A(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,8}){0,2}\Z")
SETTINGS = st.builds(
    Settings,
    port=st.integers(1, 65535),
    path_prefix=PREFIXES,
    parallel_answers=st.integers(1, 1000),
    start_spacing_s=st.floats(0, 60),
    queue_size=st.integers(1, 1000),
    show_variants=st.booleans(),
    aliases=st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=3),
    hosts=st.lists(st.sampled_from(["pc.lan", "[fe80::1]", "PC_2"]), max_size=3).map(tuple),
    origins=st.lists(
        st.sampled_from(["http://a", "https://b.example:1", "moz-extension://a-1"]), max_size=2
    ).map(tuple),
    opaque_origins=st.booleans(),
    network_host=st.sampled_from(["", "192.168.1.5", "fd00::5", "100.64.0.9", "169.254.3.4"]),
    connect_timeout_s=st.floats(0.1, 120),
    outbound_proxy=st.sampled_from(["system", "none", "http://127.0.0.1:3128"]),
    long_prompt=st.sampled_from(["file", "trim"]),
    blind_model=st.sampled_from(["refuse", "switch"]),
    fake_addresses=st.booleans(),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = st.sampled_from([*Settings.__struct_fields__, "version", "unknown", ""])


@pytest.mark.slow
@given(settings=SETTINGS)
@SHARED_FOLDER
def test_what_is_saved_is_loaded(path: Path, settings: Settings) -> None:
    """F18"""
    save(path, settings)

    assert read(path) == Loaded(settings)


@pytest.mark.slow
@given(data=st.binary() | st.dictionaries(NAMES, ODD).map(json.dumps).map(str.encode))
@SHARED_FOLDER
def test_any_bytes_come_to_settings_that_hold(path: Path, data: bytes) -> None:
    """F18"""
    for old in path.parent.iterdir():
        old.unlink()
    path.write_bytes(data)

    loaded = read(path)

    assert msgspec.convert(msgspec.to_builtins(loaded.settings), Settings) == loaded.settings
    assert data in [one.read_bytes() for one in path.parent.iterdir()]


@given(data=st.binary().filter(lambda data: not data.strip().startswith(b"{")))
@SHARED_FOLDER
def test_bytes_that_are_no_settings_come_to_the_last_good_ones(path: Path, data: bytes) -> None:
    """F18"""
    save(path, CHANGED)
    save(path, CHANGED)
    path.write_bytes(data)

    assert read(path).settings == CHANGED


BROKEN = {
    "empty": b"",
    "cut off": b'{"version": 1, "port": 80',
    "binary": bytes(range(256)),
    "a list": b"[1, 2]",
    "a number": b"7936",
    "deep": b"[" * 100_000,
    "zeros": b"\0" * 4096,
    "utf-16": '{"port": 8000}'.encode("utf-16"),
    "ten megabytes": b" " * (SIZE_LIMIT_BYTES + 1) + b"{}",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_kept_aside_and_every_default_holds(path: Path, data: bytes) -> None:
    """R56"""
    path.write_bytes(data)

    loaded = read(path)

    kept = path.with_name("settings.json.corrupt-20261120T120000Z")
    assert loaded.settings == Settings()
    assert kept.read_bytes() == data
    assert not path.exists()
    [note] = loaded.notes
    assert kept.name in note
    assert "default" in note


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_the_last_good_settings_replace_a_broken_file(path: Path, data: bytes) -> None:
    """R56"""
    save(path, CHANGED)
    save(path, with_value(CHANGED, "port", 9000))
    path.write_bytes(data)

    loaded = read(path)
    save(path, loaded.settings)

    assert loaded.settings == CHANGED
    assert "last good" in loaded.notes[0]
    assert read(path) == Loaded(CHANGED)


def test_one_wrong_field_costs_that_field_alone(path: Path) -> None:
    """R56"""
    told = {"port": "many", "parallel_answers": 3, "idle_timeout_s": None, "aliases": {"a": 1}}
    path.write_text(json.dumps(told))

    loaded = read(path)

    assert loaded.settings == Settings(parallel_answers=3)
    assert len(loaded.notes) == 3
    assert all(name in "".join(loaded.notes) for name in ("port", "idle_timeout_s", "aliases"))


def test_unknown_fields_are_kept_when_settings_are_saved(path: Path) -> None:
    """R56"""
    path.write_text(json.dumps({"port": 8000, "from_tomorrow": {"a": [1]}}))

    loaded = read(path)
    save(path, with_value(loaded.settings, "port", 9000))

    assert loaded.extra == {"from_tomorrow": {"a": [1]}}
    assert json.loads(path.read_bytes())["from_tomorrow"] == {"a": [1]}
    assert read(path).settings.port == 9000


def test_a_file_of_a_newer_version_is_used_and_left_alone(path: Path) -> None:
    """R56"""
    data = json.dumps({"version": VERSION + 1, "port": 8000}).encode()
    path.write_bytes(data)

    loaded = read(path)
    with pytest.raises(StoreError, match="newer"):
        save(path, Settings())

    assert loaded.settings.port == 8000
    assert loaded.read_only
    assert "newer" in loaded.notes[0]
    assert path.read_bytes() == data


def test_a_byte_order_mark_is_no_fault(path: Path) -> None:
    """R56"""
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"port": 8000}).encode())

    assert read(path) == Loaded(Settings(port=8000))


def test_without_file_or_folder_every_default_holds(path: Path) -> None:
    """R56"""
    assert read(path) == Loaded(Settings())
    assert read(path.parent / "missing" / "settings.json") == Loaded(Settings())


@pytest.mark.parametrize("plant", ["link", "fifo", "folder"])
def test_what_is_no_plain_file_is_told_and_left_alone(path: Path, plant: str) -> None:
    """S104"""
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_text('{"port": 8000}')
    if plant == "link":
        path.symlink_to(elsewhere)
    elif plant == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()

    loaded = read(path)
    with pytest.raises(StoreError, match="no plain file"):
        save(path, Settings())

    assert loaded.settings == Settings()
    assert "no plain file" in loaded.notes[0]
    assert elsewhere.read_text() == '{"port": 8000}'


def test_a_full_disk_keeps_the_old_settings(path: Path) -> None:
    """R58"""
    save(path, CHANGED)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(StoreError, match="cannot be saved: File too large"):
            save(path, Settings(port=9999))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert read(path) == Loaded(CHANGED)


def test_a_full_disk_does_not_cost_the_last_good_settings(path: Path) -> None:
    """R56, R58"""
    save(path, CHANGED)
    save(path, CHANGED)
    path.write_bytes(b"broken")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        full = [read(path) for _ in range(2)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [one.settings for one in full] == [CHANGED] * 2
    assert read(path).settings == CHANGED
    assert read(path) == Loaded(CHANGED)
    assert b"broken" in [one.read_bytes() for one in path.parent.iterdir()]


RECOVERS_AND_DIES = """
import os, pathlib, sys
from datetime import UTC, datetime
from tray_app.store import settings_file
def die(event, arguments):
    if event == "open" and str(arguments[0]).endswith("settings.json.new"):
        os._exit(9)
sys.addaudithook(die)
settings_file.load(pathlib.Path(sys.argv[1]), lambda: datetime.now(UTC))
"""


def test_a_crash_while_the_last_good_settings_are_taken_up_costs_nothing(path: Path) -> None:
    """R56, R57"""
    save(path, CHANGED)
    save(path, CHANGED)
    path.write_bytes(b"broken")
    died = subprocess.run(
        [sys.executable, "-c", RECOVERS_AND_DIES, str(path)], check=False, timeout=30
    )

    assert died.returncode == 9
    assert read(path).settings == CHANGED


READS_AS_ANOTHER = """
import os, pathlib, sys
from datetime import UTC, datetime
from tray_app.store import StoreError
from tray_app.store.settings import Settings
from tray_app.store.settings_file import load, save
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
path = pathlib.Path(sys.argv[1])
told = load(path, lambda: datetime.now(UTC))
print(told.settings.port, *told.notes)
try:
    save(path, Settings())
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("broken", [False, True])
def test_a_folder_that_cannot_be_written_is_read_and_told(broken: bool) -> None:
    """R56"""
    folder = Path(tempfile.mkdtemp(prefix="portico-read-only-"))
    path = folder / "settings.json"
    save(path, CHANGED)
    save(path, CHANGED)
    if broken:
        path.write_bytes(b"broken")
    for one in (folder, *folder.iterdir()):
        os.chown(one, 65534, 65534)
    folder.chmod(0o500)
    told = subprocess.run(
        [sys.executable, "-c", READS_AS_ANOTHER, str(path)],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    shutil.rmtree(folder)

    first, second = told.stdout.splitlines()
    assert first.split()[0] == str(CHANGED.port)
    assert ("neither read nor moved" in first) == broken
    assert second == "The settings cannot be saved: Permission denied. Check the disk."


def test_what_holds_for_one_run_is_not_filed(path: Path) -> None:
    save(path, Settings(port=9000, queue_size=7), {"port": 8000})

    assert read(path).settings == Settings(port=8000, queue_size=7)


def test_the_last_good_settings_last_beyond_the_start_that_needed_them(path: Path) -> None:
    """R56"""
    save(path, CHANGED)
    save(path, CHANGED)
    path.write_bytes(b"")

    first, second = read(path), read(path)

    assert first.settings == second.settings == CHANGED
    assert second.notes == ()


def test_a_file_that_broke_meanwhile_is_kept_when_settings_are_saved(path: Path) -> None:
    path.write_bytes(b"broken by hand")

    save(path, CHANGED)

    assert read(path) == Loaded(CHANGED)
    assert path.with_name("settings.json.corrupt").read_bytes() == b"broken by hand"


def test_an_address_that_no_device_can_call_costs_that_field_alone(path: Path) -> None:
    path.write_text(json.dumps({"network_host": "127.0.0.1", "queue_size": 9}))

    loaded = read(path)

    assert loaded.settings == Settings(queue_size=9)
    assert "network_host" in loaded.notes[0]
