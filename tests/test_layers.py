"""The layers: an import at module level points down, and files and functions stay of a size to be read."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autograd_core", "nn", "optim", "viz")

# From the bottom to the top. A module may import modules of layers below its own and, without a circle,
# of its own layer. Names are those inside autograd_core, or of another package; of several patterns that
# fit, the last counts.
LAYERS: list[tuple[str, str]] = [
    ("errors, modes, and what a value is", "errors modes values"),
    ("what an operation is", "primitive"),
    ("operations", "ops ops.*"),
    (
        "what is done with values, and text made of them",
        "blas blocks formatting grad_table memory memory_report other_names staleness watched",
    ),
    ("how an operation becomes a node", "recording"),
    ("the two passes", "gradients graph hooks nonfinite pullback unrolled"),
    ("Tensor", "methods numpy_protocol tensor"),
    ("the graph in the hand", "recorded_graph"),
    ("the public namespaces", "anomaly array_api creation custom fft functions linalg special"),
    ("transforms", "transforms transforms.*"),
    ("checks", "checks checks.*"),
    ("compile", "compile compile.*"),
    ("the support table", "support"),
    ("the package", "autograd_core"),
    ("networks, update rules", "nn nn.* optim optim.*"),
    ("training", "nn.training nn.training.*"),
    ("pictures", "viz viz.*"),
]

# What a package may import, besides itself, at any level, inside functions too.
MAY_KNOW = {
    "autograd_core": set(),
    "nn": {"autograd_core"},
    "optim": {"autograd_core"},
    "viz": {"autograd_core", "nn"},
}
EXCEPTIONS = {"nn.training": {"optim"}}

# What may be imported at module level from outside: everything else is optional and imported where it is used.
REQUIRED = {"numpy", "graphviz"}

MAX_FILE = 620
MAX_FUNCTION = 60
# Longer functions, each with the reason why it reads better in one piece.
LONG_FUNCTIONS: dict[str, str] = {
    "autograd_core/unrolled.py:backward_pass_unrolled": "the hot loop of the backward pass, where a call saved counts",
}


def sources() -> dict[str, Path]:
    """Module name -> file, for every module of the library."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


SOURCES = sources()


def tree(name: str) -> ast.Module:
    return ast.parse(SOURCES[name].read_text(encoding="utf-8"))


def module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported, except those for type checkers only."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If) and "TYPE_CHECKING" not in ast.unparse(statement.test):
            yield from module_level(statement.body + statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from module_level(statement.body + statement.orelse + statement.finalbody)
        elif isinstance(statement, ast.ClassDef | ast.With):
            yield from module_level(statement.body)


def imported(name: str, statements: Iterator[ast.AST]) -> set[str]:
    """The modules (ours by full name, others by their top name) that import statements of ``name`` load."""
    found = set()
    package = name.split(".") if SOURCES[name].name == "__init__.py" else name.split(".")[:-1]
    for statement in statements:
        if isinstance(statement, ast.Import):
            found |= {ours_or_top(alias.name) for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            base = package[: len(package) - statement.level + 1] if statement.level else []
            source = ".".join([*base, *([statement.module] if statement.module else [])])
            for alias in statement.names:
                inner = f"{source}.{alias.name}"
                found.add(inner if inner in SOURCES else ours_or_top(source))
    return found - {name}


def ours_or_top(name: str) -> str:
    return name if name in SOURCES else name.partition(".")[0]


IMPORTS = {name: imported(name, module_level(tree(name).body)) for name in SOURCES}
ALL_IMPORTS = {name: imported(name, ast.walk(tree(name))) for name in SOURCES}


def layer(name: str) -> int:
    matching = [
        level
        for level, (_, patterns) in enumerate(LAYERS)
        if any(fnmatchcase(name.removeprefix("autograd_core."), pattern) for pattern in patterns.split())
    ]
    assert matching, f"{name} stands in no layer: say in tests/test_layers.py where it belongs"
    return matching[-1]


def test_the_table_of_layers_is_up_to_date():
    named = {name for _, patterns in LAYERS for name in patterns.split() if "*" not in name}
    optional = {"compile", "nn.training"}
    assert named - optional <= {name.removeprefix("autograd_core.") for name in SOURCES}


@pytest.mark.parametrize("name", list(SOURCES))
def test_imports_point_down(name):
    for target in sorted(IMPORTS[name] & SOURCES.keys()):
        assert layer(target) <= layer(name), (
            f"{name} ({LAYERS[layer(name)][0]}) imports {target} ({LAYERS[layer(target)][0]}), which lies above it"
        )


def test_no_circles():
    done: set[str] = set()
    remaining = dict(IMPORTS)
    while remaining:
        free = [name for name, targets in remaining.items() if not (targets & SOURCES.keys()) - done]
        assert free, f"these modules import each other in a circle: {sorted(remaining)}"
        done.update(free)
        for name in free:
            del remaining[name]


@pytest.mark.parametrize("name", list(SOURCES))
def test_packages_know_only_what_they_stand_on(name):
    package = name.partition(".")[0]
    allowed = MAY_KNOW[package] | {package} | EXCEPTIONS.get(".".join(name.split(".")[:2]), set())
    known = {target.partition(".")[0] for target in ALL_IMPORTS[name] if target in SOURCES}
    assert known <= allowed, f"{name} imports {sorted(known - allowed)}"


@pytest.mark.parametrize("name", list(SOURCES))
def test_optional_packages_are_imported_where_they_are_used(name):
    outside = {target for target in IMPORTS[name] if target not in SOURCES}
    optional = outside - REQUIRED - set(sys.stdlib_module_names)
    assert not optional, f"{name} imports {sorted(optional)} at module level"


def functions(module: ast.Module) -> Iterator[tuple[str, int]]:
    """(name, number of lines without the docstring) of every function and method."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - docstring


@pytest.mark.parametrize("path", [*SOURCES.values(), *sorted((ROOT / "tests").rglob("*.py"))], ids=lambda p: p.stem)
def test_files_and_functions_are_of_a_size_to_be_read(path):
    text = path.read_text(encoding="utf-8")
    where = str(path.relative_to(ROOT))
    assert text.count("\n") <= MAX_FILE, f"{where} has {text.count(chr(10))} lines"
    long = {f"{where}:{name}": lines for name, lines in functions(ast.parse(text)) if lines > MAX_FUNCTION}
    assert not {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS}


def test_the_list_of_long_functions_is_up_to_date():
    present = {
        f"{path.relative_to(ROOT)}:{name}"
        for path in SOURCES.values()
        for name, lines in functions(tree_of(path))
        if lines > MAX_FUNCTION
    }
    assert set(LONG_FUNCTIONS) <= present, "these functions are short now, or gone: take them off the list"
    assert all(len(reason.split()) >= 3 for reason in LONG_FUNCTIONS.values())


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_the_reading_of_imports():
    """What the tests above rely on."""
    name = "autograd_core.graph"
    text = "import scipy.special\nfrom . import modes\nfrom .ops import broadcasting\nfrom .errors import explain\n"
    assert imported(name, iter(ast.parse(text).body)) == {
        "scipy",
        "autograd_core.modes",
        "autograd_core.ops.broadcasting",
        "autograd_core.errors",
    }
    hidden = ast.parse("if TYPE_CHECKING:\n    import scipy\ndef f():\n    import scipy\n").body
    assert not imported(name, module_level(hidden))
