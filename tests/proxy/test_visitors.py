"""Who comes without being known: what people see of it, what they are asked, what they let in."""

import threading
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.proxy.visitors import (
    KEPT,
    NOTICE_S,
    PAIRING_S,
    Blocked,
    Visitors,
    VisitorsStatus,
    is_web_origin,
)
from tray_app.store.settings import Settings, with_value

APP = "https://app.example"
OTHER = "https://other.example"


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Hall:
    """Visitors, a clock, and how often something changed."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.visitors = Visitors(self.clock)
        self.changes = 0
        self.visitors.changed = self._count

    def _count(self) -> None:
        self.changes += 1

    @property
    def status(self) -> VisitorsStatus:
        return self.visitors.status()

    @property
    def asking(self) -> str | None:
        return self.status.asking

    def listed(self) -> list[tuple[str, int]]:
        """Who was turned away, and how often."""
        return [(one.origin, one.count) for one in self.status.blocked]


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_at_the_start_nothing_is_let_in_and_nothing_is_known(hall: Hall) -> None:
    assert hall.status == VisitorsStatus(
        keyless=False, pairing_s_left=None, asking=None, blocked=(), notices=0
    )


def test_the_newest_are_listed_first_and_the_least_recent_fall_out(hall: Hall) -> None:
    for number in range(KEPT):
        hall.visitors.turned_away(f"https://{number}.example")
    hall.visitors.turned_away("https://0.example")
    hall.visitors.turned_away(APP)

    listed = hall.status.blocked
    assert listed[:3] == (
        Blocked(APP, 1), Blocked("https://0.example", 2), Blocked("https://19.example", 1)
    )  # fmt: skip
    assert len(listed) == KEPT
    assert Blocked("https://1.example", 1) not in listed


def test_who_was_let_in_and_comes_back_a_stranger_is_counted_anew(hall: Hall) -> None:
    for _ in range(3):
        hall.visitors.turned_away(APP)
    hall.visitors.admit((APP, OTHER))

    assert hall.listed() == []
    assert hall.changes == 4
    hall.visitors.turned_away(APP)
    assert hall.listed() == [(APP, 1)]


def test_one_question_at_a_time_and_the_same_once(hall: Hall) -> None:
    hall.visitors.open_pairing()
    assert [hall.visitors.turned_away(origin) for origin in (APP, OTHER, APP)] == [True] * 3
    asked = [hall.asking]
    hall.visitors.answer(OTHER, allowed=False)
    asked.append(hall.asking)
    hall.visitors.answer(APP, allowed=False)
    asked.append(hall.asking)
    assert hall.visitors.turned_away(APP) is False
    asked.append(hall.asking)
    assert hall.visitors.turned_away(OTHER) is True
    asked.append(hall.asking)

    assert asked == [APP, APP, None, None, OTHER]
    assert hall.status.blocked == (Blocked(OTHER, 2), Blocked(APP, 3))


def test_what_was_allowed_is_listed_no_longer(hall: Hall) -> None:
    hall.visitors.open_pairing()
    hall.visitors.turned_away(APP)
    hall.visitors.answer(APP, allowed=True)

    assert (hall.asking, hall.status.blocked) == (None, ())


def test_pairing_ends_after_two_minutes_with_its_question(hall: Hall) -> None:
    hall.visitors.open_pairing()
    hall.visitors.turned_away(APP)
    hall.clock.now_s += PAIRING_S - 0.5
    almost = (hall.status.pairing_s_left, hall.asking)
    hall.clock.now_s += 0.5

    assert almost == (1, APP)
    assert (hall.status.pairing_s_left, hall.asking) == (None, None)
    assert hall.visitors.turned_away(APP) is False


def test_a_question_that_is_late_by_the_clock_is_not_asked_by_the_next_request(hall: Hall) -> None:
    hall.visitors.open_pairing()
    hall.clock.now_s += PAIRING_S
    assert hall.visitors.turned_away(APP) is False
    assert hall.asking is None


def test_pairing_that_is_closed_or_opened_again_begins_anew(hall: Hall) -> None:
    hall.visitors.open_pairing()
    hall.visitors.turned_away(APP)
    hall.visitors.answer(APP, allowed=False)
    hall.visitors.close_pairing()
    left = [hall.status.pairing_s_left]
    hall.clock.now_s += 60
    hall.visitors.open_pairing()
    left.append(hall.status.pairing_s_left)
    hall.visitors.turned_away(APP)

    assert left == [None, PAIRING_S]
    assert hall.asking == APP


def test_what_may_come_in_is_neither_listed_nor_asked_about(hall: Hall) -> None:
    hall.visitors.open_pairing()
    hall.visitors.turned_away(APP)
    hall.visitors.turned_away(OTHER)
    hall.visitors.admit((APP,))

    assert (hall.asking, hall.status.blocked) == (None, (Blocked(OTHER, 1),))


def test_a_person_is_told_in_passing_once_in_ten_minutes(hall: Hall) -> None:
    told = []
    for step_s in (0.0, NOTICE_S - 1, 1.0, NOTICE_S):
        hall.clock.now_s += step_s
        hall.visitors.turned_away(f"https://{hall.clock.now_s:.0f}.example")
        told.append(hall.status.notices)
    assert told == [1, 1, 2, 3]

    hall.clock.now_s += NOTICE_S
    hall.visitors.turned_away(hall.status.blocked[0].origin)
    assert hall.status.notices == 3, "of a page that is listed already nobody is told again"


def test_while_a_person_is_asked_nothing_is_told_in_passing(hall: Hall) -> None:
    hall.visitors.open_pairing()
    hall.visitors.turned_away(APP)
    assert hall.status.notices == 0


def test_what_changes_is_told_and_what_does_not_is_not(hall: Hall) -> None:
    for change, times in (
        (lambda: hall.visitors.serve_keyless(True), 1),
        (lambda: hall.visitors.serve_keyless(True), 1),
        (lambda: hall.visitors.close_pairing(), 1),
        (lambda: hall.visitors.turned_away("no origin"), 1),
        (lambda: hall.visitors.admit((APP,)), 1),
        (lambda: hall.visitors.answer(APP, True), 1),
        (lambda: hall.visitors.open_pairing(), 2),
        (lambda: hall.visitors.turned_away(APP), 3),
        (lambda: hall.visitors.admit((APP,)), 4),
        (lambda: hall.visitors.close_pairing(), 5),
        (lambda: hall.visitors.serve_keyless(False), 6),
    ):
        change()
        assert hall.changes == times


def test_memory_does_not_grow_with_those_who_come(hall: Hall) -> None:
    """S62"""

    def come(first: int, last: int) -> None:
        for number in range(first, last):
            hall.visitors.turned_away(f"https://{number:0200}.example".replace("0" * 60, "a" * 9))

    hall.visitors.open_pairing()
    come(0, 1_000)
    tracemalloc.start()
    try:
        come(1_000, 2_000)
        early = tracemalloc.get_traced_memory()[0]
        come(2_000, 50_000)
        late = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert len(hall.status.blocked) == KEPT
    assert late - early < 20_000


def test_many_threads_at_once_leave_one_question_and_a_right_count(hall: Hall) -> None:
    counted: list[int] = []
    lock = threading.Lock()

    def count() -> None:
        with lock:
            counted.append(1)
        hall.visitors.status()

    hall.visitors.changed = count
    hall.visitors.open_pairing()
    origins = [f"https://{number}.example" for number in range(KEPT)]

    def come() -> None:
        for _ in range(100):
            for origin in origins:
                hall.visitors.turned_away(origin)

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {one.count for one in hall.status.blocked} == {800}
    assert hall.asking in origins
    assert len(counted) == 8 * 100 * KEPT + 1


GOOD = [
    APP, "http://app.example:8080", "https://xn--bcher-kva.example", "https://a_b.example.",
    "http://192.168.1.5:3000", "https://[fd00::1]", "http://[2001:db8::7]:81", "https://intranet",
]  # fmt: skip
BAD = [
    "null", "", "*", "https://", "HTTPS://app.example", "https://App.example", "ftp://app.example",
    "https://app.example/", "https://app.example?x", "https://u@app.example", "https://a b",
    "https://app.example:0", "https://app.example:65536", "https://app.example:", "https://a..b",
    "https://-a.example", "https://[::1", "https://[::::]", "https://[1.2.3.4]", "javascript:x",
    f"{APP}\n", f"{APP} {OTHER}", "https://" + "a" * 64, "https://" + "a.b" * 100,
    "https://b\u00fccher.example", "chrome-extension://" + "a" * 32, "https://" + "a." * 5000,
]  # fmt: skip


@pytest.mark.parametrize("origin", GOOD)
def test_an_origin_that_is_listed_can_be_approved(hall: Hall, origin: str) -> None:
    hall.visitors.turned_away(origin)

    assert hall.status.blocked == (Blocked(origin, 1),)
    assert with_value(Settings(), "origins", (origin,)).origins == (origin,)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_origin_is_counted_as_nothing(hall: Hall, text: str) -> None:
    hall.visitors.open_pairing()
    hall.changes = 0

    assert hall.visitors.turned_away(text) is False
    assert (hall.status.blocked, hall.asking, hall.changes) == ((), None, 0)


@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(["https://", "http://", "a", "b.c", ".", ":", "8", "[", "]", "::1", "-",
                             "@", "/", "\n", " ", "<b>", "A"]),
            max_size=8,
        ).map("".join),
    )
)  # fmt: skip
def test_only_plain_short_text_is_ever_listed(text: str) -> None:
    if is_web_origin(text):
        scheme, _, rest = text.partition("://")
        assert scheme in {"http", "https"}
        assert 0 < len(rest) < 270
        assert set(rest) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from([APP, OTHER, "https://third.example", "null"])),
        st.tuples(st.just("yes"), st.sampled_from([APP, OTHER])),
        st.tuples(st.just("no"), st.sampled_from([APP, OTHER])),
        st.tuples(st.just("wait"), st.sampled_from([1.0, 60.0, 130.0, 700.0])),
        st.tuples(st.sampled_from(["open", "close"]), st.none()),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_no_origin_is_asked_twice_in_one_opening(
    steps: list[tuple[str, str | float | None]],
) -> None:
    """S62"""
    hall = Hall()
    asked: list[str] = []
    before: str | None = None
    for step, what in steps:
        match step, what:
            case "come", str():
                hall.visitors.turned_away(what)
            case (("yes" | "no"), str()):
                hall.visitors.answer(what, step == "yes")
            case "wait", float():
                hall.clock.now_s += what
            case "open", _:
                hall.visitors.open_pairing()
                asked.clear()
                before = None
            case _:
                hall.visitors.close_pairing()
        status = hall.status
        if status.asking is not None and status.asking != before:
            asked.append(status.asking)
        before = status.asking
        assert len(set(asked)) == len(asked)
        assert status.pairing_s_left is not None or status.asking is None
    waited_s = hall.clock.now_s - 1000.0
    assert hall.status.notices <= 1 + waited_s // NOTICE_S
