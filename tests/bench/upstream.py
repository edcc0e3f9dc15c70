"""The practice site in a process of its own.

The first line on its stdin names a folder with a certificate, or none; each other one is a series
of answers, or asks what the site saw of those before.
"""

import json
import ssl
import sys
from typing import Any

from tests.bench import frames
from tray_app.practice import PracticeSite, acts

_ASKING = "/api/v2/chat/completions"


def _act(asked: dict[str, Any]) -> acts.Act:
    """One answer; a silent one says one event and no more."""
    if asked.get("silent"):
        return acts.Raw(b"".join(frames.plain(1)[:2]), then="hang")
    return acts.Paced(frames.plain(asked["events"]), asked["interval_s"], asked["per_write"])


def _seen(site: PracticeSite, leavers: int) -> dict[str, object]:
    """The calls since the last series, and when the clients of so many prompts left."""

    def left() -> list[float]:
        return [one.closed_s for one in site.heard_on(_ASKING) if one.closed_s is not None]

    site.wait_until(lambda: len(left()) >= leavers, 10.0)
    return {"calls": len(site.heard), "left_s": left()}


def main() -> None:
    pem = json.loads(sys.stdin.readline())["pem"]
    tls = None
    if pem is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem)
    site = PracticeSite(pace_s=0.0, tls=tls)
    site.start()
    hello = {
        "origin": site.origin,
        "auth_origin": site.auth_origin,
        "store": site.store.authority,
        "sign_in": site.sign_in(),
    }
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        found: dict[str, object] = {}
        if "leavers" in asked:
            found = _seen(site, asked["leavers"])
        else:
            site.will(*[_act(asked)] * asked["answers"])
            site.heard.clear()
        print(json.dumps(found), flush=True)
    site.stop()


if __name__ == "__main__":
    main()
