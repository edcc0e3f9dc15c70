"""The site asks for a person, in every shape that was seen; a person answers, or does not."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.desktop.xfce import Xfce
from tests.named.box import Box
from tests.named.conftest import keyring
from tests.named.person import Person
from tests.named.program import Program, portico
from tests.named.test_signing_in import signs_in
from tests.waiting import until

pytestmark = pytest.mark.desktop
SHAPES = ("json", "html", "held", "navigation", "modal")
ASKING_S = 120.0


class Asked(threading.Thread):
    """A client that waits for its answer meanwhile."""

    def __init__(self, program: Program, text: str = "Hello") -> None:
        super().__init__(daemon=True)
        self._program = program
        self._text = text
        self.said = ""
        self.error: openai.OpenAIError | None = None
        self.start()

    def run(self) -> None:
        """Ask; called by the thread."""
        try:
            for piece in self._program.pieces(self._text, 280):
                self.said += piece
        except openai.OpenAIError as error:
            self.error = error

    def has_it(self) -> None:
        """Wait for the end, which must be a whole answer."""
        self.join(60)
        assert not self.is_alive()
        assert self.error is None
        assert "said the site" in self.said


def refused_within(program: Program) -> float:
    """How many seconds a refusal takes."""
    began_s = time.monotonic()
    with pytest.raises(openai.APIStatusError):
        program.says()
    return time.monotonic() - began_s


@pytest.fixture
def signed_in(named: Box, desk: Xfce, folder: Path, person: Person) -> Iterator[Program]:
    with portico(named, desk, folder / "home") as program:
        signs_in(program, person)
        assert program.says()
        # What tidies up would meet the check as well.
        until(lambda: named.site.heard("chat_deleted"))
        named.site.do("forget")
        yield program


@pytest.mark.parametrize("shape", SHAPES)
def test_a_click_answers_the_check_and_the_client_gets_its_answer(
    signed_in: Program, person: Person, shape: str
) -> None:
    site = signed_in.box.site
    site.set(challenge=shape, needs_clearance=True)
    asked = Asked(signed_in)
    until(lambda: site.heard("while_challenged"))
    person.sees("Slide to verify", within_s=20)
    time.sleep(5)
    while_shown = site.heard("while_challenged", by="portico")
    person.clicks("Slide to verify")
    until(lambda: site.heard("answered"))
    asked.has_it()
    until(lambda: not person.title("chat.qwen.ai"))

    assert len(while_shown) == 1
    assert len(site.heard("completion")) == 1
    assert not site.heard("forged_answer")
    assert signed_in.says()


@pytest.mark.parametrize("shape", ["json", "html", "navigation", "modal"])
def test_a_check_of_the_question_itself_is_answered_too(
    signed_in: Program, person: Person, shape: str
) -> None:
    site = signed_in.box.site
    site.set(challenge=shape, challenge_on="completions")
    asked = Asked(signed_in)
    person.clicks("Slide to verify")
    until(lambda: site.heard("answered"))
    asked.has_it()

    assert len(site.heard("while_challenged", by="portico")) == 1
    assert len(site.heard("completion")) == 1


def test_a_check_that_shows_when_one_writes_is_answered(
    signed_in: Program, person: Person
) -> None:  # fmt: skip
    site = signed_in.box.site
    site.set(challenge="held", asks_on_load=False, wrap_after_s=0.0)
    asked = Asked(signed_in)
    person.fills("Message", "Hello")
    person.eyes.keys("Return")
    person.clicks("Slide to verify")
    until(lambda: site.heard("answered"))
    asked.has_it()

    assert len(site.heard("while_challenged", by="portico")) == 1


def test_an_empty_answer_is_never_sent_again(signed_in: Program) -> None:
    site = signed_in.box.site
    site.set(challenge="empty", challenge_on="completions")
    with pytest.raises(openai.APIStatusError) as first:
        signed_in.says()

    assert (first.value.status_code, first.value.code) == (502, "upstream_empty")
    assert len(site.heard("while_challenged", path="/api/v2/chat/completions")) == 1


@pytest.mark.long
def test_a_check_that_nobody_answers_becomes_a_pause(signed_in: Program, person: Person) -> None:
    site = signed_in.box.site
    site.set(challenge="json")
    asked = Asked(signed_in)
    person.sees("Slide to verify")
    asked.join(ASKING_S + 30)
    assert not asked.is_alive()
    before = len(site.heard("while_challenged", by="portico"))
    with pytest.raises(openai.APIStatusError) as held:
        signed_in.says()
    took_s = [refused_within(signed_in) for _ in range(5)]
    status = signed_in.status()

    assert isinstance(asked.error, openai.APIError)
    assert (held.value.status_code, held.value.code) == (503, "cooling_down")
    assert 1 <= int(held.value.response.headers["retry-after"]) <= 59
    assert min(took_s) < 1
    assert len(site.heard("while_challenged", by="portico")) == before == 1
    assert status["hold"]["seconds_left"] > 300
    # The person may answer at any time, and that ends the pause.
    signed_in.tray.click("Show Qwen's check")
    person.clicks("Slide to verify")
    until(lambda: site.heard("answered"))
    until(lambda: signed_in.status()["hold"] is None)
    assert signed_in.says()


@pytest.mark.long
def test_a_check_whose_window_was_closed_does_not_keep_a_client(
    signed_in: Program, person: Person
) -> None:  # fmt: skip
    site = signed_in.box.site
    site.set(challenge="modal")
    asked = Asked(signed_in)
    person.sees("Slide to verify")
    family = {one.pid for one in signed_in.family()}
    person.closes("chat.qwen.ai")
    asked.join(ASKING_S + 30)

    assert not asked.is_alive()
    assert isinstance(asked.error, openai.APIError)
    assert len(site.heard("while_challenged", by="portico")) == 1
    # The page was hidden, and lives on with its check.
    assert family <= {one.pid for one in signed_in.family()}


@pytest.mark.long
@pytest.mark.parametrize("expired", [False, True], ids=["token good", "token over"])
@pytest.mark.parametrize("shape", ["html", "wall"])
def test_a_check_in_place_of_the_first_page_is_answered(
    named: Box, desk: Xfce, folder: Path, person: Person, shape: str, *, expired: bool
) -> None:
    site = named.site
    with keyring(desk):
        with portico(named, desk, folder / "home") as first:
            signs_in(first, person)
            assert first.says()
            until(lambda: site.heard("chat_deleted"))
            first.quit()
        site.do("forget")
        site.set(challenge=shape, needs_clearance=True)
        if expired:
            site.do("expire")
        with portico(named, desk, folder / "home") as second:
            asked = Asked(second)
            person.sees("Slide to verify", within_s=20)
            until(lambda: second.status()["hold"], 10)
            hold = second.status()["hold"]
            # A person is not always quick.
            time.sleep(30)
            person.clicks("Slide to verify")
            until(lambda: site.heard("answered"))
            asked.has_it()
            until(lambda: not person.title("chat.qwen.ai"))

            assert hold["kind"] == "asking"
            assert len(site.heard("completion")) == 1
            assert len(site.heard("while_challenged", by="portico")) <= 1
            assert second.says()
    assert not site.heard("forged_answer")
    assert not site.heard("stale_refresh")
