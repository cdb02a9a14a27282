"""The array API standard: names, signatures and behaviour beside ``array_api_strict``.

``array_api_strict`` is the standard as a library: it has every function, with the standard's signature,
and refuses what the standard does not define. Its functions are called here on the same numbers as ours.
What fails is listed with a reason in ``array_api_known_failures.md``, and must fail: a failure that is
gone has to leave the list.
"""

from __future__ import annotations

import inspect
import itertools
import re
import warnings
from pathlib import Path

import array_api_strict as strict
import numpy as np
import pytest

import autograd_core as ag

LIST = Path(__file__).parent / "array_api_known_failures.md"
KNOWN = dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|$", LIST.read_text(encoding="utf-8"), re.M))

NOT_OF_THE_STANDARD = {
    "ArrayAPIStrictFlags", "Device", "ModuleType", "get_array_api_strict_flags", "reset_array_api_strict_flags",
    "set_array_api_strict_flags",
}  # fmt: skip


def names(namespace):
    return sorted(name for name in dir(namespace) if not name.startswith("_") and name not in NOT_OF_THE_STANDARD)


def known(test_id):
    """The parameter, marked as an expected failure if it is listed."""
    marks = [pytest.mark.xfail(strict=True, reason=KNOWN[test_id])] if test_id in KNOWN else []
    return pytest.param(test_id, marks=marks)


def resolve(namespace, path):
    for part in path.split("."):
        namespace = getattr(namespace, part)
    return namespace


EXTENSIONS = {"linalg": strict.linalg, "fft": strict.fft}
NAMES = [name for name in names(strict) if name not in EXTENSIONS] + [
    f"{extension}.{name}"
    for extension, module in EXTENSIONS.items()
    for name in getattr(module, "__all__", names(module))
    if not name.startswith("_")
]
FUNCTIONS = [name for name in NAMES if inspect.isfunction(resolve(strict, name))]


@pytest.mark.parametrize("name", [known(f"name {name}") for name in NAMES])
def test_name(name):
    resolve(ag, name.removeprefix("name "))


@pytest.mark.parametrize("name", [known(f"signature {name}") for name in FUNCTIONS])
def test_signature(name):
    """Ours takes every argument of the standard: by position where it may be given so, by name where it may."""
    name = name.removeprefix("signature ")
    ours = inspect.signature(resolve(ag, name)).parameters
    theirs = inspect.signature(resolve(strict, name)).parameters
    kinds = inspect.Parameter
    takes_any = any(p.kind is kinds.VAR_POSITIONAL for p in ours.values())
    takes_any_name = any(p.kind is kinds.VAR_KEYWORD for p in ours.values())
    positional = [p for p in ours.values() if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
    wanted = [p for p in theirs.values() if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
    assert takes_any or len(positional) >= len(wanted), f"{name}{inspect.signature(resolve(ag, name))}"
    for parameter in theirs.values():
        if parameter.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY):
            assert takes_any_name or parameter.name in ours, f"{name} does not take {parameter.name}="


DTYPES = ["bool", "int8", "int32", "int64", "uint8", "uint16", "float32", "float64", "complex64", "complex128"]


def values(dtype, shape=(2, 3), seed=0):
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if "int" in dtype:
        return rng.integers(1, 5, shape).astype(dtype)
    x = rng.uniform(0.2, 0.9, shape)
    return (x + 1j * rng.uniform(0.2, 0.9, shape) if dtype.startswith("complex") else x).astype(dtype)


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan, 3.0])


def run(function, namespace, *arrays, **options):
    """Results as NumPy arrays, or the exception that came."""
    make = (lambda x: strict.asarray(x)) if namespace is strict else (lambda x: ag.Tensor(x))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = function(*(make(x) if isinstance(x, np.ndarray) else x for x in arrays), **options)
    return to_numpy(result)


def to_numpy(result):
    if isinstance(result, tuple | list):
        return tuple(to_numpy(item) for item in result)
    if isinstance(result, ag.Tensor):
        return np.asarray(result._data)
    return np.asarray(result._array) if hasattr(result, "_array") else result


