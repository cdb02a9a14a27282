"""Groups by the loops of the program, found by the places in the code where nodes were made."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from autograd_core.graph import topological_order
from viz.grouping import by_loop


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def batch(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def by_label(view):
    return {node.label: node for node in view.nodes}


def test_the_steps_of_a_loop_without_modules():
    w = leaf(np.eye(3) * 0.5, "w")
    h = ag.Tensor(np.ones((2, 3)))
    for _ in range(40):
        h = np.tanh(h @ w + 0.1)
    view = viz.draw(h.sum(), collapse=None).view
    (loop,) = [group for group in view.groups if group.kind == "repeat"]
    assert loop.title == "loop × 40"
    assert loop.path[0].startswith("loop at test_loops.py:")
    steps = {}
    for node in view.nodes:
        if len(node.group) == 2:
            steps.setdefault(node.group[1], []).append(node.operation)
    assert len(steps) == 40
    assert [name for name in steps["step 7"] if name] == ["matmul", "add", "tanh"]
    assert by_label(view)["w"].group == ()


def loops(result):
    """Of every loop: its title, and the operations of its steps."""
    nodes = topological_order([result], constants=True)
    found = by_loop(nodes)
    steps = {}
    for node in nodes:
        if node in found.paths:
            loop, step = found.paths[node]
            steps.setdefault(loop, {}).setdefault(step, []).append(node.primitive.name)
    return [(found.titles[loop,][1], list(inner.values())) for loop, inner in steps.items()]


@pytest.mark.parametrize("counts", [(6, 6), (4, 9), (9, 4)])
def test_loops_after_each_other(counts):
    h = leaf(np.ones(3))
    for _ in range(counts[0]):
        h = np.tanh(h * 2)
    h = h * 3
    for _ in range(counts[1]):
        h = np.sin(h) + 1
    assert loops(h.sum()) == [
        (f"loop × {counts[0]}", [["multiply", "tanh"]] * counts[0]),
        (f"loop × {counts[1]}", [["sin", "add"]] * counts[1]),
    ]


def test_loops_on_one_line():
    sines = [np.sin(half) for half in [value / 2 for value in [leaf(1.0) for _ in range(5)]]]
    total = 0.0
    for value in sines:
        total = total + value
    assert sorted((title, steps[0]) for title, steps in loops(total)) == [
        ("loop × 5", ["add"]),
        ("loop × 5", ["divide"]),
        ("loop × 5", ["sin"]),
    ]


def test_a_loop_in_a_loop():
    h = leaf(np.ones(3))
    for _ in range(4):
        for _ in range(5):
            h = np.tanh(h)
        h = h * 2
    for _ in range(8):
        h = np.sin(h)
    inner, after = loops(h)
    assert inner[0] == "loop × 20"
    assert [steps[0] for steps in inner[1]] == ["tanh"] * 20
    assert after == ("loop × 8", [["sin"]] * 8)


def test_a_function_that_two_loops_call():
    def step(h):
        return np.tanh(h * 2)

    h = leaf(np.ones(3))
    for _ in range(4):
        h = step(h)
    for _ in range(6):
        h = step(h) + 1
    ((title, steps),) = loops(h)
    assert title == "loop × 10"
    assert steps[3][:2] == steps[4][:2] == ["multiply", "tanh"]


def test_cards_of_steps_of_two_loops_are_called_differently():
    h = leaf(np.ones(3))
    for _ in range(40):
        h = np.tanh(h * 2)
    for _ in range(40):
        h = np.sin(h) + 1
    drawing = viz.draw(h.sum())
    first, second = (node for node in drawing.view.nodes if node.kind == "group")
    assert first.label != second.label
    assert first.expression == second.expression == "loop × 40"
    opened = drawing.expand(first.label).expand(second.label).view
    labels = [node.label for node in opened.nodes if node.kind == "group"]
    assert len(set(labels)) == len(labels) == 80


def test_a_loop_that_calls_several_modules_is_grouped_by_its_steps():
    cell, head = nn.RNNCell(3, 4), nn.Linear(4, 1)
    with viz.capture():
        state, loss = None, 0.0
        for x in batch(40, 2, 3):
            state = cell(x, state)
            loss = loss + (head(state) ** 2).mean()
    whole = viz.draw(loss, collapse=None).view
    (loop,) = {node.group[0] for node in whole.nodes if node.group}
    assert (loop, "step 5", "head") in {group.path for group in whole.groups}
    assert by_label(whole)["head.weight"].group == (loop, "head")
    assert len(viz.draw(loss).view.nodes) < 10
