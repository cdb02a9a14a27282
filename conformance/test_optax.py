"""Optimizers that PyTorch lacks beside Optax's: a hundred steps with the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import optim
from conformance.optimizer_problems import PROBLEMS, Ours, agree, train

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

B = dict(b1=0.8, b2=0.95)
BETAS = (0.8, 0.95)
# ours, Optax's
CASES = {
    "LAMB": (lambda p: optim.LAMB(p, lr=0.01), lambda: optax.lamb(0.01)),
    "LAMB with decay": (
        lambda p: optim.LAMB(p, lr=0.02, betas=BETAS, eps=1e-3, weight_decay=0.1),
        lambda: optax.lamb(0.02, **B, eps=1e-3, weight_decay=0.1),
    ),
    "LARS": (
        lambda p: optim.LARS(p, lr=0.5, momentum=0.8, trust_coefficient=0.02),
        lambda: optax.lars(0.5, momentum=0.8, trust_coefficient=0.02),
    ),
    "Lion": (lambda p: optim.Lion(p, lr=0.003), lambda: optax.lion(0.003, weight_decay=0.0)),
    "Lion with decay": (
        lambda p: optim.Lion(p, lr=0.003, betas=BETAS, weight_decay=0.1),
        lambda: optax.lion(0.003, **B, weight_decay=0.1),
    ),
    "AdaBelief": (lambda p: optim.AdaBelief(p, lr=0.003), lambda: optax.adabelief(0.003)),
    "AdaBelief with other settings": (
        lambda p: optim.AdaBelief(p, lr=0.01, betas=BETAS, eps=1e-4),
        lambda: optax.adabelief(0.01, **B, eps=1e-4, eps_root=1e-4),
    ),
    "Yogi": (lambda p: optim.Yogi(p), lambda: optax.yogi(0.01)),
    "Yogi with other settings": (
        lambda p: optim.Yogi(p, lr=0.02, betas=BETAS, eps=1e-2),
        lambda: optax.yogi(0.02, **B, eps=1e-2),
    ),
}


def descent(problem, transformation):
    """The paths of Optax: parameters after every one of a hundred steps."""
    constants = [jax.numpy.asarray(x) for x in problem.constants]
    gradient = jax.jit(jax.grad(lambda p: problem.loss(p, constants)))
    parameters = [jax.numpy.asarray(x) for x in problem.start]
    state = transformation.init(parameters)
    update = jax.jit(transformation.update)
    path = []
    for _ in range(100):
        changes, state = update(gradient(parameters), state, parameters)
        parameters = optax.apply_updates(parameters, changes)
        path.append([np.asarray(x) for x in parameters])
    return path


@pytest.fixture
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("case", CASES)
def test_a_hundred_steps(case, problem, double_precision):
    make, transformation = CASES[case]
    ours = Ours(PROBLEMS[problem])
    agree(train(ours, make(ours.parameters), 100), descent(PROBLEMS[problem], transformation()))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_lookahead(problem, double_precision):
    ours = Ours(PROBLEMS[problem])
    optimizer = optim.Lookahead(optim.Adam(ours.parameters, lr=0.01), k=6, alpha=0.3)
    path = train(ours, optimizer, 100)

    constants = [jax.numpy.asarray(x) for x in PROBLEMS[problem].constants]
    gradient = jax.jit(jax.grad(lambda p: PROBLEMS[problem].loss(p, constants)))
    both = optax.LookaheadParams.init_synced([jax.numpy.asarray(x) for x in PROBLEMS[problem].start])
    transformation = optax.lookahead(optax.adam(0.01), sync_period=6, slow_step_size=0.3)
    state = transformation.init(both)
    update = jax.jit(transformation.update)
    expected = []
    for _ in range(100):
        changes, state = update(gradient(both.fast), state, both)
        both = optax.apply_updates(both, changes)
        expected.append([np.asarray(x) for x in both.fast])
    agree(path, expected)
