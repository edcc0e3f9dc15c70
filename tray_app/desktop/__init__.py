"""What a person sees: tray, icons, notices, windows, and the life of the app on a desktop.

What is shown is decided in one pure place from snapshots of the proxy; drawing it is all that the
trays do. Nothing here waits for the proxy.
"""
