"""The numbers of the proxy."""

from tray_app.proxy.limits import Limits
from tray_app.store.settings import Settings


def test_people_set_three_of_the_limits() -> None:
    settings = Settings(connect_timeout_s=1, first_event_timeout_s=20, idle_timeout_s=3)
    limits = Limits().under(settings)

    assert (limits.connect_s, limits.first_event_s, limits.idle_s) == (1, 20, 3)
    assert limits.slow_first_event_s == 60
    assert limits.commit_s == 10


def test_all_steps_of_an_end_together_take_less_than_five_seconds() -> None:
    limits = Limits()
    answers_s = limits.drain_s + limits.last_words_s
    assert answers_s + limits.tidy_s + 2 * limits.cut_s < 5
