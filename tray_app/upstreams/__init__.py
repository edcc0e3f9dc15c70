"""What upstreams speak, one folder each; `UPSTREAMS` names them."""

from tray_app.core.ports import Upstream

from .qwen import QWEN

UPSTREAMS: tuple[Upstream, ...] = (QWEN,)
