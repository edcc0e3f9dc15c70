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
    "/images/variations": "Qwen Chat varies no pictures; /v1/images/edits takes one and a text",
    "/video": "Portico makes no videos",
    "/videos": "Portico makes no videos",
    "/containers": "Portico runs no containers",
    "/conversations": "Portico keeps no conversations; chat completions are here",
    "/evals": "Portico runs no evals",
    "/responses": "The Responses API is not supported by this version; chat completions are here",
    "/messages": "The Messages API is not supported by this version; chat completions are here",
}
_DEPTH = max(path.count("/") for path in _REFUSED)


def refusal_of(path: str) -> ProxyError | None:
    """The refusal for a path of OpenAI's, without `/v1`, and for what is below it; else None."""
    steps = path.lstrip("/").split("/", _DEPTH)[:_DEPTH]
    for end in range(len(steps), 0, -1):
        if why := _REFUSED.get("/" + "/".join(steps[:end])):
            return ProxyError(Kind.NOT_SUPPORTED, why)
    return None
