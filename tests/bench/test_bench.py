"""The benchmark itself works: whoever is measured answers every event. Times are printed only."""

import pytest

from .report import table, title
from .run import run
from .size import SHORT


@pytest.mark.bench
def test_every_contender_answers_every_event() -> None:
    result = run(SHORT)
    print(title())
    print(table(result.rows))
    assert result.answered == result.asked
    relays = {"relay", "relay of as many calls", "plain relay"}
    assert set(result.asked) == {"portico", "direct", "pure", *relays}
    assert result.chat_bytes > 0
