"""The numbers of the proxy."""

from tray_app.proxy.limits import Limits
from tray_app.store.settings import Settings


def test_people_set_three_of_the_limits() -> None:
    settings = Settings(connect_timeout_s=1, first_event_timeout_s=20, idle_timeout_s=3)
    limits = Limits().under(settings)

    assert (limits.connect_s, limits.first_event_s, limits.idle_s) == (1, 20, 3)
    assert limits.slow_first_event_s == 60
    assert limits.commit_s == 10
