"""Taking a port, or saying why not: R44, R46, R47."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness import Running
from tray_app.proxy.ports import AddressGoneError, PortTakenError, is_ours, listen
from tray_app.store.settings import Settings

HOLDER = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
sock = socket.create_server((sys.argv[1], 0), family=family)
print(sock.getsockname()[1], flush=True)
sock.settimeout(float(sys.argv[2]))
try:
    taken, _ = sock.accept()
    print("called", flush=True)
except TimeoutError:
    print("left alone", flush=True)
"""


@contextmanager
def holder(host: str, patience_s: float = 30.0) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Another program that listens on a port of this address, and says whether anybody calls."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, host, str(patience_s)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        yield int(other.stdout.readline()), other
        other.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refusal(port: int, host: str | None = None) -> str:
    """What is said of a port that cannot be had."""
    with pytest.raises(PortTakenError) as caught:
        listen(host, port)
    return str(caught.value)


def test_both_loopbacks_are_ours_while_we_run(proxy: Running) -> None:
    """S23b"""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as other, pytest.raises(OSError, match="in use"):
            other.bind((host, proxy.port))
    assert str(proxy.port) in refusal(proxy.port)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_loopback_that_somebody_else_holds_is_a_taken_port(host: str) -> None:
    """R44, R46"""
    with holder(host) as (port, _):
        said = refusal(port)
    assert f"Port {port} on {host} is used by another program" in said

    for sock in listen(None, port):
        sock.close()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who holds it")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0"])
def test_the_holder_is_named_and_never_called(host: str) -> None:
    """R44"""
    with holder(host, 1.0) as (port, other):
        said = refusal(port)

        assert re.search(rf"another program \(python\S*, process {other.pid}\)\. ", said)
        assert other.communicate()[0] == "left alone\n"


def test_the_port_that_is_suggested_can_be_had() -> None:
    """R44"""
    with holder("127.0.0.1") as (port, _), socket.socket(socket.AF_INET6) as beside:
        beside.bind(("::1", port + 1))
        said = refusal(port)

    suggested = int(said.rsplit(" ", 1)[1])
    assert said.endswith(f"choose another port: portico settings set port {suggested}")
    assert suggested not in {port, port + 1}
    for sock in listen(None, suggested):
        sock.close()


def test_the_last_port_of_all_has_a_suggestion_too() -> None:
    """R44"""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 65_535))
        other.listen()
        suggested = int(refusal(65_535).rsplit(" ", 1)[1])

    assert 1024 <= suggested < 65_535


UNPRIVILEGED = """
import os
from tray_app.proxy.ports import PortTakenError, listen
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    listen(None, 81)
except PortTakenError as error:
    print(error)
"""


def test_a_port_without_the_right_to_it_is_told_as_that() -> None:
    """R47"""
    if sys.platform.startswith("linux"):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as first:  # noqa: PTH123
            if int(first.read()) <= 81:
                pytest.skip("every program may have every port here")
    ended = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED], capture_output=True, text=True, check=True
    )

    assert "used by another program" not in ended.stdout
    assert "Ports below 1024 such as 81 need rights" in ended.stdout
    suggested = int(ended.stdout.rsplit(" ", 1)[1])
    assert suggested >= Settings().port


WITHOUT_IPV6 = """
import fcntl, logging, pathlib, socket, struct, sys
from tray_app.proxy.ports import listen
with socket.socket() as sock:
    up = struct.pack("16sH14x", b"lo", 0x41)
    fcntl.ioctl(sock, 0x8914, up)
pathlib.Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
for sock in listen(None, 7936):
    print(sock.getsockname()[0])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a network of its own")
def test_without_ipv6_it_serves_over_ipv4_and_says_so() -> None:
    """R46"""
    own_network = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
    if subprocess.run([*own_network, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network of its own can be made here")
    ended = subprocess.run(
        [*own_network, sys.executable, "-c", WITHOUT_IPV6],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.stdout == "WARNING listen=ipv4-only reason=EADDRNOTAVAIL\n127.0.0.1\n", ended


def test_one_address_may_be_asked_for() -> None:
    [sock] = listen("127.0.0.2", free_port())
    with sock:
        assert sock.getsockname()[0] == "127.0.0.2"


def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(AddressGoneError, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", free_port())


def test_the_addresses_of_this_computer_are_told_from_others() -> None:
    assert is_ours("127.0.0.1")
    assert not is_ours("198.51.100.7")
