"""Splink on the same file in the same run: trained without supervision, as its own tutorial does it."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


def measure(path: Path, f1: Callable[..., dict[str, float]], true: Callable[..., Any]) -> dict[str, Any]:
    """Pairs and clusters at 0.5, and the best of any of five thresholds."""
    import pandas as pd

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    table = pd.read_csv(path)
    begun = time.perf_counter()
    linker = _trained(table)
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    pairs = predicted.as_pandas_dataframe()
    seconds = time.perf_counter() - begun
    place_of = {unique: n for n, unique in enumerate(table.unique_id)}
    wanted = true(table.cluster.astype(str))
    by_pairs, by_clusters = {}, {}
    for least in THRESHOLDS:
        some = pairs[pairs.match_probability >= least]
        ids = zip(some.unique_id_l, some.unique_id_r, strict=True)
        by_pairs[least] = f1({tuple(sorted((place_of[a], place_of[b]))) for a, b in ids}, wanted)
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=least
        ).as_pandas_dataframe()
        groups = [sorted(place_of[i] for i in g.unique_id) for _c, g in clusters.groupby("cluster_id")]
        by_clusters[least] = f1({pair for group in groups for pair in combinations(group, 2)}, wanted)
    return {
        "pairs": by_pairs[0.5],
        "clusters": by_clusters[0.5],
        "best f1 of pairs at any threshold": max(one["f1"] for one in by_pairs.values()),
        "best f1 of clusters at any threshold": max(one["f1"] for one in by_clusters.values()),
        "pairs_per_second_with_training": round(len(pairs) / seconds),
    }


def _trained(table: Any) -> Any:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(c) for c in ("first_name", "surname", "dob", "email")],
        comparisons=[
            cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
    )
    linker = Linker(DuckDBAPI().register(table), settings)
    sure = [block_on("first_name", "surname", "dob"), "l.email = r.email"]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("email"))
    return linker
