"""Settings: one value, a file that survives anything, who has the last word: R56, R58, F18."""

import json
import os
import resource
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tray_app.store import StoreError
from tray_app.store.files import SIZE_LIMIT_BYTES
from tray_app.store.settings import (
    VERSION,
    Loaded,
    SettingError,
    Settings,
    effective,
    explain,
    load,
    parse,
    save,
    warnings_of,
    with_value,
)

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
    aliases=st.dictionaries(st.text(), st.text(), max_size=3),
    hosts=st.lists(st.sampled_from(["pc.lan", "[fe80::1]", "PC_2"]), max_size=3).map(tuple),
    origins=st.lists(
        st.sampled_from(["http://a", "https://b.example:1", "moz-extension://a-1"]), max_size=2
    ).map(tuple),
    opaque_origins=st.booleans(),
    network_host=st.sampled_from(["", "192.168.1.5", "fd00::5", "100.64.0.9", "169.254.3.4"]),
    connect_timeout_s=st.floats(0.1, 120),
    outbound_proxy=st.sampled_from(["system", "none", "http://127.0.0.1:3128"]),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = st.sampled_from([*Settings.__struct_fields__, "version", "unknown", ""])


@given(settings=SETTINGS)
@SHARED_FOLDER
def test_what_is_saved_is_loaded(path: Path, settings: Settings) -> None:
    """F18"""
    save(path, settings)

    assert read(path) == Loaded(settings)


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


def test_what_holds_for_one_run_is_not_filed(path: Path) -> None:
    save(path, Settings(port=9000, queue_size=7), {"port": 8000})

    assert read(path).settings == Settings(port=8000, queue_size=7)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", 0, "port"), ("port", 65536, "port"), ("port", "x", "port"), ("port", 1.5, "port"),
        ("port", True, "port"), ("start_spacing_s", -1, "start_spacing_s"),
        ("path_prefix", "qwen", "path_prefix"), ("path_prefix", "/../x y", "path_prefix"),
        ("aliases", [1], "aliases"), ("origins", ["app.example"], "origins"),
        ("path_prefix", "/a\n", "path_prefix"), ("path_prefix", "/a/../b", "path_prefix"),
        ("origins", ["https://a/"], "origins"), ("origins", ["https://a\n"], "origins"),
        ("hosts", ["a:1"], "hosts"), ("hosts", ["a b"], "hosts"),
        ("outbound_proxy", "http://\udcff", "outbound_proxy"),
        ("outbound_proxy", "http://me:password@proxy.example:1", "HTTPS_PROXY"),
        ("outbound_proxy", "socks5://x", "outbound_proxy"), ("nonsense", 1, "settings list"),
        ("__class__", 1, "settings list"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_words(name: str, value: object, said: str) -> None:
    with pytest.raises(SettingError, match=said) as told:
        with_value(Settings(), name, value)

    assert told.value.name == name
    assert str(told.value).endswith(".")
    assert "$" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "8000", 8000), ("start_spacing_s", "1", 1), ("start_spacing_s", "0.5", 0.5),
        ("show_variants", "no", False), ("show_variants", "ON", True),
        ("show_variants", "False", False), ("path_prefix", "/qwen", "/qwen"),
        ("path_prefix", "", ""), ("outbound_proxy", '"none"', "none"),
        ("aliases", '{"a": "b"}', {"a": "b"}), ("hosts", '["a", "b"]', ["a", "b"]),
    ],
)  # fmt: skip
def test_what_a_person_types_becomes_a_value(name: str, text: str, value: object) -> None:
    assert parse(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "\udcff"),
        ("port", "seven"),
        ("port", ""),
        ("show_variants", "maybe"),
        ("aliases", "[" * 9999),
    ],
)
def test_what_a_person_mistypes_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=name):
        parse(name, text)


@pytest.mark.parametrize(
    "address",
    ["pc.lan", "192.168.1", "192.168.1.5:80", "[fd00::5]", " 192.168.1.5", "127.0.0.1", "127.9.9.9",
     "::1", "0.0.0.0", "::", "fe80::1", "fd00::5%eth0", "::ffff:192.168.1.5", "224.0.0.1",
     "255.255.255.255", "ff02::1", "1" * 50],
)  # fmt: skip
def test_an_address_under_which_no_device_can_call_is_refused(path: Path, address: str) -> None:
    path.write_text(json.dumps({"network_host": address, "queue_size": 9}))
    loaded = read(path)

    with pytest.raises(SettingError, match=r"^network_host: .*\.$"):
        parse("network_host", address)
    assert loaded.settings == Settings(queue_size=9)
    assert "network_host" in loaded.notes[0]


def test_a_door_to_the_network_comes_with_a_warning() -> None:
    assert "plain HTTP" in warnings_of(Settings(network_host="192.168.1.5"))[0]


@pytest.mark.parametrize(
    ("filed", "environ", "flag", "port"),
    [
        (7936, {}, None, 7936), (8000, {}, None, 8000), (8000, {"PORTICO_PORT": ""}, None, 8000),
        (8000, {"PORTICO_PORT": "8001"}, None, 8001), (8000, {"PORTICO_PORT": "8001"}, 8002, 8002),
    ],
)  # fmt: skip
def test_a_flag_outranks_the_environment_and_that_the_file(
    filed: int, environ: dict[str, str], flag: int | None, port: int
) -> None:
    assert effective(Settings(port=filed), environ, {"port": flag}).port == port


@pytest.mark.parametrize("port", ["0", "65536", "x", "7.5", "-1"])
def test_a_bad_port_in_the_environment_is_named(port: str) -> None:
    with pytest.raises(SettingError, match="PORTICO_PORT"):
        effective(Settings(), {"PORTICO_PORT": port}, {})


def test_every_setting_explains_itself() -> None:
    fields = {field.name: field for field in explain()}

    assert tuple(fields) == Settings.__struct_fields__
    assert all(field.description.endswith((".", "}.")) for field in fields.values())
    assert {name for name in fields if fields[name].restart} == {
        "port", "path_prefix", "outbound_proxy", "network_host",
    }  # fmt: skip
    defaults: dict[str, Any] = {name: field.default for name, field in fields.items()}
    assert msgspec.convert(defaults, Settings) == Settings()


@pytest.mark.parametrize(("answers", "warned"), [(4, False), (5, True)])
def test_many_answers_at_a_time_are_allowed_with_a_warning(answers: int, *, warned: bool) -> None:
    assert bool(warnings_of(Settings(parallel_answers=answers))) == warned


def test_what_a_person_mistyped_is_not_repeated() -> None:
    with pytest.raises(SettingError) as told:
        with_value(Settings(), "outbound_proxy", "socks5://me:hunter22@proxy")

    assert "hunter22" not in str(told.value)


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
