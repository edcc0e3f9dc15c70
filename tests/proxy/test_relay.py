"""The relay under faults of either side: the R rows that a client can see."""

import pytest

from tests.harness import Running


def test_an_answer_is_relayed_streamed_and_whole(proxy: Running) -> None:
    streamed, whole = proxy.chat(stream=True), proxy.chat()

    assert streamed.text == whole.text
    assert "Hello" in whole.text
    proxy.check_sound()
