"""No secret survives, and nothing else is lost: F17."""

import json
import re
import time
import uuid
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tray_app.core.redact import GONE, Redactor

CANARY = "cAnary_7f3a-ünï+/=%\"'\\x"
VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
SOME = [CANARY, "sid=4/xyz+12345==", "aaaaaaaaaaaa", "a\\nb\\tc\\rd\\\\e"]
SECRETS = st.text(VISIBLE, min_size=12, max_size=60)


def percent_all(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def folded(text: str, between: str) -> str:
    return between.join(text[at : at + 5] for at in range(0, len(text), 5))


CONTEXTS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: f"before {secret} after",
    "glued": lambda secret: f"before{secret}after",
    "url": lambda secret: f"https://chat.example/a?x=1&k={quote(secret, safe='')}&y=2",
    "path": lambda secret: f"/files/{quote(secret)}/a.png",
    "percent": lambda secret: f"GET /{percent_all(secret)}",
    "json": lambda secret: json.dumps({"a": [secret, 1]}),
    "json as it is": lambda secret: json.dumps({"a": secret}, ensure_ascii=False),
    "json in json": lambda secret: json.dumps(json.dumps({"a": secret})),
    "json with slashes": lambda secret: json.dumps({"a": secret}).replace("/", "\\/"),
    "header": lambda secret: f"Authorization: Bearer {secret}\r\nHost: x",
    "odd header": lambda secret: f"authorization:{secret}",
    "cookie": lambda secret: f"Cookie: a=b; sid={secret}; c=d",
    "repr": lambda secret: repr({"a": secret, "b": (secret,)}),
    "repr of bytes": lambda secret: repr({"a": secret.encode()}),
    "base64": lambda secret: b64encode(secret.encode()).decode(),
    "base64 at 1": lambda secret: b64encode(f"a{secret}b".encode()).decode(),
    "base64 at 2": lambda secret: b64encode(f"ab{secret}cd".encode()).decode(),
    "base64 for urls": lambda secret: urlsafe_b64encode(f"abc{secret}".encode()).decode(),
    "base64 in lines": lambda secret: encodebytes(b"long " * 13 + secret.encode()).decode(),
    "lines": lambda secret: folded(secret, "\n"),
    "folded": lambda secret: folded(secret, "\r\n\t"),
    "lines in json": lambda secret: json.dumps(folded(secret, "\r\n"))[1:-1],
}


def base64_traces(secret: str) -> list[str]:
    """What base64 shows of a secret, for the three offsets, without the edges others share in."""
    traces = [
        b64encode(b"\0" * offset + secret.encode()).decode().rstrip("=")[offset + 1 : -2]
        for offset in range(3)
    ]
    return traces + [trace.replace("+", "-").replace("/", "_") for trace in traces]


def survives(secret: str, text: str) -> bool:
    """Whether somebody who reads the text could find the secret in it."""
    bare = "".join(text.replace("\\r", "").replace("\\n", "").replace("\\t", "").split())
    forms = [secret, quote(secret), quote(secret, safe=""), percent_all(secret)]
    forms += [json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1]]
    forms += base64_traces(secret)
    return any(form in text or form in bare for form in forms)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    "secret", [CANARY, "sid=4/xyz+12345==", "aaaaaaaaaaaa", "a\\nb\\tc\\rd\\\\e"]
)
def test_a_known_secret_does_not_survive(context: str, secret: str) -> None:
    """F17"""
    shown = Redactor([secret])(CONTEXTS[context](secret))

    assert GONE in shown
    assert not survives(secret, shown)


@given(secret=SECRETS, context=st.sampled_from(sorted(CONTEXTS)))
def test_no_canary_survives_anywhere(secret: str, context: str) -> None:
    """F17"""
    assume("redacted" not in secret and secret not in "before after long")
    text = CONTEXTS[context](secret)
    redactor = Redactor([secret])

    shown = redactor(text)

    assert not survives(secret, shown)
    assert redactor(shown) == shown


@given(text=st.text(max_size=300), secret=SECRETS)
def test_doing_it_twice_changes_nothing(text: str, secret: str) -> None:
    """F17"""
    assume("redacted" not in secret)
    redactor = Redactor([secret])
    once = redactor(f"{text}{secret}{text}")

    assert redactor(once) == once


