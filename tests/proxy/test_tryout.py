"""A client's own request is sent to a real endpoint, and what comes back is judged."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness import Running, running
from tests.ports import free_port
from tests.waiting import until
from tray_app.dialects.clients import CLIENTS, find
from tray_app.dialects.clients.recipe import Client
from tray_app.dialects.clients.shapes import body_of
from tray_app.practice import PracticeSite
from tray_app.proxy.tryout import Tried, try_out

MODEL = "qwen3.7-plus"
Heard = tuple[dict[str, str], bytes]
SPOKEN = [one for one in CLIENTS if one.speaks == "/chat/completions" and not one.unreachable]


@pytest.fixture(scope="module")
def portico() -> Iterator[Running]:
    """One proxy for every test here."""
    site = PracticeSite(pace_s=0.0)
    site.start()
    with running(site) as started:
        yield started
    site.stop()


def client(name: str) -> Client:
    found = find(name)
    assert found is not None
    return found


@contextmanager
def answering(
    data: bytes, heard: list[tuple[dict[str, str], bytes]] | None = None
) -> Iterator[str]:
    """Somebody else at the port, who answers everything with these bytes and closes.

    What was asked is put into `heard`: the fields of its head, and its body.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            # What is left unread would end the connection before the answer is there.
            with server.accept()[0] as line, line.makefile("rb") as asked:
                fields = dict(
                    row.split(b": ", 1) for row in iter(asked.readline, b"\r\n") if b": " in row
                )
                body = asked.read(int(fields[b"Content-Length"]))
                if heard is not None:
                    told = {name.decode(): text.decode().strip() for name, text in fields.items()}
                    heard.append((told, body))
                line.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        thread.join(10)


def tried_at(data: bytes, name: str = "openai") -> Tried:
    with answering(data) as there:
        return try_out(client(name), there, "key", MODEL, patience_s=5)


@pytest.mark.parametrize("one", [pytest.param(one, id=one.id) for one in SPOKEN])
def test_every_clients_request_is_answered(portico: Running, one: Client) -> None:
    tried = try_out(one, portico.base_url, portico.key, MODEL)

    assert tried.said == ""
    assert (tried.works, tried.status) == (True, 200)
    assert tried.first_s is not None
    assert 0 < tried.first_s <= tried.total_s


def test_a_test_says_that_it_is_porticos_and_has_the_clients_form() -> None:
    heard: list[Heard] = []
    roo, translator = client("roo-code"), client("immersive-translate")
    for one in (roo, translator):
        with answering(OK + DELTA, heard) as there:
            try_out(one, there, "key", MODEL, patience_s=5)
    [(head, body), (other, _)] = heard

    assert {head["User-Agent"], other["User-Agent"]} == {"Portico"}
    assert json.loads(body) == body_of(roo.shape, MODEL)
    assert "Origin" not in head
    assert other["Origin"].startswith("chrome-extension://")


def test_what_portico_refuses_is_told_in_its_words(portico: Running) -> None:
    wrong_key = try_out(client("openai"), portico.base_url, "sk-portico-wrong", MODEL)
    wrong_model = try_out(client("openai"), portico.base_url, portico.key, "nonsense")

    assert (wrong_key.works, wrong_key.status) == (False, 401)
    assert "key" in wrong_key.said
    assert (wrong_model.works, wrong_model.status) == (False, 404)
    assert "nonsense" in wrong_model.said


def test_a_web_app_that_may_not_come_in_is_told(portico: Running) -> None:
    app = Client(
        "app", "App", "app", client("openai").setup, headers={"Origin": "https://app.example"}
    )

    tried = try_out(app, portico.base_url, portico.key, MODEL)

    assert (tried.works, tried.status) == (False, 403)


def test_a_port_where_nobody_is_told() -> None:
    tried = try_out(client("openai"), f"http://127.0.0.1:{free_port()}/v1", "key", MODEL)

    assert (tried.works, tried.status) == (False, 0)
    assert "does not answer" in tried.said


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
DELTA = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (OK + DELTA, "broke off"),
        (OK + b"data: [DONE]\n\n", "empty"),
        (OK + DELTA + b'data: {"error":{"message":"Gone. Try again."}}\n\n', "Gone. Try again."),
        (OK + b"data: <html>\n\n", "not what this client reads"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "status 502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "broke off"),
        (b"nonsense\r\n\r\n", "does not answer"),
    ],
)
def test_an_answer_that_no_client_could_use_is_told(data: bytes, said: str) -> None:
    tried = tried_at(data)

    assert not tried.works
    assert said in tried.said


def test_a_whole_answer_without_text_is_told() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"

    empty = tried_at(head + b'{"choices":[]}', "immersive-translate")
    good = tried_at(head + b'{"choices":[{"message":{"content":"a"}}]}', "immersive-translate")

    assert (empty.works, empty.said) == (False, "The answer was empty. Try again.")
    assert good.works


def test_silence_ends_with_patience() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        tried = try_out(client("openai"), there, "key", MODEL, patience_s=1)

    assert (tried.works, tried.said) == (False, "No answer within 1 s. Try again.")


@pytest.mark.parametrize(
    "there", ["http://192.0.2.1:7936/v1", "https://127.0.0.1:7936/v1", "http://example.org/v1"]
)
def test_a_key_is_sent_to_this_computer_only(there: str) -> None:
    with pytest.raises(ValueError, match="not on this computer"):
        try_out(client("openai"), there, "key", MODEL)


def test_a_test_counts_as_the_keys_own_request(portico: Running) -> None:
    made = portico.service.parts.person.make_key("its-own")

    try_out(client("roo-code"), portico.base_url, made.secret, MODEL)

    until(lambda: portico.service.status.recent[0].key == "its-own")
