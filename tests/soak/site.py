"""The practice site in a process of its own, which does what the prompts say.

What its calls are about says what they meet, so that nobody meets what was meant for another.
Deleting a chat fails now and then by chance: nobody waits for it.
"""

import json
import random
import sys
from typing import Any

from tests.soak.faults import BY_NAME, MARK, Endless, words
from tray_app.practice import Heard, PracticeSite, acts

CLUMSY = "qwen3.5-omni-plus"
"""Making a chat for this model fails every other time."""
_KEPT = 500
"""So many requests are remembered."""


class FaultySite(PracticeSite):
    """A practice site whose faults are named in what it is asked."""

    def __init__(self, chance: random.Random, share: float) -> None:
        super().__init__(pace_s=0.005, token_life_s=240.0)
        self._chance = chance
        self._share = share
        self._met: set[bytes] = set()
        self._stays: set[str] = set()
        self._chats_made = 0
        self.completions = 0

    def _usual(self, route: str, heard: Heard, chat_id: str) -> acts.Act:
        del self.heard[:-_KEPT]
        if route in {"delete", "stop", "models"} and self._fails(route, chat_id):
            return acts.value({"detail": "not now"}, 500)
        if route == "new" and CLUMSY.encode() in heard.request.body:
            self._chats_made += 1
            if self._chats_made % 2:
                return acts.refused("internal_error", "!")
        usual = super()._usual(route, heard, chat_id)
        if route == "completions" and usual is not acts.EXPIRED:
            self.completions += 1
            return self._spoilt(heard.request.body) or usual
        return (self._kept(heard.request.body) if route == "put" else None) or usual

    def _fails(self, route: str, chat_id: str) -> bool:
        """Whether a call fails by chance; to delete a chat fails once, as it is given up later."""
        if self._chance.random() >= self._share or chat_id in self._stays:
            return False
        if route == "delete":
            self._stays.add(chat_id)
        return True

    def _spoilt(self, body: bytes) -> acts.Act | None:
        """What this prompt is to meet; None where it is to be answered."""
        found = MARK.search(body)
        if found is None:
            return None
        name, number = found[1].decode(), int(found[2])
        if name == "endless":
            return Endless(40)
        if name not in BY_NAME:
            return acts.say(*words(number), pace_s=self.pace_s)
        fault = BY_NAME[name]
        if fault.once and found[0] in self._met:
            self._met.discard(found[0])
            return acts.say(*words(number))
        if fault.once:
            self._met.add(found[0])
            if name == "expired":
                self.expire_tokens()
        return fault.act(number)

    def _kept(self, body: bytes) -> acts.Act | None:
        """What this file is to meet at the store."""
        found = MARK.search(body)
        if found is not None and found[1] == b"store-refuses":
            code = b"<Error><Code>AccessDenied</Code></Error>"
            return acts.Whole(code, 403, "application/xml")
        return None


def main() -> None:
    told = json.loads(sys.stdin.readline())
    site = FaultySite(random.Random(told["seed"]), told["share"])
    site.start()
    answer: dict[str, Any] = {
        "origin": site.origin,
        "auth_origin": site.auth_origin,
        "store": site.store.authority,
        "sign_in": site.sign_in(),
    }
    print(json.dumps(answer), flush=True)
    for _ in sys.stdin:
        drawn = sum(made["chat_type"] in {"t2i", "image_edit"} for made in site.chats.values())
        answer = {
            "chats": len(site.chats) - drawn,
            "open": site.open_streams,
            "asked": site.completions,
        }
        print(json.dumps(answer), flush=True)
    site.stop()


if __name__ == "__main__":
    main()
