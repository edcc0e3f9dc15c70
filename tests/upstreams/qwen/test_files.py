"""Giving the site a file, without a socket: what is asked in which order, and what goes wrong."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from tray_app.core.calls import Answer, Call, Pause, Reply, Stamp, Upload
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import Attached, File, FileKind
from tray_app.upstreams.qwen import QWEN, files

STAMP = Stamp(now_s=1_790_000_000.5, new_id=lambda: "uuid", timezone="GMT+0800", local="now")
PICTURE = File("image", "a.png", "image/png", b"picture", "messages[0]")
PAPER = File("document", "paper.pdf", "application/pdf", b"paper", "messages[0]")
GRANT = "POST /api/v2/files/getstsToken"
PUT = "PUT b-1.store.example/person/f-1_a.png"
PARSE = "POST /api/v2/files/parse"
PARSED = "POST /api/v2/files/parse/status"


def answer(value: object, status: int = 200, **headers: str) -> Answer:
    told = {"content-type": "application/json", **headers}
    return Answer(status, told, json.dumps(value).encode())


def grant(**more: object) -> Answer:
    data = {
        "access_key_id": "STS.key",
        "access_key_secret": "secret",
        "security_token": "token",
        "file_url": "https://b-1.store.example/person/f-1_a.png?x-oss-signature=s",
        "file_path": "person/f-1_a.png",
        "file_id": "f-1",
        "bucketname": "b-1",
        "region": "oss-region-1",
        "endpoint": "store.example",
        **more,
    }
    told = {"success": True, "request_id": "r", "data": data}
    return answer(told, date="Mon, 21 Sep 2026 14:13:20 GMT")


def refused(code: str, details: str) -> Answer:
    return answer({"success": False, "data": {"code": code, "details": details}})


def state(status: str, **more: object) -> Answer:
    return answer({"success": True, "data": [{"file_id": "f-1", "status": status, **more}]})


def store_says(code: str, status: int) -> Answer:
    return Answer(status, {}, f"<?xml?><Error><Code>{code}</Code></Error>".encode())


STORED = Answer(200, {}, b"")
GOOD = answer({"success": True, "data": {}})


class Played:
    """A file given against answers: what was asked, how long was waited, how it ended."""

    def __init__(self, file: File, *answers: Answer, rest: Callable[[], Answer] | None = None):
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.uploads: list[Upload] = []
        self.paused_s = 0.0
        self.error: ProxyError | None = None
        self._answers = iter(answers)
        self._rest = rest
        flow = QWEN.upload(file, STAMP)
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    self.paused_s += step.wait_s
                    step = next(flow)
                else:
                    assert isinstance(step, Call | Upload)
                    self._note(step)
                    step = flow.send(self._answer())
        except StopIteration as end:
            self.end = end.value
        except ProxyError as error:
            self.error = error
        assert next(self._answers, None) is None

    def _answer(self) -> Answer:
        told = next(self._answers, None) or (self._rest and self._rest())
        assert told is not None
        return told

    def _note(self, step: Call | Upload) -> None:
        if isinstance(step, Upload):
            self.asked.append(f"PUT {step.host}{step.path}")
            self.uploads.append(step)
        else:
            self.asked.append(f"{step.method} {step.path}")
            self.bodies.append(json.loads(step.body or b"null"))

    @property
    def item(self) -> Any:
        assert self.error is None, self.error
        assert isinstance(self.end, Reply)
        assert isinstance(self.end.value, Attached)
        return json.loads(self.end.value.item)

    @property
    def kind(self) -> Kind:
        assert self.error is not None
        return self.error.kind


def test_a_picture_is_granted_stored_and_named_as_the_capture_has_it() -> None:
    played = Played(PICTURE, grant(), STORED)

    assert played.asked == [GRANT, PUT]
    assert played.bodies == [{"filename": "a.png", "filesize": 7, "filetype": "image"}]
    assert played.item == snapshot(
        {
            "type": "image",
            "file": {
                "created_at": 1790000000500,
                "data": {},
                "filename": "a.png",
                "hash": None,
                "id": "f-1",
                "user_id": "person",
                "meta": {"name": "a.png", "size": 7, "content_type": "image/png"},
                "update_at": 1790000000500,
                "lastModified": 1790000000500,
                "name": "a.png",
                "size": 7,
                "type": "image/png",
            },
            "id": "f-1",
            "url": "https://b-1.store.example/person/f-1_a.png?x-oss-signature=s",
            "name": "a.png",
            "collection_name": "",
            "progress": 0,
            "status": "uploaded",
            "size": 7,
            "error": "",
            "itemId": "uuid",
            "file_type": "image/png",
            "showType": "image",
            "file_class": "vision",
            "uploadTaskId": "uuid",
            "greenNet": "success",
        }
    )


def test_an_upload_brings_the_file_and_what_signs_it_and_nothing_else() -> None:
    [upload] = Played(PICTURE, grant(), STORED).uploads

    assert upload.body == b"picture"
    assert sorted(upload.headers) == [
        "authorization", "content-type", "x-oss-content-sha256", "x-oss-date",
        "x-oss-security-token",
    ]  # fmt: skip
    assert "Credential=STS.key/20260921/region-1/oss/" in upload.headers["authorization"]


def test_the_time_of_the_site_signs_whatever_this_computers_clock_says() -> None:
    late = grant()
    late.headers["date"] = "Tue, 01 Jan 2030 00:00:00 GMT"
    [upload] = Played(PICTURE, late, STORED).uploads

    assert upload.headers["x-oss-date"] == "20300101T000000Z"


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Sep 2026 14:13:20 GMT"])
def test_a_site_that_does_not_say_the_time_gets_ours(date: str) -> None:
    dateless = grant()
    dateless.headers["date"] = date
    [upload] = Played(PICTURE, dateless, STORED).uploads

    assert upload.headers["x-oss-date"] == "20260921T141320Z"


@pytest.mark.parametrize(
    ("kind", "asked", "shown", "of_class", "is_checked"),
    [("image", "image", "image", "vision", True), ("video", "video", "video", "video", True),
     ("audio", "audio", "audio", "audio", False), ("document", "file", "file", "document", False)],
)  # fmt: skip
def test_each_kind_is_named_in_its_own_way(
    kind: FileKind, asked: str, shown: str, of_class: str, is_checked: bool
) -> None:
    reading = [GOOD, state("success")] if kind == "document" else []
    played = Played(File(kind, "x", "a/b", b"x"), grant(), STORED, *reading)

    item = played.item
    assert isinstance(played.end, Reply)
    assert isinstance(played.end.value, Attached)
    assert played.end.value.kind == kind
    assert played.bodies[0]["filetype"] == asked
    assert (item["type"], item["showType"], item["file_class"]) == (shown, shown, of_class)
    assert ("greenNet" in item) is is_checked
    assert ("parse_meta" in item["file"]["meta"]) is (kind == "document")


def test_a_document_is_waited_for_until_it_was_read() -> None:
    played = Played(
        PAPER, grant(), STORED, GOOD, state("pending"), state("running"), state("success")
    )

    assert played.asked == [GRANT, PUT, PARSE, PARSED, PARSED, PARSED]
    assert played.bodies[1:3] == [{"file_id": "f-1"}, {"file_id_list": ["f-1"]}]
    assert played.paused_s == 1.5
    assert played.item["file"]["meta"]["parse_meta"] == {"parse_status": "success"}


def test_a_document_that_is_never_read_is_given_up_after_two_minutes() -> None:
    """R70"""
    played = Played(PAPER, grant(), STORED, GOOD, rest=lambda: state("running"))

    assert played.kind is Kind.UPSTREAM_TIMEOUT
    assert played.paused_s == 120
    assert played.asked.count(PARSED) == 75


def test_a_look_that_tells_nothing_is_not_the_end_of_a_document() -> None:
    """R70"""
    page, wrong = Answer(504, {}, b"<html>504</html>"), refused("Internal_Server_Error", "")
    looks = [page, wrong, state("running"), Answer(200, {}, b""), page, state("success")]

    assert Played(PAPER, grant(), STORED, GOOD, *looks).error is None
    given_up = Played(PAPER, grant(), STORED, GOOD, page, wrong, wrong)
    assert given_up.kind is Kind.UPSTREAM_ERROR
    assert given_up.asked.count(PARSED) == 3


def test_the_time_that_looking_takes_counts_too() -> None:
    slow = state("running")
    slow = Answer(slow.status, slow.headers, slow.body, took_s=29.0)

    played = Played(PAPER, grant(), STORED, GOOD, rest=lambda: slow)

    assert played.kind is Kind.UPSTREAM_TIMEOUT
    assert played.asked.count(PARSED) == 5


@pytest.mark.parametrize(
    ("told", "kind"),
    [(state("failed"), Kind.FILE_REJECTED), (state("FAILED"), Kind.FILE_REJECTED),
     (refused("Bad_Request", "the file is not exist"), Kind.FILE_REJECTED),
     (refused("Unauthorized", "Token has expired"), Kind.SESSION_ENDED),
     (answer({"data": 7}), Kind.PROTOCOL_CHANGED), (answer([]), Kind.PROTOCOL_CHANGED),
     (answer({"ret": ["FAIL_SYS_USER_VALIDATE"]}), Kind.VERIFICATION_NEEDED)],
)  # fmt: skip
def test_a_document_that_cannot_be_read_is_refused(told: Answer, kind: Kind) -> None:
    assert Played(PAPER, grant(), STORED, GOOD, told).kind is kind


def test_the_state_of_another_document_is_none_of_ours() -> None:
    other = answer({"data": [{"file_id": "f-2", "status": "failed"}]})
    empty = answer({"data": []})

    played = Played(PAPER, grant(), STORED, GOOD, other, empty, state("success"))

    assert played.error is None


@pytest.mark.parametrize(
    ("told", "kind"),
    [(refused("Bad_Request", "Invalid file information!"), Kind.FILE_REJECTED),
     (refused("Bad_Request", "Something wrong with request!"), Kind.PROTOCOL_CHANGED),
     (refused("RateLimited", "daily usage limit"), Kind.DAILY_LIMIT),
     (refused("internal_error", "Internal error, no file"), Kind.UPSTREAM_ERROR),
     (refused("Unauthorized", "Token has expired"), Kind.SESSION_ENDED),
     (answer({"ret": ["FAIL_SYS_USER_VALIDATE"]}), Kind.VERIFICATION_NEEDED),
     (answer({"success": True}), Kind.PROTOCOL_CHANGED), (answer([]), Kind.PROTOCOL_CHANGED),
     (grant(endpoint="evil.example/"), Kind.PROTOCOL_CHANGED),
     (grant(security_token="a\r\nX: y"), Kind.PROTOCOL_CHANGED),
     (grant(file_url="https://x y"), Kind.PROTOCOL_CHANGED),
     (grant(file_id="../f"), Kind.PROTOCOL_CHANGED), (grant(region="a/b"), Kind.PROTOCOL_CHANGED)],
)  # fmt: skip
def test_without_leave_nothing_is_stored(told: Answer, kind: Kind) -> None:
    played = Played(PICTURE, told)

    assert played.kind is kind
    assert played.uploads == []


def test_an_expired_session_may_be_renewed_and_the_file_given_again() -> None:
    played = Played(PICTURE, refused("Unauthorized", "Token has expired"))

    assert played.error is not None
    assert played.error.again == "renewed"


REFUSED_BY_STORE = [
    store_says("SecurityTokenExpired", 403),
    store_says("SignatureDoesNotMatch", 403),
    store_says("RequestTimeTooSkewed", 403),
    store_says("InternalError", 500),
    Answer(503, {}, b""),
]


@pytest.mark.parametrize("told", REFUSED_BY_STORE)
def test_a_store_that_refuses_is_asked_once_more_with_new_keys(told: Answer) -> None:
    """R70"""
    number = count(1)

    def again() -> Answer:
        return grant(access_key_id=f"STS.{next(number)}")

    played = Played(PICTURE, again(), told, again(), STORED)

    assert played.asked == [GRANT, PUT] * 2
    first, second = (one.headers["authorization"] for one in played.uploads)
    assert "Credential=STS.1/" in first
    assert "Credential=STS.2/" in second
    assert played.error is None


@pytest.mark.parametrize("told", REFUSED_BY_STORE)
def test_a_store_that_refuses_twice_is_an_error_that_is_not_tried_again(told: Answer) -> None:
    """R70"""
    played = Played(PICTURE, grant(), told, grant(), told)

    assert played.kind is Kind.UPSTREAM_ERROR
    assert played.error is not None
    assert played.error.again is None
    assert played.asked == [GRANT, PUT] * 2


@pytest.mark.parametrize(
    ("told", "kind"),
    [(store_says("EntityTooLarge", 400), Kind.FILE_REJECTED),
     (Answer(413, {}, b""), Kind.FILE_REJECTED),
     (store_says("InvalidArgument", 400), Kind.PROTOCOL_CHANGED),
     (store_says("NoSuchBucket", 404), Kind.PROTOCOL_CHANGED),
     (Answer(302, {"location": "https://evil.example"}, b""), Kind.UPSTREAM_REDIRECT)],
)  # fmt: skip
def test_what_new_keys_cannot_help_is_not_tried_again(told: Answer, kind: Kind) -> None:
    played = Played(PICTURE, grant(), told)

    assert played.kind is kind
    assert played.asked == [GRANT, PUT]


def test_an_error_says_which_file_and_what_the_store_said() -> None:
    refusal = store_says("SecurityTokenExpired", 403)
    error = Played(PICTURE, grant(), refusal, grant(), refusal).error

    assert str(error and error.text) == (
        "Qwen's file store did not take a.png (SecurityTokenExpired). Ask again."
    )


OURS = File("document", "message.txt", "text/plain", b"a part of a long prompt")
FILTER = refused("data_inspection_failed", "内容安全警告：输入数据可能包含不当内容！")
LIMITED = """\
Today's allowance for files is used up and returns later, usually the next day. \
Ask without files, and shorter, until it returns."""
FILTERED = "Qwen's content filter refused the file paper.pdf. Send another file."


