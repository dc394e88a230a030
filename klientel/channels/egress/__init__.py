"""The one way out of this house. Only here may an HTTP or mail library be imported (a contract holds it).

Every connection is made to an address that was resolved once and checked; nothing is looked up a second time.
"""

from klientel.channels.egress.addresses import Blocked
from klientel.channels.egress.http import Answer, Request, fetch
from klientel.channels.egress.imap import Box, Message, open_box
from klientel.channels.egress.line import Failure, Line, Reply
from klientel.channels.egress.smtp import Place, open_line

__all__ = [
    "Answer",
    "Blocked",
    "Box",
    "Failure",
    "Line",
    "Message",
    "Place",
    "Reply",
    "Request",
    "fetch",
    "open_box",
    "open_line",
]
