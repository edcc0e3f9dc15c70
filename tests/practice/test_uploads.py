"""Files that the practice site is given: leave, reading, and what it says of them."""

import json
from typing import Any

import pytest

from tests.practice.talk import READ, made, prompt, result
from tests.practice.test_looks import picture
from tests.practice.test_site import Browser, text_of
from tray_app.practice import PracticeSite, acts
from tray_app.practice.http import Request
from tray_app.practice.store import MOST, Stored


@pytest.fixture
def browser(site: PracticeSite) -> Browser:
    return Browser(site)


def wish(browser: Browser, name: str = "a.png", kind: str = "image", size: Any = 5) -> Any:
    body = {"filename": name, "filesize": size, "filetype": kind}
    return browser.ask("POST", "/api/v2/files/getstsToken", body)


def given(browser: Browser, data: bytes, name: str = "a.png", kind: str = "image") -> Any:
    """An item for a file that lies in the store."""
    told = wish(browser, name, kind)["data"]
    browser.site.store.objects[told["file_path"]] = Stored(data, "a/b")
    return {"id": told["file_id"], "url": told["file_url"], "name": name}


def asked(browser: Browser, *items: Any, text: str = "Look") -> bytes:
    body = browser.body(browser.new_chat(), text)
    body["messages"][0]["files"] = list(items)
    return browser.completions(body)


def said(browser: Browser, *items: Any, text: str = "Look") -> str:
    events = asked(browser, *items, text=text).split(b"\n\n")
    return text_of([json.loads(event[6:]) for event in events if event.startswith(b"data")])


def refusal(browser: Browser, *items: Any) -> str:
    told = json.loads(asked(browser, *items))
    assert told["success"] is False
    return str(told["data"]["details"])


def parse(browser: Browser, file_id: str) -> Any:
    return browser.ask("POST", "/api/v2/files/parse", {"file_id": file_id})


def states(browser: Browser, *ids: str) -> list[str]:
    told = browser.ask("POST", "/api/v2/files/parse/status", {"file_id_list": list(ids)})
    return [one["status"] for one in told["data"]]


def test_leave_has_all_that_an_upload_needs(site: PracticeSite, browser: Browser) -> None:
    told = wish(browser, "ü b.png")["data"]

    assert sorted(told) == [
        "access_key_id", "access_key_secret", "bucketname", "endpoint", "file_id", "file_path",
        "file_url", "region", "security_token",
    ]  # fmt: skip
    assert f"{told['bucketname']}.{told['endpoint']}" == site.store.authority
    assert told["file_path"] == f"practice-person/{told['file_id']}_ü b.png"
    assert told["region"].startswith("oss-")


@pytest.mark.parametrize(
    "body",
    [{}, {"filename": "a", "filesize": 1}, {"filename": "a", "filesize": 1, "filetype": "png"},
     {"filename": "", "filesize": 1, "filetype": "image"},
     {"filename": "a", "filesize": 0, "filetype": "image"},
     {"filename": "a", "filesize": -1, "filetype": "image"},
     {"filename": "a", "filesize": None, "filetype": "image"}],
)  # fmt: skip
def test_odd_wishes_get_no_leave(browser: Browser, body: Any) -> None:
    told = browser.ask("POST", "/api/v2/files/getstsToken", body)

    assert told["data"] == {"code": "Bad_Request", "details": "Invalid file information!"}


@pytest.mark.parametrize("path", ["getstsToken", "parse", "parse/status"])
def test_strangers_give_nothing(browser: Browser, path: str) -> None:
    told = browser.ask("POST", f"/api/v2/files/{path}", {}, headers={"version": "1"})

    assert told["data"]["code"] == "Unauthorized"


def test_a_size_may_be_text(browser: Browser) -> None:
    assert wish(browser, size="5")["success"] is True


def test_a_document_is_pending_then_running_then_read(browser: Browser) -> None:
    item = given(browser, b"First line\nsecond", "a.txt", "file")
    assert states(browser, item["id"]) == ["failed"]

    assert parse(browser, item["id"])["success"] is True
    seen = [states(browser, item["id"])[0] for _ in range(4)]

    assert seen == ["pending", "running", "success", "success"]


