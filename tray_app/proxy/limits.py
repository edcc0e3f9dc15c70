"""The numbers of the proxy, in one value: how long and how much of everything."""

from msgspec import Struct

from tray_app.store.settings import Settings


class Limits(Struct, frozen=True, kw_only=True):
    """Times in seconds, sizes in bytes."""

    connect_s: float = 10.0
    """Name, TCP and TLS together."""
    headers_s: float = 30.0
    first_event_s: float = 60.0
    """Silence before the first event; any byte begins it anew."""
    slow_first_event_s: float = 180.0
    """The same where the model thinks, searches or draws."""
    idle_s: float = 90.0
    """Silence in mid-answer."""
    whole_s: float = 280.0
    """An answer that is not streamed, from request to end."""
    stream_s: float = 1800.0
    """A streamed answer, from request to end."""
    commit_s: float = 10.0
    """How long our 200 waits for the first meaningful event: until then errors have a status."""
    heartbeat_s: float = 15.0
    write_stall_s: float = 120.0
    """A client that takes nothing for so long is dropped."""
    body_s: float = 60.0
    body_grace_s: float = 10.0
    body_bytes_per_s: int = 1024
    """The slowest body that is taken, once the grace is over."""
    body_bytes: int = 32 << 20
    bodies_bytes: int = 256 << 20
    """All bodies together whose answers are not over."""
    linger_s: float = 3.0
    """The rest of a body that was refused is passed by for so long, or its answer might be lost."""
    upload_stall_s: float = 30.0
    """The store for files may take nothing for so long, and may then take so long to answer."""
    file_bytes: int = 20 << 20
    """The largest picture or file of a client, however it comes."""
    fetch_s: float = 20.0
    """How long one may take that is fetched, redirects included."""
    media_s: float = 60.0
    """How long bringing one picture that the site made may take, with all tries."""
    media_pause_s: float = 1.0
    """Before the next try: a fresh picture may not be there yet."""
    media_stall_s: float = 15.0
    """Silence while it comes."""
    media_bytes: int = 32 << 20
    """The largest one that is brought."""
    answer_bytes: int = 8 << 20
    """The largest whole answer of the upstream that is read."""
    connections: int = 256
    """From this computer, at once."""
    device_connections: int = 128
    """From other devices, at once; they take no place of this computer's."""
    device_head_s: float = 10.0
    """How long a connection from another device may take to ask for something."""
    idle_connection_s: float = 1.0
    """Nothing was asked on a connection for so long: it may be closed for another one."""
    surplus_connections: int = 64
    """So many more are let in at once where no place is free, to be told so."""
    surplus_s: float = 5.0
    """How long one of those may take to ask."""
    keepalive_s: float = 75.0
    drain_s: float = 2.5
    """How long running answers may go on when the proxy stops."""
    last_words_s: float = 0.5
    """How long those that were ended then may take to tell their clients."""
    cut_s: float = 0.25
    """How long a connection on which something is still asked may take to end, twice."""
    tidy_s: float = 1.0
    """How long deleting chats may take when the proxy stops."""
    anew_s: float = 0.5
    """How long after its death the proxy is started again."""
    gone_s: float = 15.0
    """A proxy that has not ended so long after it was told to hangs."""
    close_s: float = 8.0
    """How long whoever ends the program waits for the proxy's end."""
    close_starting_s: float = 3.0
    """The same where no answer could need the time."""
    sweep_s: float = 5.0
    """How far apart chats are deleted that an earlier run left."""
    sweep_again_s: float = 300.0
    """When it is tried again where one could not be deleted, or none might be."""
    asking_s: float = 120.0
    """How long a person is asked to answer a check before the account is left alone."""
    tick_s: float = 1.0
    """How often open streams are looked at."""
    blocked_s: float = 30.0
    """How long the event loop may be blocked while answers are on their way."""

    def under(self, settings: Settings) -> "Limits":
        """These limits with those that people set; a head cannot take longer than an event."""
        first = settings.first_event_timeout_s
        ratio = self.slow_first_event_s / self.first_event_s
        return Limits(
            **{
                **{name: getattr(self, name) for name in self.__struct_fields__},
                "connect_s": settings.connect_timeout_s,
                "first_event_s": first,
                "slow_first_event_s": first * ratio,
                "headers_s": min(self.headers_s, first),
                "idle_s": settings.idle_timeout_s,
            }
        )
