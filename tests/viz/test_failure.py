"""The picture of a computation that raised: what was computed, and the operation that failed."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def error_of(function):
    try:
        function()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def failed(drawing):
    (node,) = [node for node in drawing.view.nodes if node.kind == "failed"]
    return node


def inputs_of(drawing):
    labels = {node.id: node.label for node in drawing.view.nodes}
    return [labels[edge.source] for edge in drawing.view.edges if edge.target == "failed"]


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (lambda a, b: a @ b, "matmul"),
        (lambda a, b: np.matmul(a, b), "matmul"),
        (lambda a, b: a + b, "add"),
        (lambda a, b: np.concatenate([a, b[0]]), "concat"),
        (lambda a, b: ag.where(a > 0, a, b), "where"),
    ],
)
def test_the_operation_and_its_operands(run, name):
    x = leaf(np.ones((2, 3)), "x")
    y = np.tanh(x * 2)
    w = leaf(np.ones((4, 5)), "w")
    drawing = viz.draw(error_of(lambda: run(y, w)))
    node = failed(drawing)
    assert name in node.operation
    assert {"x", "w"} <= {node.label for node in drawing.view.nodes}
    assert [node.operation for node in drawing.view.nodes if node.kind == "operation"][:2] == ["multiply", "tanh"]
    assert len(inputs_of(drawing)) >= 2
    assert dict(node.extra)["error"].startswith(("ValueError", "TypeError", "GradientError"))
    assert "test_failure.py" in node.line


def test_the_order_of_operands_and_what_is_no_tensor():
    x = leaf(np.ones(3), "x")
    drawing = viz.draw(error_of(lambda: np.ones(4) + x * 1.0))
    assert failed(drawing).expression == "add(array (4,), u(2))"
    assert [node.kind for node in drawing.view.nodes] == ["leaf", "number", "operation", "number", "failed"]


def test_it_shows_everywhere():
    x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones((4, 5)), "w")
    drawing = viz.draw(error_of(lambda: x @ w), renderer="own")
    assert "failed" in drawing.svg()
    assert "matmul(x, w)" in drawing.svg()
    assert "matmul(x, w)" in drawing.source
    assert ":::failed" in drawing.mermaid()
    assert "failed  matmul(x, w)" in str(drawing)
    assert "ValueError: matmul" in drawing.view.notes[0]


def test_a_module_that_refuses_its_input():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(5, 2))
    x = ag.Tensor(np.ones((2, 3), np.float32), name="x")
    drawing = viz.draw(error_of(lambda: net(x)))
    assert failed(drawing).operation == "linear"
    assert inputs_of(drawing) == ["u(6)", "2.weight", "2.bias"]
    assert any("In module '2' of Sequential" in note for note in drawing.view.notes)


def divide(x):
    h = np.tanh(x * 2)
    return h / (1 // 0)


def find(x):
    h = np.tanh(x * 2)
    return {}[h.shape]


def invert(x):
    h = np.tanh(x * 2)
    return h @ np.linalg.inv(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("function", "error", "line"),
    [
        (divide, "ZeroDivisionError", "return h / (1 // 0)"),
        (find, "KeyError", "return {}[h.shape]"),
        (invert, "LinAlgError", "return h @ np.linalg.inv(np.zeros((2, 2)))"),
    ],
)
def test_what_raises_outside_of_operations(function, error, line):
    drawing = viz.draw(error_of(lambda: function(leaf(np.ones(3), "x"))))
    node = failed(drawing)
    assert (node.operation, node.expression) == ("", "outside of operations")
    assert inputs_of(drawing) == []
    assert [node.operation for node in drawing.view.nodes] == ["", "", "multiply", "tanh", ""]
    assert dict(node.extra)["error"].startswith(error)
    assert dict(node.extra)["line"].startswith("test_failure.py:")
    assert dict(node.extra)["line"].endswith(line)
    assert drawing.view.notes[1] == f"Raised outside of operations, in {node.line}"
    assert "outside of operations" in drawing.source


def test_a_module_of_the_user_that_raises_within_one_of_the_library():
    class Wrong(nn.Module):
        def forward(self, x):
            h = np.tanh(x)
            return h / (1 // 0)

    drawing = viz.draw(error_of(lambda: nn.Sequential(nn.Linear(2, 2), Wrong())(np.ones((1, 2), np.float32))))
    assert failed(drawing).expression == "outside of operations"
    assert [node.operation for node in drawing.view.nodes if node.operation] == ["linear", "tanh"]
    assert "In module '1' of Sequential: Wrong()" in drawing.view.notes


def test_the_line_is_the_users_where_numpy_raises():
    a, b = leaf(np.zeros((2, 2)), "a"), leaf(np.ones(2), "b")
    node = failed(viz.draw(error_of(lambda: np.linalg.solve(a, b))))
    assert node.operation == "solve"
    assert node.line.startswith("test_failure.py:")


def test_the_error_that_another_was_raised_from():
    x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones((4, 5)), "w")

    def load():
        try:
            return x @ w
        except ValueError as error:
            raise RuntimeError("training failed") from error

    try:
        load()
    except RuntimeError as error:
        stripped = error.with_traceback(None)
        drawing = viz.draw(stripped)
    assert failed(drawing).operation == "matmul"
    assert "RuntimeError: training failed" in drawing.view.notes


def test_a_capture_draws_it():
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
    with pytest.raises(ValueError, match="expected an input"), viz.capture(net) as seen:
        net(np.ones((2, 3), np.float32))
    assert failed(seen.picture).operation == "linear"
    assert [group.path for group in seen.picture.view.groups] == [("0",)]
    with pytest.raises(ZeroDivisionError), viz.capture() as seen:
        raise ZeroDivisionError
    assert seen.picture is None


def test_nothing_is_kept_alive():
    def run():
        x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones((4, 5)), "w")
        return viz.draw(error_of(lambda: x @ w)), weakref.ref(x)

    drawing, x = run()
    gc.collect()
    assert x() is None
    assert failed(drawing)


def test_drawing_a_failure_keeps_no_variable_of_the_function_that_draws():
    x = leaf(1.0, "x")
    big = np.ones(1000)
    array = weakref.ref(big)
    try:
        x * 2 + 1 // 0
    except ZeroDivisionError as error:
        viz.draw(error)
    del big
    assert array() is None


def test_an_error_without_tensors():
    with pytest.raises(ValueError, match="an exception that a computation with Tensors raised, got OSError"):
        viz.draw(OSError("disk"))
