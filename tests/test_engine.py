"""The backward pass: accumulation, order, any node, higher order, dtypes, complex numbers."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.graph import topological_order


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


# -- accumulation and order ------------------------------------------------------------------------


def test_worked_example_to_nine_digits():
    """The 2-2-2 sigmoid network with squared error, from the textbook."""
    x1, x2 = ag.tensor(0.05), ag.tensor(0.10)
    w1, w2, w3, w4, w5, w6, w7, w8 = (leaf(w) for w in (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55))
    b1, b2 = leaf(0.35), leaf(0.60)

    def sigmoid(net):
        return 1.0 / (1.0 + ag.exp(-net))

    h1, h2 = sigmoid(w1 * x1 + w2 * x2 + b1), sigmoid(w3 * x1 + w4 * x2 + b1)
    o1, o2 = sigmoid(w5 * h1 + w6 * h2 + b2), sigmoid(w7 * h1 + w8 * h2 + b2)
    error = 0.5 * ((0.01 - o1) ** 2 + (0.99 - o2) ** 2)
    error.backward()
    assert [round(t.item(), 9) for t in (o1, o2, error)] == [0.751365070, 0.772928465, 0.298371109]
    assert round(w5.grad.item(), 9) == 0.082167041
    assert round(w1.grad.item(), 9) == 0.000438568
    assert round(w5.item() - 0.5 * w5.grad.item(), 9) == 0.358916480
    assert round(w1.item() - 0.5 * w1.grad.item(), 9) == 0.149780716


def test_repeated_backward_accumulates_exactly():
    x = leaf(3.0)
    y = x * x
    for times in range(1, 5):
        y.backward()
        assert x.grad.item() == 6.0 * times


def test_backward_accumulates_over_graphs_and_zero_grad_forgets():
    x = leaf([1.0, 2.0])
    (x * 2.0).sum().backward()
    (x * 3.0).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]
    assert x.zero_grad_() is x
    assert x.grad is None


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a: a * a, 6.0),
        (lambda a: a + a, 2.0),
        (lambda a: a - a, 0.0),
        (lambda a: a / a, 0.0),
        (lambda a: a**a, 27.0 * (np.log(3.0) + 1.0)),
        (lambda a: (a * a) * (a * a), 108.0),
        (lambda a: ag.stack([a, a, a]).sum(), 3.0),
    ],
)
def test_repeated_parents_count_each_time(function, expected):
    a = leaf(3.0)
    function(a).backward()
    assert a.grad.item() == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_a_node_passes_on_only_when_its_sum_is_complete():
    """b = a + a, c = b + b: who passes on too early gets 2 or 6 instead of 4."""
    a = leaf(1.0)
    b = a + a
    c = b + b
    table = c.backward(keep="all")
    assert (table[c].item(), table[b].item(), table[a].item()) == (1.0, 2.0, 4.0)

    def breadth_first(result):  # the wrong way: every arrival is passed on, what came before included
        grads = {result: 1.0}
        pending = [result]
        while pending:
            node = pending.pop(0)
            for parent in node.parents:
                grads[parent] = grads.get(parent, 0.0) + grads[node]
                pending.append(parent)
        return grads

    assert breadth_first(c)[a] != 4.0


def test_late_and_early_users_of_a_node():
    a = leaf(2.0)
    b = a * 3.0
    c = b * b  # 36
    d = c + b  # 42
    e = d * b  # 252
    (de,) = ag.gradients(e, b)
    assert de.item() == 3 * 6.0**2 + 2 * 6.0  # e = b³ + b²
    e.backward()
    assert a.grad.item() == 3.0 * de.item()


def test_topological_order_is_the_order_of_creation():
    a = leaf(1.0)
    b = a * 2.0
    c = b + a
    assert topological_order([c, b]) == [a, b, c]
    constant = ag.tensor(1.0)
    d = c * constant
    assert constant not in set(topological_order([d]))
    assert constant in set(topological_order([d], constants=True))


# -- gradients of any node -------------------------------------------------------------------------


def test_gradients_with_respect_to_inner_nodes_leave_grad_alone():
    x = leaf([1.0, 2.0])
    h = x * x
    y = (h * h).sum()
    dx, dh = ag.gradients(y, [x, h])
    assert dx.tolist() == [4.0, 32.0]
    assert dh.tolist() == [2.0, 8.0]
    assert x.grad is None
    assert h.grad is None


def test_gradients_of_several_outputs_add_up():
    x = leaf([1.0, 2.0])
    first, second = x * 2.0, x * x
    (dx,) = ag.gradients([first, second], x, [np.array([1.0, 0.0]), ag.tensor([0.0, 1.0])])
    assert dx.tolist() == [2.0, 4.0]
    (dx,) = ag.gradients([first.sum(), first.sum()], [x])
    assert dx.tolist() == [4.0, 4.0]


def test_gradient_of_an_output_with_respect_to_itself_is_its_seed():
    x = leaf(2.0)
    y = x * x
    dy, dx = ag.gradients([y], [y, x], [5.0])
    assert (dy.item(), dx.item()) == (5.0, 20.0)


def test_unused_inputs_raise_or_give_none():
    x, z = leaf(1.0), leaf(1.0)
    y = x * 2.0
    assert ag.gradients(y, [x, z], allow_unused=True)[1] is None
    with pytest.raises(ag.GradientError, match=r"gradients: expected inputs that the outputs depend on, got input 1"):
        ag.gradients(y, [x, z])


def test_inner_gradients_are_kept_on_request():
    x = leaf(2.0)
    h = x * x
    y = h * 3.0
    y.backward()
    assert h.grad is None
    table = y.backward(keep="all")
    assert h.grad.item() == 3.0
    assert y.grad.item() == 1.0
    assert list(table) == [y, h, x]
    y.backward(keep="all")
    assert (h.grad.item(), x.grad.item()) == (6.0, 36.0)


def test_backward_can_be_restricted_to_some_inputs():
    x, w = leaf(2.0), leaf(3.0)
    h = x * w
    (h * h).backward(inputs=[h, w])
    assert x.grad is None
    assert h.grad.item() == 12.0
    assert w.grad.item() == 24.0


def test_the_inputs_may_be_one_tensor_or_an_iterator():
    x, w = leaf([2.0]), leaf([3.0])
    y = (x * w).sum()
    y.backward(inputs=w)
    y.backward(inputs=iter([w]))
    assert w.grad.tolist() == [4.0]
    assert x.grad is None


def test_grad_table_prints_and_finds_names():
    a, b = leaf(2.0, name="a"), leaf(3.0, name="b")
    table = (a * b).backward()
    assert str(table) == "node  operation  value  gradient\nb     leaf       3      2\na     leaf       2      3"
    assert table["a"].item() == 3.0
    assert dict(table).keys() == {a, b}
    with pytest.raises(KeyError, match=r"no node in the grad_table has the name 'c'; the names are \['a', 'b'\]"):
        table["c"]


# -- higher order ----------------------------------------------------------------------------------


def test_create_graph_gives_derivatives_of_any_order():
    x = leaf(2.0)
    y = x**5
    expected = [80.0, 160.0, 240.0, 240.0, 120.0]
    for value in expected:
        (y,) = ag.gradients(y, x, create_graph=True)
        assert y.item() == pytest.approx(value, rel=1e-12)


def test_mixed_second_derivatives():
    x, y = leaf(2.0), leaf(3.0)
    f = x * x * y + ag.sin(x * y)
    dx, dy = ag.gradients(f, [x, y], create_graph=True)
    (dxy,) = ag.gradients(dx, y)
    (dyx,) = ag.gradients(dy, x)
    expected = 2 * 2.0 + np.cos(6.0) - 6.0 * np.sin(6.0)
    assert dxy.item() == pytest.approx(expected, rel=1e-12)
    assert dyx.item() == pytest.approx(expected, rel=1e-12)


def test_backward_with_create_graph_gives_a_grad_that_can_be_differentiated():
    x = leaf(3.0)
    (x**3).backward(create_graph=True)
    gradient, x.grad = x.grad, None
    gradient.backward()
    assert x.grad.item() == 18.0


def test_gradient_penalty_reaches_the_parameters():
    w, x = leaf([[1.0, -2.0], [0.5, 3.0]]), leaf([1.0, 2.0])
    y = ag.tanh(w @ x).sum()
    (dx,) = ag.gradients(y, x, create_graph=True)
    (dx * dx).sum().backward()

    def penalty(values):
        s = 1 - np.tanh(values @ x.data) ** 2
        return float(((s @ values) ** 2).sum())

    step = 1e-6
    for index in np.ndindex(2, 2):
        up, down = w.data.copy(), w.data.copy()
        up[index] += step
        down[index] -= step
        assert w.grad.data[index] == pytest.approx((penalty(up) - penalty(down)) / (2 * step), rel=1e-5, abs=1e-9)


# -- operations with several outputs ---------------------------------------------------------------


def test_outputs_that_are_not_used_contribute_nothing():
    x = leaf([1.0, 2.0, 3.0, 4.0])
    first, second = np.split(x, 2)
    (second * second).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 6.0, 8.0]
    (first * 10.0).sum().backward()
    assert x.grad.tolist() == [10.0, 10.0, 6.0, 8.0]


def test_all_outputs_meet_in_one_rule():
    a = leaf(np.diag([1.0, 2.0]) + 0.1)
    values, vectors = np.linalg.eigh(a)
    ((vectors * values) @ vectors.T).sum().backward()  # puts the matrix together again
    np.testing.assert_allclose(a.grad.data, np.ones((2, 2)), atol=1e-12)


def test_second_derivatives_through_several_outputs():
    a = leaf([[2.0, 0.3], [0.3, 1.0]])
    values, _ = np.linalg.eigh(a)
    (first,) = ag.gradients((values**3).sum(), a, create_graph=True)  # tr A³, so 3 A²
    np.testing.assert_allclose(first.data, 3 * a.data @ a.data, rtol=1e-12)
    (second,) = ag.gradients(np.trace(first), a)  # 6 A
    np.testing.assert_allclose(second.data, 6 * a.data, rtol=1e-10)


def test_an_integer_output_is_a_constant():
    mantissa, exponent = np.frexp(leaf([3.0, 10.0]))
    assert not exponent.requires_grad
    assert exponent.tolist() == [2, 4]
    assert mantissa.tolist() == [0.75, 0.625]


# -- dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_results_and_gradients_keep_the_dtype(dtype):
    x = leaf(np.array([1.0, 2.0], dtype))
    y = ((2 * x + 1.0) ** 2 / 3 - x.mean() * 0.5).sum()
    assert y.dtype == dtype
    (y.real if y.dtype.kind == "c" else y).backward()
    assert x.grad.dtype == dtype


def test_mixed_dtypes_promote_as_numpy_and_gradients_come_back_in_each_ones_own():
    a, b = leaf(np.float32([1.0, 2.0])), leaf([3.0, 4.0])
    c = ag.tensor([1, 2])
    y = a * b + c
    assert y.dtype == (a.data * b.data + c.data).dtype == np.float64
    y.sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    half = leaf(np.float16([1.0, 2.0]))
    assert (half * a).dtype == np.float32
    assert (ag.tensor([1, 2]) / 2).dtype == np.float64
    assert (a * True + 1 - 2.5).dtype == np.float32
    assert (a * 1j).dtype == np.complex64
    assert (a * np.float64(2.0)).dtype == (a.data * np.float64(2.0)).dtype


def test_the_gradient_of_a_real_input_of_a_complex_result_is_real():
    x = leaf([1.0, 2.0])
    z = x * (3.0 + 4.0j)
    (z.real + 2 * z.imag).sum().backward()
    assert x.grad.dtype == np.float64
    assert x.grad.tolist() == [11.0, 11.0]


# -- complex numbers: dL/da + i dL/db for z = a + ib -----------------------------------------------


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        (lambda z: (z * z.conj()).real, lambda z: 2 * z),
        (lambda z: np.abs(z), lambda z: z / abs(z)),
        (lambda z: (z * z).real, lambda z: np.conj(2 * z)),
        (lambda z: (z * z).imag, lambda z: 1j * np.conj(2 * z)),
        (lambda z: np.exp(z).real, lambda z: np.conj(np.exp(z))),
        (lambda z: np.angle(z), lambda z: 1j * z / abs(z) ** 2),
        (lambda z: (z * (2 + 1j)).real, lambda z: 2 - 1j),
        (lambda z: (1 / z).real, lambda z: np.conj(-1 / z**2)),
    ],
)
def test_complex_gradients_point_uphill(function, gradient):
    value = np.complex128(1.5 - 0.7j)
    z = leaf(value)
    y = function(z)
    y.backward()
    assert z.grad.item() == pytest.approx(complex(gradient(value)), rel=1e-12)
    step = 1e-6
    along = [(function(value + d) - function(value - d)) / (2 * step) for d in (step, 1j * step)]
    assert z.grad.item() == pytest.approx(complex(*along), rel=1e-6)


def test_complex_seed_and_complex_second_derivative():
    z = leaf([1.0 + 2.0j, -0.5j])
    w = z * z
    seed = np.array([1.0 - 1.0j, 2.0j])
    (dz,) = ag.gradients(w, z, [seed], create_graph=True)
    np.testing.assert_allclose(dz.data, seed * np.conj(2 * z.data))
    # L = Σ |dz|² = Σ |seed|² 4 |z|², whose gradient is 8 |seed|² z
    (second,) = ag.gradients((dz * dz.conj()).real.sum(), z)
    np.testing.assert_allclose(second.data, 8 * abs(seed) ** 2 * z.data)


# -- memory of gradients ---------------------------------------------------------------------------


def all_apart(arrays):
    arrays = [a for a in arrays if isinstance(a, np.ndarray)]
    return not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def test_gradients_share_memory_with_nothing():
    a, b, c = (leaf(np.arange(1.0, 5.0)) for _ in range(3))
    seed = np.ones((2, 2))
    y = (a + b).reshape(2, 2) + c.reshape(2, 2).T
    y.backward(seed)
    saved = [x for node in topological_order([y], constants=True) for x in (node._data, *node.inputs)]
    grads = [t.grad._data for t in (a, b, c)]
    assert all_apart([seed, *grads])
    assert not any(np.shares_memory(g, s) for g in grads for s in saved)
    a.grad.data[:] = 7.0
    assert seed.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert b.grad.tolist() == [1.0] * 4


def test_kept_gradients_share_memory_with_nothing():
    a = leaf([1.0, 2.0])
    b = a + 1.0
    c = b - 0.5
    table = c.backward(np.ones(2), keep="all")
    assert all_apart([g._data for g in table.values()])
    first = a.grad
    c.backward(np.ones(2), keep="all")
    assert all_apart([a.grad._data, b.grad._data, c.grad._data])
    assert first.tolist() == [1.0, 1.0], "a gradient taken earlier was written into"


def test_gradients_function_gives_memory_of_its_own():
    x = leaf([1.0, 2.0])
    seed = np.array([1.0, 1.0])
    first, second = ag.gradients([x + 0.0, x * 1.0], [x, x], [seed, seed])
    assert first is second or all_apart([first._data, second._data, seed])
    (g,) = ag.gradients(x.reshape(2, 1), x, [np.ones((2, 1))])
    g.data[0] = 5.0
    assert x.tolist() == [1.0, 2.0]


def test_broadcast_gradients_can_be_written_into():
    x = leaf(np.zeros((2, 3)))
    x.sum().backward()
    x.grad.data[0, 0] = 5.0
    assert x.grad.tolist() == [[5.0, 1.0, 1.0], [1.0, 1.0, 1.0]]


# -- copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_copies_hold_the_value_and_not_the_graph(duplicate):
    x = leaf([1.0, 2.0], name="x")
    y = x * 2.0
    y.name = "y"
    for original in (x, y, ag.tensor(3), leaf(1.5), x.sum()):
        made = duplicate(original)
        assert type(made) is ag.Tensor
        assert made.is_leaf
        assert made.parents == ()
        assert made.requires_grad == original.requires_grad
        assert made.name == original.name
        assert made.dtype == original.dtype
        assert made.tolist() == original.tolist()
        assert all_apart([made._data, original._data])


def test_deepcopy_copies_the_gradient_and_keeps_identities():
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    first, second = copy.deepcopy([x, x])
    assert first is second
    assert first.grad.tolist() == [2.0, 4.0]
    assert all_apart([first.grad._data, x.grad._data])


def test_clone_keeps_the_graph():
    x = leaf([1.0, 2.0])
    y = x.clone()
    assert all_apart([x._data, y._data])
    (y * y).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


# -- threads ---------------------------------------------------------------------------------------


def test_threads_record_their_own_graphs():
    failures = []

    def work(number):
        try:
            w = leaf(np.full(8, 1.0 + number))
            for _ in range(60):
                w.grad = None
                y = w
                for _ in range(20):
                    y = y * 1.01 + 0.0 * w
                y.sum().backward()
                np.testing.assert_allclose(w.grad.data, np.full(8, 1.01**20), rtol=1e-12)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
