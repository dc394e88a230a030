"""Says what became of mails: in them, on the timeline, and to those who wrote them or answer for the account."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.saying import said
from klientel.channels.queries import outbox, waiting
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.errors import filled, read_out
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.events.notices import notice
from klientel.kernel.live import notifications
from klientel.kernel.tenancy import current, writing

QUEUE = "outbox.telling"
TELL, SOME = 500, 250  # mails that say in one piece what became of them: by a job, between the turns of consumers
#: states that whoever wrote the mail should know of at once, each with its kind of notification
TROUBLE = {"rejected": "mail.rejected", "unclear": "mail.unclear", "withheld": "mail.withheld"}
LATE = "mail.waits"
_ENDED = _("The connection ended while the mail was handed over. It may have arrived; it is not sent again.")
_read = lazy(read_out, str)

notice(TROUBLE["rejected"], _("The other side refused your e-mail: %(what)s"), icon="circle-alert")
notice(TROUBLE["unclear"], _("It is unclear whether your e-mail arrived: %(what)s"), icon="circle-alert")
notice(TROUBLE["withheld"], _("Your e-mail was not sent: %(what)s"), icon="circle-alert")
notice(LATE, _("An e-mail waits too long in the outbox: %(what)s"), icon="clock")


def tell() -> None:
    """What became of a mail stands in it, and on the timeline of everything it concerns: exactly once.

    Whoever wrote it is told at once where it did not go as it should.
    """
    while _told(TELL) == TELL:
        pass


def _told(most: int) -> int:
    """One piece in a transaction; how many there were."""
    with writing():
        rows = outbox.untold(most)
        items = [Item(mail, {"outcome": state, "reply": _words(state, code, reply)})
                 for _id, mail, state, code, reply in rows]  # fmt: skip
        # one that is gone meanwhile, into the recycle bin or erased, refuses; nothing is to be told about it
        done = [one.record for one in run_many(system_actor(), "channels.mail.settle", items) if one.record]
        for state, kind in TROUBLE.items():
            wanted = [(one.owner, one.pk, f"{kind}:{one.pk}") for one in done if one.state == state and one.owner]
            notifications.tell_of("channels.mail", kind, wanted)
        outbox.told([row[0] for row in rows])
    return len(rows)


def _words(state: str, code: int, reply: str) -> str:
    if state == "unclear" and not reply:
        return said(_ENDED)
    if not code or reply.startswith(str(code)):
        return reply
    return said(filled("%(code)d %(reply)s", {"code": code, "reply": _read(reply)}))


@on_wake(QUEUE)
def tell_some() -> None:
    """Beside the sending: what was settled meanwhile, a piece at a time."""
    if _told(SOME) == SOME:
        wake(current(), QUEUE)


def report_late() -> None:
    """Tell writers, and those who answer for the accounts, of mails that wait too long."""
    notifications.tell_of("channels.mail", LATE, waiting.late())
