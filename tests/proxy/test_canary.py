"""Secrets, looked for wherever they could be left: logs, reports, temporary files, and `repr`."""

import gc
import logging
import tempfile
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from tests.harness import Running
from tray_app.core.calls import Answer, Tokens, Upload
from tray_app.core.redact import Redactor
from tray_app.core.session import PageSession, Pasted, Session, SetCookie
from tray_app.faults import watching
from tray_app.proxy.keys import LocalKey
from tray_app.store.logs import start_logging, stop_logging

CANARY = "cAnary7f3a9c55d2e1b0647788"
"""Nothing tells that it is a secret: what does not show it has never had it."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the log at debug is, and whatever is written for a while."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "temporary").mkdir()
    start_logging(tmp_path, "debug", Redactor())
    yield tmp_path
    stop_logging()


def left_in(folder: Path, *secrets: str) -> list[tuple[str, str]]:
    """Where one of these secrets is left, in any form and over any ends of lines."""
    for handler in logging.getLogger().handlers:
        handler.flush()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "portico.log" for path in files)
    return [
        (path.name, secret)
        for path in files
        for secret in secrets
        if any(form in "".join(path.read_text("utf-8").split()) for form in forms(secret))
    ]


def forms(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield raw.hex()
    yield "".join(f"\\u{byte:04x}" for byte in raw)
    for offset in range(3):
        yield b64encode(b"\0" * offset + raw).decode()[offset + 1 : -4]


LONG = CANARY * 700
PLACES = {
    "query": f"GET /v1/models?key={CANARY}&{CANARY}=1",
    "path": f"GET /v1/{CANARY}",
    "path of a model": f"GET /v1/models/x/{CANARY}",
    "method": f"{CANARY} /v1/models",
    "target": f"GET http://x:{CANARY}@127.0.0.1/",
    "version": f"GET / HTTP/{CANARY}",
    "no request": CANARY,
}
HEADERS = {
    "referer": f"Referer: http://x/?token={CANARY}",
    "cookie": f"Cookie: token={CANARY}",
    "malformed authorization": f"Authorization: Bearer {CANARY}\x01",
    "authorization with a break": f"Authorization: Bearer\r\n {CANARY}",
    "over-long header": f"Authorization: Bearer {LONG}",
    "over-long name": f"{LONG}: x",
    "header that is none": CANARY,
    "host": f"Host: {CANARY}",
    "origin": f"Origin: https://{CANARY}.example",
    "basic": f"Authorization: Basic {b64encode(f'x:{CANARY}'.encode()).decode()}",
    "content length": f"Content-Length: {CANARY}",
    "transfer encoding": f"Transfer-Encoding: {CANARY}",
    "expectation": f"Expect: {CANARY}",
    "upgrade": f"Upgrade: {CANARY}",
    "encoding": f"Content-Encoding: {CANARY}",
    "type": f"Content-Type: multipart/form-data; boundary={CANARY}",
    "given id": f"x-request-id: {CANARY}",
}


@pytest.mark.parametrize("place", PLACES)
def test_what_a_request_line_holds_is_nowhere(proxy: Running, folder: Path, place: str) -> None:
    """S107"""
    line = PLACES[place] if "HTTP/" in PLACES[place] else f"{PLACES[place]} HTTP/1.1"
    proxy.raw(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    assert left_in(folder, CANARY) == []


@pytest.mark.parametrize("keyed", [True, False], ids=["with the key", "without"])
@pytest.mark.parametrize("place", HEADERS)
def test_what_a_header_holds_is_nowhere(
    proxy: Running, folder: Path, place: str, keyed: bool
) -> None:
    """S107"""
    key = f"x-api-key: {proxy.key}\r\n" if keyed else ""
    head = f"POST /v1/images/edits HTTP/1.1\r\nHost: localhost\r\n{key}{HEADERS[place]}\r\n"
    proxy.raw(f"{head}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())

    assert left_in(folder, CANARY, proxy.key) == []


BODIES = {
    "no JSON": f"{CANARY}",
    "torn JSON": f'{{"model":"{CANARY}',
    "message": f'{{"model":"qwen3.7-plus","messages":[{{"role":"user","content":"{CANARY}"}}]}}',
    "role": f'{{"model":"qwen3.7-plus","messages":[{{"role":"{CANARY}","content":"x"}}]}}',
    "picture": f'{{"model":"qwen3.7-plus","messages":[{{"role":"user","content":[{{"type":'
    f'"image_url","image_url":{{"url":"https://127.0.0.1/{CANARY}?{CANARY}"}}}}]}}]}}',
    "data": f'{{"model":"qwen3.7-plus","messages":[{{"role":"user","content":[{{"type":'
    f'"image_url","image_url":{{"url":"data:image/png;base64,{CANARY}"}}}}]}}]}}',
    "user": f'{{"user":"{CANARY}","model":"nope","messages":[{{"role":"user","content":"x"}}]}}',
    "field of its own": f'{{"{CANARY}":1,"model":"qwen3.7-plus","messages":[{{"role":"user",'
    f'"content":"x"}}]}}',
}


@pytest.mark.parametrize("place", BODIES)
def test_what_a_body_holds_is_nowhere(proxy: Running, folder: Path, place: str) -> None:
    """S106, S107"""
    proxy.ask("POST", "/v1/chat/completions", BODIES[place].encode())

    assert left_in(folder, CANARY, proxy.key) == []


def test_a_fault_and_its_report_hold_nothing_of_what_it_says(folder: Path) -> None:
    """S106"""
    key = "sk-portico-" + CANARY

    def fails() -> None:
        try:
            raise KeyError(key)
        except KeyError as error:
            raise ValueError(f"Authorization: Bearer {key}") from error

    with watching(folder):
        thread = threading.Thread(target=fails)
        thread.start()
        thread.join()

    assert [path for path in folder.iterdir() if path.name.startswith("fault-")] != []
    assert left_in(folder, CANARY) == []


def test_no_value_of_the_program_shows_a_secret_when_it_is_printed(proxy: Running) -> None:
    """S106"""
    assert proxy.chat().status == 200
    session = proxy.service.parts.person.owner.session
    assert session is not None
    secrets = [*session.secrets(), proxy.key]
    assert len(secrets) >= 3
    telling = []
    for one in _everything(proxy.service, session, *proxy.service.parts.person.keys.all()):
        said = repr(one) + str(one)
        telling += [type(one).__qualname__ for secret in secrets if secret in said]

    assert sorted(set(telling)) == []


COOKIES = {"cna": CANARY}
PRINTED = [
    Session(CANARY, COOKIES, own={"chat": COOKIES}),
    SetCookie("cna", CANARY, everywhere=True),
    Pasted(Session(CANARY, COOKIES), ()),
    PageSession("signed_in", Session(CANARY, COOKIES)),
    Tokens(CANARY, None, COOKIES),
    Answer(200, {"set-cookie": CANARY}, CANARY.encode()),
    Upload("x", f"/x?Signature={CANARY}", {"authorization": CANARY}, CANARY.encode()),
    LocalKey("x", CANARY, 0.0),
]


@pytest.mark.parametrize("value", PRINTED, ids=lambda one: type(one).__name__)
def test_what_holds_a_secret_is_printed_without_it(value: object) -> None:
    """S106"""
    assert CANARY not in repr(value) + str(value)


def _everything(*more: object) -> Iterator[object]:
    """Whatever is in memory of this program's own kinds; what is collected first is not."""
    gc.collect()
    for one in (*gc.get_objects(), *more):
        if _is_ours(one):
            yield one
            if isinstance(one, msgspec.Struct):
                # A small one is not among what is collected.
                yield from filter(_is_ours, (getattr(one, name) for name in one.__struct_fields__))


def _is_ours(one: object) -> bool:
    room = str(type(one).__module__)
    return room.startswith("tray_app.") and not room.startswith("tray_app.practice")
