"""``vmap``: axes, structures, derivatives through it and inside of it, and what it refuses.

That every operation gives under ``vmap`` what it gives for one example after the other is checked from the
registry, in ``tests/test_operations.py``.
"""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.functional as F
from autograd_core import GradientError
from autograd_core.transforms.batching import CannotBatch
from autograd_core.transforms.examples import Count, Examples, expand, hide, show

RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(5, 3)), RNG.normal(size=(6, 3)), RNG.normal(size=(3, 4))


def near(got, expected, tolerance=1e-12):
    got, expected = (np.asarray(v.data if isinstance(v, ag.Tensor) else v) for v in (got, expected))
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def score(x, w):
    return np.tanh(x @ w).sum()


def distance(a, b):
    return np.sqrt(((a - b) ** 2).sum())


def test_one_call_for_all_examples():
    shapes = []

    def f(x):
        shapes.append((x.shape, x.ndim, x.size, len(x), x.T.shape))
        return x.sum()

    near(ag.vmap(f)(X), X.sum(1))
    assert shapes == [((3,), 1, 3, 3, (3,))]


@pytest.mark.parametrize(("in_axis", "out_axis"), [(0, 0), (1, 1), (-1, -1), (2, -2)])
def test_axes(in_axis, out_axis):
    stack = RNG.normal(size=(5, 3, 4))
    got = ag.vmap(lambda m: m * 2.0 + W, in_axis, out_axis)(np.moveaxis(stack, 0, in_axis))
    near(got, np.moveaxis(stack * 2.0 + W, 0, out_axis))


def test_structures_of_arguments_and_results():
    def f(p, scale, *, shift):
        return {"y": p["w"] * scale + shift, "parts": (p["b"], 1.0)}

    p = {"w": X.T, "b": np.arange(3.0)}
    got = ag.vmap(f, in_axes=({"w": 1, "b": None}, None), out_axes={"y": 1, "parts": (0, None)})(p, 2.0, shift=X)
    near(got["y"], (2.0 * X + X).T)
    near(got["parts"][0], np.tile(np.arange(3.0), (5, 1)))
    near(got["parts"][1], 1.0)
    near(ag.vmap(lambda pair: pair[0] * pair[1])((X, X)), X * X)
    near(ag.vmap(lambda a, b: a * b, in_axes=[0, None])(X, 3.0), X * 3.0)
    assert ag.vmap(lambda x: None)(X) is None


def test_the_number_of_examples_given():
    near(ag.vmap(lambda: np.ones(2), axis_size=3)(), np.ones((3, 2)))
    near(ag.vmap(lambda a: a, in_axes=None, axis_size=2)(X), np.stack([X, X]))
    assert ag.vmap(lambda x: np.exp(x).sum())(np.empty((0, 3))).shape == (0,)


def test_dtypes_stay():
    assert ag.vmap(lambda x: x * 2)(X.astype(np.float32)).dtype == np.float32
    assert ag.vmap(lambda x: x > 0)(X).dtype == np.bool_
    assert ag.vmap(lambda n: n + 1)(np.arange(3)).dtype == np.int64
    z = X + 1j * X[::-1]
    each = ag.grad(lambda z: abs(z * z).sum())
    near(ag.vmap(each)(z), np.stack([each(v).data for v in z]))


def test_derivatives_through():
    def together(w):
        return (ag.vmap(score, (0, None))(X, w) ** 2).sum()

    def apart(w):
        return sum(score(x, w) ** 2 for x in X)

    near(ag.grad(together)(W), ag.grad(apart)(W))
    near(ag.hessian(together)(W), ag.hessian(apart)(W))
    v = RNG.normal(size=W.shape)
    near(ag.jvp(together, (W,), (v,))[1], ag.jvp(apart, (W,), (v,))[1])
    near(ag.jacobian(ag.vmap(lambda x: np.tanh(x @ W)))(X), ag.jacobian(lambda x: np.tanh(x @ W))(X))
    ag.gradcheck(ag.vmap(score, (0, None)), (X, W))
    ag.gradgradcheck(ag.vmap(score, (0, None)), (X, W))


