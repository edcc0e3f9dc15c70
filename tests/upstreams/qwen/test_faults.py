"""How the site says no: every row of the table of its errors."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.errors import Kind
from tray_app.upstreams.qwen import faults

JSON = {"content-type": "application/json"}


def error(code: str, details: str = "", **more: object) -> dict[str, object]:
    return {"success": False, "data": {"code": code, "details": details, **more}}


@pytest.mark.parametrize(
    ("value", "kind", "again"),
    [
        (error("Unauthorized", "Token has expired, please"), "session_ended", "renewed"),
        (error("RateLimited", "401 Unauthorized"), "session_ended", "renewed"),
        (error("unknown", "401 please sign in"), "session_ended", "renewed"),
        (error("Forbidden"), "account_forbidden", None),
        (error("RateLimited", "You have reached the daily limit.", num=7), "daily_limit", None),
        (error("other", "upper limit for today's usage"), "daily_limit", None),
        ({"error": {"code": "internal_error", "details": "Allocated quota exceeded, please"}},
         "rate_limited", None),
        (error("quota_exhausted"), "daily_limit", None),
        (error("ExceedLimit"), "daily_limit", None),
        (error("ParallelLimited"), "rate_limited", None),
        (error("Too_Many_Requests"), "rate_limited", None),
        (error("Bad_Request", "The chat is in progress!"), "upstream_error", None),
        (error("Bad_Request", "Invalid input too many messages"), "protocol_changed", None),
        (error("Bad_Request", "Something wrong with request!"), "protocol_changed", None),
        (error("RequestValidationError", "Field chat_id"), "protocol_changed", None),
        (error("Bad_Request", "Internal error"), "upstream_error", None),
        (error("Internal_Server_Error"), "upstream_error", None),
        ({"error": "Internal error!"}, "upstream_error", None),
        (error("CHAT_NOT_FOUND"), "upstream_error", None),
        (error("Not_Found", "file is not exist"), "upstream_error", "fresh"),
        (error("x", "The model qwen9 is not available"), "model_not_found", None),
        (error("data_inspection_failed", "内容安全警告：输入数据"), "content_filter", None),
        ({"error": {"code": "data_inspection_failed"}}, "content_filter", None),
        (error("x", "Content security warning: inappropriate"), "content_filter", None),
        ({"ret": ["FAIL_SYS_USER_VALIDATE", "RGV587_ERROR"]}, "verification_needed", None),
        ({"ret": ["OTHER::x"]}, "upstream_error", None),
        ({"code": 0, "result": {"sig": "from bx"}, "success": True}, "verification_needed", None),
        ({"code": "Unauthorized", "detail": "no"}, "session_ended", "renewed"),
        ({"data": {"error": {"code": "internal_error"}}}, "upstream_error", None),
        (error("x", "exceeds the maximum context length"), "context_length_exceeded", None),
    ],
)  # fmt: skip
def test_every_envelope_has_its_meaning(value: object, kind: str, again: str | None) -> None:
    found = faults.of_page(200, JSON, json.dumps(value, ensure_ascii=False).encode())

    assert found is not None
    assert (found.kind.value, found.again) == (kind, again)
    assert len(found.text) <= 240


@pytest.mark.parametrize(
    ("status", "content_type", "body", "kind"),
    [
        (200, "text/html", b"<html>aliyun_waf_aa</html>", "verification_needed"),
        (405, "text/html", b"<!doctypehtml>_____tmd_____", "verification_needed"),
        (200, "text/html", b"<html>hello</html>", "upstream_bad_response"),
        (504, "text/html", b"<html>nginx</html>", "upstream_timeout"),
        (502, "text/html", b"<html>tengine</html>", "upstream_error"),
        (401, "application/json", b"{}", "session_ended"),
        (403, "application/json", b"{}", "account_forbidden"),
        (429, "application/json", b"", "rate_limited"),
        (413, "text/plain", b"too big", "context_length_exceeded"),
        (500, "text/plain", b"oops", "upstream_error"),
        (302, "text/html", b"", "upstream_redirect"),
        (200, "application/json", b"{broken", "upstream_bad_response"),
    ],
)
def test_every_page_has_its_meaning(status: int, content_type: str, body: bytes, kind: str) -> None:
    """R35"""
    found = faults.of_page(status, {"content-type": content_type}, body)

    assert found is not None
    assert found.kind.value == kind


@pytest.mark.parametrize("status", [502, 503])
def test_a_gateway_without_an_answer_may_be_asked_again(status: int) -> None:
    """R14"""
    found = faults.of_page(status, {"content-type": "text/html"}, b"")
    assert found is not None
    assert found.again == "fresh"


@pytest.mark.parametrize("status", [502, 503])
@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/plain"])
@pytest.mark.parametrize("body", [b"{}", b"[]", b' {"message":"down"}', b"null", b'{"cut of'])
def test_a_gateway_that_answers_in_json_is_asked_once(
    status: int, content_type: str, body: bytes
) -> None:
    """R14: the site itself has answered, and the prompt may have been taken."""
    found = faults.of_page(status, {"content-type": content_type}, body)

    assert found is not None
    assert (found.kind, found.again) == (Kind.UPSTREAM_ERROR, None)


@pytest.mark.parametrize("body", [b"no upstream", b"<html>tengine</html>", b" "])
def test_a_gateway_that_answers_in_anything_else_may_be_asked_again(body: bytes) -> None:
    """R14"""
    found = faults.of_page(503, {"content-type": "text/plain"}, body)
    assert found is not None
    assert found.again == "fresh"


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/json"])
def test_a_gateway_that_asks_for_a_person_is_not_asked_again(content_type: str) -> None:
    """R14, R35"""
    body = b"location='https://site.example/_____tmd_____/punish?x5secdata=a'"

    found = faults.of_page(503, {"content-type": content_type}, body)

    assert found is not None
    assert (found.kind, found.again) == (Kind.VERIFICATION_NEEDED, None)
    assert found.place == "https://site.example/_____tmd_____/punish?x5secdata=a"


@pytest.mark.parametrize(
    ("does", "place"),
    [
        ("location.replace('/_____tmd_____/punish?x5secdata=a&b=c')",
         "/_____tmd_____/punish?x5secdata=a&b=c"),
        ("src='/_____tmd_____/x.js'; location='https://site.example/_____tmd_____/punish'",
         "https://site.example/_____tmd_____/punish"),
        ("src='/_____tmd_____/x.js'", ""),
    ],
)  # fmt: skip
def test_a_page_says_where_it_sends_a_person(does: str, place: str) -> None:
    """R35"""
    body = f"<!doctypehtml><script>{does}</script>".encode()

    found = faults.of_page(200, {"content-type": "text/html"}, body)

    assert found is not None
    assert (found.kind, found.place) == (Kind.VERIFICATION_NEEDED, place)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"error":"Internal error!"}', b'{"error":"Invalid file"}']
)
@pytest.mark.parametrize(("told", "said"), [("120", 59), ("7", 7), ("3600", 59)])
def test_a_stumble_that_names_a_time_is_not_asked_again_before(
    status: int, body: bytes, told: str, said: int
) -> None:
    """R14, R38"""
    found = faults.of_page(status, {"retry-after": told}, body)

    assert found is not None
    assert (found.kind.row.status >= 502, found.again) == (True, None)
    assert found.retry_after_s == min(float(told), 300)
    assert found.wait_s == said


@pytest.mark.parametrize("told", ["", "0", "-1", "abc"])
def test_a_stumble_that_names_no_time_may_be_asked_again(told: str) -> None:
    """R14"""
    found = faults.of_page(503, {"retry-after": told}, b"<html>")

    assert found is not None
    assert (found.again, found.retry_after_s, found.wait_s) == ("fresh", None, None)


def test_a_good_answer_is_no_error() -> None:
    good = {"success": True, "data": {"id": "x", "captcha": "punish x5secdata"}}
    assert faults.of_page(200, JSON, json.dumps(good).encode()) is None


def test_the_true_status_outranks_the_one_on_the_wire() -> None:
    told = {**JSON, "x-actual-status-code": "401"}
    found = faults.of_page(200, told, b"{}")
    assert found is not None
    assert found.kind is Kind.SESSION_ENDED


def test_addresses_of_challenges_are_in_no_message() -> None:
    """R36"""
    told = error("Bad_Request", "see https://x.example/_____tmd_____/punish?x5secdata=abc now")
    found = faults.of_value(told)
    assert found is not None
    assert "x5secdata" not in found.text
    assert "https" not in found.text


def test_a_daily_limit_knows_its_hours() -> None:
    found = faults.of_value(error("RateLimited", num=7))
    assert found is not None
    assert found.retry_after_s == 7 * 3600


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["success", "data", "code", "details", "error", "ret", "num", "result"]),
        inner, max_size=4,
    ),
)  # fmt: skip


@given(values)
def test_no_value_is_a_crash(value: object) -> None:
    faults.of_value(value)


@given(st.integers(100, 599), st.binary(max_size=40))
def test_no_page_is_a_crash(status: int, body: bytes) -> None:
    faults.of_page(status, JSON, body)