@pytest.mark.parametrize(
    ("file", "answers", "text"),
    [(PAPER, [FILTER], FILTERED), (PAPER, [grant(), STORED, GOOD, FILTER], FILTERED),
     (OURS, [FILTER], "Qwen's content filter refused the prompt. Rephrase the prompt."),
     (OURS, [grant(), STORED, GOOD, state("failed")],
      "Qwen could not read the file message.txt. Shorten the conversation."),
     (PICTURE, [refused("RateLimited", "daily usage limit")], LIMITED)],
)  # fmt: skip
def test_what_is_refused_says_what_to_do(file: File, answers: list[Answer], text: str) -> None:
    """R38"""
    assert getattr(Played(file, *answers).error, "text", "") == text


@pytest.mark.parametrize(
    ("name", "kind", "plain"),
    [("/etc/passwd", "document", "passwd"), ("C:\\dir\\a.txt", "document", "a.txt"),
     ("..", "image", "image"), ("", "document", "file"), ("a\r\nb\0.png", "image", "ab.png"),
     ("\ud800a.png", "image", "a.png"), ("x" * 200 + ".pdf", "document", "x" * 92 + ".pdf"),
     ("Ünïcode 漢字.docx", "document", "Ünïcode 漢字.docx"), ("a/", "video", "video"),
     (" . a . ", "audio", "a"), (".env", "document", "file.env"),
     ("a/.pdf", "document", "file.pdf"), (".png", "image", "image.png")],
)  # fmt: skip
def test_a_file_gets_a_plain_name(name: str, kind: FileKind, plain: str) -> None:
    assert files.plain_name(File(kind, name, "a/b", b"")) == plain


@given(st.text())
def test_every_name_becomes_one_that_can_be_sent(name: str) -> None:
    plain = files.plain_name(File("image", name, "a/b", b""))

    assert 1 <= len(plain) <= 96
    assert plain.isprintable()
    assert "/" not in plain
    assert plain.encode()
