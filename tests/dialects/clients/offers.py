"""What Portico offers in these tests."""

from tray_app.dialects.clients.recipe import Offer
from tray_app.upstreams.qwen.catalog import BUILT_IN

KEY = "sk-portico-made-up"
OFFER = Offer(
    endpoint="http://127.0.0.1:7936/v1",
    key=KEY,
    model="qwen3.7-plus",
    models=BUILT_IN,
    made_at="2026-11-21T00:00:00.000Z",
)
