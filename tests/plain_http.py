"""Requests that need no TLS. For each one httpx reads the certificates of every authority there is, in a twentieth
of a second of processor: longer than many a request takes.
"""

import ssl
from functools import partial

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `verify`: nobody is vouched for."""

request = partial(httpx.request, verify=NO_TLS)
get = partial(httpx.get, verify=NO_TLS)
post = partial(httpx.post, verify=NO_TLS)
put = partial(httpx.put, verify=NO_TLS)
Client = partial(httpx.Client, verify=NO_TLS)