@pytest.mark.parametrize("transform", [ag.grad, ag.jacobian, ag.jacfwd, ag.hessian], ids=lambda f: f.__name__)
@pytest.mark.parametrize("argument", [0, 1])
def test_derivatives_inside(transform, argument):
    each = transform(score, argument)
    near(ag.vmap(each, (0, None))(X, W), np.stack([each(x, W).data for x in X]))


def test_other_transforms_inside():
    def pull(x, v):
        return ag.vjp(lambda x: np.tanh(x @ W), x)[1](v)[0]

    def push(x, v):
        return ag.jvp(lambda x: np.tanh(x @ W), (x,), (v,))[1]

    back, forth = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 3))
    near(ag.vmap(pull)(X, back), np.stack([pull(x, v).data for x, v in zip(X, back, strict=True)]))
    near(ag.vmap(push)(X, forth), np.stack([push(x, v).data for x, v in zip(X, forth, strict=True)]))
    product = ag.vmap(lambda x, v: ag.hvp(lambda x: score(x, W), x, v))
    near(product(X, forth), np.stack([ag.hvp(lambda x: score(x, W), x, v).data for x, v in zip(X, forth, strict=True)]))
    near(ag.vmap(ag.grad(ag.checkpoint(lambda x: score(x, W))))(X), ag.vmap(ag.grad(lambda x: score(x, W)))(X))


def test_a_derivative_of_derivatives_of_each_example():
    def together(w):
        return (ag.vmap(ag.grad(score, 1), (0, None))(X, w) ** 3).sum()

    def apart(w):
        return sum((ag.grad(score, 1)(x, w) ** 3).sum() for x in X)

    near(ag.grad(together)(W), ag.grad(apart)(W))


def test_nested():
    pairs = ag.vmap(ag.vmap(distance, (None, 0)), (0, None))
    expected = np.sqrt(((X[:, None] - Y) ** 2).sum(-1))
    near(pairs(X, Y), expected)
    near(ag.vmap(ag.vmap(distance, (0, None)), (None, 0))(X, Y), expected.T)
    near(ag.grad(lambda x: pairs(x, Y).sum())(X), ((X[:, None] - Y) / expected[..., None]).sum(1))
    near(ag.vmap(ag.vmap(ag.grad(distance), (None, 0)), (0, None))(X, Y), (X[:, None] - Y) / expected[..., None])
    # The inner one over something that the outer one shares, and an operation that goes one by one.
    middle = ag.vmap(lambda x: ag.vmap(lambda y: np.median(x * y))(Y))
    near(middle(X), np.median(X[:, None] * Y, axis=-1))


def test_leaves_outside_get_the_sum():
    w = ag.tensor(W, requires_grad=True)
    ag.vmap(lambda x: score(x, w * 2.0))(X).sum().backward()
    near(w.grad, ag.grad(lambda w: sum(score(x, w * 2.0) for x in X))(W))
    assert not ag.vmap(lambda x: score(x, W))(X).requires_grad
    with ag.no_grad():
        assert not ag.vmap(lambda x: score(x, w))(X).requires_grad


def test_a_gradient_for_each_example_of_a_network():
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    parameters = dict(model.named_parameters())
    labels = np.array([0, 1, 1, 0, 1])

    def loss(parameters, x, label):
        return F.cross_entropy(nn.functional_call(model, parameters, x), label)

    each = ag.vmap(ag.grad(loss), in_axes=(None, 0, 0))(parameters, X.astype(np.float32), labels)
    for n in range(len(X)):
        model.zero_grad()
        F.cross_entropy(model(ag.tensor(X[n].astype(np.float32))), labels[n]).backward()
        for name, parameter in model.named_parameters():
            np.testing.assert_allclose(each[name].data[n], parameter.grad.data, rtol=1e-5, atol=1e-6)


def test_an_ensemble_of_networks():
    models = [nn.Linear(3, 2) for _ in range(4)]
    stacked = {name: np.stack([dict(m.named_parameters())[name].data for m in models]) for name in ("weight", "bias")}
    x = X.astype(np.float32)
    got = ag.vmap(lambda p: nn.functional_call(models[0], p, ag.tensor(x)))(stacked)
    np.testing.assert_allclose(got.data, np.stack([m(ag.tensor(x)).data for m in models]), rtol=1e-5, atol=1e-6)


