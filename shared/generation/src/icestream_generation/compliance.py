"""Running the CF and ACDD checker on a file: what tests ask of every product."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

CHECKERS = ("cf:1.11", "acdd:1.3")


def findings(path: Path) -> list[str]:
    """Return every finding of the compliance checker on a file, errors and suggestions alike; none where it is clean.

    Needs the distribution compliance-checker, which tests have and workers do not.
    """
    suites = importlib.import_module("compliance_checker.suite")
    suite = suites.CheckSuite()
    suite.load_all_available_checkers()
    _mend(importlib.import_module("compliance_checker.cf.appendix_f"))
    with warnings.catch_warnings():
        # Off line it says that it takes the table of standard names that it ships.
        warnings.simplefilter("ignore")
        dataset = suite.load_dataset(str(path))
        try:
            # Its check of domains asks every file of points for an identifier of instances, which points do not have.
            skipped = ["check_domain_variables"] if getattr(dataset, "featureType", "") == "point" else []
            groups = suite.run_all(dataset, list(CHECKERS), skip_checks=skipped)
        finally:
            dataset.close()
    found = [
        f"{checker}: {result.name}: {message}"
        for checker, (results, _) in groups.items()
        for result in _leaves(results)
        if not _passed(result.value)
        for message in result.msgs or ("not passed",)
    ]
    broken = [f"{checker}: {name} failed to run: {error}" for checker, (_, errors) in groups.items()
              for name, error in errors.items()]  # fmt: skip
    return list(dict.fromkeys(found + broken))


def _leaves(results: list[Any]) -> list[Any]:
    found = []
    for result in results:
        found += _leaves(result.children) if result.children else [result]
    return found


def _passed(value: Any) -> bool:
    return value[0] == value[1] if isinstance(value, tuple) else bool(value)


def _mend(appendix: Any) -> None:
    """Undo a slip of compliance-checker 6.1.

    The one required attribute of two projections (sinusoidal, lambert_cylindrical_equal_area) is written as a word and
    not as a tuple of one word, so that each of its letters is asked for as an attribute.
    """
    for mappings in (appendix.grid_mapping_dict16, appendix.grid_mapping_dict17):
        for parts in mappings.values():
            if isinstance(parts[0], str):
                parts[0] = (parts[0],)
