"""The table in ``docs/support.md`` says what the functions do."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import support
from tests.versions import needs_numpy

pytest.importorskip("scipy", reason="the table lists the special functions")


def written_with() -> str:
    """The version of NumPy that the page was made with."""
    return re.search(r"\(of NumPy ([\d.]+)\)", support.PAGE.read_text(encoding="utf-8"))[1]


def cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").replace("\\|", "\0").split("|"))


def table(page: str) -> dict[str, str]:
    """First cell -> line, of all lines that stand for a function."""
    return {cells(line)[0].split(",")[0]: line for line in page.splitlines() if line.startswith("| `")}


@needs_numpy(written_with(), "the page is made with a newer one, which has more functions")
def test_the_page_is_fresh():
    """A newer version of NumPy may have more or fewer functions; those in common must agree."""
    written, made = table(support.PAGE.read_text(encoding="utf-8")), table(support.page())
    own = {key for key in made if key.startswith("`ag.")}
    assert own == {key for key in written if key.startswith("`ag.")}, "run: python -m autograd_core.support"
    differing = [key for key in written.keys() & made.keys() if written[key] != made[key]]
    assert not differing, "run: python -m autograd_core.support"
    assert len(written.keys() & made.keys()) > 350
    numpy_names = {name for name in written if name.startswith("`np.")}
    if np.__version__ == written_with():
        assert numpy_names == {name for name in made if name.startswith("`np.")}


def test_verdicts():
    expected = {
        np.exp: support.YES,
        np.linalg.svd: support.YES,
        np.fft.rfft: support.YES,
        np.floor: support.ZERO,
        np.sign: support.ZERO,
        np.argmax: support.CONSTANT,
        np.isnan: support.CONSTANT,
        np.shape: support.CONSTANT,
        np.busday_count: support.RAISES,
        np.copyto: support.RAISES,
    }
    made = {row.numpy: row.gradient for row in support.rows()}
    names = {function: name for name, function in support.numpy_functions().items()}
    assert {function: made[names[function]] for function in expected} == expected


def test_every_function_of_numpy_that_asks_stands_in_it_once():
    rows = support.rows()
    numpy_names = [row.numpy for row in rows if row.numpy]
    assert len(numpy_names) == len(set(numpy_names))
    assert set(numpy_names) == set(support.numpy_functions())
    assert {row.gradient for row in rows} <= {support.YES, support.ZERO, support.CONSTANT, support.RAISES}


def test_every_public_function_stands_in_it():
    named = {row.ours for row in support.rows()}
    for name, function in support.own_functions().items():
        aliases = [other for other, same in support.own_functions().items() if same is function]
        assert named.intersection(aliases) or not support._takes_arrays(function), name
    assert {"ag.linalg.expm", "ag.special.erf"} <= named


def test_the_verdict_is_found_by_calling():
    assert support.gradient_of(lambda x: x * 2, "double") == support.YES
    assert support.gradient_of(lambda x: x * 0, "nothing") == support.ZERO
    assert support.gradient_of(lambda x: x > 0, "positive?") == support.CONSTANT
    assert support.gradient_of(lambda x: np.asarray(x), "convert") == support.RAISES
    assert support.gradient_of(lambda x, y: (np.sort(x), y.shape), "sorted") == support.YES

    def awkward(*arguments):
        raise TypeError("cannot be called")

    with pytest.raises(TypeError, match=r"no way to call awkward is known: give one in autograd_core.support.CALLS"):
        support.gradient_of(awkward, "awkward")


def test_formulas():
    assert support.formula(ag.multiply) == "∂a: `b`, ∂b: `a`"
    assert support.formula(ag.tanh) == "`1 − out²`"
    assert support.formula(None) == ""
    assert support._line(("`a`", "`|x|`")) == "| `a` | `\\|x\\|` |"


def test_main_writes_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(support, "PAGE", tmp_path / "support.md")
    support.main()
    assert (tmp_path / "support.md").read_text(encoding="utf-8") == support.page()
    assert "functions" in capsys.readouterr().out
