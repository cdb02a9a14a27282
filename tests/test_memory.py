"""Graphs of a million nodes, and nothing left for the garbage collector."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from contextlib import suppress

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import blocks, memory
from autograd_core.staleness import link

MILLION = 1_000_000


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


@pytest.fixture
def collector():
    """The garbage collector, switched off, with nothing to do."""
    gc.collect()
    gc.disable()
    try:
        yield gc
    finally:
        gc.enable()


# -- depth -----------------------------------------------------------------------------------------------


def test_a_chain_of_a_million_operations(collector):
    x = leaf(1.0)
    y = x
    for _ in range(MILLION // 2):
        y = -(y * 0.999999)
    y.backward()
    assert x.grad.item() == pytest.approx(0.999999 ** (MILLION // 2), rel=1e-9)
    assert repr(y).startswith("tensor(0.60")
    assert copy.deepcopy(y).tolist() == copy.copy(y).tolist() == pickle.loads(pickle.dumps(y)).tolist() == y.tolist()
    first = weakref.ref(x)
    del x, y
    assert first() is None
    assert collector.collect() == 0


def test_everything_else_works_on_deep_graphs_too(collector):
    depth = 10_000
    x = leaf([1.0, 2.0])
    y = x
    for _ in range(depth):
        y = y + 0.5 * np.sin(y) * 1e-3
    (dx,) = ag.gradients(y.sum(), x, create_graph=True)
    (second,) = ag.gradients(dx.sum(), x)
    assert np.isfinite(second.data).all()
    graph = ag.Graph(y.sum())
    assert len(graph) > 3 * depth
    before = graph.result.item()
    assert graph.forward([1.0, 2.0]).item() == before
    assert graph.backward()[x].tolist() == dx.tolist()
    assert len(str(graph).splitlines()) == len(graph) + 1
    del x, y, dx, second, graph
    assert collector.collect() == 0


def test_item_assignments_in_a_row(collector):
    x = leaf(np.zeros(4))
    y = x * 1.0
    for i in range(5000):
        y[i % 4] = y[(i + 1) % 4] + 1.0
    y.sum().backward()
    assert x.grad.data.sum() == 4.0
    del x, y
    assert collector.collect() == 0


# -- nothing left over ---------------------------------------------------------------------------------------


def scalars():
    x = leaf(2.0)
    y = x * x + np.sin(x) / x
    y.backward()
    y.backward(keep="all")


def broadcasting():
    w, b = leaf(np.ones((3, 4))), leaf(np.zeros(4))
    ((np.ones((2, 3)) @ w + b) ** 2).sum().backward()


def several_outputs():
    x = leaf(np.arange(6.0))
    first, second = np.split(x, 2)
    values, vectors = np.linalg.eigh(np.outer(first, first))
    (values.sum() + (vectors * 2).sum() + second.sum()).backward()


def hooks():
    x = leaf([1.0, 2.0])
    y = x * 2.0
    handles = [y.register_hook(lambda g: g * 2), x.register_hook(lambda g: None)]
    y.sum().backward()
    handles[0].remove()


def item_assignment():
    x = leaf([1.0, 2.0])
    y = x * 2.0
    z = y * y
    y[0] = 5.0
    (z.sum() + y.sum()).backward()
    buffer = ag.zeros(3)
    for i in range(3):
        buffer[i] = x.sum() * i
    buffer.sum().backward()


def recorded_gradients():
    x = leaf([1.0, 2.0])
    (dx,) = ag.gradients((x**3).sum(), x, create_graph=True)
    (d2x,) = ag.gradients(dx.sum(), x, create_graph=True)
    ag.gradients(d2x.sum(), x)


def changed_values():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    x.data[0] = 5.0
    x.detach().data[0] = 3.0
    with suppress(ag.StaleValueError):
        y.backward()


def errors_in_the_backward_pass():
    x = leaf([1.0, 2.0])
    failing = ag.Primitive("failing", lambda x: x * 1, lambda g, out, x: 1 / 0)
    with suppress(ZeroDivisionError):
        (failing(x * 2.0) * x).sum().backward()
    with suppress(ag.GradientError):
        (x * 2).backward()


def errors_in_hooks():
    x = leaf([1.0, 2.0])
    x.register_hook(lambda g: np.zeros(3))
    with suppress(ag.GradientError):
        (x * x).sum().backward()


def graphs():
    x = leaf([1.0, 2.0])
    graph = ag.Graph.trace(lambda x: ag.where(x > 1, x * x.detach(), 0.0).sum(), x)
    graph.forward([3.0, 4.0])
    graph.backward()


def contexts():
    x = leaf([1.0, 2.0])
    with ag.no_grad():
        y = x.reshape(2, 1).T
        y.data[0] = 1.0
    with ag.record_all():
        (x > 1).detach()
    with ag.detect_anomaly():
        (x * x).sum().backward()


def anomalies():
    x = leaf([0.0, 1.0])
    with suppress(ag.AnomalyError), ag.detect_anomaly():
        np.log(x)


def refused():
    x = leaf([1.0, 2.0])
    for attempt in (lambda: float(x[0]), lambda: np.asarray(x), lambda: np.add(x, x, out=np.zeros(2))):
        with suppress(TypeError):
            attempt()


def copies():
    x = leaf([1.0, 2.0], name="x")
    (x * x).sum().backward()
    copy.deepcopy(x)
    pickle.loads(pickle.dumps(x * 2))


EPISODES = [
    scalars,
    broadcasting,
    several_outputs,
    hooks,
    item_assignment,
    recorded_gradients,
    changed_values,
    errors_in_the_backward_pass,
    errors_in_hooks,
    graphs,
    contexts,
    anomalies,
    refused,
    copies,
]


@pytest.mark.parametrize("episode", EPISODES)
def test_nothing_is_left_for_the_collector(episode):
    episode()  # what is cached once is none of it
    gc.collect()
    gc.disable()
    try:
        episode()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_graph_dies_with_its_result():
    x = leaf([1.0, 2.0])
    hidden = x * 2.0
    middle = weakref.ref(hidden)
    y = hidden.sum()
    table = y.backward()
    del hidden
    assert middle() is not None
    del table, y
    assert middle() is None
    assert x.grad.tolist() == [2.0, 2.0]


def test_constants_do_not_keep_what_they_came_from():
    x = leaf(np.ones(4))
    hidden = x * 2.0
    dead = weakref.ref(hidden)
    kept = [hidden.detach(), hidden.tolist(), hidden.data, hidden > 0]
    del hidden
    assert dead() is None
    assert kept[0].tolist() == [2.0] * 4


def test_filling_a_constant_buffer_keeps_no_old_versions():
    buffer = ag.zeros(1000)
    buffer[0] = 1.0
    first = weakref.ref(buffer._changed.previous) if buffer._changed else None
    assert first is None or first() is None
    for i in range(100):
        buffer[i] = float(i)
    length, change = 0, buffer._changed
    while change is not None and change.previous is not None:
        length, change = length + 1, change.previous._changed
    assert length == 0


def test_changes_do_not_pile_up():
    w = leaf([1.0, 2.0])
    buffer = w * 1.0
    buffer[0] = 5.0
    for _ in range(10):
        buffer.data += 1.0
        w.data += 1.0
    depth, change = 0, buffer._changed
    while change is not None:
        depth, change = depth + 1, change.earlier
    assert depth == 2
    assert w._changed.earlier is None


def test_links_between_tensors_of_one_memory_end_with_them():
    data = ag.tensor(np.arange(10.0))
    for i in range(9):
        batch = data[i : i + 2]
        assert len(data._aliases) == 2
        del batch
    assert len(data._aliases) == 1
    a, b = ag.tensor([1.0]), ag.tensor([2.0])
    link(a, b)
    del b
    assert [alias() for alias in a._aliases] == [a]


# -- memory of large results -----------------------------------------------------------------------------


def test_memory_in_use_is_never_handed_out_and_free_memory_is():
    ag.release_memory()
    first = memory.empty((3, 100), np.dtype(float))
    address = first.ctypes.data
    assert not memory.is_shared(first)
    view = first[1:, ::2]
    assert memory.is_shared(first)
    second = memory.empty((300,), np.dtype(float))
    assert not np.shares_memory(first, second)
    del first
    third = memory.empty((300,), np.dtype(float))  # the view is still there
    assert not np.shares_memory(third, view)
    del view
    again = memory.empty((10, 30), np.dtype(float))
    assert again.ctypes.data == address
    del second, third
    assert ag.release_memory() == 2 * 300 * 8
    again[...] = 1.0
    del again
    assert ag.release_memory() == 300 * 8


def test_large_results_lie_in_memory_that_is_used_again():
    ag.release_memory()
    x = leaf(np.ones(blocks.LARGE + 1))
    with ag.no_grad():
        y = x * 2.0
        address = y.data.ctypes.data
        kept = y.detach()
        assert (x * 3.0).data.ctypes.data != address
        del y
        assert kept.data[0] == 2.0
        assert (x * 4.0).data.ctypes.data != address
        del kept
        assert (x * 5.0).data[-1] == 5.0
    assert ag.release_memory() > 0
    assert ag.release_memory() == 0


def test_free_memory_of_other_sizes_gives_way_at_the_limit(monkeypatch):
    ag.release_memory()
    monkeypatch.setattr(memory, "KEEP", memory._held + 3000)
    kept = memory.empty((125,), np.dtype(float))
    for length in (100, 110, 120):
        memory.empty((length,), np.dtype(float))
    address = memory.empty((150,), np.dtype(float)).ctypes.data
    assert memory.empty((150,), np.dtype(float)).ctypes.data == address
    assert memory._held <= memory.KEEP
    kept[...] = 1.0
    others = [memory.empty((125,), np.dtype(float)) for _ in range(4)]
    for other in others:
        other[...] = 2.0
    assert (kept == 1.0).all()


def test_rules_made_for_one_call_are_let_go_when_a_stale_value_is_refused():
    weak = []
    for _ in range(2):
        x = leaf([1.0, 2.0])
        primitive = ag.Primitive("square", lambda x: x * x, lambda g, out, x, own=x: 2 * g * x)
        y = primitive(x)
        x.data[0] = 3.0
        with pytest.raises(ag.StaleValueError):
            y.sum().backward()
        weak.append(weakref.ref(primitive.rules[0]))
    del x, y, primitive
    assert [reference() for reference in weak] == [None, None]


def test_the_report_counts_views_once_and_what_rules_read():
    x = ag.tensor(np.ones((30, 10)), requires_grad=True)
    w = ag.tensor(np.ones((10, 5)), requires_grad=True)
    product = x.reshape(10, 30).T @ w  # two views of x
    report = ag.Graph(np.exp(product).sum()).memory()
    rows = {row.operation: row for row in report.rows}
    assert rows["leaf"].values == (300 + 50) * 8
    assert rows["leaf"].saved == (300 + 50) * 8, "both are read by the rules of the product"
    assert rows["reshape"].values == 0
    assert (rows["matmul"].values, rows["matmul"].saved) == (150 * 8, 0)
    assert (rows["exp"].values, rows["exp"].saved) == (150 * 8, 150 * 8)
    assert report.values == sum(row.values for row in report.rows) == (300 + 50 + 150 + 150 + 1) * 8
    assert report.saved == (300 + 50 + 150) * 8
    assert str(report).splitlines()[-1].split() == ["all", "7", "5,208", "4,000"]


def test_the_report_of_an_operation_with_several_outputs():
    x = ag.tensor(np.eye(4) + 1.0, requires_grad=True)
    u, s, vh = np.linalg.svd(x)
    report = ag.Graph((u * 2.0).sum() + s.sum() + vh.sum()).memory()
    assert {row.operation for row in report.rows} >= {"svd", "output", "sum", "leaf"}
    assert report.saved > 0


def test_checkpoint_shows_in_the_report():
    def deep(x):
        for _ in range(20):
            x = np.tanh(x * 1.1)
        return x

    x = ag.tensor(np.ones(1000), requires_grad=True)
    plain = ag.Graph(deep(x).sum()).memory()
    checkpointed = ag.Graph(ag.checkpoint(deep)(x).sum()).memory()
    assert checkpointed.values < plain.values / 10
