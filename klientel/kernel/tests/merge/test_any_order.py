"""Two people make, edit, link, merge, take apart, undo and throw away the same few records in any order.

Whatever the order: no value is lost, every old id leads to its record, links are the same from both ends, counts agree.
"""

from __future__ import annotations

import os
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from klientel.kernel import history
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.leading_on import stands_for
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.history import Choice, Choices
from klientel.kernel.merge import leading
from klientel.kernel.merge.models import Alias, Merge, Moved
from klientel.kernel.records import type_of
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make, make_member

PERSON = "contacts.person"
EXAMPLES = int(os.environ.get("ORDERS", "25"))  # more by hand
FEW = st.integers(0, 5)


class Records(RuleBasedStateMachine):
    """A few persons with notes and relations, and what should be true of them."""

    anna = berta = kind = None

    def __init__(self):
        super().__init__()
        self.rtype, self.n = type_of(PERSON), 0
        self.people = []  # ids, all that were ever made
        self.parent = {}  # old id: what it became part of
        self.trashed = set()
        self.mails = set()  # every address that was ever added and not taken back
        self.notes, self.relations = {}, {}  # id: what it was about when it was made
        self.sets = []  # (change set, what it did, what may be lost with it)
        self.looked = {}  # (who, person): the version that was looked at

    # -- what is there ---------------------------------------------------------------------------------------------

    def fresh(self, word):
        self.n += 1
        return f"{word}{self.n}"

    def root(self, one):
        while one in self.parent:
            one = self.parent[one]
        return one

    def living(self):
        return [p for p in self.people if p not in self.parent and p not in self.trashed]

    def pick(self, n, some=None):
        some = self.living() if some is None else some
        return some[n % len(some)]

    def who(self, n):
        return (self.anna, self.berta)[n % 2]

    def rows(self):
        return {r.pk: r for r in self.rtype.model.objects.filter(pk__in=self.people)}

    # -- what people do ----------------------------------------------------------------------------------------------

    @rule(who=FEW)
    def make_person(self, who):
        mail = f"{self.fresh('m')}@example.org"
        done = run(self.who(who), f"{PERSON}.create", last_name=self.fresh("P"), emails=[mail])
        self.people.append(done.record.id)
        self.mails.add(mail)
        self.sets.append((done.change_set, "create", {mail}))

    @precondition(lambda self: self.living())
    @rule(who=FEW, which=FEW)
    def look(self, who, which):
        one = self.pick(which)
        self.looked[who % 2, one] = self.rows()[one].version

    @precondition(lambda self: self.living())
    @rule(who=FEW, which=FEW)
    def add_a_mail(self, who, which):
        """With the version that somebody looked at: whoever comes second is told, and nothing is lost."""
        one, mail = self.pick(which), f"{self.fresh('m')}@example.org"
        row, version = self.rows()[one], self.looked.get((who % 2, one))
        try:
            done = run(self.who(who), f"{PERSON}.change", one, version=version, emails=[*row.emails, mail])
        except Conflict as no:
            assert no.code == "changed_since" and version != row.version
            self.looked[who % 2, one] = row.version
            return
        assert version in (None, row.version)
        self.looked[who % 2, one] = done.record.version
        self.mails.add(mail)
        self.sets.append((done.change_set, "change", {mail}))

    @precondition(lambda self: self.living())
    @rule(who=FEW, which=FEW)
    def give_a_position(self, who, which):
        done = run(self.who(who), f"{PERSON}.change", self.pick(which), position=self.fresh("Amt"))
        self.sets.append((done.change_set, "change", set()))

    @precondition(lambda self: self.living())
    @rule(who=FEW, first=FEW, second=FEW)
    def write_a_note(self, who, first, second):
        about = list(dict.fromkeys([self.pick(first), self.pick(second)]))
        note = run(self.who(who), "work.note.create", text="x", concerns=about).record
        self.notes[note.id] = about

    @precondition(lambda self: len(self.living()) > 1)
    @rule(who=FEW, first=FEW, second=FEW)
    def relate(self, who, first, second):
        one = self.pick(first)
        other = self.pick(second, [p for p in self.living() if p != one])
        done = run(self.who(who), f"{PERSON}.link", one, kind=self.kind, to=[other])
        [made] = [e.record_id for e in done.events if e.record_type == "kernel.relation"]
        self.relations[made] = (one, other)

    @precondition(lambda self: len(self.living()) > 1)
    @rule(who=FEW, first=FEW, others=st.lists(FEW, min_size=1, max_size=2))
    def merge(self, who, first, others):
        kept = self.pick(first)
        rest = [p for p in self.living() if p != kept]
        lost = list(dict.fromkeys(self.pick(n, rest) for n in others))
        done = run(self.who(who), f"{PERSON}.merge", kept, records=lost)
        self.parent |= dict.fromkeys(lost, kept)
        self.sets.append((done.change_set, "merge", set(lost)))

    @precondition(lambda self: self.parent)
    @rule(who=FEW, which=FEW)
    def take_apart(self, who, which):
        lost = self.pick(which, sorted(self.parent))
        kept = self.parent[lost]
        try:
            run(self.who(who), f"{PERSON}.unmerge", kept, records=[lost])
        except (Conflict, Missing, Refused):
            assert kept in self.parent or kept in self.trashed
            return
        assert kept not in self.parent and kept not in self.trashed
        del self.parent[lost]

    @precondition(lambda self: self.living())
    @rule(who=FEW, which=FEW)
    def throw_away(self, who, which):
        one = self.pick(which)
        done = run(self.who(who), f"{PERSON}.archive", one)
        self.trashed.add(one)
        self.sets.append((done.change_set, "archive", set()))

    @precondition(lambda self: self.trashed)
    @rule(who=FEW, which=FEW)
    def fetch_back(self, who, which):
        one = self.pick(which, sorted(self.trashed))
        done = run(self.who(who), f"{PERSON}.restore", one)
        self.trashed.discard(one)
        self.sets.append((done.change_set, "restore", set()))

    @precondition(lambda self: self.sets)
    @rule(who=FEW, which=st.integers(0, 30), choice=st.sampled_from(list(Choice)))
    def undo(self, who, which, choice):
        """Only what the change set did may go; what it could not put back is told."""
        change_set, what, its = self.sets[-1 - which % len(self.sets)]
        before, apart = self.stored_mails(), dict(self.parent)
        try:
            done = history.undo(self.who(who), change_set, Choices(choice))
        except (Conflict, Forbidden, Missing, Refused):
            assert (self.stored_mails(), self.aliases()) == (before, apart)
            return
        if what == "merge":
            left = self.aliases()
            assert left.items() <= apart.items() and apart.keys() - left.keys() <= its
            self.parent = left
        else:
            self.sets.append((done.change_set, "undo", its))
        gone = before - self.stored_mails()
        assert gone <= its or choice == Choice.RESTORE or what in ("merge", "undo")
        self.mails = (self.mails - gone) | (self.stored_mails() - before)
        rows = self.rows()
        self.trashed = {p for p in self.people if rows[p].archived_at is not None and p not in self.parent}

    def aliases(self):
        return {a.old_id: a.survivor for a in Alias.objects.filter(old_id__in=self.people)}

    def stored_mails(self):
        return {e["value"] for p, r in self.rows().items() if p not in self.parent for e in r.emails}

    # -- what is always true -----------------------------------------------------------------------------------------

    @invariant()
    def every_old_id_leads_to_its_record(self):
        scope, old = ActorScope(self.anna), {a.old_id: a for a in Alias.objects.filter(old_id__in=self.people)}
        assert {i: a.survivor for i, a in old.items()} == self.parent
        for i, alias in old.items():
            assert alias.root == self.root(i)
            assert stands_for(scope, self.rtype, i) == alias.root
        if old:
            assert len(leading.find(self.rtype, list(old))) == 0

    @invariant()
    def counts_are_right(self):
        alive = {p for p, r in self.rows().items() if r.archived_at is None}
        assert alive == set(self.living())

    @invariant()
    def no_value_is_lost(self):
        assert self.mails <= self.stored_mails()

    @invariant()
    def links_lead_where_they_should(self):
        for note in type_of("work.note").model.objects.filter(pk__in=self.notes):
            assert set(note.concerns) == {self.root(p) for p in self.notes[note.pk]}
            assert len(note.concerns) == len(set(note.concerns))

    @invariant()
    def relations_are_the_same_from_both_ends(self):
        wanted, found = defaultdict(int), defaultdict(int)
        for one, other in self.relations.values():
            if self.root(one) != self.root(other):
                wanted[self.root(one), self.root(other)] += 1
        for row in type_of("kernel.relation").model.objects.filter(pk__in=self.relations, archived_at=None):
            found[row.first[0], row.second[0]] += 1
        assert found.keys() == wanted.keys() and all(found[k] <= n for k, n in wanted.items())

    @invariant()
    def the_ledger_agrees(self):
        standing = set(Alias.objects.filter(old_id__in=self.people).values_list("merge_id", flat=True))
        known = set(Merge.objects.filter(survivor__in=self.people).values_list("pk", flat=True))
        assert standing == known
        assert set(Moved.objects.filter(survivor__in=self.people).values_list("merge_id", flat=True)) <= known


@pytest.mark.django_db
def test_in_whatever_order_nothing_is_lost_and_all_links_hold(anna):
    Records.anna, Records.berta = anna, make_member("Berta", ALL)
    Records.kind = make(anna, "kernel.relationkind").id
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Records,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=30, suppress_health_check=quiet,
                          database=None, print_blob=True),
    )  # fmt: skip
