"""The benchmark itself works: whoever is measured answers every event. Times are printed only."""

import pytest

from .report import table, title
from .run import SHORT, run


@pytest.mark.bench
def test_every_contender_answers_every_event() -> None:
    result = run(SHORT)
    print(title())
    print(table(result.rows))
    assert result.answered == result.asked
    assert set(result.asked) == {"portico", "relay", "relay of two trips", "direct", "pure"}
    assert result.chat_bytes > 0
