"""What the practice site remembers."""

from collections import deque

from tests.practice.test_site import Browser
from tests.waiting import until
from tray_app.practice import PracticeSite
from tray_app.practice.record import Record, keep_last


def test_a_record_forgets_what_came_first() -> None:
    kept, whole, none = Record[int](3), Record[int](), Record[int](0)
    for number in range(10):
        for record in (kept, whole, none):
            record.append(number)

    assert (kept, whole, none) == ([7, 8, 9], list(range(10)), [])


def test_of_more_than_so_many_the_last_are_kept() -> None:
    kept = dict.fromkeys("abcde", 0)
    keep_last(kept, 5)
    assert list(kept) == [*"abcde"]
    keep_last(kept, 2)
    assert list(kept) == ["d", "e"]


def held(thing: object) -> int:
    """How many items all collections of a site have."""
    if isinstance(thing, dict):
        return len(thing) + sum(held(one) for one in thing.values())
    if isinstance(thing, list | deque | set | tuple):
        return len(thing) + sum(held(one) for one in thing)
    if type(thing).__module__.startswith("tray_app.practice."):
        parts = [one for one in vars(thing).values() if not isinstance(one, PracticeSite)]
        return sum(held(one) for one in parts)
    return 0


def test_a_site_that_remembers_nothing_does_not_grow() -> None:
    """R74: nor does the program that practises with it."""
    site = PracticeSite(pace_s=0.0, remembers=0)
    site.start()
    try:
        browser, counts = Browser(site), []
        for _ in range(6):
            chat_id = browser.new_chat()
            browser.completions(browser.body(chat_id, "Hello " * 100))
            browser.ask("POST", f"/api/v2/chat/completions/stop?chat_id={chat_id}")
            browser.ask("DELETE", f"/api/v2/chats/{chat_id}")
            until(lambda: not site._serving)
            counts.append(held(site))
    finally:
        site.stop()

    assert (site.heard, site.deleted, site.stopped) == ([], [], [])
    assert len(set(counts[1:])) == 1


def test_a_site_that_remembers_so_much_forgets_the_oldest() -> None:
    site = PracticeSite(pace_s=0.0, remembers=3)
    site.start()
    try:
        chats = [Browser(site).new_chat() for _ in range(5)]
        for chat_id in chats:
            Browser(site).ask("DELETE", f"/api/v2/chats/{chat_id}")
    finally:
        site.stop()

    assert [heard.request.method for heard in site.heard] == ["DELETE"] * 3
    assert site.deleted == chats[2:]
