"""A signature that was drawn: a picture from outside, drawn anew before it is kept."""

from __future__ import annotations

import base64
import binascii
import io
import warnings

from django.utils.translation import gettext_lazy as _
from PIL import Image

from klientel.kernel.errors import Refused

HEAD = "data:image/png;base64,"
MOST = 200_000  # signs of the text that a browser sends
LARGEST = 2_000_000  # pixels
WIDE = 900


def picture_of(text: str) -> bytes | None:
    """The PNG of a drawn signature on white; nothing where nothing was drawn. :class:`Refused` where it is none."""
    if not text:
        return None
    if not text.startswith(HEAD) or len(text) > MOST:
        raise _wrong()
    try:
        content = base64.b64decode(text[len(HEAD) :], validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG",)) as found:
                if found.width * found.height > LARGEST:
                    raise _wrong()
                drawn = found.convert("RGBA")
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _wrong() from error
    except Image.DecompressionBombWarning as error:
        raise _wrong() from error
    ink = drawn.getchannel("A")
    if ink.getbbox() is None:
        return None
    flat = Image.new("RGB", drawn.size, "white")
    flat.paste(Image.new("RGB", drawn.size, "black"), mask=ink)
    flat = flat.crop(ink.getbbox())
    flat.thumbnail((WIDE, WIDE))
    out = io.BytesIO()
    flat.save(out, "PNG")
    return out.getvalue()


def _wrong() -> Refused:
    return Refused("no_signature", _("This signature could not be read. Please type your name instead."), "drawn")
