"""What stands around every page: navigation, account, commands, the words the scripts need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.middleware.csrf import get_token
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext
from markupsafe import Markup

from klientel.kernel.access.reading import Row
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.statements import Question, together
from klientel.kernel.web import listing, symbols
from klientel.kernel.web.addresses import place
from klientel.kernel.web.calendar import calendar_types
from klientel.kernel.web.speech import large

#: second key after G, by the slug of the type
GO_KEYS = {"persons": "k", "organisations": "f", "deals": "c", "tickets": "t", "tasks": "a", "meetings": "m"}
#: the order of places in the sidebar; types that are not named follow
ORDER = (
    "persons", "organisations", "consents", "leads", "deals", "quotes", "orders", "contracts", "invoices", "products",
    "tickets", "tasks", "meetings", "calls", "notes",
)  # fmt: skip
THEMES = (
    ("light", "sun", gettext_lazy("Light")),
    ("dark", "moon", gettext_lazy("Dark")),
    ("system", "monitor", gettext_lazy("As the system")),
)
MOST_FAVOURITES = 12
#: further words by which the palette finds a place
ALIASES = {
    "home": "dashboard start",
    "deals": "pipeline",
    "persons": "contacts kontakte people",
    "organisations": "companies firmen unternehmen",
    "tasks": "todo wiedervorlage",
}


@dataclass(frozen=True)
class Item:
    """One place to go to."""

    label: str
    url: str
    icon: str
    key: str = ""
    alias: str = ""
    count: int = 0
    hot: bool = False
    current: bool = False


@dataclass(frozen=True)
class Group:
    """Places under one heading."""

    label: str
    items: list[Item]


@dataclass(frozen=True)
class Further:
    """A place in the sidebar that is no list: its group, its words, the name of its route, and for whom it is."""

    group: Any
    label: Any
    route: str
    icon: str
    on: str  # the record type of which one must see some


#: places that engines and domains declare when they are loaded
FURTHER: list[Further] = []


class Shell:
    """The surroundings of one page for one actor; everything is worked out only when a template asks."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.scope = getattr(request, "scope", None)
        self.user = getattr(request, "user", None)
        self.themes = THEMES
        self.theme = getattr(self.user, "theme", "system")
        self.user_name = str(getattr(self.user, "name", "") or "")
        self.single_keys = bool(getattr(self.user, "single_keys", True))
        tenant = getattr(request, "tenant", None)
        self.tenant_name = tenant.name if tenant else "Klientel"
        self.tenant_initials = symbols.initials(self.tenant_name)
        self.live = _live(request) if self.scope else ""
        self.list_of = ""  # the key of the type whose list this page is

    @cached_property
    def token(self) -> str:
        """The token against forged requests, one for the whole page."""
        return get_token(self.request)

    @cached_property
    def csrf_input(self) -> Markup:
        """The token as a field of a form."""
        return Markup('<input type="hidden" name="csrfmiddlewaretoken" value="{}">').format(self.token)

    @cached_property
    def address(self) -> str:
        """The address of this page, for forms that lead back to it."""
        return str(self.request.get_full_path())

    @cached_property
    def whose(self) -> tuple[object, ...] | None:
        """What kept parts hang on: the member, what they may do, how they want it; nothing for strangers."""
        tenant = getattr(self.request, "tenant", None)
        if self.scope is None or tenant is None:
            return None
        mine = tuple((t["id"], t["name"], t["current"]) for t in self.tenants)
        wishes = (self.user_name, self.theme, self.single_keys)
        return (tenant.pk, tenant.access_version, tenant.schema_version, self.scope.actor.id, *wishes, mine)

    @cached_property
    def place(self) -> tuple[object, ...]:
        """Which of the places in the navigation this page is, and which views stand among them."""
        path = self.request.path
        first = path[: path.find("/", 1) + 1] or path
        chosen = self.request.GET.get("view", "")
        views = tuple((v.id, v.title, v.values["record_type"]) for v in self._favourites)
        return (first, chosen if any(str(v[0]) == chosen for v in views) else "", views)

    @cached_property
    def beside(self) -> listing.Beside:
        """Saved views (favourites, and those of the list that is shown) and unread notifications, in one statement."""
        if self.scope is None or not connection.in_atomic_block:
            return [], 0  # a page that reads nothing of the tenant
        return listing.standing_beside(self.scope, self.list_of).asked()

    def read_with(self, *questions: Question[Any]) -> list[Any]:
        """What these questions of the page come to, asked together with what stands beside it."""
        if "beside" in vars(self) or self.scope is None:
            return together(*questions)
        self.beside, *found = together(listing.standing_beside(self.scope, self.list_of), *questions)
        return found

    @property
    def views(self) -> list[Row]:
        """The saved views of the list that this page shows."""
        return [v for v in self.beside[0] if v.values["record_type"] == self.list_of]

    @cached_property
    def unread(self) -> int:
        """How many notifications are unread."""
        return self.beside[1]

    @cached_property
    def _favourites(self) -> list[Row]:
        return [v for v in self.beside[0] if v.values["favourite"]][:MOST_FAVOURITES]

    @property
    def tenants(self) -> list[dict[str, Any]]:
        """The tenants this login belongs to."""
        return getattr(self.request, "tenants", [])

    @property
    def bell_label(self) -> str:
        """The name of the bell, with the number of unread notifications."""
        if not self.unread:
            return gettext("Notifications")
        return ngettext("Notifications, %(n)d new", "Notifications, %(n)d new", self.unread) % {"n": self.unread}

    @cached_property
    def types(self) -> list[RecordType]:
        """The business types this actor may see."""
        if self.scope is None:
            return []
        seen = [t for t in all_types() if not t.system and t.group and self.scope.may(t, "view")]
        return sorted(seen, key=lambda t: ORDER.index(t.slug) if t.slug in ORDER else len(ORDER))

    def _place(self, rtype: RecordType) -> Item:
        at = place("list", rtype.slug)
        return Item(
            large(rtype.plural),
            place("board", rtype.slug) if rtype.board is not None else at,
            rtype.icon,
            GO_KEYS.get(rtype.slug, ""),
            ALIASES.get(rtype.slug, ""),
            current=self.request.path.startswith(at),
        )

    @cached_property
    def home(self) -> Item:
        """The first place."""
        at = place("home")
        return Item(gettext("Home"), at, "house", "h", ALIASES["home"], current=self.request.path == at)

    @property
    def _calendar(self) -> list[Item]:
        if self.scope is None or not calendar_types(self.scope):
            return []
        at = place("work_calendar")
        current = self.request.path == at
        return [Item(gettext("Calendar"), at, "calendar-days", "l", "kalender termine week", current=current)]

    @cached_property
    def groups(self) -> list[Group]:
        """The sidebar: home, then the types by their group."""
        named: dict[str, list[Item]] = {}
        for rtype in self.types:
            if not rtype.aside:
                named.setdefault(str(rtype.group or ""), []).append(self._place(rtype))
        for one in FURTHER:
            if any(t.key == one.on for t in self.types):
                at = place(one.route)
                item = Item(str(one.label), at, one.icon, current=self.request.path.startswith(at))
                named.setdefault(str(one.group), []).append(item)
        further = named.pop("", [])
        first = Group("", [self.home, *further, *self._calendar])
        found = [first, *(Group(label, items) for label, items in named.items())]
        if self.further:
            at = place("more")
            found.append(Group("", [Item(gettext("All places"), at, "menu", current=self.request.path == at)]))
        return [*found, Group(gettext("Favourites"), self.favourites)] if self.favourites else found

    @cached_property
    def further(self) -> list[Item]:
        """Lists that are reached through other records, one step further for who looks for one as a whole."""
        return [self._place(t) for t in self.types if t.aside]

    @cached_property
    def favourites(self) -> list[Item]:
        """The saved views that stand in the sidebar."""
        lists = {t.key: t for t in self.types}
        chosen = self.request.GET.get("view", "")
        return [
            Item(v.title, f"{place('list', lists[key].slug)}?view={v.id}", "star", current=str(v.id) == chosen)
            for v in self._favourites
            if (key := v.values["record_type"]) in lists
        ]

    @cached_property
    def creatable(self) -> list[Item]:
        """What may be created from anywhere."""
        scope = self.scope
        return [
            Item(large(t.label), place("new", t.slug), t.icon)
            for t in self.types
            if scope is not None and not t.arises and scope.may(t, "create")
        ]

    @property
    def tabs(self) -> list[Item]:
        """The bar at the bottom of a phone."""
        places = [i for g in self.groups for i in g.items if i.key and i.key != "h"]
        places = [i for i in places if i.key in GO_KEYS.values()]
        places.sort(key=lambda i: list(GO_KEYS.values()).index(i.key))
        more = Item(gettext("More"), place("more"), "menu", current=self.request.path == place("more"))
        bell = Item(
            gettext("News"),
            place("notifications"),
            "bell",
            count=self.unread,
            hot=True,
            current=self.request.path == place("notifications"),
        )
        return [self.home, *places[:1], bell, more]

    @property
    def commands(self) -> list[Item]:
        """What the palette offers before anything is typed."""
        places = [*(i for g in self.groups for i in g.items), *self.further]
        new = [
            Item(gettext("Create: %(what)s") % {"what": i.label}, i.url, "plus", alias="neu new")
            for i in self.creatable
        ]
        tools = [
            Item(gettext("Import"), place("imports"), "upload", alias="csv excel vcard"),
            Item(gettext("Duplicates"), place("duplicates"), "copy", alias="dubletten twins merge zusammenführen"),
            Item(gettext("Settings"), place("settings"), "settings", alias="einstellungen rollen felder"),
            Item(gettext("Recycle bin"), place("trash"), "trash-2", alias="papierkorb trash"),
            Item(gettext("My profile"), place("account_profile"), "user-cog", alias="profil sprache dunkel dark"),
        ]
        return [*places, *new, *tools]

    @property
    def shortcuts(self) -> list[tuple[str, list[str]]]:
        """The list behind the question mark."""
        ctrl = gettext("Ctrl")
        go = [
            (gettext("Go to %(place)s") % {"place": i.label}, ["G", i.key.upper()])
            for g in self.groups
            for i in g.items
            if i.key
        ]
        return [
            (gettext("Search and commands"), [ctrl, "K"]),
            (gettext("Search"), ["/"]),
            (gettext("Create"), ["N"]),
            *go,
            (gettext("Calendar: today"), ["T"]),
            (gettext("Next row or record, previous one"), ["J", "K"]),
            (gettext("Select row"), ["X"]),
            (gettext("Edit or open"), ["↵"]),
            (gettext("Preview"), [gettext("Space")]),
            (gettext("Save or send"), [ctrl, "↵"]),
            (gettext("Undo what was just done"), ["Z"]),
            (gettext("Move a card or a date"), [gettext("Shift"), "←", "→", "↑", "↓"]),
            (gettext("Move a line"), [gettext("Alt"), "↑", "↓"]),
            (gettext("Close, or clear the selection"), [gettext("Esc")]),
            (gettext("This list"), ["?"]),
        ]


