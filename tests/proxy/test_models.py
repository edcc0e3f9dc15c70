"""The list of models on offer: R69."""

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness import QUICK, Running, running
from tests.held import Later
from tests.waiting import WITHIN_S, until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.door import DoorError
from tray_app.proxy.models import FRESH_S, Shelf

ONE = b'{"data":[{"id":"stored-model","info":{"meta":{"chat_type":["t2t"]}}}]}'


def ids(proxy: Running) -> list[str]:
    return [model["id"] for model in proxy.ask("GET", "/v1/models").json()["data"]]


class Time:
    """A wall clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_the_sites_list_is_asked_for_once_an_hour(site: PracticeSite) -> None:
    clock = Time()
    saved: list[tuple[bytes, float]] = []
    shelf = Shelf(load=lambda: None, save=lambda data, now_s: saved.append((data, now_s)))
    with running(site, shelf=shelf, wall_clock=clock, session=None) as proxy:
        first = ids(proxy)
        ids(proxy)
        clock.now_s += FRESH_S + 1
        ids(proxy)

        assert "qwen3.7-plus-thinking" in first
        assert len(site.heard_on("/api/models")) == 2
        assert saved[0][1] == 1_790_000_000.0


@pytest.mark.parametrize(
    "act",
    [acts.Drop(), acts.value({"data": []}), acts.page("<html>"), acts.CHALLENGE, acts.value([])],
)
def test_a_list_that_cannot_be_had_leaves_the_last_good_one(
    site: PracticeSite, act: acts.Act
) -> None:
    """R69"""
    clock = Time()
    shelf = Shelf(load=lambda: (ONE, clock.now_s - 9000), save=lambda *_: None)
    with running(site, shelf=shelf, wall_clock=clock, session=None) as proxy:
        site.on("models", *[act] * 6)
        reply = proxy.ask("GET", "/v1/models")

        assert [model["id"] for model in reply.json()["data"]] == ["stored-model"]
        assert reply.headers["x-portico-models-age"] == "9000"
        clock.now_s += 61
        assert ids(proxy) == ["stored-model"]


def test_without_any_list_the_built_in_one_is_offered(site: PracticeSite) -> None:
    """R69"""
    with running(site, session=None) as proxy:
        site.on("models", acts.page("<html>"))
        reply = proxy.ask("GET", "/v1/models")

        assert len(reply.json()["data"]) > 5
        assert reply.headers["x-portico-models-age"] == "built-in"


def test_a_name_that_only_the_site_s_list_could_tell_of_is_not_said_to_be_none(
    site: PracticeSite,
) -> None:
    """R69"""
    clock = Time()
    with running(site, wall_clock=clock) as proxy:
        site.on("models", acts.value({"detail": "not now"}, 500), acts.Whole(ONE))
        told = [proxy.chat(model="stored-model"), proxy.ask("GET", "/v1/models/stored-model")]
        known = proxy.chat(model="qwen3.7-plus")
        clock.now_s += 21
        later = proxy.chat(model="stored-model")

        assert [(one.status, one.code) for one in told] == [(502, "upstream_error")] * 2
        assert b"a model 'stored-model' is not known yet: Qwen" in told[0].body
        assert (known.status, later.status) == (200, 200)


def test_a_list_that_never_comes_keeps_nobody_from_asking(site: PracticeSite) -> None:
    clock = Time()
    with running(site, wall_clock=clock, clock=clock) as proxy:
        site.on("models", *[acts.value({"detail": "not now"}, 503)] * 40)
        told = set()
        for _ in range(60):
            clock.now_s += 5
            proxy.ask("GET", "/v1/models")
            told.add(proxy.chat(model="stored-model").code)

        assert told == {"upstream_error"}
        assert len(site.heard_on("/api/models")) > 10
        assert proxy.chat(model="qwen3.7-plus").status == 200


def test_one_model_is_found_by_any_of_its_names(proxy: Running) -> None:
    assert proxy.ask("GET", "/v1/models/qwen3.7-plus-search").json()["id"] == "qwen3.7-plus-search"
    assert proxy.ask("GET", "/v1/models/qwen3%2E7-plus").status == 200
    missing = proxy.ask("GET", "/v1/models/nobody")
    assert (missing.status, missing.code) == (404, "model_not_found")


def test_variants_are_listed_or_not(site: PracticeSite) -> None:
    with running(site, settings=QUICK.__class__(show_variants=False)) as proxy:
        assert not any(name.endswith("-thinking") for name in ids(proxy))


def test_aliases_stand_for_models_and_keep_suffixes(site: PracticeSite) -> None:
    aliases = {"gpt-*": "qwen3.7-plus", "mini": "qwen3.5-plus-search"}
    with running(site, settings=QUICK.__class__(aliases=aliases, start_spacing_s=0)) as proxy:
        replies = {
            name: proxy.chat(model=name) for name in ("gpt-4o", "GPT-5-thinking", "mini", "else")
        }
        bodies = [h.request.json() for h in site.heard_on("/api/v2/chat/completions")]

        assert [reply.status for reply in replies.values()] == [200, 200, 200, 404]
        assert replies["gpt-4o"].json()["model"] == "gpt-4o"
        assert [body["model"] for body in bodies] == ["qwen3.7-plus"] * 2 + ["qwen3.5-plus"]
        assert replies["GPT-5-thinking"].reasoning
        assert "annotations" in replies["mini"].json()["choices"][0]["message"]


def test_a_name_the_list_does_not_hold_is_looked_for_in_a_newer_one(site: PracticeSite) -> None:
    clock = Time()
    shelf = Shelf(load=lambda: (ONE, clock.now_s - FRESH_S - 1), save=lambda *_: None)
    with running(site, shelf=shelf, wall_clock=clock) as proxy:
        assert proxy.chat(model="qwen3.7-plus").status == 200
        assert len(site.heard_on("/api/models")) == 1


def test_a_name_is_looked_for_in_a_list_that_is_on_its_way_to_somebody_else(
    site: PracticeSite,
) -> None:
    comes = threading.Event()
    with running(site) as proxy, ThreadPoolExecutor() as clients:
        site.on("models", Later(acts.Whole(ONE), comes))
        first = clients.submit(proxy.chat, model="stored-model")
        site.wait_until(lambda: site.heard_on("/api/models"))
        others = clients.submit(proxy.chat, model="stored-model"), clients.submit(ids, proxy)
        until(lambda: len(proxy.service.status.live) == 2 or others[0].done())
        comes.set()

        assert [first.result().status, others[0].result().status] == [200, 200]
        assert others[1].result() == ["stored-model"]
        assert len(site.heard_on("/api/models")) == 1


def test_who_waits_for_a_list_asks_for_it_where_whoever_did_has_left(site: PracticeSite) -> None:
    comes = threading.Event()
    with running(site) as proxy, ThreadPoolExecutor() as clients:
        site.on("models", Later(acts.page("<html>"), comes), acts.Whole(ONE))
        leaving = http.client.HTTPConnection("127.0.0.1", proxy.port)
        leaving.request("GET", "/v1/models", headers={"Authorization": f"Bearer {proxy.key}"})
        site.wait_until(lambda: site.heard_on("/api/models"))
        other = clients.submit(proxy.chat, model="stored-model")
        until(lambda: proxy.service.status.live or other.done())
        leaving.close()

        assert other.result().status == 200
        comes.set()


def test_a_list_that_is_known_is_told_while_a_newer_one_is_on_its_way(site: PracticeSite) -> None:
    comes = threading.Event()
    clock = Time()
    shelf = Shelf(load=lambda: (ONE, clock.now_s - FRESH_S - 1), save=lambda *_: None)
    with running(site, shelf=shelf, wall_clock=clock) as proxy, ThreadPoolExecutor() as clients:
        site.on("models", Later(acts.page("<html>"), comes))
        first = clients.submit(ids, proxy)
        site.wait_until(lambda: site.heard_on("/api/models"))
        second = clients.submit(ids, proxy)
        # Sooner than the site gives up waiting for the word to answer.
        until(second.done, WITHIN_S / 2)
        comes.set()

        assert [first.result(), second.result()] == [["stored-model"]] * 2


def test_a_person_has_the_list_asked_for_anew_but_not_in_one_breath(site: PracticeSite) -> None:
    clock = Time()
    with running(site, wall_clock=clock) as proxy:
        first = proxy.control("models")
        proxy.control("models", what="renew")
        at_once = len(site.heard_on("/api/models"))
        clock.now_s += 10
        again = proxy.control("models", what="renew")

        assert at_once == 1
        assert len(site.heard_on("/api/models")) == 2
        assert again == first


def test_a_person_is_told_that_there_is_no_newer_list(site: PracticeSite) -> None:
    with running(site) as proxy:
        site.on("models", *[acts.Drop()] * 6)

        with pytest.raises(DoorError, match="Qwen"):
            proxy.control("models", what="renew")
        assert proxy.control("models")


@pytest.mark.parametrize("act", [acts.Drop(), acts.value({"data": []}), acts.page("<html>")])
def test_a_person_who_asks_again_at_once_is_told_the_same_failure(
    site: PracticeSite, act: acts.Act
) -> None:
    clock = Time()
    with running(site, wall_clock=clock) as proxy:
        site.on("models", *[act] * 12)
        told, heard = [], []
        for pause_s in (0, 1, 10):
            clock.now_s += pause_s
            with pytest.raises(DoorError) as refused:
                proxy.control("models", what="renew")
            told.append(str(refused.value))
            heard.append(len(site.heard_on("/api/models")))

        assert told[0] == told[1]
        assert "Qwen" in told[0]
        assert heard[0] == heard[1] < heard[2]
