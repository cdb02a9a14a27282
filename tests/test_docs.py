"""Every example in the documentation runs: docstrings, README, docs/*.md; and every public name has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from autograd_core.primitive import PRIMITIVES, Primitive
from tests.harness.collect import PACKAGES

ROOT = Path(__file__).resolve().parent.parent
FLAGS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL

NAMESPACES = [
    "autograd_core",
    "autograd_core.linalg",
    "autograd_core.fft",
    "autograd_core.special",
    "nn",
    "nn.data",
    "nn.functional",
    "nn.init",
    "nn.training",
    "nn.utils",
    "optim",
    "optim.line_search",
    "optim.lr_scheduler",
    "viz",
    "viz.plots",
]

# Public names of ``autograd_core`` without an example of their own. Shorten this list, do not lengthen it.
WITHOUT_EXAMPLE = dict.fromkeys(
    ["AnomalyError", "AutogradError", "GradientError", "NoGradientError", "StaleValueError"],
    "an error, which is caught and not called",
)


def modules() -> list[str]:
    found = list(PACKAGES)
    for name in PACKAGES:
        package = importlib.import_module(name)
        found += [module.name for module in pkgutil.walk_packages(package.__path__, f"{name}.")]
    return sorted(found)


def public_names() -> list[tuple[str, str]]:
    """(namespace, name) of everything public that is ours and can be called."""
    found = []
    for namespace in NAMESPACES:
        try:
            module = importlib.import_module(namespace)
        except ModuleNotFoundError:
            continue
        for name in getattr(module, "__all__", None) or dir(module):
            if not name.startswith("_") and is_ours(getattr(module, name)):
                found.append((namespace, name))
    return found


def is_ours(value: object) -> bool:
    if isinstance(value, Primitive):
        return True
    if isinstance(value, types.ModuleType) or not callable(value):
        return False
    return (getattr(value, "__module__", None) or "").partition(".")[0] in PACKAGES


def run_examples(tests: list[doctest.DocTest]) -> None:
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    report: list[str] = []
    with np.printoptions():
        for test in tests:
            runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    run_examples([test for test in doctest.DocTestFinder().find(module) if test.examples])


@pytest.mark.parametrize(
    "name", [name for name, operation in sorted(PRIMITIVES.items()) if ">>>" in (operation.__doc__ or "")]
)
def test_examples_of_operations(name):
    run_examples([doctest.DocTestParser().get_doctest(PRIMITIVES[name].__doc__ or "", {}, name, None, 0)])


def test_every_public_name_has_a_docstring():
    lacking = [
        f"{namespace}.{name}"
        for namespace, name in public_names()
        if not (inspect.getdoc(getattr(importlib.import_module(namespace), name)) or "").strip()
    ]
    assert not lacking


def test_every_public_name_has_an_example():
    lacking = {
        f"{namespace}.{name}"
        for namespace, name in public_names()
        if ">>> " not in (getattr(importlib.import_module(namespace), name).__doc__ or "")
    }
    listed = {f"autograd_core.{name}" for name in WITHOUT_EXAMPLE}
    assert not lacking - listed, "public names without a runnable example"
    assert not listed - lacking, "these have an example now, or are gone: take them off the list"


def pages() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    return [page for page in found if page.exists() and "```python" in page.read_text(encoding="utf-8")]


# Runs the python blocks of one page, one after the other in one namespace, as a reader would. Blank lines
# in front keep the line numbers of the page in tracebacks.
RUN_PAGE = r"""
import doctest, re, sys, warnings
warnings.simplefilter("error")
page = sys.argv[1]
text = open(page, encoding="utf-8").read()
names = {"__name__": "__main__"}
for block in re.finditer(r"^```python[^\n]*\n(.*?)^```", text, re.M | re.S):
    line = text.count("\n", 0, block.start(1))
    if ">>>" in block.group(1):
        test = doctest.DocTestParser().get_doctest(block.group(1), {}, page, page, line)
        test.globs = names
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        runner.run(test, clear_globs=False)
        if runner.failures:
            sys.exit(1)
    else:
        exec(compile("\n" * line + block.group(1), page, "exec"), names)
"""


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_python_blocks_of_a_page(page, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", RUN_PAGE, str(page)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{page.name}:\n{result.stdout}\n{result.stderr}"


def test_pages_are_found_by_their_fences(tmp_path):
    assert re.search(r"^```python", "text\n```python\nx = 1\n```\n", re.M)
    page = tmp_path / "page.md"
    for block, code in (("x = 1", 0), ("1 / 0", 1), (">>> 1 + 1\n2", 0), (">>> 1 + 1\n3", 1)):
        page.write_text(f"# A page\n\n```python\n{block}\n```\n", encoding="utf-8")
        result = subprocess.run([sys.executable, "-c", RUN_PAGE, str(page)], capture_output=True, check=False)
        assert result.returncode == code, block
