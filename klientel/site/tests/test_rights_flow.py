"""What a role hides stays hidden on every surface, and other tenants' records are not there."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from klientel.site.tests.looking import Demo, first_of, sign_in

pytestmark = pytest.mark.flow

OWN = {"field": "owner", "op": "is", "value": {"me": True}}
OF_MY_TEAM = {"field": "owner.team", "op": "one_of", "value": [{"my_teams": True}]}
SECRET_MAIL, SECRET_NOTE = "geheimnis@verborgen.example", "Nur-für-die-Leitung-4711"


class Api:
    """The API as one of the demo's people."""

    def __init__(self, page: Any, token: str) -> None:
        self.page, self.headers = page, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the answer as Playwright has it."""
        data = json.dumps(body) if body is not None else None
        return self.page.request.fetch(f"/api/v1/{path}", method=method, headers=self.headers, data=data)

    def make(self, slug: str, **values: Any) -> str:
        """A record; its id."""
        answer = self.send("POST", slug, values)
        assert answer.status == 201, answer.text()
        return str(answer.json()["record"]["id"])


@pytest.fixture
def mira(demo: Demo) -> dict[str, Any]:
    """A colleague of the northern team who sees own and the team's persons, without mail addresses and description."""
    boss = Api(demo.page("katrin"), demo.token("katrin"))
    if "mira" not in demo.logins:
        both = {"any": [OWN, OF_MY_TEAM]}
        hidden = {"where": both, "hidden": ["emails", "description"]}
        grants = [{"record": "contacts.person", "verb": verb} | hidden for verb in ("view", "change", "export")]
        grants += [{"record": "contacts.person", "verb": "create"}, {"record": "contacts.organisation", "verb": "view"}]
        boss.make("roles", name="Nordlicht", grants=grants)
        words = ("user", "create", "mira@hansewerk.example", "--tenant", "hansewerk", "--name", "Mira Nord", "--role")
        demo.logins["mira"] = json.loads(demo.system.run(*words, "Nordlicht", "--json").stdout)
        where = quote(json.dumps({"field": "name", "op": "is", "value": "Vertrieb Nord"}))
        [team] = boss.send("GET", f"teams?where={where}").json()["items"]
        where = quote(json.dumps({"field": "name", "op": "is", "value": "Jan Köster"}))
        [jan] = boss.send("GET", f"members?where={where}").json()["items"]
        changed = boss.send("PATCH", f"members/{demo.logins['mira']['member']}", {"team": team["id"]})
        assert changed.status == 200, changed.text()
        secret = {"emails": [{"value": SECRET_MAIL}], "description": SECRET_NOTE}
        demo.logins["mira"] |= {
            "of team": boss.make("persons", last_name="Teamkundin", owner=jan["id"], **secret),
            "of others": boss.make("persons", last_name="Fremdkundin", **secret),
        }
    return demo.logins["mira"]


def test_hidden_fields_are_hidden_everywhere(demo: Demo, mira: dict[str, Any]) -> None:
    page = demo.page("mira")
    at = f"/persons/{mira['of team']}/"
    for place in ("/persons/?columns=last_name,emails,description", at, f"{at}edit", f"{at}peek", "/persons/new",
                  "/persons/conditions", "/persons/conditions?field=emails", "/persons/export?format=csv", "/",
                  f"/search?q={SECRET_MAIL}", f"/search?q={SECRET_NOTE}", f"/palette?q={SECRET_NOTE}",
                  f"/options/contacts.person?q={SECRET_MAIL}", "/persons/conditions"):  # fmt: skip
        answer = page.request.get(place)
        assert answer.status == 200, place
        text = answer.text().replace(f'value="{SECRET_MAIL}"', "").replace(f'value="{SECRET_NOTE}"', "")
        shown = re.sub(r"<title>.*?</title>|<h1.*?</h1>", "", text, flags=re.DOTALL)
        assert "Teamkundin" not in shown or "/search" not in place, f"{place} finds by what is hidden"
        if "/search" not in place and "/palette" not in place:
            assert SECRET_MAIL not in text, place
            assert SECRET_NOTE not in text, place
        assert 'name="emails' not in text, place
        assert 'data-name="description"' not in text, place
        assert '"path":"emails"' not in text.replace(" ", ""), place
    page.goto(at)
    page.get_by_role("heading", name="Teamkundin").wait_for()
    assert page.locator("[data-timeline]").inner_text().count(SECRET_NOTE) == 0
    assert page.request.get(f"{at}field/emails").status == 404
    probe = json.dumps({"field": "emails", "op": "contains", "value": "verborgen"})
    page.goto(f"/persons/?where={quote(probe)}")
    assert page.locator("tbody tr").count() == 0


def test_hidden_fields_are_hidden_in_the_api(demo: Demo, mira: dict[str, Any]) -> None:
    api = Api(demo.page("mira"), demo.token("mira"))
    one = api.send("GET", f"persons/{mira['of team']}")
    assert one.status == 200
    assert SECRET_MAIL not in one.text()
    assert SECRET_NOTE not in one.text()
    for path in (f"persons/{mira['of team']}/events", "persons", "types"):
        text = api.send("GET", path).text()
        assert SECRET_MAIL not in text
        assert SECRET_NOTE not in text
    probe = quote(json.dumps({"field": "description", "op": "contains", "value": "4711"}))
    assert api.send("GET", f"persons?where={probe}").status in (400, 403, 404, 422)
    assert api.send("PATCH", f"persons/{mira['of team']}", {"description": "neu"}).status in (403, 404, 422)
    assert api.send("GET", f"persons/{mira['of others']}").status == 404


def test_records_of_others_are_not_there(demo: Demo, mira: dict[str, Any]) -> None:
    page = demo.page("mira")
    foreign = demo.page("sven")
    elsewhere = first_of(foreign, "persons")
    for at in (f"/persons/{mira['of others']}/", elsewhere):
        for rest in ("", "edit", "peek", "do/tag", "field/last_name"):
            assert page.request.get(f"{at}{rest}").status == 404, f"{at}{rest}"
    mine = first_of(demo.page("katrin"), "persons")
    for rest in ("", "edit", "peek", "do/tag"):
        assert foreign.request.get(f"{mine}{rest}").status == 404
    assert foreign.request.get(f"/privacy{mine}report").status == 404
    api = Api(foreign, demo.token("sven"))
    assert api.send("GET", f"persons/{mine.split('/')[2]}").status == 404
    assert api.send("PATCH", f"persons/{mine.split('/')[2]}", {"last_name": "x"}).status == 404
    where = quote(json.dumps({"field": "last_name", "op": "is", "value": "Teamkundin"}))
    foreign.goto(f"/persons/?where={where}")
    assert foreign.locator("tbody tr").count() == 0


def test_who_signs_in_sees_where_he_is_not_admitted(demo: Demo, mira: dict[str, Any]) -> None:
    page = demo.new_page(demo.system.url)
    sign_in(page, mira)
    for at in ("/settings/workspace", "/settings/invitations", "/roles/"):
        assert page.request.get(at).status in (403, 404), at
