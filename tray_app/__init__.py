"""Portico: a person's own Qwen Chat session as a local endpoint for any AI client.

The house, floor by floor; imports go down only::

    __main__    reads the command line and starts the part that it names
    tray        serves from a tray, with an icon, a menu and windows
    headless    serves in the foreground
    over        the end of serving in the foreground
    commands    what the command line asks of a running instance, or does where none runs
    faults      what becomes of a fault that nobody caught
    connect     points a client at Portico: prints, writes, puts back, tries
    selftest    tries every part of what was built or installed
    doctor      checks what Portico needs
    live        the status, for as long as somebody looks
    figures     what the statistics tell
    forget      removes all that Portico keeps for a person
    startup     what every way of running begins with: one instance, its log
    anew        starts the program anew in its own place, when its proxy hangs
    streams     stdin, stdout and stderr as they are found: missing, full, closed early
    compose     composition root: chooses the parts of a proxy
    desktop     what a person sees: tray, icons, notices, windows, the app's life on a desktop
    practice    a stand-in of the site on loopback, for trying out and for every test
    proxy       sockets, clocks, tasks: server, guard, gate, relay, transport, session, control door
    dialects    what clients speak, one file each                                       (pure)
    filters     what happens to any prompt or answer on its way, one file each          (pure)
    upstreams   what upstreams speak, one folder each                                   (pure)
    store       disk and keyring: settings, logs, locks, statistics, the vault, the model list
    core        values, codecs and protocols that two rooms share                       (pure)

One request, socket to socket::

    client -> guard -> relay -> dialect.parse -> gate -> flow -> transport -> upstream
    client <- exchange <- encoder.feed <- filters <- decoder.feed <- transport <- bytes

Which room does a line belong to? The first yes wins: disk, keyring, environment: store; socket,
clock, task: proxy; a client's JSON: dialects; the upstream's JSON or paths: upstreams; changes a
prompt or an answer whoever asked: filters; needed by two rooms: core; else where it is used.
"""

__version__ = "26.11.0"
