"""What clients do, well and badly, and what each of them must get."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.core.samples import picture
from tests.proxy.test_tools import calls

from .asking import Line, encoded, request
from .faults import FAULTS, PLAIN, Fault, mark
from .front import Front, LostError, check_text
from .site import CLUMSY

Play = Callable[[Front, int], Awaitable[None]]
_READ = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Reads a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
        },
    },
}
_SHAPE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
_LEFT_S = 6.0
"""When a client that reads nothing must have been dropped, and one that says nothing refused."""


@dataclass(frozen=True)
class Case:
    """One thing that may happen."""

    name: str
    family: str
    play: Play
    failures: int = 0
    gap_s: float = 0.0


def _expect(met: str, *codes: str) -> None:
    if met not in codes:
        raise LostError(f"got {met or 'a good answer'} instead of {codes}")


# What goes well.


def _chat(*, stream: bool) -> Play:
    async def play(front: Front, number: int) -> None:
        reply = await front.told(front.chat("good", number, stream=stream))
        await _good(front, front.code(reply))
        check_text(reply, number, "all")

    return play


async def _good(front: Front, code: str) -> None:
    await front.held(code)
    _expect(code, "")


async def _completion(front: Front, number: int) -> None:
    body = encoded(model=PLAIN, prompt=f"Please. {mark('good', number)}")
    reply = await front.told(front.post(body, "/v1/completions"))
    await _good(front, front.code(reply))
    if "This is the answer" not in reply.json()["choices"][0]["text"]:
        raise LostError("a completion without its text")


def _tools(*, stream: bool) -> Play:
    async def play(front: Front, number: int) -> None:
        said = [{"role": "user", "content": f"Read the file notes{number}.txt"}]
        body = encoded(model=PLAIN, stream=stream, messages=said, tools=[_READ])
        reply = await front.told(front.post(body))
        await _good(front, front.code(reply))
        told = [json.loads(call["function"]["arguments"]) for call in calls(reply)]
        if [str(one.get("path", "")).rpartition("/")[2] for one in told] != [f"notes{number}.txt"]:
            raise LostError(f"the calls are {told}")

    return play


async def _shaped(front: Front, number: int) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": _SHAPE}}
    said = [{"role": "user", "content": f"Make up person number {number}."}]
    reply = await front.told(front.post(encoded(model=PLAIN, messages=said, response_format=form)))
    await _good(front, front.code(reply))
    if set(json.loads(reply.text)) != {"name", "age"}:
        raise LostError(f"the shape is {reply.text[:200]}")


async def _look(front: Front, number: int) -> None:
    # A picture that the site has is not given again, so most are new.
    data = base64.b64encode(picture("PNG", 20 + number % 100, 30)).decode()
    seen = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    parts = [{"type": "text", "text": f"What is it, {number}?"}, seen]
    said = [{"role": "user", "content": parts}]
    reply = await front.told(front.post(encoded(model=PLAIN, stream=True, messages=said)))
    await _good(front, front.code(reply))
    if "You sent: " not in reply.text:
        raise LostError(f"the picture was not seen: {reply.text[:300]}")


async def _draw(front: Front, number: int) -> None:
    body = encoded(model=PLAIN, prompt=f"A red circle, number {number}", response_format="b64_json")
    reply = await front.told(front.post(body, "/v1/images/generations"))
    await _good(front, front.code(reply))
    if not base64.b64decode(reply.json()["data"][0]["b64_json"]).startswith(b"\x89PNG"):
        raise LostError("what was drawn is no picture")


async def _models(front: Front, number: int) -> None:
    reply = await front.told(request(front.port, "GET /v1/models", None, front.key))
    _expect(front.code(reply), "")
    if len(reply.json()["data"]) < 8:
        raise LostError("models are missing")


async def _health(front: Front, number: int) -> None:
    reply = await front.told(request(front.port, "GET /health"))
    _expect(front.code(reply), "")


async def _clumsy(front: Front, number: int) -> None:
    """Making the chat fails, mostly once."""
    reply = await front.told(front.chat("good", number, stream=True, model=CLUMSY))
    code = front.code(reply)
    await front.held(code)
    _expect(code, "", "upstream_error")


async def _store(front: Front, number: int) -> None:
    """The store takes no file."""
    text = base64.b64encode(mark("store-refuses", number).encode()).decode()
    file = {"filename": "notes.txt", "file_data": f"data:text/plain;base64,{text}"}
    parts = [{"type": "text", "text": "Read it."}, {"type": "file", "file": file}]
    body = encoded(model=PLAIN, messages=[{"role": "user", "content": parts}])
    reply = await front.told(front.post(body))
    code = front.code(reply)
    await front.held(code)
    _expect(code, "upstream_error", "file_rejected")


def _drawing(word: str, *codes: str) -> Play:
    async def play(front: Front, number: int) -> None:
        body = encoded(
            model=PLAIN, prompt=f"A star {number}\npractice: {word}", response_format="b64_json"
        )
        reply = await front.told(front.post(body, "/v1/images/generations"))
        code = front.code(reply)
        await front.held(code)
        _expect(code, *codes)

    return play


def _faulty(fault: Fault) -> Case:
    async def play(front: Front, number: int) -> None:
        stream = front.chance.random() < 0.5
        data = front.chat(fault.name, number, stream=stream, model=fault.model)
        reply = await front.told(data)
        code = front.code(reply)
        await front.held(code, expected=code in fault.codes)
        _expect(code, *fault.codes)
        check_text(reply, number, fault.text)

    return Case(fault.name, fault.family, play, fault.failures, fault.gap_s)


# Clients that leave, or read too little: R1 to R9.


def _leaves(how: str, *, stream: bool, name: str = "paced", mark: bytes = b"") -> Play:
    async def play(front: Front, number: int) -> None:
        async with Line(front.port) as line:
            await line.say(front.chat(name, number, stream=stream))
            if mark:
                await line.until(mark)
            else:
                await asyncio.sleep(front.chance.random() / 2)
            if how == "reset":
                line.reset()
            elif how == "half":
                line.writer.write_eof()
                while await line.more():
                    pass

    return play


async def _never_reads(front: Front, number: int) -> None:
    async with Line(front.port, receives=8192) as line:
        await line.say(front.chat("endless", number, stream=True))
        await line.until(b"endless")
        line.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(_LEFT_S + 2)
        line.reader._transport.resume_reading()  # type: ignore[attr-defined]
        while await line.more():
            if b"[DONE]" in line.heard[-100:]:
                raise LostError("who never reads was sent everything")
            line.heard.clear()


async def _reads_slowly(front: Front, number: int) -> None:
    async with Line(front.port, receives=2048) as line:
        await line.say(front.chat("paced", number, stream=True))
        while b"[DONE]" not in line.heard:
            if not await line.more(300):
                raise LostError("a slow client was dropped")
            await asyncio.sleep(0.1)
        await line.until(b"\r\n0\r\n\r\n")
        reply = await line.reply()
    await _good(front, front.code(reply))
    check_text(reply, number, "all")


# Clients that do it wrong: the guard's and the dialects' rows.


def _wrong(code: str, data: Callable[[Front], bytes]) -> Play:
    async def play(front: Front, number: int) -> None:
        async with Line(front.port) as line:
            await line.say(data(front))
            _expect(front.code(await line.reply()), code)

    return play


def _bad_field(front: Front) -> bytes:
    return front.post(encoded(model=PLAIN, messages="Hello"))


def _many(front: Front) -> bytes:
    return front.post(encoded(model=PLAIN, n=2, messages=[{"role": "user", "content": "Hi"}]))


def _no_model(front: Front) -> bytes:
    return front.chat("good", 0, stream=True, model="no-such-model")


def _with_key(key: str | None) -> Callable[[Front], bytes]:
    return lambda front: request(front.port, "GET /v1/models", None, key)


def _huge(front: Front) -> bytes:
    return request(front.port, "POST /v1/chat/completions", b"{", front.key, length=40 << 20)


def _drips(front: Front) -> bytes:
    return request(front.port, "POST /v1/chat/completions", b"{", front.key, length=4000)


def _typed(front: Front) -> bytes:
    kind = "Content-Type: text/html"
    return request(front.port, "POST /v1/chat/completions", b"{}", front.key, kind)


def _elsewhere(front: Front) -> bytes:
    return request(front.port, "GET /v1/models", None, front.key).replace(
        b"Host: 127.0.0.1", b"Host: evil.example"
    )


async def _no_http(front: Front, number: int) -> None:
    async with Line(front.port) as line:
        await line.say(b"\x16\x03\x01 nonsense\r\n\r\n")
        reply = await line.reply()
        if reply.status != 400:
            raise LostError(f"nonsense got {reply.status}")


async def _says_nothing(front: Front, number: int) -> None:
    async with Line(front.port) as line:
        await line.say(b"POST /v1/chat/comp")
        await asyncio.sleep(_LEFT_S)


CASES: tuple[Case, ...] = (
    Case("stream", "good", _chat(stream=True)),
    Case("whole", "good", _chat(stream=False)),
    Case("completion", "good", _completion),
    Case("tools, streamed", "good", _tools(stream=True)),
    Case("tools, whole", "good", _tools(stream=False)),
    Case("shaped", "good", _shaped),
    Case("look", "good", _look),
    Case("draw", "good", _draw),
    Case("models", "good", _models),
    Case("health", "good", _health),
    *(_faulty(fault) for fault in FAULTS),
    Case("clumsy", "refusals", _clumsy),
    Case("store-refuses", "refusals", _store),
    Case("picture-refused", "refusals", _drawing("picture-refused", "content_filter")),
    Case("picture-dead", "breaks", _drawing("picture-dead", "upstream_error")),
    Case("picture-late", "oddities", _drawing("picture-late 1", "")),
    Case("leaves at once", "leaving", _leaves("close", stream=True)),
    Case("leaves whole", "leaving", _leaves("close", stream=False)),
    Case("leaves in mid-stream", "leaving", _leaves("close", stream=True, mark=b"answer")),
    Case("resets in mid-stream", "leaving", _leaves("reset", stream=True, mark=b"answer")),
    Case("half-closes", "leaving", _leaves("half", stream=True, mark=b"answer")),
    Case("leaves silence", "leaving", _leaves("close", stream=True, name="silence")),
    Case("leaves much", "leaving", _leaves("close", stream=True, name="endless", mark=b"endless")),
    Case("never reads", "slow", _never_reads, gap_s=10),
    Case("reads slowly", "slow", _reads_slowly),
    Case("drips", "slow", _wrong("request_timeout", _drips)),
    Case("says nothing", "slow", _says_nothing),
    Case("wrong key", "wrong", _wrong("invalid_api_key", _with_key("sk-portico-wrong"))),
    Case("no key", "wrong", _wrong("invalid_api_key", _with_key(None))),
    Case("bad JSON", "wrong", _wrong("invalid_request", lambda front: front.post(b'{"model":'))),
    Case("bad field", "wrong", _wrong("invalid_request", _bad_field)),
    Case("n=2", "wrong", _wrong("invalid_request", _many)),
    Case("no such model", "wrong", _wrong("model_not_found", _no_model)),
    Case("huge body", "wrong", _wrong("request_too_large", _huge)),
    Case("wrong type", "wrong", _wrong("unsupported_media_type", _typed)),
    Case("wrong host", "wrong", _wrong("host_not_allowed", _elsewhere)),
    Case("wrong method", "wrong", _wrong(
        "method_not_allowed", lambda front: request(front.port, "PUT /v1/models", b"", front.key))),
    Case("wrong route", "wrong", _wrong(
        "not_found", lambda front: request(front.port, "GET /v1/nothing", None, front.key))),
    Case("not offered", "wrong", _wrong(
        "not_supported", lambda front: front.post(encoded(model=PLAIN, input="a"), "/v1/embeddings")
    )),
    Case("no HTTP", "wrong", _no_http),
)  # fmt: skip