def plain(value):
    """A dtype, a number or a tuple as text, which is what two libraries have in common."""
    return str(value).removeprefix("array_api_strict.")


def assert_same(what, ours, theirs):
    if isinstance(theirs, tuple):
        assert isinstance(ours, tuple), f"{what}: {type(ours)}"
        assert len(ours) == len(theirs), f"{what}: {len(ours)} results, expected {len(theirs)}"
        for a, b in zip(ours, theirs, strict=True):
            assert_same(what, a, b)
        return
    if not isinstance(theirs, np.ndarray):
        assert plain(ours) == plain(theirs), f"{what}: {ours}, expected {theirs}"
        return
    assert ours.dtype == theirs.dtype, f"{what}: dtype {ours.dtype}, expected {theirs.dtype}"
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, expected {theirs.shape}"
    rtol = 1e-5 if theirs.dtype in (np.float32, np.complex64) else 1e-12
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol, err_msg=what)


ELEMENTWISE = [
    name for name in FUNCTIONS if resolve(strict, name).__module__.endswith("_elementwise_functions") and name != "clip"
]


@pytest.mark.parametrize("name", [known(f"elementwise {name}") for name in ELEMENTWISE])
def test_elementwise(name):
    """Values and dtypes for every dtype that the standard allows, pairs of dtypes, and special values."""
    name = name.removeprefix("elementwise ")
    theirs, ours = resolve(strict, name), resolve(ag, name)
    count = sum(p.default is inspect.Parameter.empty for p in inspect.signature(theirs).parameters.values())
    compared = 0
    for dtypes in itertools.product(DTYPES, repeat=count):
        arrays = [values(dtype, seed=i) for i, dtype in enumerate(dtypes)]
        try:
            expected = run(theirs, strict, *arrays)
        except (TypeError, ValueError):
            continue  # not a dtype that the standard allows here, or not a value
        assert_same(f"{name} of {dtypes}", run(ours, ag, *arrays), expected)
        compared += 1
    assert compared
    grids = np.meshgrid(*[SPECIAL] * count) if count > 1 else [SPECIAL]
    try:
        expected = run(theirs, strict, *grids)
    except (TypeError, ValueError):
        return  # no function of floats
    got = run(ours, ag, *grids)
    assert_same(f"{name} of special values", got, expected)
    if expected.dtype.kind == "f" and name not in ("sign", "remainder", "floor_divide"):
        zeros = expected == 0
        np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]), err_msg=f"{name}: -0.0")


