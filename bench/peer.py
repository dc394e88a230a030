"""Splink on the same file in the same run: trained without supervision, as its own tutorial does it."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from itertools import combinations
from typing import Any

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
SAME_MAIL = "l.email = r.email"


def measure(rows: list[tuple[str, dict[str, Any]]], f1: Callable[..., dict[str, float]], wanted: Any) -> dict[str, Any]:
    """Pairs and clusters at 0.5, the best of any of five thresholds, and how many pairs it compares in a second.

    ``rows`` are (cluster, values of a person), ``wanted`` the true pairs by their places.
    """
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    table = _table(rows)
    begun = time.perf_counter()
    linker = _trained(table)
    trained = time.perf_counter()
    predicted = linker.inference.predict()
    done = time.perf_counter()
    pairs = predicted.as_pandas_dataframe()
    compared = len(pairs)
    by_pairs, by_clusters = {}, {}
    for least in THRESHOLDS:
        some = pairs[pairs.match_probability >= least]
        ids = zip(some.unique_id_l, some.unique_id_r, strict=True)
        by_pairs[least] = f1({(min(a, b), max(a, b)) for a, b in ids}, wanted)
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=least
        ).as_pandas_dataframe()
        groups = [sorted(g.unique_id) for _c, g in clusters.groupby("cluster_id")]
        by_clusters[least] = f1({pair for group in groups for pair in combinations(group, 2)}, wanted)
    return {
        "pairs": by_pairs[0.5],
        "clusters": by_clusters[0.5],
        "best f1 of pairs at any threshold": max(one["f1"] for one in by_pairs.values()),
        "best f1 of clusters at any threshold": max(one["f1"] for one in by_clusters.values()),
        "pairs compared": compared,
        "pairs_per_second": round(compared / (done - trained)),
        "pairs_per_second_with_training": round(compared / (done - begun)),
    }


def _table(rows: list[tuple[str, dict[str, Any]]]) -> Any:
    """What all of these persons have: names, birthday, and of mail, place and postcode what the file knows."""
    import pandas as pd

    found = []
    for n, (_cluster, values) in enumerate(rows):
        [place] = values.get("addresses") or [{}]
        [mail] = values.get("emails") or [""]
        told = {
            "first_name": values["first_name"], "surname": values["last_name"], "dob": values["birthday"],
            "email": mail, "city": place.get("city"), "postcode": place.get("postcode"), "street": place.get("street"),
        }  # fmt: skip
        found.append({"unique_id": n} | {name: value or None for name, value in told.items()})
    return pd.DataFrame(found).dropna(axis="columns", how="all")


def _trained(table: Any) -> Any:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    more = {
        "email": lambda: cl.EmailComparison("email"),
        "postcode": lambda: cl.LevenshteinAtThresholds("postcode", 1),
        "street": lambda: cl.JaroWinklerAtThresholds("street", 0.9),
    }
    known = [name for name in more if name in table]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(c) for c in ("first_name", "surname", "dob", *known)],
        comparisons=[
            cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            *(more[name]() for name in known),
        ],
    )
    linker = Linker(DuckDBAPI().register(table), settings)
    sure = [block_on("first_name", "surname", "dob"), block_on(known[0], "dob") if known != ["email"] else SAME_MAIL]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on(known[0]))
    return linker
