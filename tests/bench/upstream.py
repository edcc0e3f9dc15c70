"""The practice site in a process of its own; each line on its stdin is a series of answers."""

import json
import sys

from tests.bench import frames
from tray_app.practice import PracticeSite, acts


def main() -> None:
    site = PracticeSite(pace_s=0.0)
    site.start()
    hello = {"origin": site.origin, "auth_origin": site.auth_origin, "sign_in": site.sign_in()}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        act = acts.Paced(frames.plain(asked["events"]), asked["interval_s"], asked["per_write"])
        site.will(*[act] * asked["answers"])
        site.heard.clear()
        print("{}", flush=True)
    site.stop()


if __name__ == "__main__":
    main()