# Every other function: calls on x, y (2, 3), v (3,), s (3, 3), i (integers) of the namespace xp.
CALLS = """
xp.all(b) ; xp.all(b, axis=1) ; xp.all(b, axis=(0, 1), keepdims=True) ; xp.any(b, axis=0) ; xp.arange(5)
xp.arange(1, 7, 2) ; xp.arange(0.0, 1.0, 0.25) ; xp.arange(3, dtype=xp.float32) ; xp.argmax(x)
xp.argmax(x, axis=1) ; xp.argmin(x, axis=0, keepdims=True) ; xp.argsort(v) ; xp.argsort(v, descending=True)
xp.argsort(x, axis=0) ; xp.asarray([1.0, 2.0]) ; xp.asarray([1, 2], dtype=xp.float32) ; xp.asarray(x, copy=True)
xp.astype(x, xp.float32) ; xp.astype(i, xp.float64) ; xp.astype(x, xp.int32, copy=False) ; xp.astype(b, xp.float32)
xp.broadcast_arrays(x, v) ; xp.broadcast_to(v, (4, 3)) ; xp.broadcast_shapes((2, 1), (1, 3))
xp.can_cast(xp.float32, xp.float64) ; xp.can_cast(xp.float64, xp.float32) ; xp.clip(x, 0.3, 0.6)
xp.clip(x, min=0.5) ; xp.clip(x, max=0.5) ; xp.clip(x, y, y + 0.1) ; xp.clip(i, 2, 3) ; xp.concat([x, y])
xp.concat([x, y], axis=1) ; xp.concat([x, y], axis=None) ; xp.concat((i, i)) ; xp.count_nonzero(b)
xp.count_nonzero(b, axis=1) ; xp.count_nonzero(b, axis=0, keepdims=True) ; xp.cumulative_sum(v)
xp.cumulative_sum(x, axis=1) ; xp.cumulative_sum(x, axis=0, include_initial=True) ; xp.cumulative_prod(v)
xp.cumulative_prod(x, axis=1) ; xp.cumulative_prod(x, axis=1, include_initial=True) ; xp.diff(v)
xp.diff(x, axis=0) ; xp.diff(x, n=2) ; xp.diff(v, prepend=v, append=v) ; xp.empty((2, 3)).shape
xp.empty_like(x).shape ; xp.eye(3) ; xp.eye(2, 3, k=1) ; xp.eye(3, dtype=xp.float32)
xp.expand_dims(x, axis=1) ; xp.expand_dims(x, axis=-1) ; xp.flip(x) ; xp.flip(x, axis=1) ; xp.full((2, 2), 3.0)
xp.full((2,), 3) ; xp.full_like(x, 2.0) ; xp.full((2,), True) ; xp.full(3, 1j)
xp.isdtype(xp.float32, "real floating") ; xp.isdtype(xp.int8, ("integral", "bool")) ; xp.isdtype(xp.bool, xp.bool)
xp.isin(i, i[0, :]) ; xp.linspace(0.0, 1.0, 5)
xp.linspace(0.0, 1.0, 5, endpoint=False) ; xp.matmul(x, s) ; xp.matmul(s, v) ; xp.matmul(v, v)
xp.matmul(i, xp.matrix_transpose(i)) ; x @ s ; v @ s ; xp.matrix_transpose(x) ; x.mT ; x.T
xp.tensordot(x, s, axes=1) ; xp.tensordot(x, x, axes=((0, 1), (0, 1))) ; xp.vecdot(x, y) ; xp.vecdot(x, v, axis=-1)
xp.vecdot(z, z) ; xp.max(x) ; xp.max(x, axis=1) ; xp.max(i, axis=(0, 1)) ; xp.min(x, axis=0, keepdims=True)
xp.max(f) ; xp.mean(x) ; xp.mean(x, axis=1) ; xp.mean(f, axis=0, keepdims=True) ; xp.mean(z) ; xp.meshgrid(v, v)
xp.meshgrid(v, x[0, :], indexing="ij") ; xp.moveaxis(x, 0, 1) ; xp.nonzero(i - 1) ; xp.nonzero(b) ; xp.ones((2, 3))
xp.ones(3, dtype=xp.int32) ; xp.ones_like(f) ; xp.permute_dims(x, (1, 0)) ; xp.prod(x) ; xp.prod(x, axis=1)
xp.prod(i) ; xp.prod(f, dtype=xp.float64) ; xp.prod(u) ; xp.repeat(x, 2) ; xp.repeat(x, 2, axis=1)
xp.repeat(v, xp.asarray([1, 0, 2])) ; xp.reshape(x, (3, 2)) ; xp.reshape(x, (-1,)) ; xp.reshape(x, (6,), copy=True)
xp.result_type(f, x) ; xp.result_type(xp.int8, xp.int32) ; xp.result_type(f, 1.0) ; xp.result_type(i, 2)
xp.roll(x, 1) ; xp.roll(x, (1, 2), axis=(0, 1)) ; xp.searchsorted(xp.sort(v), v)
xp.searchsorted(xp.sort(v), v, side="right") ; xp.sort(x) ; xp.sort(x, axis=0, descending=True)
xp.squeeze(x[:1, :], axis=0) ; xp.stack([x, y]) ; xp.stack([x, y], axis=-1) ; xp.std(x)
xp.std(x, axis=1, correction=1) ; xp.var(f, axis=0) ; xp.var(x, correction=1.0, keepdims=True) ; xp.sum(x)
xp.sum(x, axis=1) ; xp.sum(i) ; xp.sum(f) ; xp.sum(u) ; xp.sum(f, dtype=xp.float64)
xp.sum(x, axis=(0, 1), keepdims=True) ; xp.sum(z, axis=0) ; xp.sum(xp.zeros((0, 3)), axis=0)
xp.take(x, xp.asarray([1, 0, 1]), axis=0) ; xp.take(v, xp.asarray([2, 0])) ; xp.take_along_axis(x, xp.argsort(x))
xp.take_along_axis(x, xp.argsort(x, axis=0), axis=0) ; xp.tile(x, (2, 1)) ; xp.tile(v, (2,)) ; xp.tril(s)
xp.tril(s, k=-1) ; xp.triu(s) ; xp.triu(s, k=1) ; xp.unique_values(i) ; xp.unique_counts(i) ; xp.unique_inverse(i)
xp.unique_all(i) ; xp.unstack(x) ; xp.unstack(x, axis=1) ; xp.where(b, x, y) ; xp.where(b, f, x)
xp.where(b, x, 0.0) ; xp.zeros((2, 3)) ; xp.zeros(2, dtype=xp.complex64) ; xp.zeros_like(i)
xp.zeros_like(x, dtype=xp.float32) ; xp.linalg.cholesky(p) ; xp.linalg.cholesky(p, upper=True)
xp.linalg.cross(x, y) ; xp.linalg.det(s) ; xp.linalg.diagonal(s) ; xp.linalg.diagonal(s, offset=1)
xp.linalg.eigvalsh(p) ; xp.linalg.eigh(p)[0] ; xp.linalg.eigh(p).eigenvalues
xp.linalg.eigvals(s + xp.astype(s, xp.complex128) * 1j) ; xp.linalg.inv(s) ; xp.linalg.matmul(x, s)
xp.linalg.matrix_norm(x) ; xp.linalg.matrix_norm(x, ord=1, keepdims=True) ; xp.linalg.matrix_norm(x, ord="nuc")
xp.linalg.matrix_power(s, 3) ; xp.linalg.matrix_power(s, -1) ; xp.linalg.matrix_power(s, 0)
xp.linalg.matrix_rank(s) ; xp.linalg.matrix_transpose(x) ; xp.linalg.outer(v, v) ; xp.linalg.pinv(x)
xp.linalg.qr(s)[1] ** 2 ; xp.linalg.qr(x, mode="complete").Q.shape ; xp.linalg.slogdet(s)
xp.linalg.slogdet(s).logabsdet ; xp.linalg.solve(s, s) ; xp.linalg.solve(s, v) ; xp.linalg.svd(x)[1]
xp.linalg.svd(x, full_matrices=False).Vh.shape ; xp.linalg.svdvals(x) ; xp.linalg.tensordot(x, s, axes=1)
xp.linalg.trace(s) ; xp.linalg.trace(s, offset=1) ; xp.linalg.trace(f, dtype=xp.float64) ; xp.linalg.vecdot(x, y)
xp.linalg.vector_norm(x) ; xp.linalg.vector_norm(x, axis=1) ; xp.linalg.vector_norm(x, axis=(0, 1), keepdims=True)
xp.linalg.vector_norm(v, ord=1) ; xp.linalg.vector_norm(v, ord=xp.inf) ; xp.linalg.vector_norm(z)
xp.linalg.vector_norm(v, ord=0) ; xp.linalg.vector_norm(v, ord=-1) ; xp.fft.fft(z) ; xp.fft.ifft(z) ; xp.fft.fftn(z)
xp.fft.ifftn(z, axes=(0,)) ; xp.fft.rfft(x) ; xp.fft.irfft(z) ; xp.fft.rfftn(x) ; xp.fft.irfftn(z) ; xp.fft.hfft(z)
xp.fft.ihfft(x) ; xp.fft.fftfreq(5) ; xp.fft.rfftfreq(6, d=0.5) ; xp.fft.fftshift(x)
xp.fft.ifftshift(x, axes=(1,)) ; xp.fft.fft(z, n=5, axis=0, norm="ortho") ; xp.finfo(xp.float32).bits
xp.finfo(xp.float64).eps ; xp.iinfo(xp.int16).max ; xp.e ; xp.pi ; xp.inf ; xp.newaxis ; x + y ; x - 1.0 ; 2 * x
x / y ; x // y ; x % y ; x ** 2 ; 2.0 ** x ; -x ; +x ; abs(x) ; i & 1 ; i | 1 ; i ^ i ; ~i ; ~b ; i << 1 ; i >> 1
x < y ; x <= 0.5 ; x > y ; x >= y ; x == y ; x != y ; b & b ; f + 1.0 ; f * 2 ; i * 2 ; u + 1 ; z * 2 ; z * 1j
i + i ; x[0, 1] ; x[0, :] ; x[:, ::2] ; x[..., 0] ; x[None, :, 1] ; x[b] ; x[:, 1:-1] ; v[::-1]
x[xp.asarray([1, 0]), xp.asarray([0, 2])] ; x[xp.asarray([1, 0]), 1] ; x.shape ; x.ndim ; x.size
x.dtype == xp.float64 ; bool(x[0, 0] > 0) ; int(i[0, 0]) ; float(x[0, 1]) ; complex(z[0, 0])
"""
EXPRESSIONS = [call for line in CALLS.strip().splitlines() for call in line.split(" ; ")]


