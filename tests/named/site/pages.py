"""The documents that the chat host serves, and what comes with every answer of it."""

import secrets
from pathlib import Path

from aiohttp import web

from . import checks
from .api import add_api
from .checks import WORLD, Handler
from .world import AUTH, World

_UI = Path(__file__).parent / "ui"
_CSP = (
    f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' https://{AUTH}; "
    "img-src 'self' data:; font-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'; object-src 'none'"
)
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def _file(name: str, **told: str) -> web.Response:
    text = (_UI / name).read_text("utf-8")
    for key, value in told.items():
        text = text.replace(f"@{key}@", value)
    return web.Response(text=text, content_type=_TYPES[Path(name).suffix])


@web.middleware
async def hears(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep what was asked, and answer as everything on this host does."""
    world = request.app[WORLD]
    if not request.path.startswith(("/qwen-chat-fe/", "/favicon")):
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        _, user = world.tokens.get(bearer, (0.0, None))
        world.note(
            "asked", method=request.method, path=request.path, cookies=sorted(request.cookies),
            agent=request.headers.get("User-Agent", ""), user=user,
            marked="bx-ua" in request.headers,
            headers=sorted({name.lower() for name in request.headers}),
            version=request.headers.get("version", ""),
        )  # fmt: skip
    is_free = "/_____tmd_____/" in request.path or request.path.startswith("/qwen-chat-fe/")
    if checks.blocks_everything(world) and not is_free and request.method == "GET":
        world.note("while_challenged_read", path=request.path)
        return checks.wall(world)
    return await handler(request)


async def _dressed(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    if response.content_type == "text/html":
        headers["Content-Security-Policy"] = _CSP
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cache-Control"] = "no-store"
    headers["X-Content-Type-Options"] = "nosniff"
    if "acw_tc" not in request.cookies:
        value = secrets.token_hex(16)
        headers.add("Set-Cookie", f"acw_tc={value}; Path=/; Max-Age=1800; HttpOnly; Secure")
        headers.add("Set-Cookie", "x-ap=ap-southeast-1; Path=/; Max-Age=1800")


async def document(request: web.Request) -> web.Response:
    """The one document of the app, wherever in it somebody is."""
    world = request.app[WORLD]
    key = secrets.token_hex(16)
    world.page_keys.add(key)
    script = world.script
    asks = script.asks_on_load and checks.is_asking(world) and script.challenge != "navigation"
    return _file(
        "index.html", key=key, version=script.fe_version, wrap=str(script.wrap_after_s),
        kind=script.wrapped_as, below=str(script.renew_below_s),
        guest="yes" if script.guest_first else "",
        pushes="yes" if script.pushes else "", punish=checks.punish_url("api") if asks else "",
    )  # fmt: skip


async def asset(request: web.Request) -> web.Response:
    """A script or a style of the app, as a file that browsers keep."""
    response = _file(request.match_info["name"])
    response.headers["Cache-Control"] = "public, max-age=600"
    return response


async def punish(_: web.Request) -> web.Response:
    """Where a person answers."""
    return _file("punish.html")


async def waf(_: web.Request) -> web.Response:
    """What leads from the protection's page to where a person answers."""
    return _file("waf.js")


async def punish_script(_: web.Request) -> web.Response:
    """What the button there does."""
    return _file("punish.js")


def chat_app(world: World) -> web.Application:
    """Everything on the chat host."""
    app = web.Application(middlewares=[hears], client_max_size=64 << 20)
    app[WORLD] = world
    app.on_response_prepare.append(_dressed)
    add_api(app)
    add = app.router.add_get
    for name in ("main.js", "boot.js"):
        add(f"/qwen-chat-fe/{{version}}/js/{{name:{name}}}", asset)
    add("/qwen-chat-fe/{version}/css/{name:main.css}", asset)
    add("/_____tmd_____/waf.js", waf)
    add("/_____tmd_____/punish.js", punish_script)
    add("/{above:.*}_____tmd_____/punish", punish)
    for path in ("/", "/auth", "/c/{chat}", "/settings"):
        add(path, document)
    return app
