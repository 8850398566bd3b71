"""Values of others against ours: every `[[case]]` of every case file is one test, computed by an adapter.

Case files are found by glob, adapters too; tests/adapters/<any>.py has

    ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]]     from a case's `kind`, or its `metric` or `generator`
    is_slow(case) -> bool                                       optional: which cases need minutes

An adapter receives the case table with its expected numbers blanked to nan, so it has to compute them, and under the
key "constants" the constants of the case's file. A kind that no adapter knows fails.
"""

from __future__ import annotations

import functools
import importlib
import math
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from tests.conftest import published_files

Case = Mapping[str, Any]

# The generator files state exact fractions; solved values carry the solver's tolerance.
GENERATOR_RTOL = 1e-6


@functools.cache
def adapter_modules() -> tuple[dict[str, Any], dict[str, str]]:
    """The modules of tests/adapters by name, and the errors of those that do not import."""
    modules: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for file in sorted(Path(__file__).with_name("adapters").glob("*.py")):
        if file.stem == "__init__":
            continue
        try:
            modules[file.stem] = importlib.import_module(f"tests.adapters.{file.stem}")
        except Exception as error:
            errors[file.stem] = f"{type(error).__name__}: {error}"
    return modules, errors


def kind_of(case: Case) -> str:
    """What chooses the adapter: `kind`, or `generator` in files of generated graphs."""
    return str(case["kind"] if "kind" in case else case["generator"])


def owners_of(case: Case) -> tuple[str, dict[str, Any]]:
    """The modules that know the case and by which key: its metric if any module has that, else its kind."""
    modules, _ = adapter_modules()
    for key in (str(case.get("metric", kind_of(case))), kind_of(case)):
        owners = {name: module for name, module in modules.items() if key in module.ADAPTERS}
        if owners:
            return key, owners
    return kind_of(case), {}


def adapter_of(case: Case) -> Callable[[Case], Any]:
    """The adapter of the case; fails when none or several modules know its kind."""
    kind, modules = owners_of(case)
    _, errors = adapter_modules()
    owners = {name: module.ADAPTERS[kind] for name, module in modules.items()}
    if len(owners) != 1:
        known = " and ".join(owners) or "no adapter"
        broken = "".join(f"\n  {name} does not import: {why}" for name, why in errors.items())
        remedy = "add it to the ADAPTERS of one module in tests/adapters"
        pytest.fail(f"{case['id']}: kind {kind!r} is known to {known}; {remedy}{broken}", pytrace=False)
    (adapter,) = owners.values()
    return cast("Callable[[Case], Any]", adapter)


