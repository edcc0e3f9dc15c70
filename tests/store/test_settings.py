"""Settings: one value, and who has the last word."""

import re
from typing import Any

import msgspec
import pytest

from tray_app.store.settings import (
    SettingError,
    Settings,
    effective,
    explain,
    parse,
    warnings_of,
    with_value,
)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", 0, "port"), ("port", 65536, "port"), ("port", "x", "port"), ("port", 1.5, "port"),
        ("port", True, "port"), ("start_spacing_s", -1, "start_spacing_s"),
        ("path_prefix", "qwen", "path_prefix"), ("path_prefix", "/../x y", "path_prefix"),
        ("aliases", [1], "aliases"), ("aliases", {"a": ""}, "aliases"),
        ("aliases", {"": "a"}, "aliases"), ("outbound_proxy", "http://[::1", "outbound_proxy"),
        ("outbound_proxy", "http://127.0.0.1:99999", "outbound_proxy"),
        ("outbound_proxy", "http://:80", "outbound_proxy"),
        ("origins", ["app.example"], "origins"),
        ("path_prefix", "/a\n", "path_prefix"), ("path_prefix", "/a/../b", "path_prefix"),
        ("origins", ["https://a/"], "origins"), ("origins", ["https://a\n"], "origins"),
        ("hosts", ["a:1"], "hosts"), ("hosts", ["a b"], "hosts"),
        ("outbound_proxy", "http://\udcff", "outbound_proxy"),
        ("outbound_proxy", "http://me:password@proxy.example:1", "HTTPS_PROXY"),
        ("outbound_proxy", "socks5://x", "outbound_proxy"), ("nonsense", 1, "settings list"),
        ("__class__", 1, "settings list"), ("long_prompt", "cut", "long_prompt"),
        ("blind_model", True, "blind_model"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_words(name: str, value: object, said: str) -> None:
    with pytest.raises(SettingError, match=said) as told:
        with_value(Settings(), name, value)

    assert told.value.name == name
    assert str(told.value).endswith(".")
    assert "$" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", 0, "port: it takes a whole number from 1 to 65535."),
        ("port", "x", "port: it takes a whole number from 1 to 65535."),
        ("start_spacing_s", 61, "start_spacing_s: it takes a number from 0 to 60."),
        ("connect_timeout_s", "x", "connect_timeout_s: it takes a number from 0.1 to 120."),
        ("notices", 1, "notices: it takes true or false."),
        ("transport", "x", "transport: it takes page, direct or auto."),
        ("hosts", 1, ("hosts: that does not fit. Further host names, without ports, under which"
         """ clients may call Portico. Write it as a list: '["one", "another"]'.""")),
        ("aliases", {"a": 1}, ("aliases: that does not fit. Other names for models, with *: "
         '{"gpt-*": "qwen3.7-plus"}.')),
    ],
)  # fmt: skip
def test_what_a_setting_takes_is_told_to_people(name: str, value: object, said: str) -> None:
    with pytest.raises(SettingError) as told:
        with_value(Settings(), name, value)

    assert str(told.value) == said


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_no_setting_is_refused_in_the_words_of_a_library(name: str) -> None:
    with pytest.raises(SettingError) as told:
        with_value(Settings(), name, None)

    assert not re.search(r"`|Expected|null|[<>]=", str(told.value))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "8000", 8000), ("start_spacing_s", "1", 1), ("start_spacing_s", "0.5", 0.5),
        ("show_variants", "no", False), ("show_variants", "ON", True),
        ("show_variants", "False", False), ("path_prefix", "/qwen", "/qwen"),
        ("path_prefix", "", ""), ("outbound_proxy", '"none"', "none"),
        ("long_prompt", "trim", "trim"), ("blind_model", "switch", "switch"),
        ("fake_addresses", "yes", True),
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
def test_an_address_under_which_no_device_can_call_is_refused(address: str) -> None:
    with pytest.raises(SettingError, match=r"^network_host: .*\.$"):
        parse("network_host", address)


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
        "port", "outbound_proxy", "network_host",
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
