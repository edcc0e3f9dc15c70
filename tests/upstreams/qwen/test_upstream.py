"""Qwen Chat as the other rooms see it."""

from tray_app import __version__
from tray_app.core.calls import Answer, Call, Stamp
from tray_app.core.errors import Kind
from tray_app.upstreams import UPSTREAMS
from tray_app.upstreams.qwen import QWEN, SITE

STAMP = Stamp(now_s=0.0, new_id=lambda: "id-1", timezone="GMT", local="now")


def test_it_is_the_one_upstream() -> None:
    assert UPSTREAMS == (QWEN,)
    assert QWEN.name == SITE.name


def test_it_never_pretends_to_be_another_program() -> None:
    """S116"""
    sent = QWEN.headers(SITE, Call("GET", "/"), None, STAMP)
    assert sent["User-Agent"] == f"Portico/{__version__}"


def test_its_models_can_be_had_without_asking() -> None:
    assert QWEN.built_in_models()
    assert QWEN.read_models(b'{"data":[{"id":"x"}]}')[0].id == "x"


def test_it_knows_its_own_refusals() -> None:
    refused = QWEN.refused(Answer(401, {"content-type": "application/json"}, b"{}"))
    assert refused is not None
    assert refused.kind is Kind.SESSION_ENDED


def test_it_knows_who_can_look_at_a_file() -> None:
    found = QWEN.able(frozenset({"vision", "document"}), QWEN.built_in_models())
    assert found is not None
    assert found.vision
    assert found.document