def test_indices_that_differ():
    rows = np.array([2, 0, 1, 1])
    near(ag.vmap(lambda i: ag.take(W, i, axis=0))(rows), W[rows])
    pairs = np.array([[0, 1], [2, 2]])
    near(ag.vmap(lambda i: ag.tensor(W)[i])(pairs), W[pairs])
    w = ag.tensor(W, requires_grad=True)
    ag.vmap(lambda i: w[i].sum())(pairs).sum().backward()
    near(w.grad, np.array([[1.0], [1.0], [2.0]]) * np.ones(4))


def test_functions_that_look_at_their_indices_go_one_by_one():
    scores, labels = RNG.normal(size=(4, 3)), np.array([2, 0, 1, 1])
    near(ag.vmap(F.cross_entropy)(scores, labels), F.cross_entropy(ag.tensor(scores), labels, reduction="none"))
    near(ag.vmap(F.multi_margin_loss)(scores, labels), F.multi_margin_loss(ag.tensor(scores), labels, reduction="none"))
    near(ag.vmap(F.embedding, (0, None))(labels, W), W[labels])
    near(ag.grad(lambda s: ag.vmap(F.nll_loss)(s, labels).sum())(scores), -np.eye(3)[labels])


def test_options_that_differ():
    x, t = np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([0.1, 1.5])
    near(ag.vmap(lambda x, t: np.isclose(x, 1.0, atol=t))(x, t), [[True, False], [True, True]])
    near(
        ag.vmap(lambda x, t: np.linalg.norm(x, ord=t))(x, t + 1.0),
        [np.linalg.norm(v, p) for v, p in zip(x, t + 1.0, strict=True)],
    )


def test_functions_without_a_gradient_give_constants():
    near(ag.vmap(lambda x: x * np.isfinite(x) + np.argmax(x))(X), X + X.argmax(1)[:, None])
    near(ag.vmap(lambda x: x * np.count_nonzero(x > 0))(X), X * (X > 0).sum(1)[:, None])


def test_branches_by_where_pass_no_nan():
    x = np.array([4.0, 0.0, -1.0])
    near(ag.vmap(ag.grad(lambda x: np.where(x > 0, np.sqrt(np.maximum(x, 0.0)), 0.0)))(x), [0.25, 0.0, 0.0])
    near(ag.grad(lambda s: ag.vmap(lambda x: np.where(x > 0, np.sqrt(abs(x) * s), 0.0))(x).sum())(1.0), 1.0)


@pytest.mark.parametrize("branch", [np.sqrt, lambda x: x * np.log(x)], ids=["sqrt", "x log x"])
def test_second_derivatives_of_branches_pass_no_nan(branch):
    def f(x):
        return np.where(x > 0, branch(x), 0.0).sum()

    points = np.array([[0.0, 3.0], [1.0, 2.0], [2.0, 2.0]])
    with np.errstate(all="ignore"):
        for examples in (points, points[:, 0], points[:, :1]):
            hessians = np.stack([ag.hessian(f)(x).data for x in examples])
            near(ag.vmap(ag.hessian(f))(examples), hessians)
            near(
                ag.vmap(ag.grad(lambda x: ag.grad(f)(x).sum()))(examples),
                hessians.sum(-1) if hessians.ndim > 1 else hessians,
            )
        through = ag.hessian(lambda p: ag.vmap(f)(p).sum())(points)
        near(through, ag.hessian(lambda p: sum(f(x) for x in p))(points))


class Number:
    def __index__(self):
        return 1


@pytest.mark.parametrize(
    "index",
    [
        (np.True_, slice(None), [0, 1]),
        (range(1), slice(None), range(2)),
        (Number(), slice(None), [0, 1]),
        (0, slice(None), [0, 1]),
        (slice(None), True, [0, 1]),
        ([0, 1], [1, 0]),
        (..., [0, 1]),
    ],
)
def test_indices_of_every_kind(index):
    stack = RNG.normal(size=(2, 3, 4, 5))
    near(ag.vmap(lambda x: x[index])(stack), np.stack([x[index] for x in stack]))


