"""Optimizers beside PyTorch's: a hundred steps with the same numbers, state dicts that move both ways."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest

import autograd_core as ag
import optim
from conformance.optimizer_problems import MATRICES, PROBLEMS, Ours, Theirs, agree, train

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def double_precision():
    """PyTorch keeps the single numbers of a state (``mu_product``, ``eta``) in its default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


GRIDS = {
    "SGD": [
        dict(lr=1e-3),
        dict(lr=1e-3, momentum=0.9),
        dict(lr=1e-3, momentum=0.8, dampening=0.3, weight_decay=0.05),
        dict(lr=1e-3, momentum=0.9, nesterov=True, weight_decay=0.05),
        dict(lr=1e-3, weight_decay=0.1, maximize=True),
    ],
    "Adam": [
        dict(),
        dict(lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.05),
        dict(lr=0.02, amsgrad=True),
        dict(lr=0.02, weight_decay=0.1, decoupled_weight_decay=True),
        dict(lr=0.01, maximize=True, weight_decay=0.01, amsgrad=True),
        dict(lr=0.02, betas=(0.0, 0.5)),
    ],
    "AdamW": [
        dict(lr=0.02),
        dict(lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.3, amsgrad=True),
        dict(lr=0.01, maximize=True),
    ],
    "Adamax": [
        dict(),
        dict(lr=0.05, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.05),
        dict(lr=0.01, maximize=True),
    ],
    "NAdam": [
        dict(),
        dict(lr=0.005, betas=(0.7, 0.95), eps=1e-2, weight_decay=0.05, momentum_decay=0.1),
        dict(lr=0.02, weight_decay=0.1, decoupled_weight_decay=True),
        dict(lr=0.01, maximize=True),
    ],
    "RAdam": [
        dict(),
        dict(lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.05),
        dict(lr=0.02, weight_decay=0.1, decoupled_weight_decay=True),
        dict(lr=1e-4, maximize=True, betas=(0.9, 0.5)),
    ],
    "Adagrad": [
        dict(lr=0.1),
        dict(lr=0.1, lr_decay=0.05, weight_decay=0.05, initial_accumulator_value=0.3, eps=1e-3),
        dict(lr=0.01, maximize=True),
    ],
    "Adadelta": [
        dict(),
        dict(lr=0.5, rho=0.7, eps=1e-3, weight_decay=0.05),
        dict(lr=0.1, maximize=True),
    ],
    "RMSprop": [
        dict(),
        dict(lr=0.002, alpha=0.8, eps=1e-3, weight_decay=0.05),
        dict(lr=0.005, momentum=0.8, centered=True, eps=1e-2),
        dict(lr=0.005, centered=True, eps=1e-3),
        dict(lr=0.005, momentum=0.5, maximize=True),
    ],
    "Rprop": [
        dict(),
        dict(lr=0.1, etas=(0.3, 1.5), step_sizes=(1e-3, 0.2)),
        dict(lr=0.001, step_sizes=(1e-6, 0.01), maximize=True),
    ],
    "ASGD": [
        dict(lr=1e-3),
        dict(lr=2e-3, lambd=0.1, alpha=0.5, t0=10, weight_decay=0.05),
        dict(lr=1e-3, t0=0, maximize=True),
    ],
    "Adafactor": [
        dict(),
        dict(lr=0.05, beta2_decay=-0.5, eps=(1e-3, 1e-2), d=2.0, weight_decay=0.1),
        dict(lr=0.02, maximize=True),
    ],
}
CASES = [(name, options) for name, grid in GRIDS.items() for options in grid]


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("name", "options"), CASES, ids=lambda x: str(x))
def test_a_hundred_steps(name, options, problem):
    if problem == "Rosenbrock" and name in ("SGD", "ASGD", "RAdam"):  # whose steps are as long as the gradient
        options = {**options, "lr": 0.01 * options.get("lr", 1e-3)}
    ours, theirs = Ours(PROBLEMS[problem]), Theirs(PROBLEMS[problem])
    a = getattr(optim, name)(ours.parameters, **options)
    b = getattr(torch.optim, name)(theirs.parameters, **options)
    agree(train(ours, a, 100), train(theirs, b, 100))
    same_state(a, b)


