"""What a page of the site can do to its window, and what it cannot."""

import http.server
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.desktop.screen import Screen
from tests.desktop.windows.siting import STATE, SiteChild, opened
from tests.waiting import until
from tray_app.desktop.windows.site_messages import At, Check, Reveal, Stored, Usable, Visit
from tray_app.practice import PracticeSite, acts
from tray_app.practice.checks import Shape

APP = '<p id="who"></p><script type="module" src="/qwen-chat-fe/0.3.12/js/main.js"></script>'
Start = Callable[..., SiteChild]

GOES = "setTimeout(() => { const { body } = document; let f; %s }, 1000)"


@contextmanager
def elsewhere(text: str) -> Iterator[tuple[str, list[str]]]:
    """Another site: its origin, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def page_that(does: str, practice: PracticeSite, start: Start, body: str = "") -> SiteChild:
    """A window whose page runs this."""
    practice.on("page", acts.page(f"{APP}{body}<script>{does}</script>"))
    return opened(start("/auth"))


@pytest.mark.desktop
@pytest.mark.parametrize(
    "goes",
    [
        "location = '{other}/top'", "location = 'file:///etc/passwd'",
        "location = 'data:text/html,x'", "location = 'javascript:document.title'",
        "location = 'ftp://127.0.0.1/x'", "location = 'mailto:me@example.com'",
        "open('{other}/popup')", "open('file:///etc/passwd')", "open('about:blank')",
        "open('data:text/html,x')",
        "f = document.createElement('iframe'); f.src = '{other}/frame'; body.append(f)",
        "f = document.createElement('form'); f.action = '{other}/f'; body.append(f); f.submit()",
        "location = '/api/download'",
    ],
)  # fmt: skip
def test_the_page_does_not_go_where_the_window_may_not(
    practice: PracticeSite, start: Start, goes: str
) -> None:
    """S98"""
    practice.on("unknown", *[acts.Whole(b"x", content_type="application/octet-stream")] * 4)
    with elsewhere("<title>elsewhere</title>") as (other, asked):
        child = page_that(GOES % goes.replace("{other}", other), practice, start)

        time.sleep(2.0)
        child.answers_ping()

        assert set(child.urls()) == {f"{practice.origin}/auth"}
        assert asked == []
        answer = child.fetch("GET", "/api/models", bearer="")
        assert answer.why == ""


@pytest.mark.desktop
def test_an_answer_that_leads_elsewhere_is_not_followed(
    practice: PracticeSite, start: Start
) -> None:
    """S98"""
    with elsewhere("x") as (other, asked):
        practice.on("page", acts.Whole(b"", 302, headers=(("Location", f"{other}/sent"),)))
        child = start("/auth")

        time.sleep(1.5)

        assert asked == []
        assert child.urls() == [] or set(child.urls()) == {f"{practice.origin}/auth"}


@pytest.mark.desktop
def test_what_another_origin_keeps_is_not_read(practice: PracticeSite, start: Start) -> None:
    """S97"""
    planted = f"localStorage.setItem('{STATE}', '{{\"token\":\"planted\"}}')"
    page = acts.page(f"<title>Sign in by others</title><script>{planted}</script>")
    practice.on("page", page)
    child = start("/auth")
    child.signed_in()
    # The auth host is another origin where the window may go.
    where = f"location = '{practice.auth_origin}/o/google'"
    practice.on("page", acts.page(f"{APP}<script>{planted};{where}</script>"))
    child.say(Visit("/"))

    child.hear(At, url=f"{practice.auth_origin}/o/google")
    assert child.is_silent(Stored, 2.0)
    assert child.call("GET", "/api/models").answer.why is None


HOSTILE = """
const say = (what) => { try { what(); } catch { } };
const names = ["pywebviewStateUpdate", "pywebviewMoveWindow", "pywebviewEventHandler", "_x",
  "f.__globals__.get", "__class__", "__init__.__globals__.__getitem__", "_pywebviewAlert",
  "pywebviewAsyncCallback", "evaluate_js", "destroy"];
