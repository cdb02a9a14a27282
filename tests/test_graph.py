"""``Graph``: the recorded computation held in the hand."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


@pytest.fixture
def product():
    a, b = leaf(2.0, name="a"), leaf(3.0, name="b")
    return a, b, ag.Graph(a * b + a)


# -- what it holds ---------------------------------------------------------------------------------


def test_nodes_inputs_operations_and_result(product):
    a, b, graph = product
    assert graph.inputs == [a, b]
    assert [node.primitive.name for node in graph.operations] == ["multiply", "add"]
    assert graph.nodes == [a, b, *graph.operations]
    assert list(graph) == graph.nodes
    assert len(graph) == 4
    assert graph.result is graph.operations[-1]
    assert graph.results == (graph.result,)


def test_leaves_come_first_whenever_they_were_made():
    a = leaf(2.0)
    b = a * 3.0
    late = leaf(5.0)
    graph = ag.Graph(b * late)
    assert graph.nodes[:2] == [a, late]


def test_it_prints_as_a_table(product):
    _, _, graph = product
    table = "\n".join(
        [
            "node  operation  parents  value",
            "a     leaf                2",
            "b     leaf                3",
            "u(3)  multiply   a, b     6",
            "u(4)  add        u(3), a  8",
        ]
    )
    assert str(graph) == repr(graph) == table


def test_numbers_arrays_and_several_outputs_print():
    x = leaf(np.arange(6.0))
    first, second = np.split(x * 0.5 + np.ones(6), 2)
    graph = ag.Graph(first * second)
    assert "0.5" in str(graph)
    assert "(6,) in [1, 1]" in str(graph)
    assert "2 outputs" in str(graph)
    assert all(repr(node).startswith("tensor(") for node in graph)


def test_inputs_must_be_leaves_of_the_graph(product):
    a, _, graph = product
    with pytest.raises(ag.GradientError, match=r"Graph: expected leaves .* got input 1, the result of an operation"):
        ag.Graph(graph.result, inputs=[a, graph.operations[0]])
    with pytest.raises(ag.GradientError, match=r"got input 0, not in it"):
        ag.Graph(graph.result, inputs=[leaf(1.0)])


# -- the forward pass ------------------------------------------------------------------------------


def test_forward_by_position_mapping_name_and_with_present_values(product):
    a, b, graph = product
    assert graph.forward(5.0, 7.0).item() == 40.0
    assert (a.item(), b.item()) == (5.0, 7.0)
    assert graph.forward({a: 1.0}).item() == 8.0
    assert graph.forward(b=2.0).item() == 3.0
    assert graph.forward(a=ag.tensor(10.0), b=1).item() == 20.0
    a.data = 3.0
    assert graph.forward().item() == 6.0
    assert graph.forward() is graph.result


def test_forward_runs_no_python_code_again():
    runs = []

    def function(x):
        runs.append(x)
        return (x * x).sum()

    graph = ag.Graph(function(leaf([1.0, 2.0])))
    assert [graph.forward([n, n]).item() for n in (1.0, 2.0, 3.0)] == [2.0, 8.0, 18.0]
    assert len(runs) == 1


def test_forward_equals_running_the_code():
    def network(x, w, b):
        hidden = np.tanh(x @ w + b)
        first, second = np.split(hidden, 2, axis=-1)
        return (first * second).mean() + ag.where(hidden > 0.1, hidden, 0.0).sum()

    rng = np.random.default_rng(0)
    draw = lambda: [rng.standard_normal(shape) for shape in ((5, 3), (3, 4), (4,))]
    values = draw()
    graph = ag.Graph.trace(network, *map(leaf, values))
    for _ in range(3):
        values = draw()
        replayed = graph.forward(*values)
        table = graph.backward()
        fresh = [leaf(value) for value in values]
        result = network(*fresh)
        result.backward()
        assert replayed.item() == result.item()
        for old, new in zip(graph.inputs, fresh, strict=True):
            assert table[old].tolist() == new.grad.tolist()


def test_chosen_inputs():
    w, x = leaf(2.0), ag.tensor(3.0)
    graph = ag.Graph(w * x, inputs=[x])
    assert graph.forward(10.0).item() == 20.0
    assert w.item() == 2.0


def test_several_results():
    x = leaf(2.0)
    square = x * x
    graph = ag.Graph([square, square * x])
    assert [result.item() for result in graph.forward(3.0)] == [9.0, 27.0]
    assert graph.backward()[x].item() == 6.0 + 27.0
    assert graph.backward([0.0, 1.0])[x].item() == 27.0


def test_the_backward_pass_uses_the_replayed_values(product):
    a, b, graph = product
    graph.forward(5.0, 7.0)
    graph.result.backward()
    assert (a.grad.item(), b.grad.item()) == (8.0, 5.0)
    (da,) = ag.gradients(graph.result, a, create_graph=True)
    assert ag.gradients(da, b)[0].item() == 1.0


def test_dtypes_are_converted_where_nothing_is_lost():
    x = leaf(np.float32([1.0, 2.0]))
    graph = ag.Graph(x * 2)
    assert graph.forward([3.0, 4.0]).dtype == np.float32
    assert graph.forward(np.array([5, 6])).tolist() == [10.0, 12.0]
    with pytest.raises(TypeError, match=r"expected a value for u\(1\) that fits into dtype float32, got"):
        graph.forward([1j, 2j])
    flags = ag.Graph.trace(lambda m: ag.where(m, 1.0, 2.0), np.array([True, False]))
    with pytest.raises(TypeError, match=r"fits into dtype bool, got dtype int64"):
        flags.forward([1, 0])


def test_wrong_shapes_counts_and_names(product):
    a, b, graph = product
    with pytest.raises(ValueError, match=r"expected shape \(\) for a, got shape \(2,\). To mend it: run"):
        graph.forward([1.0, 2.0], 1.0)
    with pytest.raises(TypeError, match=r"expected 2 values, one for each input \(a, b\), got 1"):
        graph.forward(1.0)
    with pytest.raises(TypeError, match=r"expected the name of an input \(a, b\), got 'c', which no inputs have"):
        graph.forward(c=1.0)
    with pytest.raises(TypeError, match=r"expected inputs of the graph as keys"):
        graph.forward({leaf(1.0): 1.0})
    assert (a.item(), b.item(), graph.forward().item()) == (2.0, 3.0, 8.0)


def test_a_forward_pass_that_fails_leaves_no_gradient_behind():
    a = leaf(np.eye(2))
    graph = ag.Graph(np.linalg.inv(a).sum())
    with pytest.raises(np.linalg.LinAlgError):
        graph.forward(np.zeros((2, 2)))
    with pytest.raises(ag.StaleValueError):
        graph.backward()
    graph.forward(2 * np.eye(2))
    assert graph.backward()[a].tolist() == (-np.full((2, 2), 0.25)).tolist()


# -- what a replay would miss ----------------------------------------------------------------------


def masked(x):
    return ag.where(x > 0, x * 2.0, 0.0).sum()


def branching(x):
    return x.sum() * (1.0 if x.sum() > 0 else -1.0)


def test_unrecorded_uses_of_a_changed_input_are_refused():
    x = leaf([1.0, -2.0])
    for graph in (ag.Graph(masked(x), inputs=[x]), ag.Graph.trace(branching, [1.0, -2.0])):
        with pytest.raises(ag.GradientError, match=r"forward: expected that everything .*got u\(1\), .*record_all"):
            graph.forward([-1.0, 2.0])


def test_unrecorded_uses_on_the_way_are_refused():
    x = leaf([1.0, -2.0])
    hidden = x * 3.0
    for reading in (
        lambda: hidden.detach(),
        lambda: hidden > 0,
        lambda: np.argmax(hidden),
        lambda: np.isnan(hidden),
        lambda: 5.0 in hidden,
    ):
        hidden._used_unrecorded = False
        reading()
        graph = ag.Graph((hidden * 2.0).sum())
        with pytest.raises(ag.GradientError, match=r"got u\(2\), which was used where nothing is recorded"):
            graph.forward([1.0, 1.0])


def test_using_the_result_elsewhere_is_no_harm(product):
    _, _, graph = product
    assert graph.result > 0
    graph.result.detach()
    assert graph.forward(1.0, 1.0).item() == 2.0


def test_unchanged_inputs_may_be_used_unrecorded():
    x, mask_source = leaf([1.0, -2.0]), ag.tensor([1.0, -1.0])
    graph = ag.Graph(ag.where(mask_source > 0, x, 0.0).sum(), inputs=[x])
    assert graph.forward([5.0, 5.0]).item() == 5.0


def test_trace_records_what_has_no_gradient():
    graph = ag.Graph.trace(masked, [1.0, -2.0])
    assert graph.forward([-1.0, 2.0]).item() == 4.0
    with ag.record_all():
        x = leaf([1.0, -2.0])
        graph = ag.Graph(masked(x))
    assert graph.forward([3.0, 2.0]).item() == 10.0


def test_trace_records_detached_values():
    x = leaf(2.0)
    graph = ag.Graph.trace(lambda x: x * x.detach(), x)
    assert graph.forward(5.0).item() == 25.0
    assert graph.backward()[x].item() == 5.0


def test_trace_takes_arrays_and_unused_arguments():
    graph = ag.Graph.trace(lambda x, unused: x * 2.0, np.ones(2), 5.0)
    assert len(graph.inputs) == 2
    assert graph.forward([1.0, 2.0], 7.0).tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match=r"expected shape \(\) for an input that is not used"):
        graph.forward([1.0, 2.0], [7.0])


def test_trace_sees_decisions_on_values():
    for decision in (bool, float, lambda t: t.item(), lambda t: t.tolist(), lambda t: np.asarray(t).sum()):
        graph = ag.Graph.trace(lambda x, d=decision: x.sum() * (2.0 if d(x.max()) else 1.0), [1.0, -2.0])
        with pytest.raises(ag.GradientError, match=r"expected that everything"):
            graph.forward([3.0, 4.0])


def test_trace_sees_values_that_are_read():
    for read in (lambda x: x * x.data, lambda x: x * x.numpy(), lambda x: x * x.item()):
        with pytest.raises(ag.GradientError, match="where nothing is recorded"):
            ag.Graph.trace(read, [2.0]).forward([3.0])


def test_trace_sees_arguments_that_are_read_and_not_used_otherwise():
    graph = ag.Graph.trace(lambda x, n: x * n.item(), [1.0, 2.0], 3.0)
    assert graph.forward({graph.inputs[0]: [2.0, 3.0]}).tolist() == [6.0, 9.0]
    with pytest.raises(ag.GradientError, match="where nothing is recorded"):
        graph.forward([2.0, 3.0], 4.0)


def test_trace_does_not_mind_what_was_read_outside_of_the_function():
    x = leaf([1.0, 2.0])
    x.detach()
    graph = ag.Graph.trace(lambda x: (x * x).sum(), x)
    x.detach()
    assert graph.forward([3.0, 4.0]).item() == 25.0
    with pytest.raises(ag.GradientError, match="where nothing is recorded"):
        ag.Graph(graph.result).forward([1.0, 2.0])


def test_trace_of_a_function_that_writes_into_its_argument():
    def function(x, value):
        x[0] = value
        return (x * x).sum()

    graph = ag.Graph.trace(function, [1.0, 2.0], 5.0)
    assert graph.result.item() == 29.0
    assert graph.forward([3.0, 4.0], 1.0).item() == 17.0


def test_trace_refuses_arguments_that_an_operation_made():
    with pytest.raises(ag.GradientError, match=r"argument 1, the result of multiply.*tensor\.detach"):
        ag.Graph.trace(lambda x, y: x + y, 1.0, leaf(3.0) * 2.0)


def test_trace_refuses_what_is_no_tensor():
    with pytest.raises(TypeError, match=r"Graph.trace: expected a function that returns a Tensor .* got list"):
        ag.Graph.trace(lambda x: [x.item()], 1.0)


# -- the backward pass -----------------------------------------------------------------------------


def test_backward_gives_all_nodes_and_leaves_grad_alone(product):
    a, b, graph = product
    table = graph.backward()
    assert set(table) == set(graph.nodes)
    assert [table[node].item() for node in graph.nodes] == [4.0, 2.0, 1.0, 1.0]
    assert all(node.grad is None for node in graph)
    assert str(table).splitlines()[1].split() == ["u(4)", "add", "8", "1"]
    assert graph.backward(10.0)[b].item() == 20.0
    assert graph.backward()[a].item() == 4.0


def test_backward_needs_a_seed_for_arrays():
    graph = ag.Graph(leaf([1.0, 2.0]) * 2.0)
    with pytest.raises(ag.GradientError, match=r"backward: expected a result of one element"):
        graph.backward()
    assert graph.backward([1.0, 10.0])[graph.inputs[0]].tolist() == [2.0, 20.0]


# -- values that others saved ----------------------------------------------------------------------


def test_users_outside_the_graph_learn_that_their_values_are_gone():
    x = leaf([1.0, 2.0])
    hidden = x * x
    outside = (hidden * hidden).sum()
    linear = (hidden + 1.0).sum()
    graph = ag.Graph(hidden.sum())
    graph.forward([3.0, 4.0])
    for stale in (outside, linear):
        with pytest.raises(ag.StaleValueError, match=r"test_graph.py:\d+ \(graph.forward\(\[3.0, 4.0\]\)\)"):
            stale.backward()
    assert x.grad is None
    assert graph.backward()[x].tolist() == [6.0, 8.0]


def test_new_users_of_replayed_nodes_are_fine():
    x = leaf(2.0)
    hidden = x * x
    graph = ag.Graph(hidden * 1.0)
    graph.forward(3.0)
    later = hidden * x
    later.backward()
    assert x.grad.item() == 27.0
    graph.forward(4.0)
    with pytest.raises(ag.StaleValueError):
        later.backward()


def test_changed_values_make_the_graph_stale_until_it_is_run_again():
    w = leaf([1.0, 2.0])
    graph = ag.Graph((w * w).sum())
    w.data -= 0.5
    with pytest.raises(ag.StaleValueError):
        graph.backward()
    assert graph.forward().item() == 0.25 + 2.25
    assert graph.backward()[w].tolist() == [1.0, 3.0]


def test_a_rebound_node_ends_the_graph():
    x = leaf([1.0, 2.0])
    hidden = x * 2.0
    graph = ag.Graph(hidden.sum())
    hidden[0] = 5.0
    with pytest.raises(ag.StaleValueError, match=r"u\(2\), which became another node at .*hidden\[0\] = 5.0"):
        graph.forward([1.0, 1.0])


def test_rebinding_before_the_graph_was_taken_is_part_of_it():
    x = leaf([1.0, 2.0])
    hidden = x * 2.0
    square = hidden * hidden
    hidden[0] = 5.0
    graph = ag.Graph((hidden + square).sum())
    assert graph.forward([3.0, 4.0]).item() == 5.0 + 8.0 + 36.0 + 64.0
    assert graph.backward()[x].tolist() == [24.0, 2.0 + 32.0]


def test_two_graphs_with_common_nodes():
    x = leaf(2.0)
    common = x * x
    first, second = ag.Graph(common * 3.0), ag.Graph(common * common)
    first.forward(3.0)
    with pytest.raises(ag.StaleValueError):
        second.backward()
    assert second.forward().item() == 81.0
    assert second.backward()[x].item() == 4 * 27.0
    assert first.forward().item() == 27.0
    assert first.backward()[x].item() == 18.0
