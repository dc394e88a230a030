"""Answers that come piece by piece, after the view and all around it have ended."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.http import StreamingHttpResponse
from django.utils import timezone, translation

from klientel.kernel import tenancy
from klientel.kernel.web.middleware import Klientel


def test_every_piece_is_made_in_the_tenant_the_language_and_the_time_zone_of_its_view(client, actor, rf):
    def where(_request):
        def told():
            return f"{tenancy.current()} {translation.get_language()} {timezone.get_current_timezone_name()}"

        return StreamingHttpResponse(told() for _n in range(3))

    request = rf.get("/")
    request.user, request.session = get_user_model().objects.get(pk=client.session["_auth_user_id"]), {}
    answer = Klientel(where)(request)
    with tenancy.inside(None), translation.override("fr"), timezone.override("Asia/Tokyo"):
        first, second, third = answer.streaming_content
    assert first == second == third == f"{actor.tenant} {request.user.language} Europe/Berlin".encode()
