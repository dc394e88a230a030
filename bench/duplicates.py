"""Duplicates: precision, recall and F1 on files with known truth, beside Splink in the same run; and the search
through a whole base.

Parameters are the shipped ones; nothing is fitted on these files. Pairs count as found from the shipped threshold,
those of two who share a twin among them, because the groups compare these too; ``groups`` are what the work list
shows, the peer's are its clusters at the threshold that serves it best.
"""

from __future__ import annotations

import csv
import os
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

from bench import machine, place
from klientel.site.setup import ROOT

DATA = ROOT.parent / "shared" / "data"
MOST = 50  # records that share a key; more are not compared
Pair = tuple[int, int]


def measure(facts: dict[str, Any]) -> dict[str, Any]:
    """Everything: the files that are there, then the search through the loaded persons."""
    found: dict[str, Any] = {}
    folder = next((f for f in (DATA, Path(os.environ.get("BENCH_DATA", "")) / "") if f.is_dir()), None)
    if folder is None:
        found["files"] = "no folder shared/data beside the sources"
    else:
        for name, rows in (("febrl 3", _febrl), ("RLdata500", _rldata), ("fake_1000", _fake)):
            found[name] = _persons(name, rows(folder))
        found["company names"] = _companies(folder / "dup_company_names" / "name_bench" / "cases.csv")
        for name, rows in (("fake_1000", _fake), ("febrl 3", _febrl)):
            found[f"Splink on {name}"] = _peer(name, rows(folder))
    found["whole base"] = _base(facts)
    return found


def _f1(found: set[Pair], true: set[Pair]) -> dict[str, float]:
    right = len(found & true)
    return {
        "precision": round(right / max(1, len(found)), 4),
        "recall": round(right / len(true), 4),
        "f1": round(2 * right / (len(found) + len(true)), 4),
    }


def _true(clusters: Iterable[str]) -> set[Pair]:
    members = defaultdict(list)
    for n, cluster in enumerate(clusters):
        members[cluster].append(n)
    return {pair for some in members.values() for pair in combinations(some, 2)}


def _persons(name: str, rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    from klientel.contacts.models.matching import PERSONS
    from klientel.kernel.twins.rules import AS_DELIVERED, bits_of
    from klientel.lib.matching import SHIPPED, prior
    from klientel.lib.matching.groups import grouped

    place.say(f"duplicates: {name}")
    begun = time.process_time()
    profiles = [PERSONS.profile(values.get) for _cluster, values in rows]
    blocks = defaultdict(list)
    for n, profile in enumerate(profiles):
        for key in PERSONS.keys(profile):
            blocks[key].append(n)
    pairs = {pair for some in blocks.values() if len(some) <= MOST for pair in combinations(some, 2)}
    start = prior(len(rows))

    def odds(one: int, two: int) -> float:
        return start + sum(e.bits for e in PERSONS.compare(profiles[one], profiles[two], SHIPPED))

    bits = {pair: odds(*pair) for pair in sorted(pairs)}
    seconds = time.process_time() - begun
    least = bits_of(AS_DELIVERED.propose)
    likely = {pair: b for pair, b in bits.items() if b >= least}
    beside = {pair: b for pair in _sharing_a_twin(likely) - bits.keys() if (b := odds(*pair)) >= least}
    groups = grouped(likely, odds, least=start)
    together = {pair for group in groups for pair in combinations(sorted(group), 2)}
    true = _true(cluster for cluster, _values in rows)
    return {
        "records": len(rows),
        "pairs": _f1(likely.keys() | beside.keys(), true),
        "groups": _f1(together, true),
        "pairs_per_second_with_keys": round(len(pairs) / seconds),
    }


def _sharing_a_twin(pairs: Iterable[Pair]) -> set[Pair]:
    twins: dict[int, set[int]] = defaultdict(set)
    for one, two in pairs:
        twins[one].add(two)
        twins[two].add(one)
    return {pair for some in twins.values() for pair in combinations(sorted(some), 2)}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream, skipinitialspace=True))