globalThis.seen = [];
for (const name of names) {
  const told = JSON.stringify({ funcName: name, params: ["x", 1], id: "1" });
  say(() => window.webkit.messageHandlers.jsBridge.postMessage(told));
  say(() => window.pywebview._jsApiCallback(name, {}, "1"));
  say(() => window.webkit.messageHandlers.pywebview.postMessage(told));
}
for (let at = 0; at < 100; at += 1) {
  say(() => alert(at)); say(() => confirm(at)); say(() => prompt(at));
}
say(() => print()); say(() => window.moveTo(0, 0)); say(() => window.resizeTo(9, 9));
say(() => navigator.geolocation.getCurrentPosition(() => 0));
say(() => Notification.requestPermission());
say(() => document.documentElement.requestFullscreen());
onbeforeunload = (event) => { event.preventDefault(); return "stay"; };
fetch("/api/models?has=" + [typeof window.pywebview,
  typeof window.webkit?.messageHandlers?.jsBridge, confirm("x"), prompt("x")].join());
"""


@pytest.mark.desktop
def test_a_page_that_calls_what_is_ours_reaches_nothing(
    screen: Screen, practice: PracticeSite, start: Start
) -> None:
    """S96, S100"""
    began_s = time.monotonic()
    child = page_that(HOSTILE, practice, start)

    practice.wait_until(lambda: practice.heard_on("/api/models"))
    assert time.monotonic() - began_s < 15.0
    target = practice.heard_on("/api/models")[0].request.target
    assert target.endswith("?has=undefined,undefined,false,")
    child.answers_ping(within_s=3.0)
    assert {role for role, _, _, _ in screen.read()}.isdisjoint({"dialog", "alert"})
    assert screen.windows(re.escape(f"Practice - {practice.origin}"))
    until(lambda: screen.active() == f"Practice - {practice.origin}")
    child.say(Visit("/c/away"))
    child.hear(At, 5.0, url=f"{practice.origin}/auth")


@pytest.mark.desktop
@pytest.mark.parametrize(
    "breaks",
    [
        "JSON.stringify = () => 'nonsense'", "Map.prototype.set = () => { throw 1 }",
        "Object.defineProperty = () => { throw 1 }", "Array.prototype.push = () => 0",
        "window.fetch = () => new Promise(() => {})", "window.fetch = () => ({})",
        "Storage.prototype.getItem = () => { throw 1 }",
        "document.querySelectorAll = () => { for (;;) throw 1 }",
        "Object.freeze = () => ({ drain: () => '[{\"id\":\"x\"}]', start: () => 1 })",
    ],
)  # fmt: skip
def test_a_page_that_breaks_its_own_ground_harms_itself_alone(
    practice: PracticeSite, start: Start, breaks: str
) -> None:
    """S97"""
    practice.on("page", acts.page(f"{APP}<script>{breaks}</script>"))
    child = start("/auth")
    calling = child.call("GET", "/api/models", bearer="")

    time.sleep(1.5)
    child.answers_ping(within_s=3.0)
    child.abort(calling)
    child.say(Visit("/auth"))

    child.hear(Usable)
    child.answers_ping(within_s=3.0)
    assert child.fetch("GET", "/api/models", bearer="").why == ""


@pytest.mark.desktop
def test_a_page_that_closes_itself_is_there_again(practice: PracticeSite, start: Start) -> None:
    """S100"""
    child = page_that("setTimeout(close, 2000)", practice, start)

    until(lambda: len(practice.heard_on("/auth")) == 2)

    child.hear(Usable)
    assert child.fetch("GET", "/api/models", bearer="").why == ""


@pytest.mark.desktop
def test_a_click_that_opens_a_window_goes_on_in_this_one(
    screen: Screen, practice: PracticeSite, start: Start
) -> None:
    child = opened(start())

    screen.click("Continue with Google")

    child.hear(At, url=f"{practice.auth_origin}/o/google")
    until(lambda: screen.active() == f"Practice - {practice.auth_origin}")
    child.answers_ping()
    child.say(Visit("/auth"))
    child.hear(Usable)
    press(screen, "Terms")
    child.hear(At, url=f"{practice.origin}/legal/terms")
    child.answers_ping()


@pytest.mark.desktop
def test_a_person_signs_in_by_another_site(
    screen: Screen, practice: PracticeSite, start: Start
) -> None:
    child = opened(start())

    press(screen, "Continue with GitHub")
    child.hear(At, url=f"{practice.auth_origin}/login/oauth/authorize")
    press(screen, "Authorize")

    child.signed_in()
    child.hear(Usable)
    assert practice.account["email"] == "person@github.example"
    assert child.ask("hello").ended().said()


def press(screen: Screen, name: str) -> None:
    """Press a link by the mouse."""
    screen.press(screen.find(name, "link")[2])


@pytest.mark.desktop
def test_a_check_in_the_page_is_seen_and_the_same_call_is_answered(
    screen: Screen, practice: PracticeSite, child: SiteChild
) -> None:
    chat = child.new_chat()
    practice.challenge("modal")
    calling = child.ask("hello", chat)

    child.hear(Check, visible=True)
    assert calling.answer.head is None
    child.say(Reveal("Qwen asks"))
    screen.click("I am a person")

    child.hear(Check, visible=False)
    assert calling.ended().said()
    assert practice.calls_while_challenged == 0
    assert "x5sec" in child.cookies()


@pytest.mark.desktop
def test_a_check_in_place_of_the_page_is_seen_and_answered(
    screen: Screen, practice: PracticeSite, child: SiteChild
) -> None:
    chat = child.new_chat()
    practice.challenge("navigation")
    calling = child.ask("hello", chat)

    assert calling.ended().why == "left"
    until(lambda: any("/_____tmd_____/punish" in url for url in child.urls()))
    child.say(Reveal("Qwen asks"))
    screen.click("I am a person")

    child.hear(Usable)
    assert child.urls()[-1] == f"{practice.origin}/"
    assert child.ask("hello").ended().said()


@pytest.mark.desktop
@pytest.mark.parametrize("shape", ["json", "held", "empty"])
def test_a_check_that_is_only_an_answer_is_met_by_loading_the_page(
    screen: Screen, practice: PracticeSite, child: SiteChild, shape: Shape
) -> None:
    chat = child.new_chat()
    practice.challenge(shape)

    answer = child.ask("hello", chat).ended()
    assert answer.why == ""
    child.say(Reveal("Qwen asks"), Visit("/"))
    child.hear(Check, visible=True)
    screen.click("I am a person")

    child.hear(Check, visible=False)
    assert child.ask("hello", chat).ended().said()


@pytest.mark.desktop
def test_a_check_of_the_whole_site_is_seen_and_answered(
    screen: Screen, practice: PracticeSite, child: SiteChild
) -> None:
    practice.challenge("html")

    child.say(Reveal("Qwen asks"), Visit("/"))
    until(lambda: any("/_____tmd_____/punish" in url for url in child.urls()))
    screen.click("I am a person")

    child.hear(Usable)
    assert child.ask("hello").ended().said()


@pytest.mark.desktop
def test_nothing_is_asked_of_a_page_of_which_nobody_wants_anything(
    practice: PracticeSite, start: Start, child: SiteChild
) -> None:
    child.leave()
    idle = opened(start("/", shown=False))
    time.sleep(17.0)
    child_process = idle.family()[0]
    before, switches = child_process.cpu_times(), child_process.num_ctx_switches()

    time.sleep(5.0)

    after, later = child_process.cpu_times(), child_process.num_ctx_switches()
    used_s = after.user + after.system - before.user - before.system
    woken = later.voluntary - switches.voluntary
    assert used_s < 0.1
    assert woken < 25


@pytest.mark.desktop
def test_a_page_writes_no_file_into_the_persons_folder(
    practice: PracticeSite, start: Start, screen: Screen
) -> None:
    """S96"""
    home = Path(screen.environment["HOME"])
    saves = (
        "const a = document.createElement('a'); a.download = 'evil.desktop';"
        "a.href = URL.createObjectURL(new Blob(['x'])); body.append(a); a.click();"
        "f = document.createElement('iframe'); f.src = '/api/attached'; body.append(f)"
    )
    attached = acts.Whole(b"x", headers=(("Content-Disposition", "attachment"),))
    practice.on("unknown", *[attached] * 2)
    child = page_that(GOES % saves, practice, start)
    time.sleep(3.0)

    child.answers_ping()
    written = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in written if path.read_bytes() == b"x"] == []
