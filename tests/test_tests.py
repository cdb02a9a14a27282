"""Tests of the tests: an operation that is wrong in one way fails the check that is there for that.

Each wrong operation below is ``scaled product``, x * y * 3, with one thing spoilt. None is registered.
"""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.primitive import Primitive
from tests.harness import calls, derivatives, other_arrays, properties
from tests.harness.collect import OPERATIONS, SAMPLES, uses
from tests.samples.sample import Sample, real

X, Y = real(3, 4), real(3, 4, low=1.0, high=4.0)
SAMPLE = Sample((X, Y), value=lambda x, y: 3 * x * y, complex_step=True)


def right_x(g, out, x, y):
    return g * y * 3


def right_y(g, out, x, y):
    return g * x * 3


def product(**changes):
    """The right operation, but for the ``changes``."""
    parts = {
        "forward": lambda x, y: x * y * 3,
        "rule_x": right_x,
        "rule_y": right_y,
        "formulas": ("3·{b}", "3·{a}"),
        "elementwise": True,
    } | changes
    rules = parts.pop("rule_x"), parts.pop("rule_y")
    return Primitive("scaled product", parts.pop("forward"), *(() if "joint" in parts else rules), **parts)


def broadcast(label, operation, sample):
    properties.check_broadcast(label, operation, sample, [(3, 4), (4,)])