def _live(request: Any) -> str:
    """Where the browser's stream of live messages comes from: a port of its own, or the same address behind a proxy."""
    port = getattr(settings, "KLIENTEL_LIVE_PORT", 0)
    return f"{request.scheme}://{request.get_host().rsplit(':', 1)[0]}:{port}/live" if port else "/live"


def shell_of(request: Any) -> Shell:
    """The surroundings of this request's page, made once."""
    if not hasattr(request, "klientel_shell"):
        request.klientel_shell = Shell(request)
    return request.klientel_shell  # type: ignore[no-any-return]


def theme_attributes(request: Any) -> Markup:
    """Theme and row height on ``<html>``, from the person's settings, so that nothing flashes."""
    user = getattr(request, "user", None)
    found = ""
    if getattr(user, "theme", "system") in ("light", "dark"):
        found += f' data-theme="{user.theme}"'  # type: ignore[union-attr]
    if getattr(user, "density", "standard") in ("compact", "roomy"):
        found += f' data-density="{user.density}"'  # type: ignore[union-attr]
    return Markup(found)  # noqa: S704 - both are one of two words


def script_words() -> dict[str, str]:
    """The sentences that scripts show, in the active language."""
    return _script_words(get_language() or "en")


@lru_cache(maxsize=8)
def _script_words(_language: str) -> dict[str, str]:
    return {
        "undo": gettext("Undo"),
        "undone": gettext("Undone."),
        "retry": gettext("Try again"),
        "close": gettext("Close"),
        "saved": gettext("Saved."),
        "offline": gettext("No connection. Nothing was lost; please try again."),
        "failed": gettext("This did not work. Your data is safe."),
        "selected": gettext("%n selected"),
        "unselected": gettext("Selection cleared"),
        "hits": gettext("%n hits"),
        "now": gettext("just now"),
        "minutes": gettext("%n min. ago"),
        "hours": gettext("%n h ago"),
        "remove": gettext("Remove"),
        "edit": gettext("%field of %record"),
        "loading": gettext("Loading …"),
        "noMatch": gettext("No match"),
        "newer": gettext("There are newer changes. Reload"),
        "value": gettext("Value"),
        "discarded": gettext("Discarded."),
        "until": gettext("and"),
        "choose": gettext("Please choose"),
        "movedTo": gettext("%what is now in %where"),
        "fillIn": gettext("Fill in now"),
        "place": gettext("%what: place %n of %of"),
        "newAt": gettext("New: %when"),
        "yes": gettext("yes"),
        "no": gettext("no"),
    }
