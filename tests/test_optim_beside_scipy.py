"""Iterations on hard functions beside those of SciPy's methods, and line searches beside its own."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.test_functions import METHODS, PROBLEMS, SEARCHES, SMALL, Derivatives, Descent, report, table

PEERS = {"newton": "scipy trust-exact", "newton-cg": "scipy trust-ncg", "lbfgs": "scipy L-BFGS-B"}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("method", PEERS)
def test_no_more_iterations_than_scipy(method, name):
    f, start = PROBLEMS[name]
    result, peer = METHODS[method](f, start), METHODS[PEERS[method]](f, start)
    assert np.abs(Derivatives(f).gradient(result.x)).max() <= SMALL
    assert result.nit <= 1.1 * peer.nit + 1


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("search", ["GoldenSection", "Brent", "Bisection", "Secant"])
def test_exact_searches_end_where_the_next_gradient_is_at_a_right_angle(search, name):
    line = Descent(*PROBLEMS[name])
    result = SEARCHES[search].search(line.value, step=line.first)
    assert result.converged
    assert abs(line.slope_ratio(result.step)) < 1e-6
    assert result.evaluations == line.evaluations <= 50


def test_tables():
    rows = table("method", ["a", "b"], [("newton", ["1/2", "3/4"])])
    assert rows == ["| method | a | b |", "|---|---|---|", "| newton | 1/2 | 3/4 |"]
    assert callable(report)