def _febrl(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Without the social security number, which alone would nearly settle it."""
    found = []
    for row in _rows(folder / "dup_febrl" / "dataset3.csv"):
        born = row["date_of_birth"]
        values = {
            "first_name": row["given_name"],
            "last_name": row["surname"],
            "birthday": f"{born[:4]}-{born[4:6]}-{born[6:]}" if len(born) == 8 else "",
            "addresses": [
                {
                    "street": f"{row['address_1']} {row['street_number']}".strip(), "extra": row["address_2"],
                    "postcode": row["postcode"], "city": row["suburb"], "region": row["state"],
                }
            ],
        }  # fmt: skip
        found.append((row["rec_id"].split("-")[1], values))
    return found


def _rldata(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    truth = (folder / "dup_rldata_de" / "identity.RLdata500.csv").read_text(encoding="utf-8").split()[1:]
    return [
        (
            cluster,
            {
                "first_name": f"{row['fname_c1']} {row['fname_c2']}".strip(),
                "last_name": f"{row['lname_c1']} {row['lname_c2']}".strip(),
                "birthday": f"{int(row['by']):04}-{int(row['bm']):02}-{int(row['bd']):02}",
            },
        )
        for cluster, row in zip(truth, _rows(folder / "dup_rldata_de" / "RLdata500.csv"), strict=True)
    ]


def _fake(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            row["cluster"],
            {
                "first_name": row["first_name"],
                "last_name": row["surname"],
                "birthday": row["dob"],
                "emails": [row["email"]] if row["email"] else [],
                "addresses": [{"city": row["city"]}] if row["city"] else [],
            },
        )
        for row in _rows(folder / "dup_splink" / "fake_1000.csv")
    ]


def _companies(path: Path) -> dict[str, Any]:
    """Hand-labelled pairs of names, those of persons left out; beside the frozen scores of the reference matcher."""
    from klientel.kernel.twins.rules import AS_DELIVERED
    from klientel.lib.matching import FirmName, Matching, summed

    place.say("duplicates: company names")
    matching = Matching((FirmName("name"),))
    frozen = {
        (r["name1"], r["name2"]): r["predicted_match"] for r in _rows(path.parent / "run_data/logicv2-frozen.csv")
    }
    ours, theirs = Counter[str](), Counter[str]()
    for row in _rows(path):
        if row["schema"] == "Person":
            continue
        one, two = (matching.profile({"name": row[side]}.get) for side in ("name1", "name2"))
        says = summed(matching.compare(one, two), 1000) >= AS_DELIVERED.propose
        truth = row["is_match"] == "true"
        ours[f"{says == truth} {says}"] += 1
        said = frozen.get((row["name1"], row["name2"])) == "true"
        theirs[f"{said == truth} {said}"] += 1
    return {"pairs": sum(ours.values()), **_counted(ours), "logic_v2 (frozen) f1": _counted(theirs)["f1"]}


def _counted(seen: Counter[str]) -> dict[str, float]:
    right, wrong, missed = seen["True True"], seen["False True"], seen["False False"]
    return {
        "precision": round(right / (right + wrong), 4),
        "recall": round(right / (right + missed), 4),
        "f1": round(2 * right / (2 * right + wrong + missed), 4),
    }


def _peer(name: str, rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any] | str:
    if find_spec("splink") is None:
        return "not installed (uv pip install --require-hashes -r requirements-peers.lock)"
    from bench import peer

    place.say(f"duplicates: Splink on {name}")
    return peer.measure(rows, _f1, _true(cluster for cluster, _values in rows))


def _base(facts: dict[str, Any]) -> dict[str, Any]:
    """The search through all persons that were loaded: a turn as the worker does it, the rest without resting."""
    from django.db import connection

    from klientel.kernel.records import type_of
    from klientel.kernel.tenancy import inside, writing
    from klientel.kernel.twins.searching import Searcher, begin

    place.say("duplicates: the whole base")
    with inside(UUID(str(facts["tenant"]))):
        rtype = type_of("contacts.person")
        with writing():
            begin(rtype, full=True)
        searcher = Searcher(rtype)
        turn = _turn(searcher)
        before, begun, cpu = _counts(rtype.key), time.perf_counter(), _spent()
        more, steps, writes = True, [0.0], [0.0]
        while more:
            at = time.perf_counter()
            more = searcher.step()
            steps.append(time.perf_counter() - at)
            writes.append(searcher.wrote)
        seconds, cpu = time.perf_counter() - begun, _spent() - cpu
        counts = {name: n - before.get(name, 0) for name, n in _counts(rtype.key).items()}
        connection.close()
    return {
        "records": counts["records"],
        "pairs compared": counts["compared"],
        "pairs found": counts["found"],
        "seconds": round(seconds, 1),
        "records_per_second": round(counts["records"] / seconds),
        "pairs_per_second": round(counts["compared"] / seconds),
        "pairs_per_second_of_cpu": round(counts["compared"] / max(0.01, cpu)),
        "a_turn_of_the_worker": turn,
        "longest_step_seconds": round(max(steps), 2),
        "longest_writing_transaction_seconds": round(max(writes), 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _spent() -> float:
    return machine.cpu(os.getpid()) + place.database_cpu("bench-bench")


def _turn(searcher: Any) -> dict[str, float]:
    """A turn as the worker has it: under half a core where the machine has work besides (a load of 1.2 on two)."""
    from klientel.kernel.twins.jobs import turn

    begun, cpu = time.perf_counter(), _spent()
    turn(searcher)
    share = (_spent() - cpu) / (time.perf_counter() - begun)
    return {"share_of_a_core": round(share, 2), "load": round(os.getloadavg()[0], 1)}


def _counts(key: str) -> dict[str, int]:
    from klientel.kernel.tenancy import reading
    from klientel.kernel.twins.models import TwinSearch

    with reading():
        found = TwinSearch.objects.get(record_type=key).counts
    return {name: found.get(name, 0) for name in ("records", "compared", "found")}
