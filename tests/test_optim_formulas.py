"""Every update rule against its formula, on small and large parameters, and on complex ones."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from optim.flat import BLOCK
from tests import optimizer_formulas as formulas

BETAS = dict(betas=(0.8, 0.95), eps=1e-3)
GRIDS = {
    "SGD": [
        dict(lr=0.1),
        dict(lr=0.1, momentum=0.9),
        dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1, maximize=True),
        dict(lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True, maximize=True),
        dict(lr=0.1, weight_decay=0.1, maximize=True),
    ],
    "ASGD": [
        dict(lr=0.1, lambd=0.2, alpha=0.75, t0=3),
        dict(lr=0.1, lambd=0.01, alpha=0.5, t0=0, weight_decay=0.1, maximize=True),
    ],
    "Adam": [
        dict(lr=0.1, betas=(0.9, 0.999), eps=1e-8),
        dict(lr=0.05, **BETAS, weight_decay=0.1, amsgrad=True, maximize=True),
        dict(lr=0.05, betas=(0.0, 0.0), eps=1e-3, weight_decay=0.1, decoupled_weight_decay=True),
    ],
    "AdamW": [
        dict(lr=0.1, **BETAS, weight_decay=0.3),
        dict(lr=0.1, **BETAS, weight_decay=0.0, amsgrad=True, maximize=True),
    ],
    "Adamax": [dict(lr=0.1, **BETAS), dict(lr=0.1, **BETAS, weight_decay=0.1, maximize=True)],
    "NAdam": [
        dict(lr=0.1, **BETAS, momentum_decay=0.004),
        dict(lr=0.1, **BETAS, momentum_decay=0.3, weight_decay=0.1, maximize=True),
        dict(lr=0.1, **BETAS, momentum_decay=0.3, weight_decay=0.1, decoupled_weight_decay=True, maximize=True),
    ],
    "RAdam": [
        dict(lr=0.1, **BETAS),
        dict(lr=0.1, **BETAS, weight_decay=0.1, maximize=True),
        dict(lr=0.1, **BETAS, weight_decay=0.1, decoupled_weight_decay=True, maximize=True),
    ],
    "Adagrad": [
        dict(lr=0.1, lr_decay=0.0, eps=1e-10),
        dict(lr=0.1, lr_decay=0.1, eps=1e-2, initial_accumulator_value=0.2, weight_decay=0.1, maximize=True),
    ],
    "Adadelta": [
        dict(lr=1.0, rho=0.9, eps=1e-6),
        dict(lr=0.5, rho=0.7, eps=1e-3, weight_decay=0.1, maximize=True),
    ],
    "RMSprop": [
        dict(lr=0.1, alpha=0.9, eps=1e-8),
        dict(lr=0.1, alpha=0.9, eps=1e-2, weight_decay=0.1, centered=True),
        dict(lr=0.1, alpha=0.9, eps=1e-2, momentum=0.7, centered=True, maximize=True),
        dict(lr=0.1, alpha=0.9, eps=1e-2, momentum=0.7),
    ],
    "Rprop": [
        dict(lr=0.1, etas=(0.5, 1.2), step_sizes=(1e-6, 50)),
        dict(lr=0.1, etas=(0.3, 1.5), step_sizes=(0.08, 0.2), maximize=True),
    ],
    "AdaBelief": [dict(lr=0.1, **BETAS), dict(lr=0.1, **BETAS, weight_decay=0.1, maximize=True)],
    "Yogi": [
        dict(lr=0.1, **BETAS, initial_accumulator=1e-6),
        dict(lr=0.1, **BETAS, initial_accumulator=0.5, weight_decay=0.1, maximize=True),
    ],
    "Lion": [dict(lr=0.1, betas=(0.9, 0.99)), dict(lr=0.1, betas=(0.5, 0.7), weight_decay=0.1, maximize=True)],
    "LARS": [
        dict(lr=0.5, momentum=0.9, trust_coefficient=0.1),
        dict(lr=0.5, momentum=0.5, weight_decay=0.2, trust_coefficient=0.1, maximize=True),
        dict(lr=0.1, momentum=0.5, weight_decay=0.2, adapt=False),
    ],
    "LAMB": [
        dict(lr=0.1, **BETAS),
        dict(lr=0.1, **BETAS, weight_decay=0.2, maximize=True),
        dict(lr=0.1, **BETAS, weight_decay=0.2, adapt=False),
    ],
    "Adafactor": [
        dict(lr=0.1, beta2_decay=-0.8, eps=(1e-7, 1e-3), d=1.0),
        dict(lr=0.1, beta2_decay=-0.5, eps=(1e-1, 1e-1), d=1.5, weight_decay=0.2, maximize=True),
    ],
    "Muon": [
        dict(lr=0.1, weight_decay=0.1, momentum=0.95, nesterov=True, ns_steps=5),
        dict(lr=0.1, weight_decay=0.0, momentum=0.5, nesterov=False, ns_steps=3, adjust_lr_fn="match_rms_adamw"),
    ],
    "Shampoo": [
        dict(lr=0.1, momentum=0.0, eps=1e-4),
        dict(lr=0.1, momentum=0.9, eps=0.3, weight_decay=0.1, update_freq=3, maximize=True),
    ],
    "SparseAdam": [dict(lr=0.1, **BETAS), dict(lr=0.1, **BETAS, maximize=True)],
}
FORMULAS = {name: getattr(formulas, "sparse_adam" if name == "SparseAdam" else name.lower()) for name in GRIDS}
ELEMENTWISE = [name for name in GRIDS if issubclass(getattr(optim, name), optim.Elementwise)]
CASES = [(name, options) for name, grid in GRIDS.items() for options in grid]

SMALL = [(3, 4), (), (5,), (6,), (2, 1, 3), (1, 1), (0,)]
LARGE = [(3, 4), (BLOCK + 7,), (2, BLOCK), (6,)]  # parameters that share a block, and that are cut into blocks
SHAPES = {"Muon": [(3, 4), (5, 2), (2, 2)], "Shampoo": [(3, 4), (2, 3, 2)], "SparseAdam": [(6, 4), (5,), (4, 2, 3)]}


def run(name, options, shapes, steps=12, dtype=np.float64):
    """The parameters after some steps, and what the formula says."""
    rng = np.random.default_rng(5)
    starts = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    parameters = [nn.Parameter(start.copy()) for start in starts]
    optimizer = getattr(optim, name)(parameters, **options)
    history = [[] for _ in parameters]
    for _ in range(steps):
        for parameter, past in zip(parameters, history):
            gradient = rng.standard_normal(parameter.shape).astype(dtype)
            if name == "SparseAdam":
                gradient[rng.integers(0, len(gradient), 2)] = 0
            past.append(gradient)
            parameter.grad = ag.tensor(gradient)
        optimizer.step()
    expected = [FORMULAS[name](start, past, **options) for start, past in zip(starts, history)]
    return parameters, expected


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_twelve_steps_equal_the_formula(name, options):
    shapes = SHAPES.get(name, SMALL[:-1] if name == "Adafactor" else SMALL)
    for parameter, expected in zip(*run(name, options, shapes)):
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_large_parameters(name):
    for parameter, expected in zip(*run(name, GRIDS[name][1], LARGE, steps=3)):
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_single_precision(name, options):
    for parameter, expected in zip(*run(name, options, SHAPES.get(name, SMALL[:2]), dtype=np.float32)):
        assert parameter.dtype == np.float32
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_complex_parameters_count_as_two_real_ones(name):
    rng = np.random.default_rng(1)
    start = rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))
    options = GRIDS[name][1]
    whole = ag.tensor(start.T.copy().T, requires_grad=True)  # not in C order
    parts = [ag.tensor(part.copy(), requires_grad=True) for part in (start.real, start.imag)]
    optimizers = [getattr(optim, name)(parameters, **options) for parameters in ([whole], parts)]
    for _ in range(5):
        gradient = rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))
        whole.grad = ag.tensor(gradient)
        parts[0].grad, parts[1].grad = ag.tensor(gradient.real), ag.tensor(gradient.imag)
        for optimizer in optimizers:
            optimizer.step()
    result = whole.detach().numpy()
    np.testing.assert_array_equal(result.real, parts[0].detach().numpy())
    np.testing.assert_array_equal(result.imag, parts[1].detach().numpy())
    for entry in optimizers[0].state_dict()["state"].values():
        assert all(value.dtype == result.dtype for value in entry.values() if isinstance(value, np.ndarray))


@pytest.mark.parametrize("name", ["Adafactor", "LAMB", "LARS", "Muon", "Shampoo", "SparseAdam"])
def test_complex_parameters_are_refused_where_a_rule_sees_the_whole(name):
    with pytest.raises(ValueError, match=r"expected real parameters, got one of dtype complex128"):
        getattr(optim, name)([ag.tensor(np.ones((2, 2)) + 1j, requires_grad=True)])


def test_the_average_of_asgd():
    x = ag.tensor(1.0, requires_grad=True)
    optimizer = optim.ASGD([x], lr=0.1, lambd=0.0, t0=2)
    path = []
    for _ in range(6):
        x.grad = ag.tensor(1.0)
        optimizer.step()
        path.append(x.item())
    assert optimizer.state[x]["ax"] == pytest.approx(np.mean(path[3:]))


def test_zero_norms_leave_the_rate_alone():
    for name, expected in (("LAMB", -0.1), ("LARS", -0.1)):
        x = ag.tensor(np.zeros(3), requires_grad=True)
        optimizer = getattr(optim, name)([x], lr=0.1)
        x.grad = ag.tensor(np.zeros(3))
        optimizer.step()
        assert x.tolist() == [0.0, 0.0, 0.0]
        x.grad = ag.tensor(np.ones(3))
        optimizer = getattr(optim, name)([x], lr=0.1)
        optimizer.step()
        np.testing.assert_allclose(x.detach().numpy(), expected, rtol=1e-5)


def test_adafactor_of_an_empty_parameter():
    x = ag.tensor(np.zeros((0, 3)), requires_grad=True)
    x.grad = ag.tensor(np.zeros((0, 3)))
    optim.Adafactor([x]).step()
    assert x.shape == (0, 3)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_muons_polynomial_acts_on_the_singular_values(shape):
    matrix = np.random.default_rng(0).standard_normal(shape)
    made = optim.first_order.matrices.orthogonalized(matrix, (3.4445, -4.775, 2.0315), 5, 1e-7)
    values = np.linalg.svd(made, compute_uv=False)
    assert np.all((values > 0.3) & (values < 1.3))


@pytest.mark.parametrize(("name", "options"), [(name, grid[-1]) for name, grid in GRIDS.items()], ids=str)
def test_gradients_are_left_alone(name, options):
    rng = np.random.default_rng(2)
    parameters = [nn.Parameter(rng.standard_normal(shape)) for shape in SHAPES.get(name, [(3, 2), (4,)])]
    optimizer = getattr(optim, name)(parameters, **options)
    before = []
    for parameter in parameters:
        gradient = rng.standard_normal(parameter.shape)
        before.append(gradient.copy())
        gradient.flags.writeable = False
        parameter.grad = ag.tensor(gradient)
    for _ in range(3):
        optimizer.step()
    for parameter, gradient in zip(parameters, before):
        np.testing.assert_array_equal(parameter.grad.numpy(), gradient)


@pytest.mark.parametrize("name", GRIDS)
def test_arrays_of_the_program_are_left_alone(name):
    for value in (np.ones((2, 2)), np.broadcast_to(np.ones(2), (2, 2))):
        parameter = ag.Tensor(value, requires_grad=True)
        optimizer = getattr(optim, name)([parameter], **GRIDS[name][0])
        parameter.grad = ag.tensor([[1.0, 2.0], [3.0, -1.0]])
        optimizer.step()
        assert (value == 1).all()
        assert (parameter.detach().numpy() != 1).all()
