"""The gradient check: right derivatives pass, and each kind of mistake gets its own diagnosis."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.checks.ratios import common_ratio, describe_ratio
from autograd_core.errors import GradientError

RNG = np.random.default_rng(5)
X = np.array([0.5, -1.2, 2.0])
M = RNG.normal(size=(3, 3))


def failure(f, inputs, **options):
    """The report of a check that must fail."""
    with pytest.raises(ag.GradcheckError) as caught:
        ag.gradcheck(f, inputs, **options)
    report = caught.value.report
    assert not report
    assert str(report) == str(caught.value)
    silent = ag.gradcheck(f, inputs, raise_exception=False, **options)
    assert [str(entry) for entry in silent.wrong] == [str(entry) for entry in report.wrong]
    return report


def wrong(forward, rule):
    """An operation of one input with a rule of one's choice."""
    operation = ag.operation(forward)
    operation.rule(0)(rule)
    return operation


@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_derivatives_pass(order):
    assert ag.gradcheck(lambda x, m: np.tanh(m @ x) * np.sum(x), (X, M), order=order)
    assert ag.gradcheck(np.exp, 0.5, order=order)
    assert ag.gradcheck(lambda x: 3.0 * x, X, order=order)
    assert ag.gradcheck(lambda x: ag.tensor(1.0), X, order=order)


def test_structures_integers_and_several_outputs():
    def f(p, n, name):
        assert name == "name"
        return {"a": p["x"] ** n, "n": 3.0}, [np.sum(p["y"]), np.argmax(p["x"])]

    assert ag.gradgradcheck(f, ({"x": X, "y": (2.0, 3.0)["n" == "y"]}, 2, "name"))


def test_complex_numbers():
    z = np.array([0.5 + 1.0j, -0.3 + 0.2j])
    assert ag.gradgradcheck(lambda z: z * z * np.conjugate(z), z)
    assert ag.gradgradcheck(lambda z, x: np.abs(z) * x, (z, np.array([1.0, 2.0])))
    assert ag.gradgradcheck(lambda x: x * (2.0 + 1.0j), X)


def test_complex_step():
    assert ag.gradcheck(lambda x: np.tanh(x) * np.exp(x), X, method="complex", order=3)
    # Exact to rounding, which no finite difference is.
    assert ag.gradcheck(np.exp, X, method="complex", rtol=1e-14, atol=0.0)


def test_float32_passes_with_its_own_tolerance():
    assert ag.gradgradcheck(lambda x: np.tanh(x) * x, X.astype(np.float32))


def test_sharp_bends_are_met_with_smaller_steps():
    assert ag.gradcheck(lambda x: np.tanh(1e5 * x), np.array([1e-6, 2e-5]))
    assert ag.gradcheck(np.log, 1e-7)


def test_large_values_are_met_with_tolerance_for_rounding():
    assert ag.gradcheck(lambda x: x + 1e9, X)


def test_large_inputs_are_checked_by_projections():
    x = RNG.normal(size=(400, 50))
    calls = []

    def f(x):
        calls.append(1)
        return np.sum(np.tanh(x), axis=0)

    assert ag.gradcheck(f, x)
    assert len(calls) < 20


def test_a_single_wrong_entry_among_many_is_found_and_named():
    spoiled = wrong(
        np.sin, lambda g, out, x: g * np.cos(x) * np.where(np.arange(x.size).reshape(x.shape) == 17, 1.01, 1)
    )
    report = failure(spoiled, RNG.normal(size=(5, 6)))
    assert len(report.wrong) == 1
    assert report.wrong[0].where == "input 0[2, 5], output 0[2, 5]"
    np.testing.assert_allclose(report.wrong[0].error, 0.01, rtol=0.02)
    assert report.checked == 900


def test_the_text_holds_both_numbers():
    report = failure(lambda p: wrong(np.square, lambda g, out, x: g * x)(p["w"]), {"w": np.array([3.0])})
    assert (
        "gradcheck: derivative 1 of <lambda> disagrees with finite differences in 1 of 1 entries\n"
        "  input 0['w'][0]: the engine says 3, finite differences say 6 (relative error 0.5)\n"
        "  likely cause: a factor in a derivative: the engine has 1/2 of the right value in every wrong entry\n"
        "  likely cause: the derivative in the rule of 'square' for its input 1, used at "
    ) in str(report)
    assert "test_gradcheck.py" in str(report)


def test_many_wrong_entries_are_summed_up():
    report = failure(wrong(np.sin, lambda g, out, x: g), X)
    assert len(report.wrong) == 3
    report = failure(wrong(np.sin, lambda g, out, x: g), RNG.normal(size=20))
    assert f"... and {len(report.wrong) - 5} more" in str(report)
    assert len(str(report).splitlines()) == 8


def test_a_wrong_second_derivative_is_found_in_order_2():
    first_only = wrong(
        np.sin, lambda g, out, x: g * (np.cos(x) if not isinstance(x, ag.Tensor) else np.cos(x.detach()))
    )
    assert ag.gradcheck(first_only, X)
    report = failure(first_only, X, order=2)
    assert report.order == 2
    assert "exactly 0 for input 0" in report.causes[0]