PROSE = """
the key token cookie password secret bearer basic authorization signature opens nothing
understanding certificate Internationalization a an is was because everybody Authentication
qwen3.5-397b-a17b qwen3.7-plus-thinking qwen3.8-max Qwen3-Coder über 漢字 don't 42 128k
"""
WORDS = PROSE.split()


@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=30),
    between=st.sampled_from([" ", ", ", "; ", ".\n", " - ", " (", ") "]),
)
def test_ordinary_prose_is_left_as_it_is(words: list[str], between: str) -> None:
    """F17"""
    text = between.join(words)
    # After these two words a name with digits is taken for a credential, and rightly so.
    assume(not re.search(r"(?:bearer|basic) [\w-]*\d", text))

    assert Redactor([CANARY])(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "qwen3.5-397b-a17b", "qwen3.7-plus-thinking", "qwen3.5-omni-plus", "model=qwen3.7-plus",
        "/home/somebody/.local/share/portico/logs/portico.log.1",
        "C:\\Users\\me\\AppData\\key.txt",
        "request=7f9c2ba4e88f827d616045507605853e status=200 took=1.203s tokens=1049",
        "http://127.0.0.1:7936/v1/chat/completions", "max_tokens: 100000, top_p: 0.95",
        "A basic understanding, of a bearer certificate.",
        "Take a cookie, then authorization, please.",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "token",
        "eyJ", "sk-",
    ],
)  # fmt: skip
def test_what_is_no_secret_is_left_as_it_is(text: str) -> None:
    """F17"""
    assert Redactor([CANARY])(text) == text


@given(st.uuids())
def test_ids_are_left_as_they_are(one: uuid.UUID) -> None:
    """F17"""
    text = f"chat {one} answer {one.hex} done"

    assert Redactor([CANARY])(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Bearer ABCDEF123456", "bearer abcdef123456", "Basic dXNlcjpodW50ZXIyMg==",
        "Authorization: hunter22hunter", "'Authorization', 'hunter22hunter'",
        "(b'Cookie', b'a=hunter22')", "Set-Cookie: sid=hunter22; Path=/", "?key=hunter22&a=1",
        "api_key=hunter22", '{"password": "hunter22"}', "token%3Dhunter22",
        "x5secdata=hunter22abc", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.hunter22",
        "sk-hunter22hunter22", "security_token: hunter22",
        "see (eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.hunter22)",
        "-eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.hunter22",
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_goes_too(text: str) -> None:
    shown = Redactor()(text)

    assert GONE in shown
    assert "hunter22" not in shown
    assert "ABCDEF123456" not in shown
    assert "dXNlcjpod" not in shown
    assert "abcdef123456" not in shown


SHOWN = "Zq7Xw9Kp2LmN4v"


@pytest.mark.parametrize(
    "text",
    [
        f'Cookie: cna="x"; sid={SHOWN}',
        f"b'Host: x\\r\\nCookie: a=\"q\"; sid={SHOWN}\\r\\nAccept: y'",
        json.dumps({"Cookie": f'a="q"; sid={SHOWN}'}), json.dumps({"Cookie": f"it's; sid={SHOWN}"}),
        repr({"Authorization": f"Custom it\"s {SHOWN}"}), f"('token', '{SHOWN}')",
        f"[('Cookie', 'a=\"1\"; b={SHOWN}')]", f"(b'x-api-key', b'{SHOWN}')",
        json.dumps(json.dumps({"access_token": SHOWN})), json.dumps({"password": f"a b {SHOWN}"}),
        json.dumps({"password": f'abc"{SHOWN}'}), json.dumps({"password": f"abc,{SHOWN}"}),
        quote(json.dumps({"token": SHOWN})), f"next=https%3A%2F%2Fx%2F%3Ftoken%3D{SHOWN}%26a%3D1",
        f"accessToken={SHOWN}", f'"refreshToken":"{SHOWN}"', f"clientSecret: {SHOWN}",
        f"<AccessKeyId>{SHOWN}</AccessKeyId>", f"<SecurityToken>{SHOWN}</SecurityToken>",
        f"OSSAccessKeyId={SHOWN}&Signature={SHOWN}", f"x-oss-credential={SHOWN}", f"STS.{SHOWN}",
        f"http://user:{SHOWN}@proxy:3128/", f"a%20sk-portico-{SHOWN}", f"\\nsk-portico-{SHOWN}",
        f"\\x01Bearer {SHOWN}", f"Bearer%20{SHOWN}", f"x-xsrf-token: {SHOWN}",
        f'"auth_token": "{SHOWN}"',
        f"qwen_access_token_state={SHOWN}", f'{{"token":\n  "{SHOWN}"}}', f'"token" => "{SHOWN}"',
        f"eyJhbGciOiJIUzI1NiJ9.{SHOWN}", f"data:text/html,{'A' * 60}{SHOWN}",
        "data:image\\/png;base64," + "A\\/" * 30 + SHOWN,
    ],
)  # fmt: skip
def test_a_value_goes_whole_however_it_is_written(text: str) -> None:
    """F17"""
    shown = Redactor()(text)

    assert SHOWN not in shown
    assert Redactor()(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Basic understanding of bearer tokens is the key: patience.", "key=default reason=x",
        "The token: expired yesterday; signature: invalid", "if key == value: pass",
        '["password", "email"]', '{"required":["token","key"],"token":{"type":"string"}}',
        '"token": null, "password": false', "primary_key=customer_id", "ssh://git@example/x",
    ],
)  # fmt: skip
def test_what_only_names_a_secret_is_left_as_it_is(text: str) -> None:
    """F17"""
    assert Redactor()(text) == text


