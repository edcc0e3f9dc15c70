"""The parts put together: limits follow settings, and the state is one word."""

from concurrent.futures import ThreadPoolExecutor

import msgspec

from tests.harness import Running
from tests.waiting import until
from tray_app.practice import acts


def test_the_state_is_one_word(proxy: Running) -> None:
    states = [proxy.control("status")["state"]]
    proxy.site.will(acts.CHALLENGE)
    proxy.chat()
    states.append(proxy.control("status")["state"])
    proxy.control("resume")
    states.append(proxy.control("status")["state"])

    assert states == ["running", "holding", "running"]


def test_a_limit_that_people_set_holds_at_once(proxy: Running) -> None:
    proxy.control("settings", what="set", name="first_event_timeout_s", value="0.2")
    proxy.site.will(acts.Silence())

    assert proxy.chat().code == "upstream_timeout"


def test_a_spacing_that_people_shorten_holds_for_who_waits_already(proxy: Running) -> None:
    proxy.control("settings", what="set", name="start_spacing_s", value="60")
    proxy.chat()
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(proxy.chat)
        until(lambda: [one.step for one in proxy.service.status.live] == ["waiting"])
        proxy.control("settings", what="set", name="start_spacing_s", value="0")
        assert second.result(20).status == 200


def test_a_status_is_plain_data(proxy: Running) -> None:
    told = msgspec.json.encode(proxy.control("status"))
    assert msgspec.json.encode(msgspec.json.decode(told)) == told