CAUSES = {
    "factor": (wrong(np.square, lambda g, out, x: g * x), X, {}, "1/2 of the right value"),
    "sign": (wrong(np.cos, lambda g, out, x: g * np.sin(x)), X, {}, "the wrong sign"),
    "rule": (
        lambda x: np.sin(wrong(np.tanh, lambda g, out, x: g * (1 - out))(x)),
        X,
        {},
        "the derivative in the rule of 'tanh' for its input 1",
    ),
    "axis length": (
        wrong(lambda x: np.mean(x), lambda g, out, x: g * np.ones_like(x)),
        RNG.normal(size=7),
        {},
        r"7 times the right value \(7 is the length of an axis: a sum instead of a mean\?\)",
    ),
    "transposed": (
        wrong(lambda x: np.sum(x * M), lambda g, out, x: g * M.T),
        RNG.normal(size=(3, 3)),
        {},
        "transposed: the one for input 0",
    ),
    "transposed Jacobian": (wrong(lambda x: M @ x, lambda g, out, x: M @ g), X, {}, "transposed: the Jacobian"),
    "detached": (lambda x: x.detach() ** 2 + 0 * x, X, {}, "got lost: the engine has exactly 0 for input 0"),
    "kink": (
        wrong(lambda x: np.maximum(x, 0), lambda g, out, x: g * (x > 0)),
        np.array([0.0, 1.0]),
        {},
        "a kink: the slope is 0 on the left and 1 on the right",
    ),
    "jump": (wrong(np.sign, lambda g, out, x: np.zeros_like(x)), np.array([0.0]), {}, "a jump"),
    "edge": (wrong(np.sqrt, lambda g, out, x: g * 1.0), np.array([0.0]), {}, "the edge of the domain|not finite"),
    "step too large": (np.exp, X, {"eps": 0.1}, r"eps=0\.1 is too large; with eps=0\.00"),
    "step too small": (np.exp, X, {"eps": 1e-14}, "eps=1e-14 is too small"),
    "float32": (lambda x: np.exp(5 * x), X.astype(np.float32), {"rtol": 1e-7, "atol": 0.0}, "precision of float32"),
    "complex step": (np.abs, X, {"method": "complex"}, "the complex step: .*not analytic"),
    "not finite": (lambda x: np.log(x) * 1.0, np.array([-1.0]), {}, "value is not finite"),
}


@pytest.mark.parametrize("case", CAUSES)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_causes_are_guessed(case):
    import re

    f, x, options, expected = CAUSES[case]
    report = failure(f, x, **options)
    assert any(re.search(expected, cause) for cause in report.causes), report.causes


def test_randomness_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ag.GradcheckError, match="not deterministic"):
        ag.gradcheck(lambda x: x * rng.random(), X)


def test_a_wrong_rule_of_two_inputs():
    product = ag.operation(lambda x, y: x * y)
    product.rule("x")(lambda g, out, x, y: g * y)
    product.rule("y")(lambda g, out, x, y: g * x * 3)
    report = failure(product, (X, X + 1))
    assert all(entry.where.startswith("input 1") for entry in report.wrong)
    assert any("its input 2" in cause for cause in report.causes)


def test_large_outputs_and_inputs_are_examined_in_part():
    report = failure(wrong(np.sin, lambda g, out, x: g), RNG.normal(size=700))
    assert report.checked == 400
    assert "a random combination of the outputs" in report.wrong[0].where


def test_misuse():
    with pytest.raises(ValueError, match="method to be one of"):
        ag.gradcheck(np.sin, X, method="forward")
    with pytest.raises(TypeError, match="input made of floats"):
        ag.gradcheck(np.sin, 1)
    with pytest.raises(TypeError, match="real inputs"):
        ag.gradcheck(np.sin, 1j, method="complex")
    with pytest.raises(GradientError, match="lost its graph"):
        ag.gradcheck(lambda x: x.data * 2, X)
    assert issubclass(ag.GradcheckError, AssertionError)


def test_inputs_are_left_unchanged():
    x = X.copy()
    t = ag.tensor(x, requires_grad=True)
    ag.gradgradcheck(np.tanh, t)
    np.testing.assert_array_equal(np.asarray(t.detach()), X)
    assert t.grad is None


def test_common_ratio():
    right = np.array([1.0, -2.0, 0.0])
    assert common_ratio(right * 3, right, 1e-9) == pytest.approx(3.0)
    assert common_ratio(right, right, 1e-9) is None
    assert common_ratio(right + 1, right, 1e-9) is None
    assert common_ratio(np.zeros(2), np.zeros(2), 1e-9) is None
    assert common_ratio(np.array([1.0, np.nan]), np.ones(2), 1e-9) is None
    assert common_ratio(np.zeros(3), right, 1e-9) is None


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (-1.0, "the wrong sign"),
        (2.0, "2 times the right value"),
        (-0.5, "1/2 of the right value and the wrong sign"),
        (1.5, "3/2 times the right value"),
        (5.0, "5 times the right value (5 is the length of rows: a sum instead of a mean?)"),
        (0.2, "1/5 of the right value (5 is the length of rows: a mean instead of a sum?)"),
        (0.123456789, "0.123457 times the right value"),
    ],
)
def test_ratios_in_words(ratio, text):
    assert describe_ratio(ratio, {5: "rows"}) == text
