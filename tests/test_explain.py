"""``viz.explain``: the chain rule in symbols and numbers, checked against the engine and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from examples import worked_example


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def test_one_path_of_the_worked_example():
    network = worked_example.build()
    found = viz.explain(network.error, network.weights["w5"], digits=4)
    lines = str(found).splitlines()
    assert lines[0].startswith("∂E/∂w5 = ∂E/∂u(")
    assert lines[0].endswith("∂w5")
    assert "· ∂o1/∂u(" in lines[0]
    assert "0.1868" in lines[1]
    assert lines[2] == "  = 0.08217"
    assert math.isclose(found.paths[0].product, 0.082167041, abs_tol=5e-10)


def test_the_sum_over_paths_is_the_gradient():
    network = worked_example.build()
    w1 = network.weights["w1"]
    found = viz.explain(network.error, w1, check=True)
    assert found.path_count == len(found.paths) == 2
    (gradient,) = ag.gradients(network.error, w1)
    assert math.isclose(sum(path.product for path in found.paths), gradient.item(), rel_tol=1e-12)
    assert "by finite differences: 0.000438568" in str(found)
    assert str(found).splitlines()[-2].endswith(" + (-0.000229828) = 0.000438568")
    assert found.check.largest < 1e-10


def test_a_node_used_twice_by_one_operation_has_two_paths():
    x = leaf(3.0, "x")
    found = viz.explain(x * x, x)
    assert [path.factors for path in found.paths] == [(3.0,), (3.0,)]
    assert [c.position for c in found.steps[-1].contributions] == [0, 1]


def test_more_paths_than_are_written_out():
    x = y = leaf(1.0, "x")
    for _ in range(200):
        y = y + y
    found = viz.explain(y, x, max_paths=3)
    assert found.path_count == 2**200
    assert len(found.paths) == 3
    assert str(found).startswith("∂u(201)/∂x: the sum over about 1.6e+60 paths")
    assert "… (about 1.6e+60 paths more)" in str(found)
    assert "… 184 more …" in str(found)
    assert r"+ \dots" in found.latex()


def test_a_network_by_deltas():
    nn.manual_seed(0)
    net = nn.MLP([3, 4, 2], dtype=np.float64)
    loss = nn.CrossEntropyLoss()(net(np.ones((2, 3))), [0, 1])
    found = viz.explain(loss, net[0].weight, names=dict(net.named_parameters()), check=True)
    assert not found.paths
    assert [step.node for step in found.steps][-1] == "0.weight"
    assert [step.shape for step in found.steps] == [(), (2, 2), (2, 4), (2, 4), (4, 3)]
    assert "δ(u(6)) (2, 4) = δ(u(7)) @ 2.weight = " in str(found)
    assert "δ(0.weight) (4, 3) = δ(u(5))ᵀ @ array (2, 3) = " in str(found)
    gradient = net[0].weight
    loss.backward()
    assert found.gradient == viz.explain(loss, gradient).gradient
    assert found.differences == found.gradient


def test_contributions_that_add_up():
    w = leaf(np.array([1.0, 2.0]), "w")
    loss = ag.sum(w * w * np.array([1.0, 3.0]) + w)
    steps = viz.explain(loss, w, check=True)
    assert len(steps.steps[-1].contributions) == 3
    assert steps.gradient == "[3, 13]" == steps.differences
    assert "from " in str(steps)


def test_operations_with_several_outputs_and_joint_rules():
    x = leaf(np.arange(4.0), "x")
    first, second = ag.split(x, 2)
    loss = ag.sum(first * second) + ag.sum(ag.concat([first, first]))
    assert viz.explain(loss, x, check=True).differences == viz.explain(loss, x).gradient


def test_latex_of_names_and_numbers():
    a, bad = leaf(1e-9, "w_1%"), leaf(2.0, "x12")
    product = a * bad
    product.name = "L"
    text = viz.explain(product, bad).latex()
    assert r"\frac{\partial L}{\partial x_{12}}" in text
    assert r"1 \cdot 10^{-9}" in text
    assert r"\mathrm{w\_1\%}" in viz.explain(product, a).latex()


def test_html_is_escaped():
    x = leaf(2.0, "<b>")
    assert "<b>" not in viz.explain(x * 3, x)._repr_html_()


def test_the_graph_is_left_alone():
    x = leaf(2.0, "x")
    y = np.exp(x) * x
    before = y.item()
    viz.explain(y, x, check=True)
    assert y.item() == before
    assert x.grad is None
    y.backward()


def test_wrong_arguments():
    x, y = leaf(2.0, "x"), leaf(1.0, "y")
    with pytest.raises(ValueError, match="which is not in its graph"):
        viz.explain(x * 2, y)
    with pytest.raises(ValueError, match="explain: expected a result of one element, got shape"):
        viz.explain(leaf([1.0, 2.0]) * 2, x)
    big = leaf(np.ones(65))
    with pytest.raises(ValueError, match="at most 64 entries"):
        viz.explain(ag.sum(big), big, check=True)


def test_a_node_is_found_by_what_the_picture_calls_it():
    x = ag.tensor(2.0, requires_grad=True, name="x")
    y = x * x * 3.0
    assert repr(viz.explain(y, "x")) == repr(viz.explain(y, x))
    assert viz.explain(y, "u(2)").gradient == "3"
    assert viz.explain(y, "weight", names={"weight": x}).gradient == "12"
    assert viz.paths(y, "x").view == viz.paths(y, x).view
    with pytest.raises(ValueError, match=r"explain: expected a Tensor .*, got 'z', as which no nodes are known"):
        viz.explain(y, "z")
    with pytest.raises(ValueError, match=r"got 'x', as which 2 nodes are known"):
        viz.explain(y * ag.tensor(1.0, requires_grad=True, name="x"), "x")
