"""Elementwise operations through the public functions, NumPy's functions and the methods."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import methods
from autograd_core.primitive import CONSTANT_FUNCTIONS, IMPLEMENTATIONS, PRIMITIVES, Primitive
from tests.versions import needs_numpy

NAN, INF = float("nan"), float("inf")


def value(x):
    """The numbers of a result."""
    return x.detach().numpy() if isinstance(x, ag.Tensor) else x


def gradient(function, *inputs):
    """The gradients of the sum of the result, as arrays."""
    tensors = [ag.tensor(x, requires_grad=True) for x in inputs]
    found = ag.gradients(function(*tensors).sum(), tensors, allow_unused=True)
    arrays = [np.array(g.tolist()) for g in found]
    return arrays[0] if len(arrays) == 1 else arrays


def derivatives(function, x, count):
    """The derivatives of orders 1 to ``count`` of a function of one number."""
    x = ag.tensor(x, requires_grad=True)
    found = []
    y = function(x)
    for _ in range(count):
        (y,) = ag.gradients(y, x, create_graph=True, allow_unused=True)
        found.append(0.0 if y is None else y.item())
        if y is None or not y.requires_grad:
            return found + [0.0] * (count - len(found))
    return found


# -- NumPy's universal functions ---------------------------------------------------------------------

UFUNCS = sorted({f for f in vars(np).values() if isinstance(f, np.ufunc)}, key=lambda f: f.__name__)
LINEAR = {"matmul", "matvec", "vecmat", "vecdot"}
INTEGERS = {
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_count",
    "left_shift",
    "right_shift",
    "invert",
    "gcd",
    "lcm",
}
ELEMENTWISE = [f for f in UFUNCS if f.__name__ not in LINEAR | {"isnat"}]


def arguments(ufunc):
    """Arrays in the domain of ``ufunc``."""
    x, y = np.array([[0.3, 0.9], [0.5, 0.7]]), np.array([0.4, 0.6])
    if ufunc.__name__ in INTEGERS:
        x, y = np.array([[6, 9], [12, 7]]), np.array([4, 3])
    elif ufunc is np.ldexp:
        y = np.array([2, -1])
    elif ufunc is np.arccosh:
        x = x + 1
    return (x, y)[: ufunc.nin]


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_every_ufunc_is_known(ufunc):
    assert ufunc in IMPLEMENTATIONS or ufunc in CONSTANT_FUNCTIONS


@pytest.mark.parametrize("ufunc", ELEMENTWISE, ids=lambda f: f.__name__)
def test_a_ufunc_on_tensors_gives_a_recorded_tensor_with_its_values(ufunc):
    arrays = arguments(ufunc)
    tensors = [ag.Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    expected = ufunc(*arrays)
    found = ufunc(*tensors)
    for got, reference in zip(found if ufunc.nout > 1 else [found], expected if ufunc.nout > 1 else [expected]):
        assert isinstance(got, ag.Tensor)
        assert got.dtype == reference.dtype
        np.testing.assert_array_equal(value(got), reference)
        differentiable = reference.dtype.kind == "f" and tensors[0].requires_grad
        assert got.requires_grad == differentiable
    if ufunc.nin == 2:  # an array on either side
        for mixed in ((tensors[0], arrays[1]), (arrays[0], tensors[1])):
            got = ufunc(*mixed)
            got = got[0] if isinstance(got, tuple) else got
            np.testing.assert_array_equal(value(got), expected[0] if ufunc.nout > 1 else expected)


@pytest.mark.parametrize("ufunc", ELEMENTWISE, ids=lambda f: f.__name__)
def test_every_ufunc_has_a_public_function(ufunc):
    ours = getattr(ag, ufunc.__name__)
    arrays = arguments(ufunc)
    for got, reference in zip(np.atleast_1d(ours(*arrays)), np.atleast_1d(ufunc(*arrays)), strict=True):
        np.testing.assert_array_equal(got, reference)


def test_array_api_names_are_numpys_functions():
    names = (
        "acos acosh asin asinh atan atan2 atanh pow abs conj bitwise_invert bitwise_left_shift bitwise_right_shift mod "
        "true_divide degrees radians bitwise_not left_shift right_shift invert"
    )
    for name in names.split():
        assert IMPLEMENTATIONS[getattr(np, name)] is getattr(ag, name), name


def test_unknown_arguments_of_ufuncs_are_refused():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.exp: expected no out= on Tensors"):
        np.exp(x, out=np.zeros(2))
    with pytest.raises(TypeError, match=r"np\.exp: expected on Tensors only the arguments x, got where="):
        np.exp(x, where=np.array([True, False]))
    assert np.exp(x, dtype=np.float32).dtype == np.float32


# -- NumPy's other functions, with all their arguments ---------------------------------------------------

X = np.array([[-2.55, 0.0, 1.25], [3.5, -0.45, 9.75]])
Z = np.array([1 + 2j, -3.0, 1e-20j, 2 - 1e-17j])
ODD = np.array([0.0, NAN, INF, -INF, 2.0])

CALLS = {
    "round": lambda x: np.round(x(X)),
    "round to decimals": lambda x: np.round(x(X), 1),
    "round by keyword": lambda x: np.round(x(X), decimals=-1),
    "around": lambda x: np.around(x(X), 1),
    "fix": lambda x: np.fix(x(X)),
    "clip": lambda x: np.clip(x(X), -1, 2),
    "clip below": lambda x: np.clip(x(X), 0.5, None),
    "clip above": lambda x: np.clip(x(X), None, 0.5),
    "clip without bounds": lambda x: np.clip(x(X), None, None),
    "clip by keyword": lambda x: np.clip(x(X), a_min=-1, a_max=np.array([0, 1, 2])),
    "clip by new keyword": lambda x: np.clip(x(X), min=-1, max=2),
    "clip with crossed bounds": lambda x: np.clip(x(X), 2, -1),
    "clip bytes": lambda x: np.clip(x(np.array([1, 200], np.uint8)), -1, 300),
    "clip bounds": lambda x: np.clip(X, x(X - 1), x(X + 1)),
    "nan_to_num": lambda x: np.nan_to_num(x(ODD)),
    "nan_to_num by keyword": lambda x: np.nan_to_num(x(ODD), nan=1.5, posinf=9.0, neginf=-9.0),
    "nan_to_num, copy": lambda x: np.nan_to_num(x(ODD), True, 2.0),
    "angle": lambda x: np.angle(x(Z)),
    "angle in degrees": lambda x: np.angle(x(Z), deg=True),
    "angle of reals": lambda x: np.angle(x(X), True),
    "real": lambda x: np.real(x(Z)),
    "imag": lambda x: np.imag(x(Z)),
    "imag of reals": lambda x: np.imag(x(X)),
    "real_if_close": lambda x: np.real_if_close(x(Z)),
    "real_if_close, close": lambda x: np.real_if_close(x(Z[1:])),
    "real_if_close, tolerance": lambda x: np.real_if_close(x(Z), tol=3.0 / np.finfo(float).eps),
    "iscomplex": lambda x: np.iscomplex(x(Z)),
    "isreal": lambda x: np.isreal(x(Z)),
    "iscomplexobj": lambda x: np.iscomplexobj(x(Z)),
    "isrealobj": lambda x: np.isrealobj(x(Z)),
    "sinc": lambda x: np.sinc(x(X)),
    "i0": lambda x: np.i0(x(X)),
    "unwrap": lambda x: np.unwrap(x(5 * X)),
    "unwrap with arguments": lambda x: np.unwrap(x(5 * X), 4.0, axis=0, period=7.0),
    "isclose": lambda x: np.isclose(x(X), X * (1 + 1e-6)),
    "isclose with arguments": lambda x: np.isclose(x(ODD), ODD + 0.1, 0.2, atol=0.0, equal_nan=True),
    "allclose": lambda x: np.allclose(x(X), X + 1e-12),
    "array_equal": lambda x: np.array_equal(x(ODD), ODD, equal_nan=True),
    "array_equiv": lambda x: np.array_equiv(x(X), X[None]),
    "isposinf": lambda x: np.isposinf(x(ODD)),
    "isneginf": lambda x: np.isneginf(x(ODD)),
    "where": lambda x: np.where(x(X > 0), x(X), 0.0),
    "where, three arrays": lambda x: np.where(X > 0, x(X), x(2 * X)),
    "where, one argument": lambda x: np.where(x(X > 0)),
    "astype": lambda x: np.astype(x(X), np.float32),
    "astype to integers": lambda x: np.astype(x(X), "int32", copy=False),
    "result_type": lambda x: np.result_type(x(X), np.complex64),
    "divmod": lambda x: np.divmod(x(X), 0.75),
    "divmod, operator": lambda x: divmod(x(X), 0.75),
    "float_power": lambda x: np.float_power(x(np.array([1, 2, 3])), 2),
    "modf": lambda x: np.modf(x(X)),
    "frexp": lambda x: np.frexp(x(X)),
}


MARKS = {
    "fix": pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning"),
    "clip without bounds": needs_numpy("2.1", "its clip wants a bound"),
    "clip by new keyword": needs_numpy("2.1", "its clip has no min= and max="),
    "clip bytes": needs_numpy("2.1", "its clip refuses bounds that do not fit the dtype"),
}


@pytest.mark.parametrize("label", [pytest.param(label, marks=MARKS.get(label, ())) for label in CALLS])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_numpys_functions_give_numpys_values(label, requires_grad):
    def tensor(a):
        return ag.Tensor(a, requires_grad=requires_grad and a.dtype.kind in "fc")

    expected, found = CALLS[label](lambda a: a), CALLS[label](tensor)
    single = not isinstance(expected, tuple)
    for got, reference in zip([found] if single else found, [expected] if single else expected, strict=True):
        if isinstance(reference, np.ndarray):
            assert isinstance(got, ag.Tensor)
            assert got.dtype == reference.dtype
        np.testing.assert_array_equal(value(got), reference)


def test_an_argument_that_is_not_supported_is_named():
    with pytest.raises(TypeError, match=r"np\.clip: expected on Tensors only the arguments .*got casting='unsafe'"):
        np.clip(ag.tensor([1.0]), 0, 1, casting="unsafe")


def test_where_wants_both_values_or_none():
    with pytest.raises(ValueError, match="where: expected both x and y, or neither"):
        ag.where(ag.tensor([True]), 1.0)


# -- gradients in closed form ---------------------------------------------------------------------------


def test_gradients_of_composite_functions():
    x, y = np.array([7.5, -7.5]), np.array([2.0, 3.0])
    np.testing.assert_array_equal(gradient(lambda x, y: ag.divmod(x, y)[0], x, y), [[0, 0], [0, 0]])
    np.testing.assert_array_equal(gradient(lambda x, y: ag.divmod(x, y)[1], x, y), [[1, 1], [-3, 3]])
    np.testing.assert_array_equal(gradient(lambda x, y: ag.fmod(x, y), x, y), [[1, 1], [-3, 2]])
    np.testing.assert_array_equal(gradient(lambda x: ag.modf(x)[0], x), [1, 1])
    np.testing.assert_array_equal(gradient(lambda x: ag.modf(x)[1], x), [0, 0])
    np.testing.assert_array_equal(gradient(lambda x: sum(ag.modf(x)), x), [1, 1])
    np.testing.assert_array_equal(gradient(lambda x: ag.frexp(x)[0], x), [1 / 8, 1 / 8])
    np.testing.assert_array_equal(gradient(ag.unwrap, np.array([0.0, 5.0, 10.0])), [1, 1, 1])
    np.testing.assert_allclose(gradient(lambda x: ag.float_power(x, 2), y), [4, 6])
    np.testing.assert_allclose(
        gradient(lambda z: ag.angle(z, deg=True), np.array([1 + 2j])), 180 / np.pi * 1j * (1 + 2j) / 5
    )
    np.testing.assert_array_equal(gradient(lambda z: ag.real_if_close(z + 1e-17j), np.array([1.0, 2.0])), [1, 1])


def test_clip_passes_the_gradient_to_x_or_to_the_bound():
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    for_x, for_low, for_high = gradient(ag.clip, x, np.zeros(5), np.ones(5))
    np.testing.assert_array_equal(for_x, [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(for_low, [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(for_high, [0, 0, 0, 0, 1])
    for_x, for_low, for_high = gradient(ag.clip, x, np.full(5, 1.5), np.full(5, 0.5))
    np.testing.assert_array_equal(for_x + for_low + for_high, np.ones(5))
    np.testing.assert_array_equal(for_low, np.zeros(5))
    low, high = gradient(lambda low, high: ag.clip(0.3, low, high), 0.5, 1.0)
    assert (low, high) == (1, 0)
    t = ag.tensor(x)
    assert ag.clip(t).tolist() == x.tolist()
    assert ag.clip(t, min=0, max=1).tolist() == t.clip(0, 1).tolist() == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize("x", [0.0, -2.0, 3.0])
def test_powers_with_number_exponents_to_third_order(x):
    for n in (0, 1, 2, 3, 4, 2.0, np.float64(3), np.int64(2)):
        factors = [math.prod(float(n) - i for i in range(k)) for k in (1, 2, 3)]
        expected = [f * x ** float(max(n - k, 0)) if f else 0.0 for k, f in enumerate(factors, 1)]
        assert derivatives(lambda x, n=n: x**n, x, 3) == expected
        assert derivatives(lambda x, n=n: ag.power(x, ag.tensor(float(n))), x, 3) == expected


@pytest.mark.parametrize("n", [0.5, -1, -0.5, -2, 1.5])
def test_powers_with_other_exponents(n):
    expected = [n * 1.7 ** (n - 1), n * (n - 1) * 1.7 ** (n - 2), n * (n - 1) * (n - 2) * 1.7 ** (n - 3)]
    np.testing.assert_allclose(derivatives(lambda x: x**n, 1.7, 3), expected, rtol=1e-13)


def test_mixed_derivatives_of_a_power():
    for base in (0.5, 2.0):
        x, y = (ag.tensor(v, requires_grad=True) for v in (base, 0.0))
        (first,) = ag.gradients(x**y, x, create_graph=True)
        assert ag.gradients(first, y)[0].item() == pytest.approx(1 / base)  # d/dy y·x^(y−1) at y = 0
    x, y = (ag.tensor(v, requires_grad=True) for v in (0.0, 2.0))
    (first,) = ag.gradients(x**y, y, create_graph=True)
    assert [g.item() for g in ag.gradients(first, (x, y))] == [0, 0]


def test_a_power_of_a_number():
    np.testing.assert_allclose(gradient(lambda y: 2**y, np.array([1.0, 3.0])), np.log(2) * np.array([2, 8]))
    np.testing.assert_array_equal(gradient(lambda y: 0.0**y, np.array([1.0, 0.0, 2.0])), [0, 0, 0])
    np.testing.assert_allclose(gradient(lambda y: 2j**y, np.array([1.0])), (2j * np.log(2j)).real)


def test_derivatives_of_sinc_are_precise_near_zero():
    np.testing.assert_allclose(
        derivatives(ag.sinc, 0.0, 5), [0, -(np.pi**2) / 3, 0, np.pi**4 / 5, 0], rtol=1e-14, atol=1e-14
    )
    for x in (1e-9, -1e-5, 0.3, 0.7):
        for first, second in ((x, np.nextafter(x, 1)),):
            np.testing.assert_allclose(derivatives(ag.sinc, first, 3), derivatives(ag.sinc, second, 3), rtol=1e-9)
    np.testing.assert_allclose(derivatives(ag.sinc, 1e-6, 1)[0], -(np.pi**2) * 1e-6 / 3, rtol=1e-10)


def test_inverse_functions_are_precise_near_the_ends():
    d = 1e-13
    x = 1 - d
    d = 1 - x  # as far as floating point has it
    exact = 1 / math.sqrt(d * (2 - d))
    for function, expected in ((ag.arcsin, exact), (ag.arccos, -exact), (ag.arctanh, exact**2)):
        assert gradient(function, x) == pytest.approx(expected, rel=1e-14)


def test_infinite_differences_in_logaddexp():
    for x, y, expected in ((-INF, 0.0, (0, 1)), (INF, 0.0, (1, 0)), (-INF, -INF, (1, 1)), (INF, INF, (1, 1))):
        assert tuple(gradient(ag.logaddexp, x, y)) == expected
        assert tuple(gradient(ag.logaddexp2, x, y)) == expected


def test_complex_sign_and_absolute_value_to_second_order():
    z = np.array([3 + 4j, -1j])
    np.testing.assert_allclose(gradient(ag.abs, z), z / np.abs(z))
    # Re sign(z) = a/r: its gradient is (b² − iab)/r³
    a, b, r = z.real, z.imag, np.abs(z)
    np.testing.assert_allclose(gradient(lambda z: ag.sign(z).real, z), (b * b - 1j * a * b) / r**3, atol=1e-16)
    t = ag.tensor(z, requires_grad=True)
    (first,) = ag.gradients(ag.abs(t).sum(), t, create_graph=True)
    (second,) = ag.gradients(first.real.sum(), t)
    np.testing.assert_allclose(value(second), (b * b - 1j * a * b) / r**3, atol=1e-16)


@pytest.mark.parametrize("name", ["sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"])
def test_emath_becomes_complex_where_it_must(name):
    function = getattr(np.emath, name)
    for x in (
        np.array([0.25, 0.5]),
        np.array([0.25, -2.5]),
        np.array([0.5, 3.0]),
        np.array([0.3 + 1j]),
        np.array([2, -3]),
    ):
        got = function(ag.Tensor(x))
        assert got.dtype == function(x).dtype
        np.testing.assert_array_equal(value(got), function(x))
    t = ag.tensor([0.25, -0.5, -3.0], requires_grad=True)
    (g,) = ag.gradients(function(t).real.sum(), t)
    step = 1e-6
    differences = (function(value(t) + step + 0j).real - function(value(t) - step + 0j).real) / (2 * step)
    np.testing.assert_allclose(value(g), differences, rtol=1e-6, atol=1e-9)


def test_emath_of_two_arguments():
    x = np.array([4.0, -2.0])
    np.testing.assert_allclose(value(np.emath.power(ag.tensor(x), 0.5)), [2, 1j * math.sqrt(2)], rtol=1e-15)
    np.testing.assert_array_equal(value(np.emath.power(ag.tensor([2, 4]), -1)), np.emath.power([2, 4], -1))
    np.testing.assert_allclose(value(np.emath.logn(2, ag.tensor(x))), np.emath.logn(2, x))
    np.testing.assert_allclose(gradient(lambda x: np.emath.logn(2, x).real, x), 1 / (x * np.log(2)))


# -- numbers, lists and dtypes -----------------------------------------------------------------------------

UNARY = [
    name for name, p in PRIMITIVES.items() if p.unary and name in vars(ag) and isinstance(getattr(ag, name), Primitive)
]
BINARY = [
    name
    for name, p in PRIMITIVES.items()
    if p.elementwise and len(p.rules) == 2 and isinstance(getattr(ag, name, None), Primitive)
]


def test_the_lists_above_are_long():
    assert len(UNARY) > 40
    assert len(BINARY) > 20


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_a_number_keep_numbers(name):
    function = PRIMITIVES[name]
    x = {"arccosh": 1.5}.get(name, 0.75)
    if not function.differentiable:
        return
    t = ag.tensor(x, requires_grad=True)
    y = function(t)
    assert type(y._data) is np.float64
    (g,) = ag.gradients(y, t)
    assert type(g._data) is np.float64
    single = ag.tensor(x, dtype="float32", requires_grad=True)
    (g,) = ag.gradients(function(single), single)
    assert g.dtype == np.float32


@pytest.mark.parametrize("name", BINARY)
def test_python_numbers_are_weak(name):
    function = PRIMITIVES[name]
    if not function.differentiable or name == "ldexp":
        return
    for other in (0.75, 2):
        for swapped in (False, True):
            t = ag.tensor([0.5, 1.5], dtype="float32", requires_grad=True)
            y = function(other, t) if swapped else function(t, other)
            assert y.dtype == np.float32, (other, swapped)
            (g,) = ag.gradients(y.sum(), t)
            assert g.dtype == np.float32


def test_choices_between_numbers_keep_numbers():
    for function in (
        lambda x: ag.where(x > 0, x, 0.0),
        lambda x: ag.clip(x, 0, 1),
        lambda x: ag.clip(x, 0, None),
        lambda x: ag.maximum(x, 0.0),
        ag.nan_to_num,
        ag.round,
        lambda x: ag.astype(x, "float64"),
    ):
        t = ag.tensor(0.5, requires_grad=True)
        y = function(t)
        assert type(y._data) is np.float64
        assert type(ag.gradients(y, t)[0]._data) is np.float64


def test_lists_are_arrays():
    np.testing.assert_array_equal(ag.add([1.0, 2.0], [3.0, 4.0]), [4, 6])
    np.testing.assert_array_equal(ag.multiply((1, 2), 3), [3, 6])
    np.testing.assert_array_equal(ag.less([1, 3], [2, 2]), [True, False])
    np.testing.assert_array_equal(ag.power([1.0, 2.0], 2), [1, 4])
    np.testing.assert_array_equal(ag.clip([1.0, 2.0], 0, 1.5), [1, 1.5])
    np.testing.assert_array_equal(ag.astype([1.5], int), [1])
    np.testing.assert_array_equal(value(ag.tensor([1.0, 2.0]) * [3, 4]), [3, 8])


def test_a_complex_number_times_a_tensor_of_shape_nothing():
    x = ag.tensor(2.0, requires_grad=True)
    for y in (1j * x, 1j + x, x - 1j, 1j / x, 1j - x, x**1j, 1j**x):
        assert type(y._data) is np.complex128
    assert gradient(lambda x: ((1j * x) ** 2).real, 3.0) == -6


def test_relu():
    for x, y, d in ((-1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (2.0, 2.0, 1.0)):
        for shape in ((), (1,), (2, 1)):
            t = ag.Tensor(np.full(shape, x)[()], requires_grad=True)
            out = ag.relu(t)
            np.testing.assert_array_equal(value(out), np.full(shape, y))
            np.testing.assert_array_equal(gradient(ag.relu, np.full(shape, x)), np.full(shape, d))
    assert math.isnan(ag.relu(ag.tensor(NAN)).item())
    assert math.isnan(ag.relu(ag.tensor([NAN]))[0].item())
    assert derivatives(ag.relu, 2.0, 2) == [1, 0]


def test_results_without_a_derivative_are_constants():
    x = ag.tensor([1.5, -2.0], requires_grad=True)
    for y in (x > 0, x == x, ag.isnan(x), ag.isclose(x, x), ag.logical_not(x), ag.signbit(x), x.astype(int), x.bool()):
        assert not y.requires_grad
        assert y.primitive is None
    assert x.astype("float32").requires_grad
    assert ag.allclose(x, x) is True
    assert ag.array_equal(x, [1.5, -2.0]) is True


def test_casting_converts_the_gradient_back():
    x = ag.tensor([1.5, 2.5], requires_grad=True)
    (x.astype("float32") * np.float32(2)).sum().backward()
    assert x.grad.dtype == np.float64
    z = ag.tensor([1 + 2j], requires_grad=True)
    z.astype("float64").sum().backward()  # no warning about the imaginary part
    assert z.grad.tolist() == [1]
    r = ag.tensor([2.0], requires_grad=True)
    (r.astype(complex) * 1j).imag.sum().backward()
    assert r.grad.tolist() == [1]
    assert r.grad.dtype == np.float64


# -- methods ---------------------------------------------------------------------------------------------


def test_methods_are_the_functions():
    for name, method in vars(methods.ElementwiseMethods).items():
        if name.startswith("_") or isinstance(method, property) or not hasattr(ag, name):
            continue
        function = getattr(ag, name)
        count = len([p for p in inspect.signature(function).parameters.values() if p.default is p.empty])
        arguments = (2.0,) * (count - 1)
        x = ag.tensor([1.25, 2.5] if "cosh" in name else [0.25, 0.5], requires_grad=True)
        np.testing.assert_array_equal(value(getattr(x, name)(*arguments)), value(function(x, *arguments)), name)


def test_pytorchs_methods():
    x = ag.tensor([[-1.0, 0.5], [2.0, 3.0]], requires_grad=True)
    np.testing.assert_array_equal(value(x.clamp(min=0, max=1)), np.clip(value(x), 0, 1))
    np.testing.assert_array_equal(value(x.sub(1).mul(2).div(4).neg()), -(value(x) - 1) / 2)
    assert [getattr(x, name)().dtype.name for name in ("float", "double", "half", "int", "long", "bool")] == [
        "float32",
        "float64",
        "float16",
        "int32",
        "int64",
        "bool",
    ]
    assert x.to("float32").dtype == x.to(np.float32).dtype == x.type("float32").dtype == np.float32
    assert x.to(x.float()).dtype == x.type_as(x.float()).dtype == np.float32
    assert x.to("cpu") is x
    assert x.to("cpu", "float32").requires_grad
    assert x.type() == "float64"
    np.testing.assert_allclose(x.softmax(dim=1).sum(axis=1).tolist(), [1, 1])
    np.testing.assert_allclose(value(x.log_softmax(1)), np.log(value(x.softmax(-1))))
    with pytest.raises(TypeError, match="to: expected a dtype, a Tensor or 'cpu', got 'gpu'"):
        x.to("gpu")


def test_real_and_imag_are_properties():
    z = ag.tensor([1 + 2j], requires_grad=True)
    assert z.real.tolist() == [1]
    assert z.imag.tolist() == [2]
    z.imag.sum().backward()
    assert z.grad.tolist() == [1j]


def test_methods_with_comparisons_keep_names_of_pytorch():
    x = ag.tensor([1.0, 2.0, 3.0])
    found = [getattr(x, name)(2).tolist() for name in ("eq", "ne", "lt", "le", "gt", "ge")]
    y = np.array([1, 2, 3])
    assert found == [list(v) for v in (y == 2, y != 2, y < 2, y <= 2, y > 2, y >= 2)]
