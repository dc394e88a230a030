"""Reading mail: what came lately, a conversation, the formatted part of a mail in a frame that can do nothing."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from csp.constants import HEADER, SELF
from csp.utils import build_policy
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET, require_http_methods

from klientel.channels.queries import accounts, conversation, signatures
from klientel.channels.queries.composing import language_of
from klientel.channels.views import writing
from klientel.channels.views.saying import say_laid_out
from klientel.kernel.access import reading as read
from klientel.kernel.access.naming import names_by_type
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.files import keeping
from klientel.kernel.files.opening import open_file
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.kernel.web.answers import act, page
from klientel.kernel.web.shell import FURTHER, Further

MAIL = "channels.mail"
FURTHER.append(Further("", gettext_lazy("Inbox"), "inbox", "inbox", MAIL))
LARGEST_PICTURE = 3 * 2**20
PICTURES = (*keeping.PICTURES, "image/gif")
BOXES = (
    ("human", {"all": [{"field": "direction", "op": "is", "value": "in"},
                       {"field": "sort", "op": "one_of", "value": ["human", "own"]}]}),
    ("others", {"all": [{"field": "direction", "op": "is", "value": "in"},
                        {"field": "sort", "op": "none_of", "value": ["human", "own"]}]}),
    ("sent", {"all": [{"field": "direction", "op": "is", "value": "out"}]}),
)  # fmt: skip
COLUMNS = ("sender", "sender_name", "to", "sent_at", "sort", "state", "person", "account", "text")


@require_GET
@page
def inbox(request: Any) -> HttpResponse:
    """The newest mails: letters, what programs wrote, what was sent; as far as the reader may see them."""
    rtype, chosen = type_of(MAIL), request.GET.get("box", "human")
    where = dict(BOXES).get(chosen)
    if where is None:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    visible = request.scope.visible(rtype)
    columns = [name for name in COLUMNS if name in visible]
    found = read.select(
        request.scope, rtype, columns=columns, where=where, sort="-sent_at", after=request.GET.get("after"), named=True
    )
    sorts = dict(rtype.fields["sort"].options()) | dict(rtype.fields["state"].options())
    context = {"rows": found.rows, "names": found.names, "after": found.after, "box": chosen, "labels": sorts}
    context["may_write"] = request.scope.may(rtype, "send")
    return render(request, "channels/inbox.html", context)


@require_GET
@page
def conversing(request: Any, mail_id: UUID) -> HttpResponse:
    """All mails of the conversation that a mail belongs to, the oldest first."""
    mail = read.get(request.scope, type_of(MAIL), mail_id)
    found = conversation.mails(request.scope, mail.thread) if mail.thread else [mail]
    bodies = conversation.bodies([one.pk for one in found])
    files = [one for each in found for one in each.files]
    visible = request.scope.visible(type_of(MAIL))
    context = {
        "mail": mail,
        "mails": found,
        "bodies": bodies if "text" in visible else {},
        "visible": visible,
        "plain": signatures.plain,
        "concerned": _concerned(request, found),
        "files": read.names(request.scope, set(files), "kernel.file") if files else {},
        "labels": dict(type_of(MAIL).fields["sort"].options()) | dict(type_of(MAIL).fields["state"].options()),
        "may_send": bool(read.visible_ids(request.scope, type_of(MAIL), [mail_id], "send")),
    }
    response = render(request, "channels/conversation.html", context)
    response.headers[HEADER] = build_policy(update={"frame-src": [SELF]})
    return response


def _concerned(request: Any, mails: list[Any]) -> list[Any]:
    ids = list(dict.fromkeys(one for mail in mails for one in mail.concerns))
    found = names_by_type(request.scope, {"*": ids}) if ids else {}
    return [found[one] for one in ids if one in found]


@require_GET
@xframe_options_exempt
@page
def formatted(request: Any, mail_id: UUID) -> HttpResponse:
    """The formatted part of a mail, for a frame: no script, no form; pictures from elsewhere only where asked for."""
    mail, scope = read.get(request.scope, type_of(MAIL), mail_id), request.scope
    if "text" not in scope.visible(type_of(MAIL)):
        raise Forbidden("forbidden", _("You may not do this here."))
    remote = request.GET.get("pictures") == "1"

    def picture(address: str) -> str | None:
        if address.startswith("cid:"):
            return _inside(scope, mail, address.removeprefix("cid:"))
        return address if remote and address.startswith("https://") else None

    html = conversation.formatted(mail_id, picture)
    response = render(request, "channels/formatted.html", {"html": html})
    pictures = "img-src data: https:" if remote else "img-src data:"
    response.headers[HEADER] = (
        f"default-src 'none'; {pictures}; style-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _inside(scope: Any, mail: Any, name: str) -> str | None:
    """A picture that came with the mail, in the page itself: the frame may ask for nothing."""
    found = next((one for one in mail.files if str(one) == name), None)
    try:
        opened = open_file(scope, found) if found else None
    except Missing:
        return None
    if opened is None or opened.path is None or opened.record.media_type not in PICTURES:
        return None
    if opened.record.size > LARGEST_PICTURE:
        return None
    return f"data:{opened.record.media_type};base64,{base64.b64encode(opened.path.read_bytes()).decode()}"


@require_http_methods(["GET", "POST"])
@act
def answer(request: Any, mail_id: UUID, way: str) -> HttpResponse:
    """The form of an answer, to all, or of a forwarded mail; it begins with what it answers."""
    rtype, refused, files = type_of(MAIL), None, writing.attached(request)
    if request.method == "POST":
        try:
            files = writing.taken(request, files)
            done = run(request.actor, f"{MAIL}.answer", mail_id, **writing.given(request), files=files)
        except (Missing, Forbidden, Conflict):
            raise
        except Refused as no:
            refused = no
        else:
            say_laid_out(request, done.record.title, request.POST)
            return HttpResponseRedirect(reverse("conversation", args=[mail_id]))
    with reading():
        mail = read.get(request.scope, rtype, mail_id)
        if way not in conversation.WAYS:
            raise Missing("missing", _("There is no such record, or you may not see it."))
        if not read.visible_ids(request.scope, rtype, [mail_id], "send"):
            raise Forbidden("forbidden", _("You may not do this here."))
        own = accounts.usable(request.actor.member)
        sender = mail.account if any(one.pk == mail.account for one in own) else own[0].pk if own else None
        sign = signatures.signature_of(request.actor.member, sender, language_of(mail))
        given = dict(request.POST.items()) or conversation.answer_to(mail, way, sign)
        context = {"mail": mail, "way": way, "given": given, "refused": refused, "accounts": own}
        context["attached"] = writing.shown(request, mail.files if way == "forward" and not request.POST else files)
        context["zone"] = timezone.get_current_timezone_name()
        return render(request, "channels/answer.html", context, status=refused.status if refused else 200)
