"""What surrounds ``vmap``: looking for anomalies, pictures, checkpoints, and functions that check values."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn.functional as F
import viz
from autograd_core.errors import AnomalyError, StaleValueError

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 4))
SHARES = RNG.uniform(0.1, 0.9, size=(5, 3))


def near(got, expected):
    got, expected = (np.asarray(v.data if isinstance(v, ag.Tensor) else v) for v in (got, expected))
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def leaf(array, name=None):
    return ag.tensor(array, requires_grad=True, name=name)


def score(x, w):
    return np.tanh(x @ w).sum()


def loss_of(w):
    return (ag.vmap(score, (0, None))(X, w) ** 2).sum()


# -- detect_anomaly ----------------------------------------------------------------------------------


def test_no_anomaly_in_vmap_and_in_the_backward_pass():
    w, plain = leaf(W), leaf(W)
    with ag.detect_anomaly():
        loss_of(w).backward()
    loss = loss_of(plain)
    with ag.detect_anomaly():
        loss.backward()
    near(w.grad, plain.grad)


def test_an_anomaly_in_one_example_is_found():
    with (
        pytest.raises(AnomalyError, match=r"log: its output \(shape \(2,\) for each of 3 examples, .*1 NaN") as found,
        ag.detect_anomaly(),
    ):
        ag.vmap(lambda x: np.log(x).sum())(np.array([[1.0, 2.0], [3.0, -1.0], [5.0, 6.0]]))
    assert "input 1: shape (2,) for each of 3 examples, float64, from -1 to 6" in str(found.value)


def test_an_anomaly_in_the_backward_pass_of_one_example_is_found():
    x = leaf([[1.0, 2.0], [3.0, 0.0]])
    roots = ag.vmap(lambda x: np.sqrt(x).sum())(x).sum()
    with (
        pytest.raises(AnomalyError, match=r"backward of sqrt: .*first Inf \(shape \(2,\) for each of 2 examples"),
        ag.detect_anomaly(),
    ):
        roots.backward()


def test_an_anomaly_in_a_gradient_that_examples_share_is_found():
    divide = ag.Primitive("divide", lambda x, s: x + s, lambda g, out, x, s: g, lambda g, out, x, s: g * np.inf)
    s = leaf([1.0, 2.0])
    total = ag.vmap(lambda x: divide(x, s).sum())(np.ones((3, 2))).sum()
    with (
        pytest.raises(
            AnomalyError, match=r"contribution to input 2 holds the first Inf \(shape \(2,\), float64, 2 Inf"
        ),
        ag.detect_anomaly(),
    ):
        total.backward()


def test_a_changed_value_is_found_through_vmap():
    rows, w = X.copy(), leaf(W)
    with ag.detect_anomaly():
        loss = ag.vmap(score, (0, None))(rows, w).sum()
        rows[:] = 0.0
        with pytest.raises(StaleValueError, match="a value that it saved was changed"):
            loss.backward()


# -- pictures and tables -----------------------------------------------------------------------------


def test_values_in_pictures_are_those_of_all_examples():
    w = leaf(W, "w")
    view = viz.draw(loss_of(w)).view
    nodes = {node.operation: node for node in view.nodes}
    assert (nodes["tanh"].shape, nodes["tanh"].value) == ((5, 4), "(5, 4) in [-0.899, 0.777]")
    assert nodes["tanh"].summary.size == nodes["tanh"].gradient_summary.size == 20
    assert nodes["tanh"].gradient.startswith("(5, 4) in ")
    (note,) = view.notes
    assert note.startswith("Inside vmap, values and gradients are those of all examples, along a first axis.")
    assert viz.draw((w * w).sum()).view.notes == ()
    assert "(5, 4) in [-0.899, 0.777]" in viz.draw(loss_of(w)).svg()
    assert "(5, 4) in [-0.899, 0.777]" in str(viz.grad_table(loss_of(w)))


def test_pictures_inside_vmap():
    w, drawn = leaf(W, "w"), []

    def f(x):
        y = score(x, w)
        drawn.append(viz.draw(y).view)
        return y

    y = ag.vmap(f)(X)
    assert drawn[0].nodes[-1].shape == (5,)
    table = y.sum().backward(keep="all")
    gradient = next(node for node in drawn[0].nodes if node.label == "w").gradient_summary
    assert gradient.max == table[w].data.max()  # of what is shared, the sum over the examples


def test_the_player_keeps_all_entries():
    loss = loss_of(leaf(W, "w"))
    recording, table = viz.events.record(loss)
    assert {event.value.shape for event in recording.events if event.kind == "forward"} == {(5, 4), (5,), ()}
    by_hand = recording.replay()
    assert sorted(np.shape(value) for value in by_hand.values()) == [(), (3, 4), (5,), (5,), (5,), (5, 4), (5, 4)]
    assert len(by_hand) == len(table)
    assert viz.play(loss).html()


def test_explain_through_vmap():
    s = leaf(0.5, "s")
    z = ag.vmap(lambda x: np.sin(x * s) * x)(np.array([1.0, 2.0, 3.0])).sum()
    text = str(viz.explain(z, s, check=True))
    assert "δ(s) = δ(u(2)) × [1, 2, 3] = 3.67543" in text
    assert "by finite differences: 3.67543" in text
    assert "Inside vmap" in text
    inner = z.parents[0].parents[0]
    assert "[1, 1, 1]" in str(viz.explain(z, inner))
    with pytest.raises(ValueError, match="outside of vmap for check=True"):
        viz.explain(z, inner, check=True)


def test_explain_through_vmap_with_complex_numbers():
    x = leaf(X, "x")
    z = ag.vmap(lambda x: (np.broadcast_to(x[0] + 1j * x[1], (2,)) * x[2]).real.sum())(x).sum()
    assert viz.explain(z, x, check=True).check.largest < 1e-8


def test_the_memory_of_all_examples_is_counted():
    rows = {row.operation: row for row in ag.Graph(loss_of(leaf(W))).memory().rows}
    assert rows["tanh"].values == rows["matmul"].values == 5 * 4 * 8


# -- checkpoint --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [ag.checkpoint, lambda f: ag.checkpoint(ag.checkpoint(f))], ids=["once", "twice"])
def test_checkpoint_inside_vmap(wrap):
    def gradients(wrap):
        w, x = leaf(W), leaf(X)
        (ag.vmap(wrap(lambda x: score(x, w)))(X) ** 2).sum().backward()
        (ag.vmap(wrap(score), (0, None))(x, w) ** 3).sum().backward()
        return w.grad, x.grad

    for got, expected in zip(gradients(wrap), gradients(lambda f: f), strict=True):
        near(got, expected)


def test_gradients_of_examples_through_checkpoint():
    w = leaf(W)
    each = ag.vmap(ag.grad(ag.checkpoint(lambda x: score(x, w))))(X)
    near(each, ag.vmap(ag.grad(lambda x: score(x, W)))(X))
    (each**2).sum().backward()
    near(w.grad, ag.grad(lambda w: (ag.vmap(ag.grad(score), (0, None))(X, w) ** 2).sum())(W))
    for transform in (ag.jacobian, ag.jacfwd, ag.hessian):
        near(ag.vmap(transform(ag.checkpoint(lambda x: score(x, w))))(X), ag.vmap(transform(lambda x: score(x, W)))(X))


def test_checkpoint_of_several_outputs_and_in_nested_vmaps():
    def total(w, wrap):
        parts = ag.vmap(wrap(lambda x: (score(x, w), x * 2.0, np.sin(w).sum())))(X)
        pairs = ag.vmap(lambda x: ag.vmap(wrap(lambda y: score(x * y, w)))(X))(X)
        return sum((part * part).sum() for part in (*parts, pairs))

    near(ag.grad(total)(W, ag.checkpoint), ag.grad(total)(W, lambda f: f))


def test_what_is_run_again_must_be_the_same_for_every_example():
    factors = iter((np.ones(3), np.array([1.0, 2.0, 1.0])))
    w = leaf(W)
    y = ag.vmap(ag.checkpoint(lambda x: score(x * next(factors), w)))(X).sum()
    with pytest.raises(ag.GradientError, match="other values"):
        y.backward()


# -- functions that check values ---------------------------------------------------------------------

SIGNS = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
CHOSEN = np.array([0, 2, 1, 1, 0])


def unpooled(x):
    return F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2)


@pytest.mark.parametrize(
    ("f", "arguments", "axes"),
    [
        (F.binary_cross_entropy, (SHARES, np.round(SHARES)), (0, 0)),
        (F.binary_cross_entropy, (SHARES, np.ones(3)), (0, None)),
        (F.gaussian_nll_loss, (X, X[::-1], SHARES), (0, 0, 0)),
        (F.cosine_embedding_loss, (X, X[::-1], SIGNS), (0, 0, 0)),
        (F.margin_ranking_loss, (SIGNS, X[:, 0], SIGNS), (0, 0, 0)),
        (unpooled, (RNG.normal(size=(3, 1, 6)),), (0,)),
        (lambda x, w: np.average(x, weights=w), (X, SHARES), (0, 0)),
        (lambda x, w: np.cov(x, aweights=w), (RNG.normal(size=(5, 2, 3)), SHARES), (0, 0)),
        (lambda x, i: np.choose(i, [x, x * 2.0, W[:, 0]]), (X, CHOSEN), (0, 0)),
    ],
    ids=["bce", "bce shared", "gaussian", "cosine", "ranking", "unpool", "average", "cov", "choose"],
)
def test_functions_that_check_values(f, arguments, axes):
    """Values and gradients are those of a loop."""

    def each(g):
        rows = [[a if axis is None else a[i] for a, axis in zip(arguments, axes, strict=True)] for i in range(3)]
        return np.stack([np.asarray(g(*map(ag.tensor, row)).data) for row in rows])

    def slope(x, *others):
        return ag.grad(lambda x: (f(x, *others) ** 2).sum())(x)

    near(ag.vmap(f, axes)(*arguments)[:3], each(f))
    near(ag.vmap(slope, axes)(*arguments)[:3], each(slope))


def test_one_hot_of_examples():
    near(ag.vmap(lambda i: F.one_hot(i, 3))(CHOSEN), np.eye(3, dtype=int)[CHOSEN])
    near(ag.vmap(F.one_hot)(CHOSEN), np.eye(3, dtype=int)[CHOSEN])


@pytest.mark.parametrize(
    ("f", "arguments", "error", "message"),
    [
        (F.binary_cross_entropy, (X, np.ones((5, 3))), ValueError, r"probabilities in \[0, 1\]"),
        (F.gaussian_nll_loss, (X, X, X), ValueError, "variances that are not negative"),
        (F.cosine_embedding_loss, (X, X, SIGNS + (SIGNS > 0)), ValueError, "targets 1 and −1, got 2.0"),
        (lambda i: F.one_hot(i, 2), (CHOSEN,), ValueError, "from 0 to 1, got 2"),
        (lambda x, w: np.average(x, weights=w), (X, SHARES * (SIGNS > 0)[:, None]), ZeroDivisionError, "a sum of 0"),
        (lambda i: np.choose(i, [1.0, 2.0]), (CHOSEN,), ValueError, "integers from 0 to 1"),
    ],
    ids=["bce", "gaussian", "cosine", "one_hot", "average", "choose"],
)
def test_a_wrong_value_in_one_example_is_refused(f, arguments, error, message):
    with pytest.raises(error, match=message):
        ag.vmap(f)(*arguments)


def test_covariance_of_too_few_observations_in_one_example():
    weights = np.array([[1, 1, 1], [0, 1, 0]])
    x = np.broadcast_to(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 5.0]]), (2, 2, 3))
    with pytest.warns(RuntimeWarning, match="ddof"), np.errstate(invalid="ignore"):
        got = ag.vmap(lambda x, w: np.cov(x, fweights=w))(x, weights)
    near(got[0], np.cov(x[0]))
    assert np.isnan(got.data[1]).all()
