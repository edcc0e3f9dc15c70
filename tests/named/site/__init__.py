"""A second stand-in of the site: `chat.qwen.ai`, `auth.qwen.ai` and a host to sign in by.

It shares nothing with the practice site: pages of one document that change their address without
a load, cookies of `.qwen.ai` and of one host, a header that is bound to each request of the page,
checks that are answered by a click. `python -m tests.named.site FOLDER` runs it.
"""
