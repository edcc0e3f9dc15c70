"""What OpenAI offers and this site has nothing for: an honest 501 instead of a made-up answer."""

from tray_app.core.errors import Kind, ProxyError

_REFUSED = {
    "/embeddings": "Qwen Chat offers no embeddings (a local embedder can do that)",
    "/audio": "Qwen Chat offers no speech",
    "/moderations": "Qwen Chat offers no moderation",
    "/files": "Portico keeps no files",
    "/uploads": "Portico keeps no files",
    "/batches": "Portico runs no batches",
    "/fine_tuning": "Qwen Chat offers no fine-tuning",
    "/assistants": "Portico keeps no assistants; chat completions are here",
    "/threads": "Portico keeps no threads; chat completions are here",
    "/vector_stores": "Portico keeps no vector stores",
    "/realtime": "Portico has no realtime sessions; chat completions are here",
    "/images": "Pictures are not supported by this version of Portico",
    "/responses": "The Responses API is not supported by this version; chat completions are here",
    "/messages": "The Messages API is not supported by this version; chat completions are here",
}


def refusal_of(path: str) -> ProxyError | None:
    """The refusal for a path of OpenAI's, without `/v1`; None for every other path."""
    first = "/" + path.lstrip("/").partition("/")[0]
    why = _REFUSED.get(first)
    return None if why is None else ProxyError(Kind.NOT_SUPPORTED, why)
