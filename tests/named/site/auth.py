"""The host that signs people in, and the other company's host that can do it too."""

import hashlib
from uuid import uuid4

from aiohttp import web

from .checks import WORLD, Handler
from .world import CHAT, EMAIL, PASSWORD, Chain, World

ORIGIN = f"https://{CHAT}"
_ALLOWED = "content-type, source, timezone, version, x-request-id, x-request-origin"


@web.middleware
async def shares(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let exactly the chat's origin read the answers, with cookies."""
    if request.method == "OPTIONS":
        response: web.StreamResponse = web.Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = _ALLOWED
    else:
        response = await handler(request)
    if request.headers.get("Origin") == ORIGIN:
        response.headers["Access-Control-Allow-Origin"] = ORIGIN
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Vary"] = "Origin"
    return response


def _unauthorized() -> web.Response:
    told = {"success": False, "data": {"code": "unauthorized", "details": "Please log in."}}
    return web.json_response(told, status=401)


def _with_token(world: World, chain: Chain) -> web.Response:
    token, ends_ms = world.new_token(chain.user)
    told = {"id": "u-1", "access_token": token, "expires_at": ends_ms, "email": chain.user}
    response = web.json_response({"success": True, "request_id": str(uuid4()), "data": told})
    ends = f"; Path=/; Secure; HttpOnly; SameSite={world.script.same_site}"
    month = "; Max-Age=2592000"
    add = response.headers.add
    add("Set-Cookie", f"refresh_token={chain.refresh}; Domain=.qwen.ai{month}{ends}")
    add("Set-Cookie", f"token=old.{uuid4().hex}.era; Domain=.qwen.ai{month}{ends}")
    add("Set-Cookie", f"auth_sid={uuid4().hex}; Path=/{month}; Secure; HttpOnly; SameSite=Strict")
    return response


async def sign_in(request: web.Request) -> web.Response:
    """By mail address and password."""
    world = request.app[WORLD]
    told = await request.json()
    wanted = hashlib.sha256(PASSWORD.encode()).hexdigest()
    if told.get("email") != EMAIL or told.get("password") != wanted:
        world.note("wrong_password")
        told = {"code": "invalid_credentials", "details": "The email or password is incorrect."}
        return web.json_response({"success": False, "data": told}, status=400)
    return _with_token(world, world.sign_in(EMAIL))


async def exchange(request: web.Request) -> web.Response:
    """By the code that the other company sent the person back with."""
    world = request.app[WORLD]
    code = (await request.json()).get("code", "")
    if code not in world.codes:
        return _unauthorized()
    world.codes.discard(code)
    return _with_token(world, world.sign_in("ada@git.example"))


async def refresh(request: web.Request) -> web.Response:
    """A new access token, and a new refresh token with it."""
    world = request.app[WORLD]
    if request.headers.get("x-request-origin") != ORIGIN:
        world.note("refresh_without_origin")
        told = {
            "success": False,
            "data": {"code": "Bad_Request", "details": "Invalid request header"},
        }
        return web.json_response(told)
    chain = world.renew(request.cookies.get("refresh_token", ""))
    if chain is None:
        world.note("refresh_refused", had=sorted(request.cookies))
        return _unauthorized()
    return _with_token(world, chain)


async def guest(request: web.Request) -> web.Response:
    """A token for somebody who is not signed in."""
    token, ends_ms = request.app[WORLD].new_token("")
    return web.json_response(
        {"success": True, "data": {"access_token": token, "expires_at": ends_ms}}
    )


async def who(request: web.Request) -> web.Response:
    """Who is signed in; asking for that spoils the session of an open page."""
    request.app[WORLD].note("mutating_whoami")
    return _unauthorized()


async def sign_out(request: web.Request) -> web.Response:
    """End the chain."""
    world = request.app[WORLD]
    for chain in world.chains:
        if chain.refresh == request.cookies.get("refresh_token"):
            chain.over = True
    world.note("signed_out")
    return web.json_response({"success": True})


def auth_app(world: World) -> web.Application:
    """Everything on the auth host."""
    app = web.Application(middlewares=[shares])
    app[WORLD] = world
    path = "/api/v2/auths"
    app.router.add_post(f"{path}/signin", sign_in)
    app.router.add_post(f"{path}/oauth/exchange", exchange)
    app.router.add_get(f"{path}/refresh", refresh)
    app.router.add_get(f"{path}/guest", guest)
    app.router.add_post(f"{path}/signout", sign_out)
    app.router.add_get(f"{path}/", who)
    app.router.add_route("OPTIONS", "/{any:.*}", who)
    return app


_CONSENT = """<!doctype html><html><head><meta charset="utf-8"><title>Authorize</title></head>
<body><h1>Authorize Qwen Chat</h1><form method="post"><button autofocus>Authorize</button></form>
<script>localStorage.setItem("qwen_access_token_state",
'{"version":1,"stateId":"x","token":"aaaa.bbbb.cccc","expiresAt":99999999999999}')</script>
</body></html>"""


async def consent(request: web.Request) -> web.Response:
    """Ask the person, on another company's page, which plants what looks like a session."""
    return web.Response(text=_CONSENT, content_type="text/html")


async def agreed(request: web.Request) -> web.Response:
    """Send the person back."""
    code = uuid4().hex
    request.app[WORLD].codes.add(code)
    raise web.HTTPFound(f"{ORIGIN}/auth?code={code}")


def git_app(world: World) -> web.Application:
    """Everything on the other company's host."""
    app = web.Application()
    app[WORLD] = world
    app.router.add_get("/login/oauth/authorize", consent)
    app.router.add_post("/login/oauth/authorize", agreed)
    return app