# What is wrong for one example must not find the axis that counts them.
INVALID = {
    "sum": lambda x: x.sum(-2),
    "max": lambda x: np.max(x, -2),
    "add.reduce": lambda x: np.add.reduce(x, -2),
    "mean": lambda x: np.mean(x, (-1, -2)),
    "flip": lambda x: np.flip(x, -2),
    "swapaxes": lambda x: np.swapaxes(x, 0, -2),
    "transpose": lambda x: np.transpose(x, (1,)),
    "squeeze": lambda x: np.squeeze(x[None], -3),
    "concatenate": lambda x: np.concatenate([x[0], x[1]], -1),
    "number @ matrix": lambda x: x[0] @ np.ones((1, 3)),
    "matrix @ number": lambda x: np.ones((3, 3)) @ x[0],
    "too many axes": lambda x: x.at[0].set(np.array([10.0, 20.0, 30.0])),
    "a matrix into a vector": lambda x: x.at[...].set(np.ones((3, 3))),
    "solve": lambda x: np.linalg.solve(x, x),
}


@pytest.mark.parametrize("name", list(INVALID))
def test_what_is_wrong_for_one_example_is_wrong_for_all(name):
    square = RNG.normal(size=(3, 3))
    with pytest.raises((ValueError, IndexError)) as alone:
        INVALID[name](ag.tensor(square[0]))
    with pytest.raises((ValueError, IndexError)) as together:
        ag.vmap(INVALID[name])(square)
    assert type(together.value) is type(alone.value)


def test_numpy_cannot_write_examples_into_an_array():
    def copy(x):
        z = np.zeros(3)
        np.copyto(z, x)
        return z

    with pytest.raises(TypeError, match="array"):
        ag.vmap(copy)(X)
    y = np.arange(3.0)
    near(ag.vmap(lambda x, y: np.nan_to_num(x, nan=y))(np.full((3, 2), np.nan), y), np.stack([y, y], 1))
    near(ag.vmap(lambda x: ag.zeros(3).at[1].set(x[0]))(X), np.stack([[0.0, x[0], 0.0] for x in X]))


def test_a_tensor_from_outside_is_not_written_into():
    shared = ag.tensor(np.zeros(3))

    def accumulate(x):
        shared[0] = shared[0] + x[0]
        return shared * 1.0

    def fill(x):
        mine = ag.zeros(3)
        mine[1] = x[0]
        return mine

    with pytest.raises(TypeError, match=r"inside vmap.*Tensor from outside"):
        ag.vmap(accumulate)(X)
    near(shared, np.zeros(3))
    near(ag.vmap(fill)(X), np.stack([[0.0, x[0], 0.0] for x in X]))


def test_values_of_two_calls_do_not_meet():
    kept = []
    ag.vmap(lambda x: kept.append(x * 2.0) or x)(X)
    with pytest.raises(TypeError, match="vmap: expected Tensors of one call"):
        ag.vmap(lambda x: x * kept[0])(X)


def test_a_traced_vmap_is_replayed():
    graph = ag.Graph.trace(ag.vmap(lambda x: np.tanh(x).sum()), X)
    near(graph.forward(2.0 * X), np.tanh(2.0 * X).sum(1))


def test_a_function_that_goes_one_by_one_inside_two():
    logits, labels = RNG.normal(size=(3, 4)), np.array([2, 1])
    got = ag.vmap(ag.vmap(F.cross_entropy, (None, 0)), (0, None))(logits, labels)
    expected = [[F.cross_entropy(ag.tensor(row), label).item() for label in labels] for row in logits]
    near(got, np.array(expected))


@pytest.mark.parametrize(
    "f", [np.sort, np.cumsum, np.linalg.norm, np.std, np.median, lambda x: np.reshape(x, (-1, 1)), np.fft.fft]
)
def test_no_examples(f):
    got = ag.vmap(f)(np.empty((0, 3)))
    assert got.shape == (0, *np.shape(f(np.ones(3))))


def test_results_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"vmap: expected results of one shape.*np\.where"):
        ag.vmap(lambda x: x[x > 0])(np.array([[1.0, 1.0], [1.0, -1.0]]))


def test_nothing_is_kept_of_operations_that_are_not_registered():
    def passing():
        twice = ag.Primitive("twice", lambda x: 2 * x, lambda g, out, x: 2 * g)
        near(ag.vmap(ag.grad(lambda x: twice(x).sum()))(X), np.full_like(X, 2.0))
        return weakref.ref(twice)

    gone = passing()
    gc.collect()
    assert gone() is None


