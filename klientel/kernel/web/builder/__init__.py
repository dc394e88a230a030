"""The condition builder: nested parts that people choose, as a form that works by clicks, keys and without scripts.

``of`` draws a condition, ``sent`` reads what a form sent; the macro ``conditions`` (components/conditions.html) shows
the :class:`~klientel.kernel.web.builder.drawing.Part` that both give. Any form can hold any number of them, each under
a prefix of its own.
"""

from klientel.kernel.web.builder.building import Sent, of, sent
from klientel.kernel.web.builder.drawing import Part

__all__ = ["Part", "Sent", "of", "sent"]
