"""The parts put together: limits follow settings, and the state is one word."""

import msgspec

from tests.harness import Running
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


def test_a_status_is_plain_data(proxy: Running) -> None:
    told = msgspec.json.encode(proxy.control("status"))
    assert msgspec.json.encode(msgspec.json.decode(told)) == told