@pytest.mark.parametrize(
    "text",
    [
        quote(json.dumps(CANARY), safe=""), quote(quote(CANARY, safe=""), safe=""),
        json.dumps(json.dumps(json.dumps(CANARY))), repr(repr(CANARY)), percent_all(CANARY).upper(),
        "".join(f"\\u{ord(char):04x}" for char in CANARY), folded(quote(CANARY, safe=""), "\n"),
        "".join(f"\\x{byte:02x}" for byte in CANARY.encode()),
        quote(b64encode(CANARY.encode()), safe=""),
    ],
)  # fmt: skip
def test_a_known_secret_goes_under_any_number_of_quotes(text: str) -> None:
    """F17"""
    shown = Redactor([CANARY])(text)

    assert GONE in shown
    assert len(shown) < 30


def test_only_what_is_known_goes_where_that_is_asked_for() -> None:
    redact = Redactor([secret := "known-secret-1234"])
    text = f'"password": "hunter2hunter2" {secret[:8]}\n{secret[8:]}'

    assert redact.known(text) == '"password": "hunter2hunter2" [redacted]'
    assert redact(text) == '"password": "[redacted]" [redacted]'


def test_a_picture_in_a_text_is_cut_short() -> None:
    shown = Redactor()("data:image/png;base64," + "QUJD" * 1000)

    assert len(shown) < 80
    assert shown.startswith("data:image/png;base64,QUJD")


def test_short_texts_are_no_secrets_and_forgotten_ones_neither() -> None:
    redactor = Redactor(["short", "a long secret"])

    assert redactor("short and a long secret") == f"short and {GONE}"
    redactor.forget("a long secret")
    assert redactor("short and a long secret") == "short and a long secret"
    redactor.learn("another secret")
    assert redactor("another secret") == GONE


def test_learning_without_end_stays_cheap_and_keeps_the_newest() -> None:
    redactor = Redactor()

    began_s = time.process_time()
    for number in range(400):
        redactor.learn("the newest of all", f"{number:08d}-{uuid.uuid4()}")

    assert time.process_time() - began_s < 8
    assert redactor("the newest of all") == GONE


MEGABYTE = 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "a", " ", "c", "ca", "c ", "eyJaaaa-", "eyJaaaa.", "eyJa", "sk-", "key ", "key=",
        "cookie: ", "cookie:\n", "Bearer ", "data:", "data:a/", "token\t\t", "\\n", "\\\\n",
        "%63", "=", "authorization", "-eyJeyJ", "Basic a", "data:a/b;base64,", "password%3d",
        "cAnary_7f3a", "c\\n",
    ],
)  # fmt: skip
def test_a_long_line_takes_time_in_proportion(piece: str) -> None:
    """F17"""
    text = (piece * MEGABYTE)[:MEGABYTE]
    redactor = Redactor([CANARY, "another-secret-of-40-characters-in-length"])

    began_s = time.process_time()
    redactor(text)

    assert time.process_time() - began_s < 5
