"""Whatever condition an address holds: records or a refusal, never a failure."""

from __future__ import annotations

from urllib.parse import quote

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klientel.kernel.conditions import OPERATORS
from klientel.kernel.records import all_types
from klientel.kernel.testing import make

FIELDS = sorted(
    {name for t in all_types() for name in t.static} | {"organisation.name", "owner.name", "tags.name", "x.y", ""}
)
RELATED = ["work.task.concerns", "contacts.person.organisation", "kernel.comment.about", "nothing", ""]
SPECIAL = [
    {"me": True},
    {"today": True},
    {"days_ago": 7},
    {"my_teams": True},
    {"amount": "1", "currency": "EUR"},
    {"me": 1},
]
words = st.sampled_from(
    ["", "a", "%", "_", "\\", "2026-01-01", "2026-02-30", "1,5", "EUR", "lead", "0198f0c2-7a51-7c3e-9b1e-4f6d2a8c0e11"]
)
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)
values = st.recursive(
    st.one_of(words, numbers, st.text(max_size=5), st.sampled_from(SPECIAL)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["days_ago", "me", "amount", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
clauses = st.fixed_dictionaries(
    {"field": st.sampled_from(FIELDS), "op": st.sampled_from([*OPERATORS, "nothing"])}, optional={"value": values}
)
times = st.dictionaries(st.sampled_from(["over", "under", "is", "x"]), values, max_size=2)
conditions = st.recursive(
    clauses
    | st.fixed_dictionaries({"happened": words}, optional={"within": values, "times": times})
    | st.fixed_dictionaries({"id": st.lists(words, max_size=2)}),
    lambda inner: (
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"any": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"not": inner})
        | st.fixed_dictionaries({"has": st.sampled_from(RELATED)}, optional={"where": inner, "times": times})
    ),
    max_leaves=5,
)


def test_every_condition_is_answered_or_refused(anna, anna_api, tenant):
    tenant.__class__.objects.filter(pk=tenant.pk).update(settings={"api_per_minute": 1_000_000})
    make(anna, "contacts.person")

    @settings(max_examples=250, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(conditions, st.sampled_from(["persons", "tasks", "organisations", "calls"]))
    def asked(condition, slug):
        text = quote(orjson.dumps(condition).decode())
        if len(text) < 4000:
            answer = anna_api.get(f"/{slug}?where={text}&count=true")
            assert answer.status_code in (200, 400, 422), answer.content

    asked()
