"""What clients get for streams of the site that were written down, byte for byte: F25.

Beside this file stand, in `golden`, the answers to each stream. They change only on purpose: make
them anew with `python -m tests.proxy.test_golden`, and look at the difference before it is kept.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.harness import QUICK, Running, running
from tests.upstreams.qwen.frames import created, delta, finished
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits

PATIENT = msgspec.structs.replace(
    QUICK, connect_timeout_s=120.0, first_event_timeout_s=600.0, idle_timeout_s=600.0
)
"""In a hurry these are seconds that a busy machine may take."""
SLOW = Limits(headers_s=600.0, commit_s=600.0, heartbeat_s=600.0)
GOLDEN = Path(__file__).parent / "golden"
TRANSCRIPTS = Path(__file__).parents[1] / "upstreams" / "qwen" / "transcripts"
_CHANGING = [
    (re.compile(rb'"id":"chatcmpl-[0-9a-f]{32}"'), b'"id":"chatcmpl-ID"'),
    (re.compile(rb'"id":"call_[0-9a-zA-Z]+"'), b'"id":"call_ID"'),
    (re.compile(rb'"created":\d+'), b'"created":0'),
    # A guess at the size of what was asked, which is no matter of the answer.
    (
        re.compile(
            rb'"prompt_tokens":\d+(,"completion_tokens":\d+,)"total_tokens":\d+(.+estimated)'
        ),
        rb'"prompt_tokens":0\1"total_tokens":0\2',
    ),
]
"""What may be another each time, and what stands for it."""


@dataclass(frozen=True)
class Played:
    """A stream of the site, and what a client asks that gets it."""

    stream: bytes
    asks: dict[str, Any] = field(default_factory=dict)


def _called(*texts: str) -> bytes:
    return created() + b"".join(map(delta, texts)) + finished()


_USAGE = {"stream_options": {"include_usage": True}}
_TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
_CALL = (
    "I look.\n<tool_call>\n",
    '{"name": "look", "argu',
    'ments": {"a": "é\\n"}}',
    "\n</tool_call>",
)
_SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def streams() -> dict[str, Played]:
    """Every stream by its name."""
    found = {
        path.stem: Played(path.read_bytes(), _USAGE)
        for path in sorted(TRANSCRIPTS.glob("*.sse"))
        if path.stem != "drawing"
    }
    return found | {
        "call": Played(_called(*_CALL), {"tools": [_TOOL]}),
        "odd": Played(_called("nul \x00 ", "line\u2028 ", "quote \" \\ ", "👩‍👩‍👧 ", "</script>")),
        "stopped": Played(_called("one tw", "o three"), {"stop": ["two"]}),
        "limited": Played(_called(*["word "] * 50), {"max_tokens": 8}),
        "value": Played(
            _called('```json\n{"a": ', "1}\n```"),
            {"response_format": {"type": "json_schema",
                                 "json_schema": {"name": "v", "schema": _SCHEMA}}},
        ),
        "broken": Played(created() + delta("half")),
        "failed": Played(created() + delta("half") + acts.error_frame("internal_error", "no")),
        "empty": Played(created() + finished()),
    }  # fmt: skip


@contextmanager
def proxied(hurry: float = 1.0) -> Iterator[Running]:
    """A proxy and its site."""
    site = PracticeSite(pace_s=0.0)
    site.start()
    try:
        with running(site, hurry=hurry, settings=PATIENT, limits=SLOW) as proxy:
            yield proxy
    finally:
        site.stop()


def told(proxy: Running, played: Played, *, stream: bool) -> bytes:
    """What a client gets: the status, what kind of answer it is, and every byte of it."""
    # Its bytes come as one piece, or every event in pieces of its own would depend on the network.
    proxy.site.will(acts.Raw(played.stream))
    asks = {name: what for name, what in played.asks.items() if stream or name != "stream_options"}
    reply = proxy.chat("Go.", stream=stream, **asks)
    proxy.control("resume")
    body = reply.body
    for changing, stands in _CHANGING:
        body = changing.sub(stands, body)
    return f"{reply.status} {reply.headers['content-type']}\n\n".encode() + body


def file_of(name: str, *, stream: bool) -> Path:
    """Where the answer stands that is expected."""
    return GOLDEN / f"{name}.{'stream' if stream else 'whole'}.txt"


@pytest.fixture(scope="module")
def kept() -> Iterator[Running]:
    """One proxy for all of them."""
    with proxied(hurry=20.0) as proxy:
        yield proxy


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("name", streams())
def test_a_written_down_stream_gives_the_same_bytes_as_ever(
    kept: Running, name: str, stream: bool
) -> None:
    """F25: made anew by `python -m tests.proxy.test_golden`."""
    assert told(kept, streams()[name], stream=stream) == file_of(name, stream=stream).read_bytes()


def test_no_answer_is_expected_for_which_there_is_no_stream() -> None:
    expected = {file_of(name, stream=stream) for name in streams() for stream in (True, False)}
    assert set(GOLDEN.iterdir()) == expected


def renew() -> None:
    """Write down what clients get now."""
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.iterdir():
        old.unlink()
    with proxied() as proxy:
        for name, played in streams().items():
            for stream in (True, False):
                file_of(name, stream=stream).write_bytes(told(proxy, played, stream=stream))


if __name__ == "__main__":
    renew()
