"""Taking the port."""

import socket

import pytest

from tests.harness import Running
from tray_app.proxy.listen import PortTakenError, listen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_both_loopbacks_are_ours_while_we_run(proxy: Running) -> None:
    """S23b"""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as other, pytest.raises(OSError, match="in use"):
            other.bind((host, proxy.port))
    with pytest.raises(PortTakenError, match=str(proxy.port)):
        listen(None, proxy.port)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_loopback_that_somebody_else_holds_is_a_taken_port(host: str) -> None:
    port = free_port()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as other:
        other.bind((host, port))
        other.listen()
        with pytest.raises(PortTakenError, match="another program"):
            listen(None, port)
    for sock in listen(None, port):
        sock.close()


def test_one_address_may_be_asked_for() -> None:
    [sock] = listen("127.0.0.2", free_port())
    with sock:
        assert sock.getsockname()[0] == "127.0.0.2"