CHECKS = {
    "value": properties.check_value,
    "tensors": properties.check_through_tensors,
    "first": derivatives.check_first,
    "second": derivatives.check_second,
    "complex step": derivatives.check_complex_step,
    "complex": derivatives.check_at_complex,
    "float32": properties.check_float32,
    "mixed": properties.check_mixed_dtypes,
    "purity": properties.check_purity,
    "layouts": properties.check_layouts,
    "broadcast": broadcast,
    "scalars": properties.check_scalars,
    "empty": properties.check_empty,
    "repeated": properties.check_repeated,
    "constants": properties.check_constants,
    "formulas": properties.check_formulas,
    "backward": properties.check_backward,
    "blocks": properties.check_in_blocks,
    "duck": other_arrays.check_duck,
    "duck engine": other_arrays.check_duck_engine,
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_right_operation_passes_every_check(check):
    CHECKS[check]("right", product(), SAMPLE)


def into_g(g, out, x, y):
    g *= y
    return g * 3


def into_x(g, out, x, y):
    x *= 1.0
    return g * y * 3


def through_memory(g, out, x, y):
    if isinstance(g, np.ndarray) and g.flags.writeable:
        g += 1.0
        return (g - 1.0) * y * 3
    return g * y * 3


def in_memory_order(g, out, x, y):
    return (g * y * 3).ravel("K").reshape(g.shape) if isinstance(g, np.ndarray) else g * y * 3


def forgets_the_graph(g, out, x, y):
    return g * np.asarray(getattr(y, "_data", y)) * 3


def forgets_the_graph_in_g(g, out, x, y):
    return np.asarray(getattr(g, "_data", g)) * y * 3


class Counting:
    """A rule that is right the first time only."""

    def __init__(self):
        self.calls = 0

    def __call__(self, g, out, x, y):
        self.calls += 1
        return g * y * 3 * (1.0 if self.calls == 1 else 1.1)


WRONG = {
    "wrong value": (product(forward=lambda x, y: x * y * 3.0001), ["value", "first"]),
    "wrong sign": (product(rule_x=lambda g, out, x, y: -g * y * 3), ["first", "complex step", "complex"]),
    "missing factor": (product(rule_y=lambda g, out, x, y: g * x), ["first", "complex step"]),
    "factor wrong in the sixth digit": (product(rule_y=lambda g, out, x, y: g * x * 3.00001), ["first"]),
    "g forgotten": (product(rule_y=lambda g, out, x, y: x * 3 + 0 * g), ["first", "complex step"]),
    "inputs mixed up": (product(rule_x=right_y, rule_y=right_x), ["first"]),
    "conjugated": (product(rule_x=lambda g, out, x, y: g * np.conjugate(y) * 3), ["complex"]),
    "derivative of the rule lost": (product(rule_x=forgets_the_graph), ["second", "duck engine"]),
    "derivative in g lost": (product(rule_x=forgets_the_graph_in_g), ["second"]),
    "not deterministic": (product(rule_x=Counting()), ["second"]),
    "summed over the wrong axis": (
        product(rule_y=lambda g, out, x, y: np.broadcast_to(np.sum(g * x * 3, axis=-1, keepdims=True), out.shape)),
        ["first", "scalars"],
    ),
    "broadcasting undone by a mean": (
        product(
            rule_y=lambda g, out, x, y: np.mean(g * x * 3, axis=0) if getattr(y, "ndim", 0) < g.ndim else g * x * 3
        ),
        ["broadcast"],
    ),
    "transposed contribution": (
        product(rule_x=lambda g, out, x, y: np.swapaxes(g * y * 3, 0, -1) if g.ndim else g * y * 3),
        ["first"],
    ),
    "float64 constant": (product(rule_x=lambda g, out, x, y: g * y * np.float64(3)), ["float32"]),
    "float64 result": (product(forward=lambda x, y: x * y * np.float64(3)), ["float32"]),
    "float64 beside a Python number": (
        product(rule_x=lambda g, out, x, y: g * np.multiply(y, 3)),
        ["scalars"],
    ),
    "float32 by force": (
        product(forward=lambda x, y: np.astype(x * y * 3, np.float32)),
        ["value", "float32"],
    ),
    "wrong for inputs of two dtypes": (
        product(rule_x=lambda g, out, x, y: g * y * 3 if x.dtype == y.dtype else g * 3),
        ["mixed"],
    ),
    "written into g": (product(rule_x=into_g), ["purity", "layouts"]),
    "written into x": (product(rule_x=into_x), ["purity"]),
    "written into a writeable g": (product(rule_x=through_memory), ["purity"]),
    "written into the output": (
        product(rule_x=lambda g, out, x, y: np.multiply(g, y * 3, out=out)),
        ["purity"],
    ),
    "written into x by the forward function": (
        product(forward=lambda x, y: np.multiply(x, y, out=x) * 3),
        ["purity", "layouts"],
    ),
    "memory order": (product(rule_x=in_memory_order), ["layouts"]),
    "needs the shape of a number": (
        product(rule_x=lambda g, out, x, y: g * np.broadcast_to(y, y.shape) * 3),
        ["scalars"],
    ),
    "Python number as result": (
        product(rule_x=lambda g, out, x, y: float(g * y * 3) if g.ndim == 0 else g * y * 3),
        ["scalars"],
    ),
    "fails on empty arrays": (product(rule_x=lambda g, out, x, y: g * y * 3 + 0 * np.max(np.abs(g))), ["empty"]),
    "a rule missing": (product(rule_x=None), []),
    "one contribution to a repeated input": (
        product(rule_x=lambda g, out, x, y: g * 0 if x is y else g * y * 3),
        ["repeated"],
    ),
    "no formula": (product(formulas=("3·{b}",)), ["formulas"]),
    "formula of an unknown input": (product(formulas=("3·{c}", "3·{a}")), ["formulas"]),
    "converts to NumPy": (product(rule_x=lambda g, out, x, y: g * np.array(y) * 3), ["duck"]),
    "makes an array of NumPy's": (product(rule_x=lambda g, out, x, y: g * y * np.full(g.shape, 3.0)), ["duck"]),
    "forward converts to NumPy": (product(forward=lambda x, y: np.asarray(x) * y * 3), ["duck", "duck engine"]),
    "not elementwise": (product(forward=lambda x, y: x * y * 3 - np.mean(x)), ["blocks"]),
    "joint rule with a missing contribution": (
        product(joint=lambda g, out, x, y: (g * y * 3, None)),
        ["first", "complex step"],
    ),
    "joint rule in the wrong order": (
        product(joint=lambda g, out, x, y: (g * x * 3, g * y * 3)),
        ["first", "complex step"],
    ),
}


@pytest.mark.parametrize(
    ("wrong", "check"), [(wrong, check) for wrong, (_, checks) in WRONG.items() for check in checks]
)
def test_a_wrong_operation_fails_its_check(wrong, check):
    operation, _ = WRONG[wrong]
    if isinstance(operation.rules and operation.rules[0], Counting):
        operation.rules[0].calls = 0
    with pytest.raises((AssertionError, TypeError, ValueError, AttributeError, RuntimeError)):
        CHECKS[check](wrong, operation, SAMPLE)


def test_failure_names_operation_sample_and_entry():
    operation, _ = WRONG["missing factor"]
    with pytest.raises(AssertionError, match=r"product\[0\]: gradient of input 1.*entry \(0,\) is .* expected"):
        derivatives.check_first("product[0]", operation, SAMPLE)


def test_a_rule_that_is_missing_is_not_differentiated():
    operation, _ = WRONG["a rule missing"]
    derivatives.check_first("a rule missing", operation, SAMPLE)
    properties.check_constants("a rule missing", operation, SAMPLE)
    with pytest.raises(AssertionError, match="gradient of input 0"):
        derivatives.check_first("a rule missing", operation, Sample((X, Y), wrt=(0, 1)))


DETECTED = [
    (wrong, order)
    for wrong, (_, checks) in WRONG.items()
    for order, check in ((1, "first"), (2, "second"))
    # A difference in the sixth digit is below gradcheck's tolerance, which has to fit any function, and a
    # contribution of a wrong shape is refused by the backward pass.
    if check in checks and "digit" not in wrong and "transposed" not in wrong
]


def test_gradcheck_passes_the_right_operation():
    assert ag.gradgradcheck(product(), (X, Y))
    assert ag.gradcheck(product(), (X, Y), method="complex")


@pytest.mark.parametrize(("wrong", "order"), DETECTED)
def test_gradcheck_notices_a_wrong_operation(wrong, order):
    operation, _ = WRONG[wrong]
    if isinstance(operation.rules and operation.rules[0], Counting):
        operation.rules[0].calls = 0
    with pytest.raises(ag.GradcheckError, match="gradcheck"):
        ag.gradcheck(operation, (X, Y), order=order)
    assert not ag.gradcheck(operation, (X, Y), order=order, raise_exception=False)


def changed(operation, position):
    """The operation with a contribution to one input that is wrong by a little."""

    def wrong(contribution):
        return contribution if contribution is None else contribution * 1.001 + 0.001

    def joint(*args, **attributes):
        return [wrong(c) if i == position else c for i, c in enumerate(operation.joint(*args, **attributes))]

    def rule(*args, **attributes):
        return wrong(operation.rules[position](*args, **attributes))

    rules = [rule if i == position else r for i, r in enumerate(operation.rules)]
    return Primitive(
        operation.name,
        operation.forward,
        *rules,
        joint=operation.joint and joint,
        elementwise=operation.elementwise,
        multiple=operation.multiple,
    )


def positions(operation, samples):
    """The inputs with a rule of their own; of a joint rule, those that samples differentiate."""
    if operation.joint is None:
        return [i for i, rule in enumerate(operation.rules) if rule is not None]
    return sorted({i for sample in samples for i in calls.differentiable(operation, sample)})


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.differentiable])
def test_samples_notice_if_a_rule_is_changed(name):
    """No rule is left without a sample that would show an error in it, for any operation of the registry."""
    operation = OPERATIONS[name]
    for position in positions(operation, SAMPLES[name]):
        with pytest.raises(AssertionError):
            check_every_sample(name, changed(operation, position))


def check_every_sample(name, operation):
    for label, _, sample in uses(name):
        if sample.order > 0:
            derivatives.check_first(label, operation, sample)
