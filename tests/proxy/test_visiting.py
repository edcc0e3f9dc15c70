"""What is let in at the door as an exception, over real sockets: other devices."""

from collections.abc import Iterator

import pytest

from tests.harness import QUICK, Running, running
from tests.proxy.wire import Said, chat, request
from tray_app.practice import PracticeSite

DEVICE = "127.0.0.2"
"""Stands for this computer's address in a network: it is none of the proxy's two loopbacks."""


@pytest.fixture
def opened(site: PracticeSite) -> Iterator[Running]:
    """A proxy that other devices can reach."""
    with running(site, settings=QUICK.__class__(network_host=DEVICE, hosts=("pc.lan",))) as proxy:
        yield proxy


def device_key(proxy: Running, name: str = "phone") -> str:
    secret: str = proxy.control("key", what="new", name=name)["secret"]
    proxy.control("key", what="set", name=name, field="network", value="yes")
    return secret


def from_device(proxy: Running, key: str | None, host: str = f"{DEVICE}:PORT", *more: str) -> Said:
    return request(proxy, "GET /v1/models", *more, host=host, key=key, address=DEVICE)


def test_another_device_needs_a_key_that_is_made_for_it(opened: Running) -> None:
    """S19"""
    key = device_key(opened)
    here, wrong = from_device(opened, "right"), from_device(opened, "sk-wrong")

    for host in (f"{DEVICE}:PORT", DEVICE, f"{DEVICE}:9", "pc.lan", "PC.LAN:PORT"):
        assert from_device(opened, key, host).status == 200
    assert (here.status, wrong.status) == (401, 401)
    assert here.body == wrong.body
    assert from_device(opened, None).status == 401
    opened.control("key", what="set", name="phone", field="network", value="no")
    assert from_device(opened, key).status == 401
    assert request(opened, "GET /v1/models", key=key).status == 200


@pytest.mark.parametrize(
    "host",
    ["127.0.0.3:PORT", "192.168.1.5:PORT", f"{DEVICE}.evil.example", "x.pc.lan", "evil.example",
     "[127.0.0.2]:PORT", "127.0.0.02", "[::ffff:127.0.0.2]", "0.0.0.0", "2130706434"],
)  # fmt: skip
def test_in_the_network_every_name_that_was_not_set_is_foreign(opened: Running, host: str) -> None:
    """S19"""
    answer = from_device(opened, device_key(opened), host)

    assert (answer.status, answer.code) == (403, "host_not_allowed")
    assert request(opened, "GET /v1/models", host=host).status == 403


def test_both_loopbacks_stay_as_they_are_beside_the_network(opened: Running) -> None:
    network = opened.service.status.network

    assert chat(opened).status == 200
    assert request(opened, host="[::1]:PORT", address="::1").status == 200
    assert network.address == DEVICE
    assert network.endpoint == f"http://{DEVICE}:{opened.port}/v1"
    assert network.note == ""


def test_the_network_is_let_in_no_longer_by_an_address_that_is_unset(opened: Running) -> None:
    key = device_key(opened)
    assert opened.control("settings", what="set", name="network_host", value="") is True
    assert from_device(opened, key).status == 403


def test_an_address_of_the_command_line_follows_the_same_rule(site: PracticeSite) -> None:
    """S19"""
    with running(site, host=DEVICE) as proxy:
        key = device_key(proxy)

        assert from_device(proxy, key).status == 200
        assert from_device(proxy, "right").status == 401
        assert from_device(proxy, key, "127.0.0.3").status == 403
        assert proxy.base_url == f"http://{DEVICE}:{proxy.port}/v1"


def test_where_every_address_is_open_each_connection_is_looked_at(site: PracticeSite) -> None:
    """S14, S19"""
    settings = QUICK.__class__(hosts=("pc.lan",))
    with running(site, host="0.0.0.0", settings=settings) as proxy:
        key = device_key(proxy)

        assert request(proxy).status == 200
        assert from_device(proxy, key, "pc.lan").status == 200
        assert from_device(proxy, "right", "pc.lan").status == 401
        assert from_device(proxy, key, "0.0.0.0:PORT").status == 403
        assert from_device(proxy, key).status == 403
        assert proxy.service.status.network.address == "0.0.0.0"
