"""What is left on the disk and on the streams after everything went wrong: no secret."""

import json
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.test_headless import serving
from tray_app.practice.answers import WORDS
from tray_app.proxy.door import ask
from tray_app.store.paths import Paths

QUICK = {"start_spacing_s": 0.0, "first_event_timeout_s": 0.5, "idle_timeout_s": 0.5}
WITNESS = """
import json, os, sys
from tray_app.__main__ import main
from tray_app.practice import PracticeSite
begin, end = PracticeSite.__init__, PracticeSite.stop
def remember(site, **more):
    begin(site, **more | {"remembers": None})
def stop(site):
    with open(os.environ["WITNESS"], "w") as file:
        json.dump([heard.request.headers for heard in site.heard], file)
    end(site)
PracticeSite.__init__, PracticeSite.stop = remember, stop
sys.exit(main())
"""


def session_secrets(witness: Path) -> set[str]:
    """Every token and every cookie that the site was sent."""
    found = set()
    for headers in json.loads(witness.read_text()):
        told = {name.lower(): value for name, value in headers}
        found.add(told.get("authorization", "").removeprefix("Bearer "))
        for pair in told.get("cookie", "").split("; "):
            found.add(pair.partition("=")[2])
    return {secret for secret in found if len(secret) >= 16}


def forms(secret: str) -> Iterator[bytes]:
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield "".join(f"%{byte:02x}" for byte in secret.encode()).encode()
    yield json.dumps(secret)[1:-1].encode()
    for offset in range(3):
        yield b64encode(b"\0" * offset + secret.encode())[offset + 1 : -4]


WRONG = "sk-wrong-canary-0123456789abcdef"
CHECKS = (
    ("empty", "only-thinking", "modal"), ("navigation",), ("challenge",), ("challenge-page",),
    ("held",),
)  # fmt: skip
"""After these Portico is slow on purpose, so each has a program of its own, and comes last."""
LAST = {word for words in CHECKS for word in words}


class Mishaps:
    """Everything that can go wrong in one run of the program, and what it left behind."""

    def __init__(self, home: Path, witness: Path, words: tuple[str, ...]) -> None:
        home.mkdir(mode=0o700)
        (home / "settings.json").write_text(json.dumps(QUICK))
        with serving(
            home, "--log-level", "debug", more={"WITNESS": str(witness)}, program=("-c", WITNESS)
        ) as self.portico:
            self.key = self.portico.say("key", "show")
            self.statuses = {self.portico.chat(self.key)[0]}
            self.statuses.add(self.portico.chat(self.key, "a cat", model="qwen3.7-plus-draw")[0])
            self.turn_away()
            for word in words:
                self.bring_about(word)
                ask(Paths(home).door, {"do": "resume"})
            self.said = self.portico.stop()
        self.secrets = {self.key, *session_secrets(witness)}
        self.log = (home / "logs" / "portico.log").read_bytes()

    def turn_away(self) -> None:
        """Clients whose key is wrong, and some that say a right one where none belongs."""
        chat, key = self.portico.chat, self.key
        for other in (WRONG, f"{key}x", f"\t{WRONG}", f"{WRONG},{key}", WRONG * 20):
            self.statuses.add(chat(other)[0])
            chat(other, headers={"Referer": f"http://x/?token={key}", "Cookie": f"k={key}"})
            query = f"?key={quote(other.strip())}&api_key={quote(other.strip())}"
            self.statuses.add(chat(key, path=query, model="qwen3.5-plus", max_tokens=1)[0])

    def bring_about(self, word: str) -> None:
        number = {"slow": " 1", "long": " 3"}.get(word, "")
        model = "qwen3.6-plus" if word in {"limit", "busy"} else "qwen3.7-plus"
        for stream in (True, False)[word in LAST :]:
            with suppress(TimeoutError):
                self.portico.chat(
                    self.key,
                    f"practice: {word}{number}",
                    patience_s=1.0 if word == "silence" else 20.0,
                    stream=stream,
                    model=model,
                )


@pytest.mark.slow
def test_no_secret_is_left_behind_whatever_goes_wrong(tmp_path: Path) -> None:
    """S106, S107"""
    homes, witnesses = tmp_path / "homes", tmp_path / "witnesses"
    homes.mkdir(mode=0o700)
    witnesses.mkdir()
    others = tuple(sorted(set(WORDS) - LAST))
    runs = [others[at :: len(CHECKS)] + words for at, words in enumerate(CHECKS)]

    def run(at: int) -> Mishaps:
        return Mishaps(homes / str(at), witnesses / str(at), runs[at])

    with ThreadPoolExecutor(len(runs)) as pool:
        done = list(pool.map(run, range(len(runs))))

    secrets = {WRONG}.union(*(one.secrets for one in done))
    left = {path: path.read_bytes() for path in homes.rglob("*") if path.is_file()}
    left |= {Path(f"said {at}"): "".join(one.said).encode() for at, one in enumerate(done)}
    assert [one.statuses for one in done] == [{200, 401}] * len(runs)
    assert len(secrets) > 10 * len(runs)
    assert all(one.log for one in done)
    assert [
        (path.name, form)
        for path, data in left.items()
        for secret in secrets
        for form in forms(secret)
        if form in data
    ] == []
