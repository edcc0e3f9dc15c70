"""Each setting is real: one test or more shows what it changes, from the setting to its effect."""

import ast
import time
from pathlib import Path

import pytest

from tests.harness import Reply, Running, running
from tests.proxy.strangers import Names
from tray_app.practice import PracticeSite
from tray_app.proxy.fetcher import Internet
from tray_app.store.settings import Settings

TESTS = Path(__file__).parent
HERE = "test_every_setting.py"

EFFECTS = {
    "port": "desktop/test_settings_pane.py a_change_that_waits_for_a_restart_has_it_by_a_button",
    "path_prefix": "proxy/test_service.py a_path_prefix_is_before_everything_but_health",
    "parallel_answers": "proxy/test_activity.py who_waits_is_told_with_the_place",
    "start_spacing_s": f"{HERE} so_long_is_waited_between_two_starts",
    "queue_size": "proxy/test_answering.py nothing_is_given_for_whom_the_queue_has_no_place",
    "show_variants": "proxy/test_models.py variants_are_listed_or_not",
    "aliases": "proxy/test_models.py aliases_stand_for_models_and_keep_suffixes",
    "xml_tools": "proxy/test_tools.py models_may_be_asked_for_xml_and_are_understood_either_way",
    "hosts": "proxy/test_visiting.py another_device_needs_a_key_that_is_made_for_it",
    "network_host": "proxy/test_visiting.py another_device_needs_a_key_that_is_made_for_it",
    "origins": "proxy/test_visiting.py "
    "a_web_app_is_asked_about_approved_and_let_in_by_its_exact_origin",
    "opaque_origins": "proxy/test_guard.py the_opaque_origin_may_be_let_in",
    "connect_timeout_s": "proxy/test_resolver.py a_look_up_that_hangs_does_not_hold_up_the_stop",
    "first_event_timeout_s": "proxy/test_house.py a_limit_that_people_set_holds_at_once",
    "idle_timeout_s": "proxy/test_page.py a_stall_in_the_page_ends_as_any_other",
    "transport": "proxy/test_ladder.py "
    "our_own_calls_carry_the_windows_cookies_but_for_the_one_that_renews",
    "idle_window_s": "desktop/test_signing_in_on_screen.py "
    "the_hidden_window_is_closed_after_the_time_that_is_set",
    "start_proxy": "desktop/test_app.py it_serves_only_when_asked_to_if_that_is_preferred",
    "terms_read": "desktop/test_panes.py only_who_never_signed_in_is_welcomed",
    "notices": "desktop/test_app.py notices_can_be_switched_off",
    "long_prompt": "proxy/test_preparing.py a_long_history_goes_as_a_file_or_is_trimmed",
    "blind_model": "proxy/test_preparing.py by_setting_a_model_that_can_answers_and_says_so",
    "fake_addresses": f"{HERE} a_vpn_with_addresses_of_its_own_is_taken_as_it_is",
    "statistics_days": "test_figures.py how_long_single_requests_are_kept_is_in_force_at_once",
    "language": "desktop/test_app.py the_language_changes_at_once",
    "outbound_proxy": "proxy/test_transport.py calls_go_through_the_proxy_that_is_set",
}
"""By setting: the file of the test that shows its effect, and the test."""


def test_every_setting_has_a_test_that_shows_its_effect() -> None:
    assert set(EFFECTS) == set(Settings.__struct_fields__)


@pytest.mark.parametrize("setting", EFFECTS)
def test_the_test_that_shows_an_effect_is_there(setting: str) -> None:
    path, name = EFFECTS[setting].split()
    source = (TESTS / path).read_text("utf-8")
    tests = (ast.FunctionDef, ast.AsyncFunctionDef)

    assert f"test_{name}" in {
        node.name for node in ast.walk(ast.parse(source)) if isinstance(node, tests)
    }


@pytest.mark.slow
def test_so_long_is_waited_between_two_starts(site: PracticeSite) -> None:
    with running(site) as proxy:
        proxy.chat()
        began_s = time.monotonic()
        proxy.chat()
        at_once_s = time.monotonic() - began_s
        proxy.control("settings", what="set", name="start_spacing_s", value="2.5")
        proxy.chat()
        began_s = time.monotonic()
        proxy.chat()
        spaced_s = time.monotonic() - began_s

    assert spaced_s > at_once_s + 1.0


def pictured(proxy: Running) -> Reply:
    """The answer to a question about a picture at a name of the internet."""
    picture = {"type": "image_url", "image_url": {"url": "http://pictures.example/x.png"}}
    return proxy.chat(messages=[{"role": "user", "content": [picture]}])


def test_a_vpn_with_addresses_of_its_own_is_taken_as_it_is(
    site: PracticeSite, caplog: pytest.LogCaptureFixture
) -> None:
    """What keeps tests on this machine tells which connection was tried."""
    names = Names({"pictures.example": ["198.18.0.7"], "127.0.0.1": ["127.0.0.1"]})
    with running(site, internet=Internet(names)) as proxy:
        refused = pictured(proxy)
        before = caplog.text
        proxy.control("settings", what="set", name="fake_addresses", value="yes")
        pictured(proxy)

    assert (refused.status, refused.code) == (400, "image_url_not_allowed")
    assert "tried to leave this machine" not in before
    assert "tried to leave this machine for 198.18.0.7" in caplog.text
