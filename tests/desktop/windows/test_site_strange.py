"""The site's window with pages that are not kind, and with answers of every shape."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote

import psutil
import pytest

from tests.desktop.screen import Screen
from tests.desktop.windows.siting import WITHIN_S, Answer, Calling, SiteChild, opened
from tests.desktop.windows.strange_site import TOKEN, StrangeSite, strange_site
from tests.waiting import until
from tray_app.desktop.windows.messages import Failed, Ping, Pong
from tray_app.desktop.windows.site_messages import (
    PIECE_CHARS,
    Abort,
    AskCookies,
    At,
    Check,
    End,
    Head,
    Jar,
    Piece,
    Stored,
    Usable,
    Visit,
)
from tray_app.desktop.windows.site_page import RENEWS_S, REST_S

pytestmark = pytest.mark.desktop
HOSTILE = "漢字 \U0001f600 \u2028\u2029 </script> `${1}` '\" \\ \x00"
OUTSIDE = "https://elsewhere.example/a?b=c"
Visiting = Callable[..., SiteChild]
Outside = Callable[[], list[str]]
_T = TypeVar("_T")


@pytest.fixture
def strange() -> Iterator[StrangeSite]:
    with strange_site() as site:
        yield site


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    """What was opened in the person's own browser."""
    told = tmp_path / "outside"
    opener = tmp_path / "tools" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" >> {told}\n')
    opener.chmod(0o700)
    return lambda: told.read_text().split() if told.exists() else []


@pytest.fixture
def visit(
    screen: Screen, strange: StrangeSite, tmp_path: Path, outside: Outside
) -> Iterator[Visiting]:
    """Open the window at a page; it can make calls then."""
    begun: list[SiteChild] = []

    def begin(page: str = "plain", *, shown: bool = False, path: str = "") -> SiteChild:
        more = {"PATH": f"{tmp_path / 'tools'}:{screen.environment['PATH']}"}
        path = path or f"/home?page={page}"
        child = SiteChild(screen, strange.site, tmp_path / "profile", path, shown=shown, more=more)
        begun.append(child)
        return opened(child)

    yield begin
    for child in begun:
        child.stop()


def ask(child: SiteChild, path: str, body: str | None = None) -> Calling:
    """Have the page make a call."""
    return child.call("GET" if body is None else "POST", path, body, headers={"x-ours": "1"})


def ended(call: Calling, within_s: float = WITHIN_S) -> Answer:
    return call.ended(within_s)


def answer(call: Calling, within_s: float = WITHIN_S) -> tuple[int, str]:
    """Status and text of a call that ends well."""
    told = call.ended(within_s)
    assert told.why == ""
    assert told.head is not None
    return told.head.status, told.text


def every(child: SiteChild, kind: type[_T]) -> list[_T]:
    """Everything of a kind that was told until now."""
    return [one for _, one in tuple(child.told) if isinstance(one, kind)]


def came(child: SiteChild, kind: type[_T], count: int = 1) -> _T:
    """The last of so many messages of a kind, which come soon."""
    until(lambda: len(every(child, kind)) >= count, 20.0)
    return every(child, kind)[count - 1]


def click(screen: Screen, strange: StrangeSite) -> None:
    """Press the mouse in the middle of the page."""
    (window,) = until(lambda: screen.windows(f"Practice - {strange.origin}"))
    screen.run("xdotool", "mousemove", "--window", window, "300", "300", "click", "1")


def test_a_call_is_made_by_the_page_with_all_that_the_page_has(
    visit: Visiting, strange: StrangeSite
) -> None:
    child = visit()

    status, text = answer(ask(child, "/api/echo", HOSTILE))

    assert (status, text) == (200, HOSTILE)
    _, _, headers, body = strange.asked("/api/echo")[0]
    assert body == HOSTILE
    assert headers["x-of-the-page"] == headers["x-ours"] == "1"
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert "acw_tc=a=b==" in headers["cookie"]


def test_cookies_that_no_script_sees_are_told_whole_and_only_those_of_the_site(
    visit: Visiting, strange: StrangeSite
) -> None:
    child = visit()
    child.say(Visit("/home?page=checked"))
    came(child, Check, 2)

    child.say(AskCookies())

    jar = {(one.domain, one.name): one.value for one in came(child, Jar).cookies}
    assert jar["127.0.0.1", "acw_tc"] == "a=b=="
    assert jar["127.0.0.1", "odd"] == '{"a": [1, "b"]}'
    assert {domain for domain, _ in jar} <= {"127.0.0.1", "localhost"}


def test_a_page_finds_nothing_of_ours_to_call(visit: Visiting, strange: StrangeSite) -> None:
    """S96."""
    child = visit("bridge")

    until(lambda: strange.notes)
    assert [unquote(note) for note in strange.notes] == ["found=[]"]
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"


