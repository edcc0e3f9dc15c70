"""Chats that were left over are deleted later, quietly and one by one: R42."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness import Running, running
from tests.proxy.equals import Held
from tests.proxy.test_runner import Keeping, kept
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.store.chats import Chats

HURRY = 8.0
QUICK = Limits(sweep_s=0.2, sweep_again_s=0.3)
SOON = Limits(sweep_s=0.05, sweep_again_s=0.05)


class Later(Chats):
    """The same, of which nothing is left over before it may be."""

    may = False

    def left_over(self, account: str, now_s: float) -> str | None:
        return super().left_over(account, now_s) if self.may else None


def has_chats(site: PracticeSite, *names: str) -> None:
    site.chats.update({name: {} for name in names})


def noted(path: Path, *names: str, account: str = "practice") -> Chats:
    """What an earlier run that was killed would have left."""
    chats = Chats(path)
    chats.begin()
    for name in names:
        chats.note(name, account)
    return Chats(path)


def deletions(site: PracticeSite) -> list[str]:
    return [
        heard.request.path.rpartition("/")[2]
        for heard in site.heard
        if heard.request.method == "DELETE"
    ]


def is_struck_off(path: Path) -> bool:
    """Whether the last note says that a chat is gone; of many there is none left."""
    return not path.read_text() or path.read_text().splitlines()[-1].startswith("-")


def left(path: Path) -> int:
    return Chats(path).begin()


def test_what_was_left_is_deleted_one_by_one_and_nothing_else(
    site: PracticeSite, tmp_path: Path
) -> None:
    has_chats(site, "one", "two", "the-persons-own")
    path = tmp_path / "chats"
    began_s = time.monotonic()
    limits = Limits(sweep_s=1.6, sweep_again_s=0.3)
    with running(site, hurry=HURRY, limits=limits, chats=noted(path, "one", "two")) as proxy:
        site.wait_until(lambda: len(site.deleted) == 2)
        took_s = (time.monotonic() - began_s) * HURRY
        until(lambda: is_struck_off(path))
        proxy.let_pass(2.5)

    assert deletions(site) == ["one", "two"]
    assert list(site.chats) == ["the-persons-own"]
    # The first comes a little later, and the second as much after it.
    assert took_s > 2 * limits.sweep_s
    assert left(path) == 0


def test_a_chat_that_is_gone_is_struck_off(site: PracticeSite, tmp_path: Path) -> None:
    path = tmp_path / "chats"
    with running(site, hurry=HURRY, limits=QUICK, chats=noted(path, "gone")) as proxy:
        site.wait_until(lambda: deletions(site))
        until(lambda: is_struck_off(path))
        proxy.let_pass(1.0)

    assert deletions(site) == ["gone"]
    assert left(path) == 0


def test_a_chat_that_the_site_keeps_is_given_up_after_three_refusals(
    site: PracticeSite, tmp_path: Path
) -> None:
    path = tmp_path / "chats"
    has_chats(site, "kept")
    site.on("delete", *[acts.refused("internal_error")] * 10)
    with running(site, hurry=HURRY, limits=QUICK, chats=noted(path, "kept")) as proxy:
        site.wait_until(lambda: len(deletions(site)) == 3)
        until(lambda: is_struck_off(path))
        proxy.let_pass(1.0)

    assert deletions(site) == ["kept"] * 3
    assert left(path) == 0


def test_what_could_not_be_deleted_after_its_answer_is_deleted_later(
    site: PracticeSite, tmp_path: Path
) -> None:
    site.on("delete", acts.refused("internal_error"))
    path = tmp_path / "chats"
    with running(site, limits=QUICK, chats=Chats(path)) as proxy:
        assert proxy.chat().status == 200
        site.wait_until(lambda: site.deleted)
        proxy.check_sound()
        until(lambda: is_struck_off(path))

    assert left(path) == 0


def test_a_challenge_ends_it_for_a_while_and_holds_nobody(
    site: PracticeSite, tmp_path: Path
) -> None:
    path = tmp_path / "chats"
    has_chats(site, "one", "two")
    site.on("delete", acts.CHALLENGE)
    with running(site, hurry=HURRY, limits=QUICK, chats=noted(path, "one", "two")) as proxy:
        site.wait_until(lambda: deletions(site))
        proxy.let_pass(2.0)

        assert proxy.control("status")["hold"] is None
        assert deletions(site) == ["one"]
        assert left(path) == 2

        # Whoever is answered from then on shows that it is over.
        assert proxy.chat().status == 200
        site.wait_until(lambda: {"one", "two"} <= set(deletions(site)[1:]))
    assert left(path) == 0


def test_nothing_is_deleted_while_a_hold_stands(site: PracticeSite, tmp_path: Path) -> None:
    noted(tmp_path / "chats", "one")
    chats = Later(tmp_path / "chats")
    site.will(acts.CHALLENGE)
    with running(site, hurry=HURRY, limits=QUICK, chats=chats) as proxy:
        assert proxy.chat().code == "verification_needed"
        chats.may = True
        proxy.let_pass(2.0)
        before = deletions(site)
        proxy.control("resume")
        site.wait_until(lambda: "one" in deletions(site) and not site.chats)

    assert before == []


def test_nothing_is_deleted_while_an_answer_runs(site: PracticeSite, tmp_path: Path) -> None:
    noted(tmp_path / "chats", "one")
    chats, act = Later(tmp_path / "chats"), Held(acts.say("slow ", "answer"), first=2)
    site.will(act)
    with (
        running(site, hurry=HURRY, limits=QUICK, chats=chats) as proxy,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(proxy.chat, stream=True)
        site.wait_until(lambda: site.open_streams == 1)
        chats.may = True
        proxy.let_pass(2.0)
        before = deletions(site)
        act.may.set()
        assert answer.result().status == 200
        site.wait_until(lambda: "one" in deletions(site))

    assert "one" not in before


@pytest.mark.parametrize(
    ("session", "account"), [(None, "practice"), ("practice", "somebody else")]
)
def test_it_waits_for_the_account_that_made_them(
    site: PracticeSite, tmp_path: Path, session: str | None, account: str
) -> None:
    path = tmp_path / "chats"
    chats = noted(path, "one", account=account)
    with running(site, hurry=HURRY, limits=QUICK, session=session, chats=chats) as proxy:
        proxy.let_pass(1.0)

    assert deletions(site) == []
    assert left(path) == 1


def test_a_site_that_is_away_counts_against_no_chat(site: PracticeSite, tmp_path: Path) -> None:
    path = tmp_path / "chats"
    has_chats(site, "one")
    site.on("delete", *[acts.Raw(b"", head=b"")] * 4)
    with running(site, hurry=HURRY, limits=QUICK, chats=noted(path, "one")):
        site.wait_until(lambda: site.deleted, 10)
        until(lambda: is_struck_off(path))

    assert deletions(site) == ["one"] * 5
    assert left(path) == 0


def test_a_stop_does_not_wait_for_what_is_left(site: PracticeSite, tmp_path: Path) -> None:
    path = tmp_path / "chats"
    with running(site, limits=Limits(sweep_s=30), chats=noted(path, "one")) as proxy:
        began_s = time.monotonic()
        proxy.service.stop()
        took_s = time.monotonic() - began_s

    assert took_s < 15
    assert left(path) == 1


def test_what_a_stopped_proxy_left_is_deleted_by_the_next_one(
    site: PracticeSite, tmp_path: Path
) -> None:
    """Where it is stopped and started in one process the notes go on."""
    chats = Chats(tmp_path / "chats")
    site.on("delete", acts.Silence())
    with running(site, limits=Limits(tidy_s=0.2), chats=chats) as proxy:
        assert proxy.chat().status == 200
        site.wait_until(lambda: deletions(site))
    assert not site.deleted
    with running(site, limits=QUICK, chats=chats) as proxy:
        site.wait_until(lambda: site.deleted)
        check(proxy)


def check(proxy: Running) -> None:
    assert proxy.site.chats == {}
    assert proxy.site.delete_all_calls == 0


def test_a_chat_that_is_kept_is_deleted_once_when_its_time_has_come(
    site: PracticeSite, tmp_path: Path
) -> None:
    path = tmp_path / "chats"
    with running(
        site, hurry=HURRY, limits=QUICK, upstream=Keeping(3.0), chats=Chats(path)
    ) as proxy:
        began_s = time.monotonic()
        assert proxy.chat().status == 200
        until(lambda: kept(path))
        site.wait_until(lambda: site.deleted)
        took_s = (time.monotonic() - began_s) * HURRY
        until(lambda: is_struck_off(path))
        proxy.let_pass(1.0)

    chat = site.heard_on("/api/v2/chat/completions")[0].request.json()["chat_id"]

    assert deletions(site) == [chat]
    assert 2 < took_s < 10 * HURRY
    assert left(path) == 0


def test_a_chat_is_kept_beyond_the_process_and_deleted_by_one_long_after(tmp_path: Path) -> None:
    path, passed_s = tmp_path / "chats", [0.0]

    def now_s() -> float:
        return time.time() + passed_s[0]

    site = PracticeSite(pace_s=0.0, clock=now_s)
    site.start()
    try:
        with running(site, upstream=Keeping(86_400), chats=Chats(path), wall_clock=now_s) as proxy:
            assert proxy.chat().status == 200
            until(lambda: kept(path))
        [chat] = site.chats
        passed_s[0] = 86_000.0
        with running(site, limits=SOON, chats=Chats(path), wall_clock=now_s) as proxy:
            proxy.let_pass(5 * SOON.sweep_s)
        before = deletions(site)
        passed_s[0] = 40 * 86_400.0
        with running(site, limits=SOON, chats=Chats(path), wall_clock=now_s) as proxy:
            site.wait_until(lambda: site.deleted)
            until(lambda: is_struck_off(path))
            proxy.let_pass(5 * SOON.sweep_s)
    finally:
        site.stop()

    assert before == []
    assert deletions(site) == [chat]
    assert left(path) == 0
