"""Everything is late, by the true numbers of a proxy whose seconds pass faster: R15, R77."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.harness import running
from tests.proxy.baseline import gives_all_back
from tests.proxy.test_relay import broken
from tests.upstreams.qwen.frames import created, delta, finished
from tray_app.practice import PracticeSite, acts
from tray_app.practice.http import Wire, chunk, head
from tray_app.practice.site import Heard
from tray_app.proxy.limits import Limits

HURRY = 20.0
SWEEPING = Limits(sweep_s=0.1, sweep_again_s=0.5)
"""Only what is left is deleted sooner."""
COMMENT = b": keep-alive\n\n"


class Late(PracticeSite):
    """A site that takes three to seven of the proxy's seconds for whatever it is asked."""

    is_late = True
    _chance = random.Random(15)

    async def _answer(self, heard: Heard, wire: Wire) -> None:
        if self.is_late:
            await asyncio.sleep(self._chance.uniform(3, 7) / HURRY)
        await super()._answer(heard, wire)


@dataclass(frozen=True)
class Thinking:
    """The head of an answer at once, and the answer after so many real seconds."""

    real_s: float

    async def play(self, scene: acts.Scene) -> None:
        framed = [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]
        scene.wire.send(head(200, framed))
        await asyncio.sleep(self.real_s)
        answer = created() + delta("The answer") + finished()
        scene.wire.send(chunk(answer) + chunk(b""))


@pytest.fixture
def late() -> Iterator[Late]:
    site = Late(pace_s=0.0)
    site.start()
    yield site
    site.stop()


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_site_that_is_late_with_everything_is_good_enough(late: Late, stream: bool) -> None:
    """R15"""
    with running(late, hurry=HURRY) as proxy, gives_all_back(proxy):
        asked = len(late.heard)
        late.expire_tokens()
        reply = proxy.chat("How late?", stream=stream)
        models = proxy.ask("GET", "/v1/models")
        late.wait_until(lambda: not late.chats)

        assert (reply.status, models.status) == (200, 200)
        assert "How late?" in reply.text
        # The refusal, the renewal, the chat and the answer take longer than our head waits.
        assert reply.body.startswith(COMMENT) == stream
        paths = [heard.request.path for heard in late.heard[asked:]]
        assert any(path.endswith("/auths/refresh") for path in paths)
        assert any(heard.request.method == "DELETE" for heard in late.heard[asked:])
        late.is_late = False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("after_s", "hurry", "fewest", "most"), [(2, 5.0, 0, 0), (12, 20.0, 1, 3), (100, 50.0, 5, 12)]
)
def test_comments_keep_a_client_until_the_answer_comes(
    site: PracticeSite, after_s: float, hurry: float, fewest: int, most: int
) -> None:
    """R77: what comes later than it should for our machine's sake brings more comments."""
    with running(site, hurry=hurry) as proxy, gives_all_back(proxy):
        site.will(Thinking(after_s / hurry))
        # A model that thinks has the time.
        reply = proxy.chat(stream=True, reasoning_effort="high")

        comments, _, rest = reply.body.partition(b"data: ")
        assert reply.status == 200
        assert reply.text == "The answer"
        assert comments == COMMENT * comments.count(COMMENT)
        assert fewest <= comments.count(COMMENT) <= most
        # Nothing is made up: the first that comes is the beginning of the answer.
        assert rest.count(COMMENT) == 0
        assert [frame for frame in reply.frames[:-1] if not frame["choices"]] == []


@pytest.mark.slow
def test_an_error_has_its_status_at_two_seconds_and_a_frame_at_twelve(site: PracticeSite) -> None:
    """R77"""
    with running(site, hurry=5.0, limits=SWEEPING) as proxy, gives_all_back(proxy):
        site.will(acts.Slow(acts.CHALLENGE, 2 / 5.0))
        early = proxy.chat(stream=True)
        proxy.control("resume")

        assert (early.status, early.code) == (503, "verification_needed")
    with running(site, hurry=20.0, limits=SWEEPING) as proxy, gives_all_back(proxy):
        site.will(acts.Slow(acts.CHALLENGE, 12 / 20.0))
        late = proxy.chat(stream=True)

        broken(late, "verification_needed")
        assert late.body.startswith(COMMENT)
        assert late.text == ""