def test_dialogs_of_a_page_stop_nothing(
    visit: Visiting, strange: StrangeSite, screen: Screen
) -> None:
    """S100."""
    child = visit("dialogs", shown=True)

    until(lambda: strange.notes)
    assert [unquote(note) for note in strange.notes] == ["said=[null,false,null]"]
    assert screen.read() is not None
    child.say(Visit("/home?page=plain&after"))
    came(child, Usable, 2)
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"


def test_what_a_page_makes_up_about_calls_is_not_passed_on(visit: Visiting) -> None:
    """S97."""
    child = visit("liar")

    call = ask(child, "/api/echo", "true")
    assert answer(call) == (200, "true")
    told = [*every(child, Head), *every(child, Piece), *every(child, End)]
    assert {getattr(one, "id", "") for one in told} == {call.id}


def test_a_page_that_talks_nonsense_ends_its_calls_and_is_not_lost(visit: Visiting) -> None:
    child = visit("nonsense")

    assert ended(ask(child, "/api/echo", "x")).why == "left"
    child.say(Visit("/home?page=plain"))
    came(child, Usable, 2)
    assert answer(ask(child, "/api/echo", "again"))[1] == "again"


@pytest.mark.parametrize("mega", [2, 31])
def test_a_large_body_arrives_and_its_answer_comes_in_pieces(visit: Visiting, mega: int) -> None:
    child = visit()
    body = "漢字😀x" * (mega * (1 << 20) // 11)

    assert answer(ask(child, "/api/echo", body), 60) == (200, body)
    assert max(len(one.text) for one in every(child, Piece)) <= PIECE_CHARS


def test_an_answer_without_end_is_ended(visit: Visiting) -> None:
    child = visit()

    assert ended(ask(child, "/api/big?chars=70000000"), 60).why == "too_large"
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"


def test_an_aborted_call_ends_at_the_site_too(visit: Visiting, strange: StrangeSite) -> None:
    child = visit()
    call = ask(child, "/api/many?times=2000&apart_s=0.02")
    came(child, Piece)

    child.say(Abort(call.id))

    until(lambda: strange.gone)
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"
    assert [one.id for one in every(child, End)].count(call.id) == 0


def test_a_call_ends_when_its_page_is_left_and_is_not_made_again(
    visit: Visiting, strange: StrangeSite
) -> None:
    child = visit()
    call = ask(child, "/api/many?times=2000&apart_s=0.02")
    came(child, Piece)

    child.say(Visit("/home?page=plain&again"))

    assert ended(call, 5).why == "left"
    came(child, Usable, 2)
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"
    assert len(strange.asked("/api/many")) == 1


def test_a_call_ends_when_the_page_goes_to_a_check_by_itself(visit: Visiting) -> None:
    child = visit(path=f"/home?page=wanders&to={quote('/_____tmd_____/punish?page=none')}")
    call = ask(child, "/api/many?times=2000&apart_s=0.02")

    # The engine ends a page's calls before the page is gone, and says that the network did it.
    assert ended(call, 5).why == "left"
    until(lambda: "punish" in every(child, At)[-1].url)
    assert len(every(child, Usable)) == 1


def test_a_call_waits_for_a_page_that_is_on_its_way(visit: Visiting, strange: StrangeSite) -> None:
    child = visit()

    child.say(Visit("/home?page=plain&next"))
    assert answer(ask(child, "/api/echo", "early"))[1] == "early"
    assert strange.asked("/api/echo")[0][2]["x-of-the-page"] == "1"


def test_a_page_whose_script_does_nothing_is_used_after_its_time(visit: Visiting) -> None:
    began_s = time.monotonic()
    child = visit("bare")

    assert not came(child, Usable).wrapped
    assert time.monotonic() - began_s > REST_S
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"


def test_a_check_in_the_page_is_told_while_a_call_hangs(visit: Visiting) -> None:
    child = visit()
    child.say(Visit("/home?page=checked"))
    came(child, Usable, 2)
    ask(child, "/api/many?times=400&apart_s=0.02")

    assert came(child, Check) == Check(visible=True)
    assert came(child, Check, 2) == Check(visible=False)


def test_the_site_being_gone_is_told_as_that(visit: Visiting, strange: StrangeSite) -> None:
    child = visit()

    call = ask(child, "http://127.0.0.1:1/")
    assert ended(call).why == "network"


@pytest.mark.parametrize("way", ["opens", "links&target=_blank", "links"])
@pytest.mark.parametrize(
    "to",
    [OUTSIDE, "http://elsewhere.example/", "file:///etc/passwd", "data:text/html,hello", "#here"],
)
def test_a_click_leads_to_the_persons_own_browser_or_nowhere(
    visit: Visiting, screen: Screen, strange: StrangeSite, outside: Outside, way: str, to: str
) -> None:
    """S98."""
    child = visit(shown=True, path=f"/home?page={way}&to={quote(to, safe='')}")
    click(screen, strange)
    until(lambda: strange.notes)

    if to == OUTSIDE:
        until(lambda: outside() == [OUTSIDE])
    else:
        time.sleep(1)
        assert outside() == []
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"
    assert {one.url for one in every(child, At)} == {f"{strange.origin}/home"}
    assert len(strange.asked("/home")) == 1


def test_a_click_elsewhere_ends_a_call_as_the_engine_does_but_loads_nothing_anew(
    visit: Visiting, screen: Screen, strange: StrangeSite, outside: Outside
) -> None:
    child = visit(shown=True, path=f"/home?page=links&to={quote(OUTSIDE, safe='')}")
    call = ask(child, "/api/many?times=150&apart_s=0.02")
    came(child, Piece)

    click(screen, strange)

    until(lambda: outside() == [OUTSIDE])
    assert ended(call).why in {"left", "network"}
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"
    assert len(strange.asked("/home")) == 1


def test_a_page_opens_nothing_that_nobody_clicked(
    visit: Visiting, strange: StrangeSite, outside: Outside
) -> None:
    child = visit(shown=True, path=f"/home?page=pops&to={quote(OUTSIDE, safe='')}")
    until(lambda: strange.notes)
    time.sleep(1)

    assert outside() == []
    assert answer(ask(child, "/api/echo", "still"))[1] == "still"


@pytest.mark.parametrize("way", ["opens", "links&target=_blank"])
def test_a_window_that_a_page_opens_to_sign_in_goes_on_in_this_one(
    visit: Visiting, screen: Screen, strange: StrangeSite, outside: Outside, way: str
) -> None:
    to = quote(f"{strange.other}/login?code=secret", safe="")
    child = visit(shown=True, path=f"/home?page={way}&to={to}")
    click(screen, strange)

    until(lambda: every(child, At)[-1].url == f"{strange.other}/login")
    until(lambda: screen.windows(f"Practice - {strange.other}"))
    assert outside() == []
    assert len(every(child, Stored)) == 1


@pytest.mark.parametrize("to", ["", "file:///etc/passwd", "data:text/html,x"])
def test_a_page_cannot_take_the_window_elsewhere(
    visit: Visiting, strange: StrangeSite, to: str
) -> None:
    """S98."""
    target = to or f"{strange.elsewhere}/stolen?page=plain"
    child = visit(path=f"/home?page=wanders&to={quote(target, safe='')}")
    time.sleep(1.5)

    assert answer(ask(child, "/api/echo", "still"))[1] == "still"
    assert {one.url for one in every(child, At)} == {f"{strange.origin}/home"}
    assert strange.asked("/stolen") == []


def test_a_redirect_cannot_take_the_window_elsewhere(visit: Visiting, strange: StrangeSite) -> None:
    """S98."""
    to = quote(f"/redirect?to={quote(strange.elsewhere + '/stolen?page=plain', safe='')}", safe="")
    child = visit(path=f"/home?page=wanders&to={to}")
    until(lambda: strange.asked("/redirect"))
    time.sleep(1)

    assert {one.url for one in every(child, At)} == {f"{strange.origin}/home"}
    assert strange.asked("/stolen") == []


def test_a_working_page_answers_pings_and_one_that_hangs_does_not(visit: Visiting) -> None:
    child = visit()
    child.say(Ping(7))
    assert came(child, Pong) == Pong(7)

    web = next(one for one in child.family() if "WebProcess" in one.name())
    web.suspend()
    try:
        child.say(Ping(8))
        time.sleep(2)
        assert every(child, Pong) == [Pong(7)]
    finally:
        web.resume()
    assert came(child, Pong, 2) == Pong(8)


def test_a_hidden_window_that_nobody_asks_does_nothing(visit: Visiting) -> None:
    child = visit()
    # Before that the page may be renewing its session.
    time.sleep(RENEWS_S + 2)
    own = psutil.Process(child.process.pid)

    def spent() -> tuple[int, float]:
        times = own.cpu_times()
        return own.num_ctx_switches().voluntary, times.user + times.system

    before = spent()
    time.sleep(10)
    after = spent()
    assert after[0] - before[0] < 100
    assert after[1] - before[1] < 0.1


def test_a_line_that_is_none_ends_the_window(visit: Visiting) -> None:
    child = visit()

    assert child.process.stdin is not None
    child.process.stdin.write(b'{"do":"anything"}\n')

    assert came(child, Failed) == Failed("bad_line")
    child.process.wait(20)
