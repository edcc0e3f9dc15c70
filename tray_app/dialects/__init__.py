"""What clients speak: one file for each dialect; `DIALECTS` names those that take prompts."""

from tray_app.core.ports import Dialect

from .openai_chat import OpenAIChat
from .openai_completions import OpenAICompletions
from .openai_images import OpenAIImageEdits, OpenAIImages

DIALECTS: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAICompletions(),
    OpenAIImages(),
    OpenAIImageEdits(),
)
