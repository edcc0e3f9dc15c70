"""Runs before the built program: finds the system's certificates where OpenSSL does not look.

The program brings its own OpenSSL, which looks where the system that it was built on keeps them.
"""

import os

_BUILT_FOR = ("/usr/lib/ssl/cert.pem", "/usr/lib/ssl/certs")
_ELSEWHERE = (
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Arch, Alpine
)

if not any(map(os.path.exists, _BUILT_FOR)) and "SSL_CERT_FILE" not in os.environ:
    _found = next(filter(os.path.exists, _ELSEWHERE), None)
    if _found:
        os.environ["SSL_CERT_FILE"] = _found