def same_state(ours, theirs, rtol=1e-6):
    a, b = ours.state_dict()["state"], theirs.state_dict()["state"]
    assert a.keys() == b.keys()
    for number, entry in b.items():
        assert a[number].keys() == entry.keys()
        for key, value in entry.items():
            value = np.asarray(value)
            np.testing.assert_allclose(a[number][key], value, rtol=rtol, atol=rtol * np.abs(value).max(initial=1e-12))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(
    "options",
    [
        dict(lr=0.01),
        dict(lr=0.02, max_iter=5, history_size=2),
        dict(line_search_fn="strong_wolfe"),
        dict(line_search_fn="strong_wolfe", max_iter=3, history_size=2, lr=0.5),
        dict(line_search_fn="strong_wolfe", max_iter=4, max_eval=6, tolerance_grad=1e-3),
    ],
    ids=str,
)
def test_lbfgs(options, problem):
    ours, theirs = Ours(PROBLEMS[problem]), Theirs(PROBLEMS[problem])
    a, b = optim.LBFGS(ours.parameters, **options), torch.optim.LBFGS(theirs.parameters, **options)
    # Its quotients of small differences multiply rounding errors, so that no more steps can be compared.
    agree(train(ours, a, 3, closure=True), train(theirs, b, 3, closure=True))
    one, other = a.state_dict()["state"][0], b.state_dict()["state"][0]
    assert (one["n_iter"], one["func_evals"]) == (other["n_iter"], other["func_evals"])


CURVES = {
    "parabola": lambda t: (t - 3) ** 2,
    "quartic": lambda t: (t - 1.5) ** 4 + 0.1 * t,
    "quotient": lambda t: -t / (t * t + 2),
    "steep": lambda t: (t - 0.01) ** 2 * (1 + 100 * t * t),
    "root": lambda t: (1 + (t - 20) ** 2) ** 0.5 + 0.01 * (t - 5) ** 2,
}


@pytest.mark.parametrize("step", [1e-3, 0.1, 1.0, 10.0, 300.0])
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("c2", [0.9, 0.1, 0.001])
def test_the_strong_wolfe_search(curve, step, c2):
    function = CURVES[curve]
    result = optim.line_search.StrongWolfe(c2=c2).search(function, step=step)

    def evaluate(x, t, d):
        at = torch.tensor(float(t), requires_grad=True)
        value = function(at)
        value.backward()
        return value.item(), at.grad.reshape(1)

    value, gradient = evaluate(None, 0.0, None)
    search = importlib.import_module("torch.optim.lbfgs")._strong_wolfe
    found, _, t, evaluations = search(evaluate, None, step, torch.ones(1), value, gradient, gradient[0], c2=c2)
    assert result.evaluations == evaluations + 1  # with the start
    np.testing.assert_allclose([result.step, result.value], [float(t), found], rtol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        dict(),
        dict(lr=0.02, weight_decay=0.3, momentum=0.8, nesterov=False),
        dict(lr=0.02, adjust_lr_fn="match_rms_adamw", ns_steps=3, ns_coefficients=(2.0, -1.5, 0.5)),
    ],
    ids=str,
)
def test_muon(options, monkeypatch):
    # PyTorch makes the matrices orthogonal in bfloat16; in double precision its numbers are ours.
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    ours, theirs = Ours(MATRICES), Theirs(MATRICES)
    a, b = optim.Muon(ours.parameters, **options), torch.optim.Muon(theirs.parameters, **options)
    agree(train(ours, a, 100), train(theirs, b, 100))
    same_state(a, b)


def test_muon_beside_pytorchs_bfloat16():
    ours, theirs = Ours(MATRICES), Theirs(MATRICES)
    a, b = optim.Muon(ours.parameters, lr=0.01), torch.optim.Muon(theirs.parameters, lr=0.01)
    agree(train(ours, a, 10), train(theirs, b, 10), 5e-3)


@pytest.mark.parametrize("options", [dict(), dict(lr=0.02, betas=(0.7, 0.9), eps=1e-3, maximize=True)], ids=str)
def test_sparse_adam(options):
    rng = np.random.default_rng(3)
    start = rng.standard_normal((6, 3))
    mine, its = ag.tensor(start, requires_grad=True), torch.tensor(start, requires_grad=True)
    a, b = optim.SparseAdam([mine], **options), torch.optim.SparseAdam([its], **options)
    for _ in range(100):
        gradient = rng.standard_normal((6, 3))
        gradient[rng.permutation(6)[: rng.integers(1, 6)]] = 0
        mine.grad, its.grad = ag.tensor(gradient), torch.tensor(gradient).to_sparse(1)
        a.step()
        b.step()
    agree([[mine.detach().numpy()]], [[its.detach().numpy()]])
    same_state(a, b)


