"""The whole program when it has no descriptors left: R67."""

import http.client
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.test_headless import Portico, serving
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are Linux's")
DESCRIPTORS = 64


def used_s(pid: int) -> float:
    """Seconds of computing that a process took so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def crowd(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that ask for nothing."""
    socks = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(count)]
    try:
        yield socks
    finally:
        for sock in socks:
            sock.close()


def connected(portico: Portico) -> http.client.HTTPConnection:
    """A connection of a client."""
    return http.client.HTTPConnection("127.0.0.1", portico.port, timeout=20)


def kept(portico: Portico) -> http.client.HTTPConnection:
    """One that was served already."""
    line = connected(portico)
    line.request("GET", "/health")
    line.getresponse().read()
    return line


def asked(line: http.client.HTTPConnection, key: str) -> tuple[int, str]:
    """What a chat over this connection comes to."""
    body = {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": "Hello"}]}
    told = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    line.request("POST", "/v1/chat/completions", json.dumps(body), told)
    response = line.getresponse()
    return response.status, response.read().decode()


def again(portico: Portico, key: str) -> int | None:
    """The status of a good answer; None for any other."""
    status, _ = portico.chat(key)
    return status if status == 200 else None


def limited(portico: Portico) -> int:
    """Leave it few descriptors; its process."""
    assert portico.process is not None
    pid = portico.process.pid
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    return pid


@pytest.mark.slow
def test_without_descriptors_it_waits_without_a_spin_and_recovers(tmp_path: Path) -> None:
    """R67"""
    with serving(tmp_path) as portico, ExitStack() as clients:
        key = portico.say("key", "show")
        before = [clients.enter_context(closing(kept(portico))) for _ in range(6)]
        pid = limited(portico)
        with crowd(portico.port, 2 * DESCRIPTORS), closing(connected(portico)) as late:
            began_s, used_before_s = time.monotonic(), used_s(pid)
            late.request("GET", "/health")
            assert late.sock is not None
            late.sock.settimeout(1.2)
            with pytest.raises(TimeoutError):
                late.getresponse()
            share = (used_s(pid) - used_before_s) / (time.monotonic() - began_s)
            with ThreadPoolExecutor(len(before)) as pool:
                meanwhile = list(pool.map(lambda line: asked(line, key), before))
        after = until(lambda: again(portico, key))
        _, err = portico.stop()

    # Whoever cannot be served is told why, and that it is no fault of the site.
    assert {(status, "no more connections" in told) for status, told in meanwhile} <= {
        (200, False),
        (503, True),
    }
    assert share < 0.5
    assert after == 200
    assert len(err) < 4000
