"""Flows over a real transport: what they leave for later is done, however they end."""

from tests.harness import Running
from tray_app.practice import acts


def test_a_chat_is_deleted_when_its_answer_is_over(proxy: Running) -> None:
    proxy.chat()
    proxy.site.wait_until(lambda: len(proxy.site.deleted) == 1)

    assert not proxy.site.stopped


def test_a_chat_is_deleted_when_nobody_answers_in_it(proxy: Running) -> None:
    proxy.site.will(acts.refused("Bad_Request", "no"))
    proxy.chat()

    proxy.site.wait_until(lambda: len(proxy.site.deleted) == 1)
    assert proxy.site.delete_all_calls == 0


def test_a_chat_that_cannot_be_deleted_bothers_nobody(proxy: Running) -> None:
    proxy.site.on("delete", acts.refused("internal_error"))
    assert proxy.chat().status == 200
    proxy.site.wait_until(lambda: proxy.site.heard_on("/api/v2/chats/")[1:])

    proxy.site.chats.clear()
    proxy.check_sound()