def test_printing_shows_all_examples(capsys):
    ag.vmap(lambda x: print(x))(np.array([1.0, 2.0]))
    assert capsys.readouterr().out == "tensor([1., 2.])\n"


def asks_if(x):
    return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("f", "asked"),
    [
        (asks_if, "a truth value"),
        (lambda x: float(x.sum()), "a number"),
        (lambda x: x.sum().item(), "a number"),
        (lambda x: x.tolist(), "a list of numbers"),
        (np.asarray, "an array"),
    ],
    ids=["if", "float", "item", "tolist", "asarray"],
)
def test_values_of_single_examples_are_not_to_be_had(f, asked):
    with pytest.raises(TypeError, match=rf"vmap: .*{asked}.*np\.where"):
        ag.vmap(f)(X)


def test_gradients_of_what_is_shared_are_refused_inside():
    w = ag.tensor(W, requires_grad=True)
    with pytest.raises(GradientError, match=r"gradients inside vmap.*shared?.*ag\.grad"):
        ag.vmap(lambda x: ag.gradients(score(x, w), w)[0])(X)
    with pytest.raises(GradientError, match="backward inside vmap"):
        ag.vmap(lambda x: score(x, w).backward())(X)
    assert w.grad is None


def test_what_examples_share_is_not_written_into():
    layer, stack = nn.BatchNorm1d(3), RNG.normal(size=(4, 5, 3)).astype(np.float32)
    with pytest.raises(TypeError, match=r"inside vmap.*track_running_stats=False"):
        ag.vmap(layer)(stack)
    near(layer.running_mean, np.zeros(3))
    assert ag.vmap(layer.eval())(stack).shape == stack.shape


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.vmap(score)(X, W), ValueError, "5 in argument 0, 3 in argument 1"),
        (lambda: ag.vmap(score, (0, None, None))(X, W), ValueError, "2 positional arguments.*3 entries"),
        (lambda: ag.vmap(lambda x: x)(1.0), ValueError, r"argument 0 to have an axis 0.*shape \(\)"),
        (lambda: ag.vmap(lambda p: p["a"], 2)({"a": X}), ValueError, r"argument 0\['a'\] to have an axis 2"),
        (lambda: ag.vmap(lambda x: x, None)(X), ValueError, "no argument.*axis_size"),
        (lambda: ag.vmap(lambda x: x, axis_size=4)(X), ValueError, "4 in axis_size, 5 in argument 0"),
        (lambda: ag.vmap(lambda x: x, axis_size=2.5)(X), ValueError, "axis_size to be a number.*got 2.5"),
        (lambda: ag.vmap(lambda x: x, "0")(X), ValueError, "in_axes"),
        (lambda: ag.vmap(lambda x: x, ((0, 0),))(X), ValueError, r"in_axes\[0\]"),
        (lambda: ag.vmap(lambda x: x, 0, (0, 0))(X), ValueError, "out_axes"),
        (lambda: ag.vmap(lambda x: x, 0, 5)(X), ValueError, "out_axes within the 2 axes.*got 5"),
        (lambda: ag.vmap(lambda x: x, 0, None)(X), ValueError, "out_axes=None"),
        (lambda: ag.vmap(lambda x: "text")(X), TypeError, "returned"),
        (lambda: ag.vmap(lambda a, *, b: a)(X, b=1.0), ValueError, "argument 'b'"),
        (lambda: ag.vmap(3)(X), TypeError, "vmap"),
        (lambda: ag.vmap(lambda x: x @ np.ones(7))(X), ValueError, "7"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_mode_ends_with_an_error():
    def broken(x):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        ag.vmap(broken)(X)
    assert ag.modes.state.vectorization is None
    assert ag.modes.special == 0


def test_examples_hide_and_show():
    values = RNG.normal(size=(2, 3, 4))
    one = hide(values, count=Count(2))
    two = hide(one, count=Count(3))
    assert (one.sizes, one.shape, two.sizes, two.shape) == ((2,), (3, 4), (2, 3), (4,))
    near(show(show(two)), values)
    assert expand(1.0, two.sizes).entries.shape == (6,)
    assert (two * one[0]).sizes == (2, 3)  # what depends on the outer one only is repeated
    for use in (np.asarray, bool, float, Examples.item, Examples.tolist):
        with pytest.raises(CannotBatch):
            use(one)
