"""The program against a site that it has not seen, reached by its real names and a certificate.

`box` has a network with nothing in it but that site; `inside` runs there; `site` is the site, made
from what is known of the real one and without a look at the practice site; `person` sits before
the screen.
"""