# -- complex parameters, float32, groups -----------------------------------------------------------


COMPLEX = [name for name in GRIDS if name not in ("Adafactor",)]


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_parameters(name):
    rng = np.random.default_rng(4)
    start = rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))
    options = GRIDS[name][1]
    mine, its = ag.tensor(start, requires_grad=True), torch.tensor(start, requires_grad=True)
    a, b = getattr(optim, name)([mine], **options), getattr(torch.optim, name)([its], **options)
    for _ in range(50):
        gradient = mine.detach().numpy() * (1 + 0.3 * rng.standard_normal((2, 3)))
        mine.grad, its.grad = ag.tensor(gradient), torch.tensor(gradient)
        a.step()
        b.step()
    agree([[mine.detach().numpy()]], [[its.detach().numpy()]])
    same_state(a, b)


@pytest.mark.parametrize("name", GRIDS)
def test_single_precision(name):
    options = GRIDS[name][1]
    ours, theirs = Ours(PROBLEMS["network"], np.float32), Theirs(PROBLEMS["network"], np.float32)
    a = getattr(optim, name)(ours.parameters, **options)
    b = getattr(torch.optim, name)(theirs.parameters, **options)
    agree(train(ours, a, 20), train(theirs, b, 20), 1e-3)
    assert all(p.dtype == np.float32 for p in ours.parameters)
    for entry in a.state.values():
        assert all(value.dtype == np.float32 for value in entry.values() if isinstance(value, np.ndarray))


def test_groups_and_a_parameter_without_gradient():
    ours, theirs = Ours(PROBLEMS["network"]), Theirs(PROBLEMS["network"])
    for name in ("NAdam", "ASGD", "Adagrad", "Adafactor", "Rprop"):
        optimizers = []
        for side, library in ((ours, optim), (theirs, torch.optim)):
            first, *rest = side.parameters
            groups = [{"params": [first], "lr": 0.003}, {"params": rest}]
            optimizers.append(getattr(library, name)(groups, lr=0.01))
        for step in range(9):
            for side, optimizer in zip((ours, theirs), optimizers):
                side.closure()
                if step % 3 == 1:
                    side.parameters[2].grad = None
                if step == 4:
                    optimizer.param_groups[1]["lr"] = 0.02
                optimizer.step()
        agree([ours.values()], [theirs.values()])
        same_state(*optimizers)


# -- signatures and state dicts ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [*GRIDS, "LBFGS", "Muon", "SparseAdam"])
def test_signatures(name):
    ours, theirs = (inspect.signature(getattr(library, name)).parameters for library in (optim, torch.optim))
    assert [key for key in ours if key != "nonfinite"] == list(theirs)
    for key, parameter in theirs.items():
        assert ours[key].kind == parameter.kind, key
        assert ours[key].default == parameter.default, key


def as_torch(value):
    """Our state as PyTorch keeps it: arrays as Tensors, step counts too."""
    if isinstance(value, dict):
        return {key: torch.tensor(float(v)) if key == "step" else as_torch(v) for key, v in value.items()}
    if isinstance(value, list):
        return [as_torch(v) for v in value]
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


ALL = [(name, GRIDS[name][1]) for name in GRIDS] + [("LBFGS", dict(line_search_fn="strong_wolfe", max_iter=3))]


@pytest.mark.parametrize(("name", "options"), ALL, ids=str)
@pytest.mark.parametrize("to_torch", [True, False])
def test_state_dicts_move_both_ways(name, options, to_torch):
    closure = name == "LBFGS"
    ours, theirs = Ours(PROBLEMS["network"]), Theirs(PROBLEMS["network"])
    a = getattr(optim, name)(ours.parameters, **options)
    b = getattr(torch.optim, name)(theirs.parameters, **options)
    straight = Theirs(PROBLEMS["network"])
    expected = train(straight, getattr(torch.optim, name)(straight.parameters, **options), 20, closure)
    first, second = (ours, theirs) if to_torch else (theirs, ours)
    train(first, a if to_torch else b, 10, closure)
    if to_torch:
        b.load_state_dict({"state": as_torch(a.state_dict()["state"]), "param_groups": a.state_dict()["param_groups"]})
    else:
        a.load_state_dict(b.state_dict())
    for source, target in zip(first.values(), second.parameters):
        target.data = torch.tensor(source) if to_torch else source
    agree(train(second, b if to_torch else a, 10, closure), expected[10:], 1e-8)
