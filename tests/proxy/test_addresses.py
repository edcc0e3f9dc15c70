"""Addresses and names that are everybody's."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.proxy.addresses import (
    is_fake,
    is_literal,
    is_neighbour,
    is_ours,
    is_public,
    is_public_name,
)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.0.0.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
     "126.255.255.255", "128.0.0.0", "168.63.129.15", "169.253.255.255", "172.15.255.255",
     "172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.255.255", "198.20.0.0",
     "223.255.255.255", "2606:4700::1111", "2001:200::1", "2a00::1", "64:ff9b::808:808"],
)  # fmt: skip
def test_what_lies_beside_a_private_block_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_what_the_library_takes_for_private_is_not_public_here(address: object) -> None:
    found = ip_address(str(address))
    if not found.is_global or found.is_multicast:
        translated = str(found).startswith("64:ff9b::")
        assert translated or not is_public(str(found))


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "8.8.8.8 ", "08.8.8.8", "8.8.8.8:80"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)
    assert not is_literal(text)
    assert not is_fake(text)


@pytest.mark.parametrize(
    "name", ["example.com", "a_b.example", "xn--bcher-kva.example", "1.2.3.com", "a.b.c.d.ee."]
)
def test_names_of_the_internet_are_public(name: str) -> None:
    assert is_public_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "com", "example", "localhost", "a.localhost", "a.local", "a.internal.", "a..com",
     ".com", "1.2.3.4", "0x7f.1", "a.0x1", "-a.com", "a-.com", "a b.com", "a%00.com", "ä.com",
     f"{'a' * 64}.com", "a." * 127 + "com", "a.com\n", "home.arpa", "x.home.arpa", "[a].com"],
)  # fmt: skip
def test_names_of_ones_own_and_what_is_none_are_not(name: str) -> None:
    assert not is_public_name(name)


def test_this_computers_own_addresses_are_known() -> None:
    assert is_ours("127.0.0.1")
    assert not is_ours("192.0.2.1")
    assert not is_ours("2001:db8::1")
    assert not is_ours("no address")


def test_who_has_no_public_address_has_no_neighbours_with_one() -> None:
    assert not is_neighbour("127.0.0.1")
    assert not is_neighbour("::1")
    assert not is_neighbour("no address")
