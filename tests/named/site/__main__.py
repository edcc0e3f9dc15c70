"""Runs the site: https on 443 by name, and a control socket for the test in a folder.

The folder has `site.pem` and `site.key`; `control` is made in it. `GET /` tells the log and the
secrets, `POST /` sets fields of the script and does what `do` says.
"""

import asyncio
import ssl
import sys
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from .auth import auth_app as new_auth_app
from .auth import git_app
from .pages import chat_app
from .world import AUTH, CHAT, GIT, World


def _control(world: World) -> web.Application:
    async def tell(_: web.Request) -> web.Response:
        told = {"log": world.log, "secrets": world.secrets, "script": asdict(world.script),
                "chats": world.chats}  # fmt: skip
        return web.json_response(told)

    async def do(request: web.Request) -> web.Response:
        told = await request.json()
        for name, value in told.get("script", {}).items():
            setattr(world.script, name, value)
        if told.get("do") == "expire":
            world.tokens = {token: (0.0, user) for token, (_, user) in world.tokens.items()}
        if told.get("do") == "revoke":
            for chain in world.chains:
                chain.over = True
        if told.get("do") == "forget":
            world.log.clear()
        if told.get("do") == "session":
            chain = world.sign_in("ada@example.org")
            token, _ = world.new_token(chain.user)
            return web.json_response({"token": token, "refresh_token": chain.refresh})
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/", tell)
    app.router.add_post("/", do)
    return app


async def main(folder: Path) -> None:
    """Serve until the process is ended."""
    world = World()
    root = web.Application(client_max_size=64 << 20)
    root.add_domain(CHAT, chat_app(world))
    root.add_domain(AUTH, new_auth_app(world))
    root.add_domain(GIT, git_app(world))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    site, control = web.AppRunner(root, handler_cancellation=True), web.AppRunner(_control(world))
    await site.setup()
    await control.setup()
    await web.TCPSite(site, "127.0.0.1", 443, ssl_context=context).start()
    await web.UnixSite(control, str(folder / "control")).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