def environment(xp):
    make = strict.asarray if xp is strict else ag.Tensor
    square = values("float64", (3, 3), 3) + 2 * np.eye(3)
    return {
        "xp": xp,
        "x": make(values("float64")),
        "y": make(values("float64", seed=1)),
        "f": make(values("float32", seed=2)),
        "z": make(values("complex128", seed=3)),
        "i": make(values("int64", seed=4)),
        "u": make(values("uint8", seed=5)),
        "b": make(values("bool", seed=6)),
        "v": make(values("float64", (3,), 7)),
        "s": make(square),
        "p": make(square @ square.T),
    }


@pytest.mark.parametrize("call", [known(call) for call in EXPRESSIONS])
def test_call(call):
    def evaluate(xp):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return to_numpy(eval(call, environment(xp)))  # the calls stand above

    assert_same(call, evaluate(ag), evaluate(strict))


def test_every_function_is_called():
    text = " ".join(EXPRESSIONS)
    elsewhere = set(ELEMENTWISE) | {"from_dlpack"}
    missing = [name for name in FUNCTIONS if name not in elsewhere and f"xp.{name}(" not in text]
    assert not missing


METHODS = [
    name
    for name in dir(strict.asarray(1.0).__class__)
    if (name.startswith("__") and name.endswith("__") and name not in dir(object)) or not name.startswith("_")
]