def blanked(value: Any) -> Any:
    """The same structure with every number replaced by nan."""
    if isinstance(value, dict):
        return {key: blanked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [blanked(item) for item in value]
    return value if isinstance(value, str) else math.nan


def last_digit(value: float) -> float:
    """One unit in the last printed digit: the tolerance of a number that states none."""
    exponent = Decimal(repr(value)).as_tuple().exponent
    printed = 10.0**exponent if isinstance(exponent, int) and not float(value).is_integer() else 0.0
    return max(printed, 1e-9 * abs(value))  # 1e-9: a double written out in full is not measured to 17 digits


def tolerance_of(key: str, value: float, tolerance: Mapping[str, float]) -> float:
    """Largest allowed difference: abs_<key> or rel_<key> (or a first part of key), else abs or rel, else digits."""
    for name in (key, *(key.rsplit("_", n)[0] for n in range(1, key.count("_") + 1)), None):
        suffix = "" if name is None else f"_{name}"
        found = [
            tolerance[kind + suffix] * scale for kind, scale in (("abs", 1.0), ("rel", abs(value)))
            if kind + suffix in tolerance
        ]  # fmt: skip
        if found:
            return max(found)
    return last_digit(value)


def differences(label: str, got: Any, expected: Any, allowed: Callable[[float], float]) -> list[str]:
    """What is wrong with `got`, in words; element by element, booleans exactly."""
    if isinstance(expected, list):
        values = np.asarray(got).tolist()
        if not isinstance(values, list) or len(values) != len(expected):
            return [f"{label}: got {got!r}, expected {len(expected)} values {expected}"]
        pairs = enumerate(zip(values, expected, strict=True))
        return [text for i, (g, e) in pairs for text in differences(f"{label}[{i}]", g, e, allowed)]
    if isinstance(expected, bool):
        right = isinstance(got, bool | np.bool_) and bool(got) is expected
        return [] if right else [f"{label}: got {got!r}, expected {expected}"]
    got = got.item() if isinstance(got, np.ndarray | np.generic) and got.size == 1 else got
    if not isinstance(got, Real) or isinstance(got, bool):
        return [f"{label}: got {got!r}, expected the number {expected}"]
    # The last factor is the rounding of the subtraction itself, so that a difference equal to the tolerance passes.
    if got == expected or abs(float(got) - expected) <= allowed(expected) * (1 + 1e-9):
        return []
    return [f"{label}: got {float(got):.12g}, expected {expected!r} within {allowed(expected):.3g}"]


def check_table(case: Case, got: Any) -> list[str]:
    """A case whose `expected` is a table of named values."""
    expected, tolerance = case["expected"], case.get("tolerance", {})
    if not isinstance(got, Mapping):
        return [f"the adapter returned {got!r}, expected a mapping with {sorted(expected)}"]
    numbers = {key: value for key, value in expected.items() if not isinstance(value, str)}
    wrong = [] if numbers else ["the case states no number, so it proves nothing"]
    for key, value in numbers.items():
        if key not in got:
            wrong.append(f"{key}: not computed; the adapter returned {sorted(got)}")
        else:
            allow = functools.partial(tolerance_of, key, tolerance=tolerance)
            wrong += differences(key, got[key], value, allow)
    return wrong


def check_value(case: Case, got: Any) -> list[str]:
    """A case whose `expected` is one number or a list, in the case's unit."""
    absolute, relative = case.get("tol_abs"), case.get("tol_rel")
    if absolute is None and relative is None:
        return differences(case.get("unit", "value"), got, case["expected"], last_digit)
    allowed = lambda value: max(absolute or 0.0, (relative or 0.0) * abs(value))  # noqa: E731
    return differences(case.get("unit", "value"), got, case["expected"], allowed)


def check_metric(case: Case, got: Any) -> list[str]:
    """A case of a generated graph: `value` of a `metric`; a metric ending in _upper is a bound that may be tighter."""
    metric, value = case["metric"], case["value"]
    if metric.endswith("_upper") and isinstance(got, Real) and 0.0 < float(got) <= value * (1 + GENERATOR_RTOL):
        return []
    return differences(metric, got, value, lambda expected: GENERATOR_RTOL * abs(expected))


def check(case: Case, got: Any) -> list[str]:
    """What is wrong with the values computed for a case: nothing, if the list is empty."""
    if "generator" in case:
        return check_metric(case, got)
    return check_table(case, got) if isinstance(case["expected"], dict) else check_value(case, got)


def read_cases(file: Path) -> list[dict[str, Any]]:
    """The cases of a file, each with the constants of the file."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    constants = {"constants": content["constants"]} if "constants" in content else {}
    return [case | constants for case in content["case"]]


def is_slow(case: Case) -> bool:
    """Whether the adapter of the case says that it needs minutes."""
    return any(module.is_slow(case) for module in owners_of(case)[1].values() if hasattr(module, "is_slow"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "published_case" in metafunc.fixturenames:
        cases = [case for file in published_files(metafunc.config) for case in read_cases(file)]
        marks = [[pytest.mark.slow] if is_slow(case) else [] for case in cases]
        parameters = [pytest.param(case, id=case["id"], marks=m) for case, m in zip(cases, marks, strict=True)]
        metafunc.parametrize("published_case", parameters)


def test_published_value_is_reproduced(published_case: dict[str, Any]) -> None:
    unknown = {key: blanked(published_case[key]) for key in ("expected", "value") if key in published_case}
    wrong = check(published_case, adapter_of(published_case)(published_case | unknown))
    source = published_case.get("source", published_case.get("confidence", published_case.get("derivation")))
    assert not wrong, "\n".join([f"{published_case['id']} ({kind_of(published_case)}), from {source}:", *wrong])


def test_every_adapter_module_imports() -> None:
    assert adapter_modules()[1] == {}


@pytest.mark.parametrize(
    ("case", "got", "right"),
    [
        ({"expected": {"a": 2.0}, "tolerance": {"abs": 0.1}}, {"a": 2.1, "more": 0}, True),
        ({"expected": {"a": 2.0}, "tolerance": {"abs": 0.1}}, {"a": 2.11}, False),
        ({"expected": {"a": 2.0}, "tolerance": {"abs": 0.1}}, {"a": math.nan}, False),
        ({"expected": {"a": 2.0}, "tolerance": {"abs": 0.1}}, {}, False),
        ({"expected": {"a": 2.0}, "tolerance": {"rel": 0.1}}, {"a": np.array(2.2)}, True),
        ({"expected": {"a_db": 2.0}, "tolerance": {"abs_a_db": 0.1, "rel": 1.0}}, {"a_db": 2.2}, False),
        ({"expected": {"sum_of_all": 2.0}, "tolerance": {"rel_sum": 0.1}}, {"sum_of_all": 2.2}, True),
        ({"expected": {"summary": 2.25}, "tolerance": {"rel_sum": 0.1}}, {"summary": 2.4}, False),
        ({"expected": {"a": 1.25}, "tolerance": {}}, {"a": 1.26}, True),
        ({"expected": {"a": 1.25}}, {"a": 1.261}, False),
        ({"expected": {"a": 1.0, "says": "about one"}, "tolerance": {"abs": 0}}, {"a": 1}, True),
        ({"expected": {"says": "about one"}}, {"says": "about one"}, False),
        ({"expected": {"closes": True}, "tolerance": {"rel": 9.0}}, {"closes": np.True_}, True),
        ({"expected": {"closes": True}, "tolerance": {"rel": 9.0}}, {"closes": 1}, False),
        ({"expected": 81, "unit": "count", "tol_abs": 0}, 81, True),
        ({"expected": 81, "unit": "count", "tol_abs": 0}, 82, False),
        ({"expected": [1.0, 200.0], "unit": "m", "tol_rel": 0.01}, np.array([1.01, 198.0]), True),
        ({"expected": [1.0, 200.0], "unit": "m", "tol_rel": 0.01}, [1.02, 200.0], False),
        ({"expected": [1.0, 200.0], "unit": "m", "tol_rel": 0.01}, [1.0], False),
        ({"generator": "g", "metric": "lambda", "value": 0.5}, 0.5000004, True),
        ({"generator": "g", "metric": "lambda", "value": 0.5}, 0.499, False),
        ({"generator": "g", "metric": "lambda_upper", "value": 0.5}, 0.499, True),
        ({"generator": "g", "metric": "lambda_upper", "value": 0.5}, 0.501, False),
        ({"generator": "g", "metric": "lambda_upper", "value": 0.5}, None, False),
    ],
)
def test_comparison_accepts_only_what_the_tolerance_allows(case: dict[str, Any], got: Any, right: bool) -> None:
    assert (check(case, got) == []) is right


def test_unknown_kind_fails_and_names_it() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"odd: kind 'fso\.unheard_of' is known to no adapter"):
        adapter_of({"id": "odd", "kind": "fso.unheard_of"})


def test_adapter_cannot_copy_the_expected_numbers() -> None:
    hidden = blanked({"a": 1.0, "b": [2, True], "says": "text"})
    assert math.isnan(hidden["a"])
    assert all(math.isnan(value) for value in hidden["b"])
    assert hidden["says"] == "text"
