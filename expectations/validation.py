"""Great Expectations: profiles in, verdicts and data docs out.

Belongs here: everything that knows Great Expectations. Does not belong here: SQL, rules, limits. The library is
imported inside the functions because it costs eight seconds: whoever only lists checks does not pay for it, whoever
runs both gates in one process pays once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.profile import Profile
from expectations.report import CheckSpec
from expectations.rule import Rule

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween

SUBJECT = "subject"


@dataclass(frozen=True)
class Verdict:
    """Whether a check passed, and the subjects that made it fail (up to 20)."""

    passed: bool
    failing_subjects: tuple[str, ...] = ()


def validate(gate: str, profiles: Sequence[Profile], docs_dir: Path) -> dict[CheckSpec, Verdict]:
    """Judge every measured rule of the profiles and write the data docs of this gate.

    gate: names the suites' data source and run. docs_dir: a folder of its own; `index.html` is its entrance.
    Returns a verdict for each measured rule; rules without a measure have none.
    Raises RuntimeError when Great Expectations could not evaluate an expectation: that is no verdict on the data.
    """
    import great_expectations as gx
    import pandas as pd
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    _write_docs_to(context, gate, docs_dir)
    source = context.data_sources.add_pandas(gate)
    verdicts: dict[CheckSpec, Verdict] = {}
    for profile in profiles:
        rules = profile.measured_rules
        if not rules:
            continue
        name = ".".join(profile.asset)
        frame = pd.DataFrame(
            {
                SUBJECT: list(profile.subjects),
                **{rule.spec.name: _numbers(profile.measures[rule.spec.name]) for rule in rules},
            }
        )
        suite = gx.ExpectationSuite(name=name, expectations=[_expectation(rule) for rule in rules])
        validation = gx.ValidationDefinition(
            name=name,
            data=source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("profile"),
            suite=context.suites.add(suite),
        )
        result = context.validation_definitions.add(validation).run(
            batch_parameters={"dataframe": frame},
            result_format={"result_format": "SUMMARY", "unexpected_index_column_names": [SUBJECT]},
            run_id=RunIdentifier(run_name=gate),
        )
        verdicts |= _verdicts(rules, result)
    context.build_data_docs(site_names=[gate])
    _drop_walkthrough(docs_dir)
    return verdicts


def _write_docs_to(context: EphemeralDataContext, gate: str, docs_dir: Path) -> None:
    """Replace the context's default site, which would go to a temporary folder of its own."""
    site: Any = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs_dir.resolve())},
    }
    context.delete_data_docs_site("local_site")
    context.add_data_docs_site(site_name=gate, site_config=site)


def _drop_walkthrough(docs_dir: Path) -> None:
    """Remove the pictures of the library's tutorial: no page shows them, and they are three megabytes a night."""
    for picture in (docs_dir / "static" / "images").glob("*.gif"):
        picture.unlink()


def _numbers(values: Sequence[float | None]) -> list[float]:
    # One column type whatever was measured; Great Expectations takes NaN as "no value to judge".
    return [math.nan if value is None else float(value) for value in values]


def _expectation(rule: Rule) -> ExpectColumnValuesToBeBetween:
    from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
    from great_expectations.expectations.metadata_types import FailureSeverity

    return ExpectColumnValuesToBeBetween(
        column=rule.spec.name,
        min_value=rule.minimum,
        max_value=rule.maximum,
        severity=FailureSeverity.CRITICAL if rule.spec.severity == "block" else FailureSeverity.WARNING,
        description=rule.spec.description,
        notes=f"Measured in {rule.unit}.",
    )


def _verdicts(rules: Sequence[Rule], result: ExpectationSuiteValidationResult) -> dict[CheckSpec, Verdict]:
    by_column = {
        outcome.expectation_config.kwargs["column"]: outcome
        for outcome in result.results
        if outcome.expectation_config is not None
    }
    verdicts: dict[CheckSpec, Verdict] = {}
    for rule in rules:
        outcome = by_column[rule.spec.name]
        _refuse_errors(rule, outcome.exception_info)
        failing: list[dict[str, Any]] = outcome.result.get("partial_unexpected_index_list") or []
        verdicts[rule.spec] = Verdict(bool(outcome.success), tuple(str(index[SUBJECT]) for index in failing))
    return verdicts


def _refuse_errors(rule: Rule, exception_info: dict[str, Any] | None) -> None:
    """An expectation that raised counts as failed to the library; here it is an error, for nothing was judged."""
    info = exception_info or {}
    for entry in [info, *(value for value in info.values() if isinstance(value, dict))]:
        if entry.get("raised_exception"):
            raise RuntimeError(f"{rule.spec.address} could not be evaluated: {entry.get('exception_message')}")