@pytest.mark.parametrize("name", [known(f"array {name}") for name in METHODS if name not in ("__buffer__",)])
def test_array_attribute(name):
    """``x += y`` is ``x = x + y`` here, as Python has it for every class without ``__iadd__``."""
    in_place = "__i(?=(add|sub|mul|truediv|floordiv|mod|pow|matmul|and|or|xor|lshift|rshift)__)"
    name = re.sub(in_place, "__", name.removeprefix("array "))
    assert hasattr(ag.Tensor, name) or hasattr(ag.Tensor([1.0]), name)


def test_namespace_of_an_array():
    x = ag.Tensor([1.0])
    assert x.__array_namespace__() is ag
    assert x.__array_namespace__(api_version="2024.12") is ag


def test_through_array_api_compat():
    compat = pytest.importorskip("array_api_compat")
    assert compat.array_namespace(ag.Tensor([1.0]), ag.Tensor([2.0])) is ag


def test_isin_inverted():
    """``array_api_strict`` 2.6 overlooks ``invert``, so NumPy is asked here."""
    x = np.array([1, 2, 3])
    assert_same("isin", to_numpy(ag.isin(ag.Tensor(x), 2, invert=True)), np.isin(x, 2, invert=True))


def test_from_dlpack():
    x = np.array([1.0, 2.0])
    assert_same("from_dlpack", to_numpy(ag.from_dlpack(x)), x)


def test_known_failures_are_tests():
    ids = {f"name {n}" for n in NAMES} | {f"signature {n}" for n in FUNCTIONS}
    ids |= {f"elementwise {n}" for n in ELEMENTWISE} | set(EXPRESSIONS) | {f"array {n}" for n in METHODS}
    assert not set(KNOWN) - ids
    assert all(len(reason.split()) >= 4 for reason in KNOWN.values())
