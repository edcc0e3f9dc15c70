"""Portico in a process of its own, in front of the practice site that its stdin names.

Per request it does what it does for any client: checks the key, makes a chat, asks in it, turns
frames into chunks, deletes the chat. Logs go to a file as in the product.
"""

import json
import sys
from pathlib import Path

from tests.bench.lag import Lag, answer_of
from tests.ports import free_port
from tray_app.compose import practice_session, practice_site
from tray_app.core.redact import Redactor
from tray_app.proxy.house import Parts
from tray_app.proxy.keys import DEFAULT_NAME
from tray_app.proxy.limits import Limits
from tray_app.proxy.memory import read_by_records, settle, stay_small
from tray_app.proxy.models import Shelf
from tray_app.proxy.person import Person
from tray_app.proxy.service import Service
from tray_app.store.logs import start_logging, stop_logging
from tray_app.store.settings import Settings
from tray_app.upstreams.qwen import QWEN


def main() -> None:
    stay_small()
    read_by_records()
    told = json.loads(sys.stdin.readline())
    port = free_port()
    person = Person(None, session=practice_session(told["sign_in"]))
    key = person.keys.new(DEFAULT_NAME).secret
    start_logging(Path(told["logs"]), "info", Redactor(), stderr=False)
    service = Service(
        Parts(
            site=practice_site(told["origin"], told["auth_origin"], told["store"]),
            upstream=QWEN,
            person=person,
            settings=Settings(port=port, parallel_answers=1000, start_spacing_s=0, queue_size=1000),
            save_settings=lambda *_: None,
            shelf=Shelf(load=lambda: None, save=lambda *_: None),
            limits=Limits(connections=2000),
        )
    )
    service.start()
    settle()
    print(json.dumps({"port": service.port, "key": key}), flush=True)
    lag = Lag()
    for line in sys.stdin:
        ms = service.post((lag.begin if json.loads(line)["watch"] else lag.end)()).result()
        print(answer_of(ms), flush=True)
    service.stop()
    stop_logging()


if __name__ == "__main__":
    main()
