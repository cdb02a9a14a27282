"""Operations of one's own: rules by decorator, checked on request."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import GradientError
from autograd_core.primitive import PRIMITIVES

X = np.array([0.5, -1.2, 2.0])


def make_power():
    @ag.operation
    def power(x, n=3):
        """The n-th power."""
        return x**n

    @power.rule("x", formula="n·{a}^(n−1)")
    def power_rule(g, out, x, n):
        return g * n * x ** (n - 1)

    return power


def make_product():
    @ag.operation(symbol="·")
    def product(x, y):
        return x * y

    @product.rule("x")
    def product_x(g, out, x, y):
        return g * y

    @product.rule("y")
    def product_y(g, out, x, y):
        return g * x

    return product


def test_value_and_derivatives_of_any_order():
    power = make_power()
    x = ag.tensor(X, requires_grad=True)
    y = power(x)
    assert y.primitive.name == "power"
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 3 * X**2)
    assert float(ag.grad(ag.grad(ag.grad(power)))(2.0)) == 6.0
    np.testing.assert_allclose(ag.hessian(lambda x: power(x, 4).sum())(X), np.diag(12 * X**2))
    np.testing.assert_allclose(ag.jvp(power, (X,), (X,))[1], 3 * X**3)


def test_plain_arrays_and_constants_are_only_computed():
    power = make_power()
    assert type(power(X)) is np.ndarray
    assert power(2.0) == 8.0
    assert not power(ag.tensor(X)).requires_grad
    with ag.no_grad():
        assert not power(ag.tensor(X, requires_grad=True)).requires_grad


def test_attributes_by_position_by_name_and_by_default():
    power = make_power()
    assert power.inputs == ["x"]
    assert power.attributes == ["n"]
    for call, n in [(lambda x: power(x), 3), (lambda x: power(x, 2), 2), (lambda x: power(n=4, x=x), 4)]:
        assert float(ag.grad(call)(2.0)) == n * 2.0 ** (n - 1)


def test_a_rule_gets_only_the_attributes_that_it_names():
    @ag.operation
    def scaled(x, *, scale, label="none"):
        return x * scale

    scaled.rule(0)(lambda g, out, x, scale: g * scale)
    assert float(ag.grad(lambda x: scaled(x, scale=3.0, label="text"))(1.0)) == 3.0
    scaled.rule(0)(lambda g, out, x, **settings: g * settings["scale"] * len(settings))
    assert float(ag.grad(lambda x: scaled(x, scale=3.0))(1.0)) == 6.0


def test_broadcasting_and_repeated_inputs():
    product = make_product()
    x, y = ag.tensor(X, requires_grad=True), ag.tensor([[2.0], [3.0]], requires_grad=True)
    product(x, y).sum().backward()
    np.testing.assert_allclose(x.grad, np.full(3, 5.0))
    np.testing.assert_allclose(y.grad, np.full((2, 1), X.sum()))
    assert float(ag.grad(lambda x: product(x, x))(3.0)) == 6.0


def test_several_outputs():
    @ag.operation(outputs=2)
    def polar(r, angle):
        return r * np.cos(angle), r * np.sin(angle)

    @polar.rule("r")
    def polar_r(g, out, r, angle):
        return g[0] * np.cos(angle) + g[1] * np.sin(angle)

    @polar.rule("angle")
    def polar_angle(g, out, r, angle):
        return -g[0] * out[1] + g[1] * out[0]

    x, y = polar(ag.tensor(2.0, requires_grad=True), 0.3)
    assert isinstance(x, ag.Tensor)
    np.testing.assert_allclose(float(y.detach()), 2 * np.sin(0.3))
    np.testing.assert_allclose(ag.grad(lambda a: polar(2.0, a)[0])(0.3), -2 * np.sin(0.3))  # one output alone
    assert "all right" in str(polar.check(np.array([1.0, 2.0]), np.array([0.3, -0.5])))
    j = ag.jacobian(lambda p: np.stack(polar(p[0], p[1])))(np.array([2.0, 0.3]))
    np.testing.assert_allclose(np.linalg.det(np.asarray(j)), 2.0)


def test_any_number_of_inputs():
    @ag.operation
    def total(*arrays, weight=1.0):
        return weight * sum(arrays)

    @total.joint_rule
    def total_rule(g, out, *arrays, weight):
        return tuple(g * weight for _ in arrays)

    grads = ag.grad(lambda *xs: total(*xs, weight=2.0), argnums=(0, 1, 2))(1.0, 2.0, 3.0)
    assert [float(g) for g in grads] == [2.0, 2.0, 2.0]
    assert total.check(X, X + 1, 3.0)


def test_a_joint_rule_for_shared_work():
    @ag.operation
    def ratio(x, y):
        return x / y

    @ratio.joint_rule
    def ratio_rule(g, out, x, y):
        shared = g / y
        return shared, -shared * out

    assert ratio.check(X, X + 5)
    assert float(ag.grad(ratio, argnums=1)(6.0, 2.0)) == -1.5


def test_constant_inputs():
    @ag.operation(constant=("index",))
    def pick(x, index):
        return x[index]

    @pick.rule("x")
    def pick_rule(g, out, x, index):
        return np.where(np.arange(x.size) == index, g, 0)

    np.testing.assert_array_equal(ag.grad(lambda x: pick(x, 1))(X), [0, 1, 0])
    np.testing.assert_array_equal(ag.grad(lambda x: pick(x, ag.tensor(1)))(X), [0, 1, 0])
    assert not pick(X, ag.tensor(1)).requires_grad


def test_a_universal_function_as_forward():
    sine = ag.operation(np.sin, elementwise=True)
    sine.rule(lambda g, out, x: g * np.cos(x))
    assert sine.name == "sin"
    assert "derivative 3 agrees" in str(sine.check(X, order=3))


def test_numbers_and_lists():
    @ag.operation
    def norm(x):
        return math.sqrt(sum(float(v) ** 2 for v in x))

    @norm.rule
    def norm_rule(g, out, x):
        return g * x / out

    y = norm(ag.tensor(X, requires_grad=True))
    assert y.shape == ()
    assert y.dtype == np.float64
    assert norm(ag.tensor(X.astype(np.float32))).dtype == np.float32
    np.testing.assert_allclose(ag.grad(norm)(X), X / np.linalg.norm(X))
    assert norm.check(X, order=1)

    constant = ag.operation(lambda x: x * 0.0 + 3.0, name="constant")
    constant.rule(lambda g, out, x: 0.0)
    assert float(ag.grad(constant)(2.0)) == 0.0


def test_pictures_get_formulas_and_symbol():
    assert make_power().primitive.formulas == ("n·{a}^(n−1)",)
    assert make_product().primitive.symbol == "·"
    assert make_product().primitive.formulas == ()
    assert make_power().__doc__ == "The n-th power."
    assert repr(make_power()) == "<custom operation power(x, n)>"


def test_nothing_is_entered_into_the_librarys_registry():
    before = dict(PRIMITIVES)
    power = ag.operation(lambda x: x**2, name="tanh")
    power.rule(lambda g, out, x: 2 * g * x)
    assert before == PRIMITIVES
    assert float(ag.grad(lambda x: np.tanh(power(x)))(0.0)) == 0.0


def test_as_a_method():
    class Layer:
        scale = make_product()

    layer = Layer()
    layer.__class__.scale = ag.operation(lambda self, x: x, constant=(0,))
    assert callable(layer.scale)


# -- errors -------------------------------------------------------------------------------------------


def with_rule(rule, forward=lambda x: x**2, **options):
    operation = ag.operation(forward, name="square", **options)
    operation.rule(0)(rule)
    return operation


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            lambda g, out, x: [1.0, 2.0],
            "backward of square: expected the rule for the input 'x' to return an array, got a list",
        ),
        (lambda g, out, x: None, r"got None.*return np\.zeros_like\(x\) for zero"),
        (lambda g, out, x: np.ones(4), r"to return shape \(3,\), got shape \(4,\)"),
        (lambda g, out, x: np.ones(3, dtype=object), "numbers, got dtype object"),
        (lambda g, out, x: "text", "got a str"),
    ],
)
def test_wrong_contributions_name_the_rule(rule, message):
    with pytest.raises(GradientError, match=message):
        ag.grad(lambda x: with_rule(rule)(x).sum())(X)


def test_a_transposed_contribution_is_recognised():
    operation = with_rule(lambda g, out, x: (g * 2 * x).T)
    with pytest.raises(GradientError, match="yours looks transposed"):
        ag.grad(lambda x: operation(x).sum())(np.ones((2, 3)))


def test_a_rule_that_loses_the_graph_is_found_in_second_derivatives():
    operation = with_rule(lambda g, out, x: np.ones(x.shape) * 2.0)
    assert ag.grad(lambda x: operation(x).sum())(X).shape == (3,)
    with pytest.raises(GradientError, match="a Tensor, since g is one, got a plain array"):
        ag.hessian(lambda x: operation(x).sum())(X)


def test_a_missing_rule_is_an_error_and_no_silent_zero():
    operation = ag.operation(lambda x, y: x * y, name="product")
    operation.rule("x")(lambda g, out, x, y: g * y)
    assert float(ag.grad(operation)(2.0, 3.0)) == 3.0
    with pytest.raises(GradientError, match=r"a rule for the input 'y', got none.*@product\.rule\('y'\).*constant="):
        ag.grad(operation, argnums=1)(2.0, 3.0)
    with pytest.raises(GradientError, match=r"expected a rule, got none.*@total\.joint_rule"):
        ag.grad(ag.operation(lambda *x: sum(x), name="total"))(2.0, 3.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.operation(lambda: 1.0), TypeError, "a function with inputs, got none"),
        (lambda: ag.operation(lambda x, **settings: x), TypeError, "write the attributes out"),
        (lambda: make_product().rule(lambda g, out, x, y: g), TypeError, r"which input.*@product\.rule\('x'\)"),
        (lambda: make_product().rule("z"), ValueError, r"one of the inputs \['x', 'y'\], got 'z'"),
        (lambda: make_product().rule(2), ValueError, "got 2"),
        (lambda: ag.operation(lambda *x: x, name="f").rule(0), TypeError, r"@f\.joint_rule"),
        (lambda: make_power()(X, ag.tensor(2.0)), TypeError, "a setting for 'n'.*got a Tensor"),
        (lambda: make_power()(), TypeError, "missing a required argument: 'x'"),
        (lambda: ag.operation(lambda x: ag.tensor(x))(ag.tensor(X)), TypeError, "an array, got a Tensor"),
        (lambda: ag.operation(lambda x: None, name="f")(X), TypeError, "f: expected an array or a number, got None"),
        (lambda: ag.operation(lambda x: [1.0], name="f")(X), TypeError, "got a list.*not a list"),
        (lambda: ag.operation(lambda x: x, outputs=2, name="f")(X), TypeError, "2 outputs, got a ndarray"),
        (lambda: ag.operation(lambda x: (x, x, x), outputs=2, name="f")(X), TypeError, "2 outputs, got 3 values"),
    ],
)
def test_misuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_joint_rule_must_cover_all_inputs():
    operation = ag.operation(lambda x, y: x + y, name="add2")
    operation.joint_rule(lambda g, out, x, y: (g,))
    with pytest.raises(GradientError, match="a tuple of 2 contributions, got 1"):
        ag.grad(operation)(1.0, 2.0)
    operation.joint_rule(lambda g, out, x, y: g)
    with pytest.raises(GradientError, match="a tuple of 2 contributions, got a float"):
        ag.grad(operation)(1.0, 2.0)


# -- check ------------------------------------------------------------------------------------------------


def test_check_passes_and_prints_what_it_did():
    assert str(make_power().check(X, n=4)) == (
        "power: all right\n"
        "  arguments left unchanged\n"
        "  derivative 1 agrees with finite differences\n"
        "  derivative 2 agrees with finite differences\n"
        "  float32 stays float32"
    )
    assert "float32" not in str(make_power().check(X.astype(np.float32)))
    assert make_product().check(ag.tensor(X), 2.0)
    assert make_product().check(X * 1j, X + 1)


def add_in_place(g, out, x):
    g *= 2 * x
    return g


def in_place_forward(x):
    x *= x
    return x


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (with_rule(lambda g, out, x: g * x), "1/2 of the right value"),
        (with_rule(lambda g, out, x: -2 * g * x), "the wrong sign"),
        (with_rule(add_in_place), r"square\.check: expected the rules to leave the arguments unchanged"),
        (with_rule(lambda g, out, x: 2 * g * x, in_place_forward), "expected the function to leave the arguments"),
        (with_rule(lambda g, out, x: np.float64(2) * g * x), "float64 from the rule for 'x'"),
        (
            with_rule(lambda g, out, x: g * 2 * np.array([float(v) for v in x])),
            "rules that run on Tensors, for higher derivatives, got NoGradientError.*order=1",
        ),
        (
            with_rule(lambda g, out, x: g * 2.0, lambda x: x * np.float64(2.0)),
            "float32 for float32 inputs, got float64 from the function",
        ),
    ],
)
def test_check_finds(operation, message):
    with pytest.raises(GradientError, match=message):
        operation.check(X)


def test_check_of_order_1_is_enough_for_rules_that_are_not_differentiable():
    operation = with_rule(lambda g, out, x: g * 2 * np.array([float(v) for v in x], x.dtype))
    assert operation.check(X, order=1)


def test_check_needs_floats():
    with pytest.raises(TypeError, match=r"power\.check: expected an input made of floats"):
        make_power().check(2)
