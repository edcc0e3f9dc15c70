"""Calls that the site's page makes, and what comes of them."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desktop.windows.siting import COMPLETIONS, SiteChild
from tests.waiting import until
from tray_app.core.site import Site
from tray_app.desktop.windows.site_calls import Calls
from tray_app.desktop.windows.site_messages import (
    PIECE_CHARS,
    At,
    End,
    Fetch,
    FromSite,
    Head,
    Hide,
    Piece,
    Renew,
    Usable,
    Visit,
    from_site,
    site_line,
)
from tray_app.desktop.windows.site_script import Scripts
from tray_app.practice import PracticeSite, acts
from tray_app.upstreams.qwen import SITE

APP = '<p id="who"></p><script type="module" src="/qwen-chat-fe/0.3.12/js/main.js"></script>'
MINE, YOURS = "1" * 32, "2" * 32
HOSTILE = "你好，世界 🐉 \u2028\u2029 </script><!-- `${alert(1)}` \\ \"' \x00\x1f \ud7ff 👩‍👩‍👧"


def call(call_id: str = MINE) -> Fetch:
    return Fetch(call_id, "POST", "/api", {})


class Page:
    """What a page says of itself, as a script gives it."""

    def __init__(self, site: Site = SITE) -> None:
        self.says: object = "[]"
        self.does: object = 1
        self.is_going = False
        self.told: list[FromSite] = []
        self.ran: list[str] = []
        scripts = Scripts(site, "n")
        self._drain = scripts.drain
        self.calls = Calls(scripts, self._run, self.told.append, lambda: self.is_going)

    def _run(self, script: str) -> object:
        self.ran.append(script)
        return self.says if script == self._drain else self.does

    def tells(self, *drained: dict[str, object]) -> list[FromSite]:
        before = len(self.told)
        self.says = json.dumps(drained)
        assert self.calls.drain()
        return self.told[before:]


def drained(call_id: str, **more: object) -> dict[str, object]:
    return {"id": call_id, "head": None, "text": "", "end": None, **more}


def test_what_a_page_says_of_calls_that_it_was_not_asked_to_make_is_dropped() -> None:
    """S97"""
    page = Page()
    page.calls.add(call(), usable=True)

    told = page.tells(drained(YOURS, text="planted", end=""), drained(MINE, text="real", end=""))

    assert told == [Piece(MINE, "real"), End(MINE, "")]
    assert page.tells(drained(MINE, text="late")) == []


def test_an_answer_that_was_aborted_is_told_no_more() -> None:
    page = Page()
    page.calls.add(call(), usable=True)
    page.calls.abort(MINE)

    assert page.tells(drained(MINE, text="late", end="")) == []
    assert ".abort(" in page.ran[-2]
    assert page.calls.pause_s() is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.sampled_from([MINE]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["id", "head", "text", "end", "x"]), inner)
        ),
    )
)
def test_nonsense_of_a_page_is_nothing_that_came(told: object) -> None:
    """S97"""
    page = Page()
    page.calls.add(call(), usable=True)
    for says in (told, json.dumps(told), [told], b"[]"):
        page.says = says
        is_there = page.calls.drain()
        assert is_there in {True, False}
        assert all(isinstance(one, End | Piece | Head) for one in page.told)
        assert page.told == [] or is_there


@pytest.mark.parametrize(
    "more",
    [
        {"extra": 1}, {"end": "bored"}, {"end": 7}, {"head": {"status": -1, "headers": {}}},
        {"head": {"status": 200, "headers": {"a": 1}}}, {"text": None}, {"text": ["x"]},
        {"head": {"status": 10**9, "headers": {}}}, {"id": 5}, {"text": "\ud800"},
    ],
)  # fmt: skip
def test_a_page_that_says_what_no_page_says_is_not_believed(more: dict[str, object]) -> None:
    """S97"""
    page = Page()
    page.calls.add(call(), usable=True)
    page.says = json.dumps([{**drained(MINE), **more}], ensure_ascii=False)

    believed = page.calls.drain() and bool(page.told)

    assert not believed


def test_no_line_of_a_page_is_too_long_for_the_parent() -> None:
    """S97"""
    page = Page()
    page.calls.add(call(), usable=True)
    headers = {f"x-{at}": "y" * 9_000 for at in range(500)} | {"content-type": "a/b"}
    many = {f"x-{at}": "\x01" * 8_000 for at in range(500)}

    page.tells(drained(MINE, head={"status": 200, "headers": headers}))
    page.tells(drained(MINE, head={"status": 200, "headers": many}, text="🐉" * 700_000, end=""))

    assert page.told[0] == Head(MINE, 200, {"content-type": "a/b"})
    assert [from_site(site_line(one)) for one in page.told] == page.told
    assert "".join(one.text for one in page.told if isinstance(one, Piece)) == "🐉" * 700_000
    assert all(len(one.text) <= PIECE_CHARS for one in page.told if isinstance(one, Piece))


def test_a_call_that_may_have_been_made_is_not_made_again() -> None:
    page = Page()
    page.does = None

    page.calls.add(call(), usable=True)
    page.does = 1
    page.calls.start_waiting(usable=True)

    assert page.told == [End(MINE, "left")]
    assert len(page.ran) == 1


def test_an_answer_has_one_head() -> None:
    page = Page()
    page.calls.add(call(), usable=True)
    head = {"status": 200, "headers": {}}

    page.tells({"id": MINE, "head": head, "text": "", "end": None})
    page.tells({"id": MINE, "head": {**head, "status": 500}, "text": "", "end": None})

    assert page.told == [Head(MINE, 200, {})]


def test_a_call_waits_for_a_page_that_can_make_it() -> None:
    page = Page()

    page.calls.add(call(), usable=False)
    assert page.ran == []
    assert list(page.calls.waiting) == [MINE]
    page.calls.end_open("left")
    page.calls.start_waiting(usable=True)

    assert list(page.calls.open) == [MINE]
    assert page.told == []


def test_a_page_that_is_about_to_go_is_asked_nothing() -> None:
    page = Page()
    page.calls.add(call(), usable=True)

    page.is_going = True
    page.calls.add(call(YOURS), usable=True)
    page.calls.start_waiting(usable=True)
    assert page.tells(drained(MINE, end="network")) == [End(MINE, "left")]
    assert (page.calls.open, list(page.calls.waiting)) == ({}, [YOURS])
    page.is_going = False
    page.calls.start_waiting(usable=True)

    assert list(page.calls.open) == [YOURS]


@pytest.mark.desktop
def test_whatever_is_asked_reaches_the_site_as_it_is(
    practice: PracticeSite, child: SiteChild
) -> None:
    """S97"""
    answer = child.ask(HOSTILE).ended()

    heard: Any = practice.heard_on(COMPLETIONS)[0].request.json()
    assert heard["messages"][0]["content"] == HOSTILE
    assert answer.said().endswith(HOSTILE)


@pytest.mark.desktop
def test_an_answer_whose_characters_come_in_pieces_is_whole(
    practice: PracticeSite, child: SiteChild
) -> None:
    text = "好🐉ß" * 40
    practice.will(acts.Raw(text.encode(), pieces=7, pace_s=0.003))

    assert child.ask("hello").ended().text == text


@pytest.mark.desktop
def test_two_megabytes_go_either_way(practice: PracticeSite, child: SiteChild) -> None:
    chat = child.new_chat()
    prompt, told = "语🐉x\u2028" * 500_000, "答🐉y" * 700_000
    practice.will(acts.Raw(told.encode()))

    began_s = time.monotonic()
    answer = child.ask(prompt, chat).ended(40.0)

    assert answer.why == ""
    assert answer.text == told
    assert time.monotonic() - began_s < 20.0
    heard: Any = practice.heard_on(COMPLETIONS)[0].request.json()
    assert heard["messages"][0]["content"] == prompt


@pytest.mark.desktop
def test_ten_answers_come_at_the_same_time(practice: PracticeSite, child: SiteChild) -> None:
    chats = [child.new_chat() for _ in range(10)]
    practice.pace_s = 0.1

    began_s = time.monotonic()
    calls = [child.ask(f"{at} " * 20, chat) for at, chat in enumerate(chats)]
    # WebKit has six connections to a host at a time.
    answers = [calling.ended(40.0) for calling in calls]

    assert time.monotonic() - began_s < 30.0
    assert [answer.why for answer in answers] == [""] * 10
    for at, answer in enumerate(answers):
        assert f"{at} {at} {at}" in answer.said()
        assert len(answer.pieces) > 5


@pytest.mark.desktop
def test_a_burst_of_events_is_told_whole(practice: PracticeSite, child: SiteChild) -> None:
    practice.will(acts.say(*(f"{at} " for at in range(5_000))))

    answer = child.ask("count").ended()

    assert answer.said().split() == [str(at) for at in range(5_000)]


@pytest.mark.desktop
def test_the_site_sees_it_when_a_call_is_ended(practice: PracticeSite, child: SiteChild) -> None:
    practice.will(acts.say("and then ", finished=False, then="hang"))
    calling = child.ask("hello").begun()

    child.abort(calling)

    practice.wait_until(lambda: practice.heard_on(COMPLETIONS)[0].closed_s)
    assert calling.answer.why is None
    assert child.ask("hello").ended().said()


@pytest.mark.desktop
def test_a_page_that_is_left_ends_its_calls_at_once(
    practice: PracticeSite, child: SiteChild
) -> None:
    practice.will(*[acts.say("and then ", finished=False, then="hang")] * 2)
    calling = child.ask("hello").begun()

    began_s = time.monotonic()
    child.say(Visit("/c/elsewhere"))

    assert calling.ended().why == "left"
    assert time.monotonic() - began_s < 2.0
    child.hear(At, url=f"{practice.origin}/c/elsewhere")
    child.hear(Usable)
    child.ask("hello").begun()


@pytest.mark.desktop
@pytest.mark.parametrize(
    "does", ["location.reload()", "location.href = '/c/elsewhere'", "location = '/auth?a=1'"]
)
def test_a_page_that_goes_elsewhere_by_itself_ends_its_calls_too(
    practice: PracticeSite, child: SiteChild, does: str
) -> None:
    later = f"<script>setTimeout(() => {{ {does} }}, 3000)</script>"
    practice.on("page", acts.page(f"{APP}{later}"))
    child.say(Visit("/"))
    child.hear(Usable)
    practice.will(acts.say("and then ", finished=False, then="hang"))
    calling = child.ask("hello").begun()
    child.say(Hide())

    assert calling.ended().why == "left"
    child.hear(Usable)
    assert child.ask("hello").ended().said()


@pytest.mark.desktop
def test_a_call_that_comes_while_the_page_goes_is_made_by_the_next_one(
    practice: PracticeSite, child: SiteChild
) -> None:
    goes = "<script>setTimeout(() => { location.href = '/c/elsewhere' }, 3000)</script>"
    practice.on("page", acts.page(f"{APP}{goes}"))
    child.say(Visit("/"))
    child.hear(Usable)
    practice.on("page", acts.Slow(acts.page(APP), 2.0))
    practice.will(acts.say("and then ", finished=False, then="hang"))

    assert child.ask("hello").begun().ended().why == "left"
    assert child.ask("hello").ended().said()


@pytest.mark.desktop
def test_a_site_that_breaks_off_is_told_as_the_network(
    practice: PracticeSite, child: SiteChild
) -> None:
    practice.will(acts.Drop(), acts.say("half ", finished=False, pace_s=0.2, then="reset"))
    chat = child.new_chat()

    early, late = child.ask("hello", chat).ended(), child.ask("hello", chat).ended()

    assert (early.why, early.head) == ("network", None)
    assert (late.why, "half" in late.text) == ("network", True)


@pytest.mark.desktop
def test_a_redirect_is_not_followed(practice: PracticeSite, child: SiteChild) -> None:
    practice.on("models", acts.Whole(b"", 302, headers=(("Location", "/auth"),)))

    answer = child.fetch("GET", "/api/models")

    assert answer.head is not None
    assert (answer.head.status, answer.text, answer.why) == (0, "", "")


@pytest.mark.desktop
def test_a_call_that_comes_before_the_page_is_ready_waits_for_it(
    practice: PracticeSite, child: SiteChild
) -> None:
    practice.wraps_after_s = 1.5
    chat = child.new_chat()

    child.say(Visit("/"))
    calling = child.ask("hello", chat)

    assert calling.ended().said()
    assert calling.answer.head_s > 1.0
    assert practice.heard_on(COMPLETIONS)[0].request.header("x-practice-page")


@pytest.mark.desktop
def test_a_hidden_window_goes_on_for_a_while(practice: PracticeSite, child: SiteChild) -> None:
    hidden_for(20.0, practice, child)


@pytest.mark.desktop
@pytest.mark.long
def test_a_hidden_window_goes_on_for_ten_minutes(practice: PracticeSite, child: SiteChild) -> None:
    hidden_for(600.0, practice, child)


def hidden_for(seconds: float, practice: PracticeSite, child: SiteChild) -> None:
    count = int(seconds)
    practice.will(acts.say(*(f"{at} " for at in range(count)), pace_s=1.0))
    child.say(Hide())

    calling = child.ask("slowly")
    until(lambda: calling.answer.pieces)
    answer = calling.ended(seconds * 1.2 + 20)

    assert answer.said().split() == [str(at) for at in range(count)]
    gaps = [b - a for (a, _), (b, _) in zip(answer.pieces, answer.pieces[1:], strict=False)]
    assert max(gaps[2:-3]) < 2.5
    assert child.ask("and now").ended().said()


@pytest.mark.desktop
def test_a_page_is_not_renewed_away_under_a_call_that_waits(
    practice: PracticeSite, child: SiteChild
) -> None:
    chat = child.new_chat()
    child.say(Renew())

    assert child.ask("hello", chat).ended().why == ""
