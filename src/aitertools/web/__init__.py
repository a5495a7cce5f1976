"""Streams at the edge of a web server, for Starlette and FastAPI, and of an httpx client.

``pip install 'aitertools[web]'``
"""

# General layout
#
# extra        says what to install
# sending      one message after the other until the client is gone, does not read, or the end
# draining     a server that shuts down: streams stop, what is in flight is sent
# inbox        what one WebSocket client sends, for those who read it and who watch for its leaving
# websocket    messages, send_all, duplex
# response     a response whose body is a stream
# eventstream  Server-Sent Events as bytes, there and back; knows nothing of the web
# events       ServerSentEvent, EventSourceResponse, resume
# lines        bytes into lines, each of a bounded size
# ndjson       NDJSONResponse, ndjson
# clients      event_source, for httpx
#
# Imports point up this list only; of aitertools it knows what is public, and of the runtime how to
# limit the time of a send, and to wake the loop in a signal's handler.

from .extra import need

need("starlette")

from .clients import event_source  # noqa: E402 -- after it was said what is missing
from .draining import Draining  # noqa: E402
from .events import EventSourceResponse, resume  # noqa: E402
from .eventstream import ServerSentEvent  # noqa: E402
from .ndjson import NDJSONResponse, ndjson  # noqa: E402
from .websocket import duplex, messages, send_all  # noqa: E402

__all__ = [
    "Draining",
    "EventSourceResponse",
    "NDJSONResponse",
    "ServerSentEvent",
    "duplex",
    "event_source",
    "messages",
    "ndjson",
    "resume",
    "send_all",
]
