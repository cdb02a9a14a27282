"""Every δ that ``viz.explain`` writes down is computed again from its own formula: each line has to be true."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autograd_core as ag
import nn.functional as F
import viz

# Signs of the formulas -> Python, in this order.
PYTHON = (
    (r"u\((\d+)\)", r"u\1"),
    (r"δ\((\w+)\)", r"δ['\1']"),
    (r"([\w\]\)]+)ᵀ", r"\1.T"),
    (r"([\w\]\)]+)ᴴ", r"\1.conj().T"),
    (r"²", "**2"),
    (r"(.+) ⊗ (.+)", r"np.outer(\1, \2)"),
    (r"⊙|×|·", "*"),
    (r"−", "-"),
    (r"(.+) repeated along axis (\d)", r"np.expand_dims(\1, \2)"),
    (r"(.+) repeated along all axes", r"(\1)"),
    (r"Σ over axis (\d) of (.+)", r"np.sum(\2, axis=\1, keepdims=True)"),
    (r"Σ over all axes of (.+)", r"np.sum(\1)"),
    (r"(.+) in shape (\(.*\))", r"np.reshape(\1, \2)"),
)


def leaf(value, name):
    return ag.Tensor(value, requires_grad=True, name=name)


def numbers(*shape, seed=0, complex=False):
    random = np.random.default_rng(seed)
    values = random.normal(size=shape)
    return values + 1j * random.normal(size=shape) if complex else values


def value_of(term, deltas, values):
    """What a term comes to, by NumPy."""
    for pattern, python in PYTHON:
        term = re.sub(pattern, python, term)
    known = {
        "i": 1j,
        "np": np,
        "δ": deltas,
        "conj": np.conj,
        "Re": np.real,
        "cos": np.cos,
        "exp": np.exp,
        "sign": np.sign,
    }
    return eval(term, known | values)


def check(loss, node):
    """All steps of an explanation, computed from the terms that it shows."""
    nodes = ag.graph.topological_order([loss])
    grads = loss.backward(keep="all")
    found = viz.explain(loss, node)
    labels = {node.name or f"u{number}": node for number, node in enumerate(nodes, 1)}
    values = {label: other.detach().numpy() for label, other in labels.items()}
    deltas = {label: grads[other].numpy() for label, other in labels.items()}
    assert len(found.steps) > 1
    for step in found.steps[1:]:
        total = sum(value_of(c.term, deltas, values) for c in step.contributions)
        if np.size(total) == np.prod(step.shape):
            total = np.reshape(total, step.shape)  # sums keep their axes here
        delta = deltas[re.sub(r"[()]", "", step.node)]
        np.testing.assert_allclose(total + np.zeros(step.shape), delta, rtol=1e-12, err_msg=str(step))
    return found


def two_layers(x, w1, b1, w2):
    h = ag.tanh(x @ w1 + b1)
    h.name = "h"
    return ag.mean((h @ w2) ** 2)


@pytest.mark.parametrize("wanted", ["x", "w1", "b1", "w2"])
def test_a_network_of_two_layers(wanted):
    shapes = {"x": (3, 4), "w1": (4, 5), "b1": (5,), "w2": (5, 2)}
    given = {name: leaf(numbers(*shape, seed=i), name) for i, (name, shape) in enumerate(shapes.items())}
    found = check(two_layers(**given), given[wanted])
    terms = {
        "x": "δ(u(5)) @ w1ᵀ",
        "w1": "xᵀ @ δ(u(5))",
        "b1": "Σ over axis 0 of δ(u(6))",
        "w2": "hᵀ @ δ(u(8))",
    }
    assert found.steps[-1].contributions[0].term == terms[wanted]


@pytest.mark.parametrize(("a", "b"), [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4))])
@pytest.mark.parametrize("complex", [False, True])
def test_products_of_vectors_and_matrices(a, b, complex):
    for wanted in (0, 1):
        given = [
            leaf(numbers(*shape, seed=i, complex=complex), name) for i, (shape, name) in enumerate(zip((a, b), "ab"))
        ]
        product = given[0] @ given[1]
        check(ag.sum(ag.real(product * product)), given[wanted])


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_a_linear_layer(wanted):
    given = [leaf(numbers(*shape), name) for shape, name in (((3, 4), "x"), ((2, 4), "w"), ((2,), "b"))]
    terms = ("δ(u(4)) @ w", "δ(u(4))ᵀ @ x", "Σ over axis 0 of δ(u(4))")
    found = check(ag.sum(F.linear(*given) ** 2), given[wanted])
    assert found.steps[-1].contributions[0].term == terms[wanted]


@pytest.mark.parametrize(
    "build",
    [
        lambda x: ag.sum(ag.mean(x * x, axis=1)),
        lambda x: ag.sum(ag.sum(x, axis=0) ** 2),
        lambda x: ag.sum(ag.reshape(ag.sin(x), (6,)) * 2.0),
        lambda x: ag.sum(ag.permute_dims(x, (1, 0)) @ x),
        lambda x: ag.sum(1.0 / (x * x) - x),
        lambda x: ag.sum(-ag.exp(x)),
    ],
)
def test_steps_of_real_arrays(build):
    x = leaf(numbers(2, 3), "x")
    check(build(x), x)


@pytest.mark.parametrize(
    "build",
    [
        lambda z, r: ag.sum(ag.real(z * z * 1j)),
        lambda z, r: ag.sum(ag.abs(z) * r),
        lambda z, r: ag.sum(ag.imag(ag.exp(z * r))),
        lambda z, r: ag.sum(ag.real(ag.conj(z) * z)),
        lambda z, r: ag.sum(ag.real(z / (z - 2.0)) * r),
    ],
)
@pytest.mark.parametrize("wanted", ["z", "r"])
def test_steps_of_complex_arrays(build, wanted):
    given = {"z": leaf(numbers(3, complex=True), "z"), "r": leaf(numbers(3, seed=1), "r")}
    loss = build(**given)
    if given[wanted] in set(ag.graph.topological_order([loss])):
        check(loss, given[wanted])
