"""The site's protection: who is challenged, in which shape, and how a person answers."""

import json
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from .world import CHAT, FIRST_COOKIES, World

WORLD = web.AppKey("world", World)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LIMIT_BYTES = 128 << 10
PUNISH = "/_____tmd_____/punish"
WAF = """<!doctypehtml><html><head><meta charset=utf-8><meta name="aliyun_waf_aa" content="{mark}">
<script src="/_____tmd_____/waf.js" data-to="{to}"></script></head><body>{fill}</body></html>"""

WALL = """<!doctypehtml><html><head><meta charset=utf-8><meta name="aliyun_waf_bb" content="{mark}">
<title>Verification</title><script defer src="/_____tmd_____/punish.js"></script></head>
<body><button id=nc>Slide to verify</button></body></html>"""


def punish_url(path: str) -> str:
    """Where a person answers, as the site tells it."""
    mark = secrets.token_hex(24)
    return (
        f"https://{CHAT}:443/{path}{PUNISH}?x5secdata={mark}&x5step=2&action=captcha&pureCaptcha="
    )


def as_json(path: str, acts: str = "pass") -> web.Response:
    """The check as JSON; `acts` is what the page's own script does about it."""
    told = {
        "ret": ["FAIL_SYS_USER_VALIDATE", "RGV587_ERROR::SM::哎哟喂,被挤爆啦,请稍后重试"],
        "data": {"url": punish_url(path)},
    }
    return web.json_response(told, headers={"bxpunish": acts}, dumps=_dense)


def as_wall() -> web.Response:
    """The check as a page that is answered where it is, at whatever address."""
    return web.Response(text=WALL.format(mark=secrets.token_hex(8)), content_type="text/html")


def as_html() -> web.Response:
    """The check as a page, 16 kB of it."""
    to = f"{PUNISH}?x5secdata={secrets.token_hex(24)}&x5step=1"
    fill = "<!-- " + "a" * 16_000 + " -->"
    body = WAF.format(mark=secrets.token_hex(8), to=to, fill=fill)
    return web.Response(text=body, content_type="text/html")


def wall(world: World) -> web.Response:
    """What a check that blocks everything shows in place of all else."""
    return as_wall() if world.script.challenge == "wall" else as_html()


def bad_request() -> web.Response:
    """What the site says to a request whose shape is not that of its page."""
    told = {"success": False, "request_id": secrets.token_hex(16),
            "data": {"code": "Bad_Request", "details": "Internal error"}}  # fmt: skip
    return web.json_response(told)


def is_asking(world: World) -> bool:
    """Whether a check stands."""
    script = world.script
    return bool(script.challenge) and world.completions >= script.challenge_after


def blocks_everything(world: World) -> bool:
    """Whether not even a page is served."""
    return is_asking(world) and world.script.challenge in {"html", "wall"}


def refused(world: World, request: web.Request, body: bytes) -> web.Response | None:
    """The answer to a write that does not pass; None for one that does."""
    if is_asking(world) and _is_asked_of(world, request):
        by = "person" if "named-person" in request.headers else "portico"
        agent = request.headers.get("User-Agent", "")
        world.note("while_challenged", path=request.path, agent=agent, by=by)
        return _challenge(world, request)
    if len(body) > LIMIT_BYTES:
        return as_json(request.path)
    jar = request.cookies
    if not jar.keys() >= FIRST_COOKIES:
        world.note("bare_jar", had=sorted(jar))
        return as_json(request.path)
    if world.script.needs_clearance and jar.get("x5sec") not in world.clearances:
        world.note("no_clearance")
        return as_json(request.path)
    return _by_page(world, request, body)


def _is_asked_of(world: World, request: web.Request) -> bool:
    is_all = world.script.challenge_on == "writes"
    return is_all or request.path == "/api/v2/chat/completions" or "named-person" in request.headers


def _by_page(world: World, request: web.Request, body: bytes) -> web.Response | None:
    if not world.script.page_only:
        return None
    mark = request.headers.get("bx-ua", "")
    if not mark and "Mozilla" not in request.headers.get("User-Agent", ""):
        world.note("not_from_page", path=request.path)
        return as_json(request.path)
    if not world.is_from_page(mark, request.method, request.raw_path, body):
        world.note("too_early" if not mark else "copied_mark", path=request.path)
        return bad_request()
    return None


def _challenge(world: World, request: web.Request) -> web.Response:
    shape = world.script.challenge
    if "named-person" in request.headers:
        return as_json(request.path, "dialog")
    if shape in {"html", "wall"}:
        return wall(world)
    if shape == "held":
        told = {
            "code": 0,
            "dt": "success",
            "result": {"code": 0, "sig": "from bx"},
            "success": True,
        }
        return web.json_response(told)
    if shape == "empty":
        return web.Response(body=b"", content_type="text/event-stream")
    return as_json(request.path, {"modal": "dialog", "navigation": "leave"}.get(shape, "pass"))


async def answer(request: web.Request) -> web.Response:
    """A person answered: a cookie says so from now on."""
    world = request.app[WORLD]
    told = await request.json()
    if told.get("trusted") is not True:
        world.note("forged_answer")
        return web.json_response({"success": False}, status=403)
    clearance = secrets.token_hex(20)
    world.clearances.add(clearance)
    world.secrets.append(clearance)
    world.note("answered", shape=world.script.challenge)
    world.script.challenge = ""
    response = web.json_response({"success": True})
    ends = "Domain=.qwen.ai; Path=/; Max-Age=1800; Secure; SameSite=None"
    response.headers.add("Set-Cookie", f"x5sec={clearance}; {ends}")
    return response


def _dense(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