def test_an_empty_document_cannot_be_read(browser: Browser) -> None:
    item = given(browser, b" \n ", "a.txt", "file")
    parse(browser, item["id"])

    assert states(browser, item["id"]) == ["failed"]


def test_what_was_never_stored_cannot_be_read(browser: Browser) -> None:
    for file_id in (wish(browser, kind="file")["data"]["file_id"], "x"):
        assert parse(browser, file_id)["data"]["details"] == "The file is not exist"


def test_an_answer_says_what_came(browser: Browser) -> None:
    picture_item = given(browser, picture("PNG"))
    paper = given(browser, b"First line\nsecond", "a.txt", "file")
    browser.site.uploads.looks = 0
    parse(browser, paper["id"])
    states(browser, paper["id"])

    assert said(browser, picture_item, paper).endswith(
        "You said: Look\n\nYou sent: a.png, a PNG picture of 37 by 23, #123456 in its first "
        "corner; a.txt, a document of 17 bytes that begins: First line."
    )


def read_through(browser: Browser, text: str, name: str = "a.txt") -> Any:
    """An item for a document that the site has read."""
    browser.site.uploads.looks = 0
    item = given(browser, text.encode(), name, "file")
    parse(browser, item["id"])
    states(browser, item["id"])
    return item


def test_a_conversation_in_a_document_is_gone_on_with(browser: Browser) -> None:
    past = prompt([], ("user", "read a.txt"), made("read")).partition("\n\n")[2]
    item = read_through(browser, past, "any-name.txt")

    later = prompt([READ], result("the words in it"))

    assert said(browser, item, text=later) == "a.txt says:\nthe words in it"
    assert "a.txt" not in said(browser, text=later)


def test_a_document_that_is_no_conversation_is_shown_and_no_more(browser: Browser) -> None:
    item = read_through(browser, "write b.txt with the text hi\npractice: limit")

    assert "You said: Look\n" in said(browser, item)


def test_files_that_are_not_there_are_refused(browser: Browser) -> None:
    told = wish(browser)["data"]
    item = {"id": told["file_id"], "url": told["file_url"], "name": "a.png"}

    assert refusal(browser, item) == "The file is not exist"
    assert refusal(browser, {**item, "id": "x"}) == "The file is not exist"


def test_an_address_that_is_not_the_sites_is_refused(browser: Browser) -> None:
    item = given(browser, b"x")

    for url in (
        "",
        "http://evil.example/a.png",
        item["url"].replace("x-oss-date=2", "x-oss-date=3"),
    ):
        assert refusal(browser, {**item, "url": url}) == "Invalid file information!"


def test_an_address_ends_after_five_minutes() -> None:
    now_s = [1_790_000_000.0]
    site = PracticeSite(pace_s=0.0, clock=lambda: now_s[0])
    site.start()
    try:
        browser = Browser(site)
        item = given(browser, b"text")
        assert "begins: text" in said(browser, item)
        now_s[0] += 301

        assert refusal(browser, item) == "Invalid file information!"
    finally:
        site.stop()


def test_a_document_that_was_not_read_is_refused(browser: Browser) -> None:
    assert refusal(browser, given(browser, b"x", "a.txt", "file")) == "The file is not parsed"


def test_each_route_can_be_scripted(site: PracticeSite, browser: Browser) -> None:
    for route, path in (("grant", "getstsToken"), ("parse", "parse"), ("parsed", "parse/status")):
        site.on(route, acts.refused("internal_error", "scripted"))

        told = browser.ask("POST", f"/api/v2/files/{path}", {})

        assert told["data"]["details"] == "scripted"


def test_a_file_that_the_store_has_no_more_is_not_read(
    site: PracticeSite, browser: Browser
) -> None:
    item = given(browser, b"words", "a.txt", "file")
    parse(browser, item["id"])
    site.store.objects.clear()

    assert states(browser, item["id"]) == ["failed"]


def test_so_many_files_are_kept(site: PracticeSite, browser: Browser) -> None:
    asked = Request("POST", "/", [], b'{"filename": "a", "filesize": 1, "filetype": "image"}')
    for _ in range(MOST + 50):
        site.uploads.answer("grant", asked)

    assert len(site.uploads._files) == len(site.store._lent) == MOST
    assert site.uploads.answer("grant", asked) is not None
