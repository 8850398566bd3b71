"""Rules of the house that a linter does not know: light imports, public names, sizes, literals, names of machines."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import inspect
import io
import os
import pkgutil
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

import figures
import links
import optimize
import topo
from links.parts import all_parts

ROOT = Path(__file__).parents[1]
PACKAGES = (links, topo, optimize, figures)
PACKAGE_NAMES = tuple(package.__name__ for package in PACKAGES)

LONG_FILES: dict[str, str] = {}
"""Files that may have more than 400 lines, with the reason."""

POSITIONAL: dict[str, str] = {
    "links.units.format_si": "a number and its unit read as they are written",
}
"""Public functions with more than one positional parameter, with the reason."""

LITERALS: dict[str, dict[str, str]] = {
    "links/units.py": {"*": "the SI prefixes themselves, and 1 GB/s in bit/s"},
    "links/fso.py": {"1025": "a number of samples"},
    "optimize/flow/problem.py": {"2e-7": "a tolerance of the solver"},
}
"""Numbers that look physical, by file ("*": all of them), with the reason."""


def tree(*suffixes: str) -> Iterator[Path]:
    """Files of the project with these suffixes (all, if none is given); nothing that tools leave behind."""
    ignored = {"__pycache__", "build", "dist", "out"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name == ".ci" or not (name.startswith(".") or name in ignored)]
        yield from (Path(folder, name) for name in names if not suffixes or name.endswith(suffixes))


def relative(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def modules() -> Iterator[ModuleType]:
    """Every module of the four packages, imported; programs (`__main__`) and notebooks aside."""
    for package in PACKAGES:
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not info.name.endswith("__main__") and ".notebooks" not in info.name:
                yield importlib.import_module(info.name)


def public_objects() -> Iterator[tuple[str, object]]:
    """Public classes and functions by the name of the module that defines them."""
    for module in modules():
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name, None)
            if getattr(thing, "__module__", None) == module.__name__:
                yield f"{module.__name__}.{name}", thing


@pytest.mark.parametrize("package", ["links", "topo"])
def test_lower_layers_import_neither_solver_nor_plotting(package: str) -> None:
    code = f"import sys, {package}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"cvxpy", "highspy", "matplotlib", "numba", "ortools", "pandas", "pydantic", "click"}
    assert heavy & set(loaded.stdout.split()) == set()


def test_public_names_exist_and_are_listed() -> None:
    wrong = []
    for module in modules():
        listed = getattr(module, "__all__", None)
        if listed is None:
            own = [
                n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__ and n[0] != "_"
            ]
            wrong += [f"{module.__name__} defines {', '.join(own)} and has no __all__"] if own else []
        else:
            wrong += [f"{module.__name__}.{name} does not exist" for name in listed if not hasattr(module, name)]
    assert not wrong, "\n".join(wrong)


def test_modules_take_only_listed_names_from_each_other() -> None:
    listed = {module.__name__: getattr(module, "__all__", ()) for module in modules()}
    wrong = []
    for module in modules():
        source = Path(inspect.getfile(module))
        package = module.__name__ if source.name == "__init__.py" else module.__name__.rpartition(".")[0]
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                origin = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                for name in (alias.name for alias in node.names):
                    known = f"{origin}.{name}" in listed or name in (*listed.get(origin, (name,)), "__version__")
                    wrong += [] if known else [f"{relative(source)} imports {name}, which {origin} does not list"]
    assert not wrong, "\n".join(wrong)


def test_public_names_have_docstrings() -> None:
    callables = [(name, thing) for name, thing in public_objects() if inspect.isclass(thing) or callable(thing)]
    wrong = [name for name, thing in callables if not (inspect.getdoc(thing) or "").strip()]
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_models() -> None:
    wrong = [module.__name__ for module in modules() if len((module.__doc__ or "").split()) < 3]
    assert not wrong, "\n".join(wrong)


def test_public_functions_take_keywords() -> None:
    wrong = []
    for name, thing in public_objects():
        if inspect.isfunction(thing) and not name.startswith("figures.cli"):
            kinds = [parameter.kind for parameter in inspect.signature(thing).parameters.values()]
            positional = kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)
            if positional > 1 and name not in POSITIONAL:
                wrong.append(f"{name} has {positional} positional parameters; one (the thing itself) is enough")
    assert not wrong, "\n".join(wrong)


def test_files_are_short() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in tree(".py")}
    wrong = [f"{name}: {length} lines" for name, length in lengths.items() if length > 400 and name not in LONG_FILES]
    assert not wrong, "\n".join(["split them by cause, or give a reason in LONG_FILES:", *wrong])


def test_every_data_file_loads_and_holds_parts() -> None:
    for file in sorted((ROOT / "links" / "data").glob("*.toml")):
        names = {table["name"] for table in tomllib.loads(file.read_text(encoding="utf-8"))["part"]}
        assert names, f"{file.name} holds no part"
        assert names <= set(all_parts()), file.name


def looks_physical(text: str) -> bool:
    """Whether a number is more than a count, a simple ratio, a power of ten or a power of two.

    >>> [looks_physical(text) for text in ("1e-9", "0.5", "4096", "1.55e-6", "299792458", "6378.137")]
    [False, False, False, True, True, True]
    """
    if re.match(r"0[xob]|.*j$", text.lower()) or (text.isdigit() and int(text).bit_count() == 1):
        return False
    digits = Decimal(text.replace("_", "")).normalize().as_tuple().digits
    return len(digits) >= 4 or ("e" in text.lower() and digits != (1,))


def test_physical_numbers_live_in_links_data() -> None:
    found = []
    for path in tree(".py"):
        name = relative(path)
        if name.split("/")[0] in ("links", "topo", "optimize") and "notebooks" not in name:
            allowed = LITERALS.get(name, {})
            tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
            found += [
                f"{name}:{token.start[0]}: {token.string}"
                for token in tokens
                if token.type == tokenize.NUMBER
                and looks_physical(token.string)
                and not {token.string, "*"} & set(allowed)
            ]
    assert not found, "\n".join(["give them a source in links/data, or a reason in LITERALS:", *found])


def test_imports_are_declared_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = {Requirement(line).name.lower() for line in project["dependencies"]}
    optional = {Requirement(line).name.lower() for name in extras if name != "test" for line in extras[name]}
    owners = importlib.metadata.packages_distributions()
    wrong = []
    for path in tree(".py"):
        if relative(path).split("/")[0] in PACKAGE_NAMES:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
                for top in {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - set(PACKAGE_NAMES):
                    if not {owner.lower() for owner in owners.get(top, [top])} & (declared | optional):
                        wrong.append(f"{relative(path)} imports {top}, which pyproject.toml does not name")
    assert not wrong, "\n".join(wrong)


def test_nothing_names_a_machine_or_a_package_host() -> None:
    # The brackets keep the patterns from finding themselves.
    hosts = r"py[p]i\.org|pythonhoste[d]\.org|npmj[s]\.|anacond[a]\.org|https?://[^\s\"']*/simpl[e]\b"
    places = r"(?<![\w.~/-])/(?:home|root|wor[k]|Users|tm[p]|mnt|opt)/\w|\.\./share[d]\b|[A-Z]:\\\\Users"
    pattern = re.compile(f"{hosts}|{places}")
    wrong = []
    for path in tree():
        if path.suffix not in (".png", ".pdf", ".npz", ".gz"):
            lines = path.read_text(encoding="utf-8").splitlines()
            wrong += [
                f"{relative(path)}:{n}: {line.strip()[:90]}" for n, line in enumerate(lines, 1) if pattern.search(line)
            ]
    assert not wrong, "\n".join(wrong)


def test_no_doctest_is_skipped_and_no_work_is_left_as_a_note() -> None:
    pattern = re.compile(r"doctest:\s*\+SKI[P]|\bTOD[O]\b|\bFIXM[E]\b|NotImplementedErro[r]")
    wrong = []
    for path in tree(".py", ".md", ".toml"):
        lines = path.read_text(encoding="utf-8").splitlines()
        wrong += [
            f"{relative(path)}:{n}: {line.strip()[:90]}" for n, line in enumerate(lines, 1) if pattern.search(line)
        ]
    assert not wrong, "\n".join(wrong)
