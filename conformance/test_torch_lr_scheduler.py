"""Schedules beside PyTorch's, over a hundred epochs, and their state dicts."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import autograd_core as ag
import optim
from optim import lr_scheduler as ours

torch = pytest.importorskip("torch")
theirs = torch.optim.lr_scheduler


def swalr(module):
    """SWALR, which PyTorch keeps elsewhere."""
    return module.SWALR if module is ours else torch.optim.swa_utils.SWALR


# Each makes a schedule from the module (ours or theirs) and an optimizer with two groups.
SCHEDULES = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda epoch: 0.97**epoch),
    "LambdaLR of two": lambda m, o: m.LambdaLR(o, [lambda epoch: 0.97**epoch, lambda epoch: 1 / (1 + epoch)]),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda epoch: 0.99 if epoch % 3 else 1.01),
    "StepLR": lambda m, o: m.StepLR(o, 7, gamma=0.8),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [3, 3, 20, 70], gamma=0.5),
    "ConstantLR": lambda m, o: m.ConstantLR(o, factor=0.3, total_iters=9),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.1, 0.9, total_iters=30),
    "LinearLR by default": lambda m, o: m.LinearLR(o),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.95),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, total_iters=60, power=1.7),
    "PolynomialLR by default": lambda m, o: m.PolynomialLR(o),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, T_max=13, eta_min=0.001),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=5, T_mult=2, eta_min=0.001),
    "CosineAnnealingWarmRestarts of one length": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=7),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.2, step_size_up=6, step_size_down=11),
    "CyclicLR triangular2": lambda m, o: m.CyclicLR(
        o, [0.01, 0.02], [0.2, 0.3], step_size_up=8, mode="triangular2", base_momentum=0.6, max_momentum=0.95
    ),
    "CyclicLR exp_range": lambda m, o: m.CyclicLR(
        o, 0.01, 0.2, step_size_up=8, mode="exp_range", gamma=0.97, cycle_momentum=False
    ),
    "CyclicLR of a function": lambda m, o: m.CyclicLR(
        o, 0.01, 0.2, step_size_up=8, scale_fn=lambda x: 1 / x, scale_mode="cycle"
    ),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, max_lr=[0.3, 0.5], total_steps=100),
    "OneCycleLR of three phases": lambda m, o: m.OneCycleLR(
        o, max_lr=0.3, epochs=10, steps_per_epoch=10, three_phase=True, anneal_strategy="linear", pct_start=0.4
    ),
    "OneCycleLR without momentum": lambda m, o: m.OneCycleLR(
        o, max_lr=0.3, total_steps=120, cycle_momentum=False, div_factor=10.0, final_div_factor=100.0
    ),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o,
        [m.LinearLR(o, 0.1, total_iters=10), m.StepLR(o, 4, 0.9), m.CosineAnnealingLR(o, 20), m.ExponentialLR(o, 0.9)],
        [10, 33, 60],
    ),
    "SequentialLR with a schedule without a formula": lambda m, o: m.SequentialLR(
        o,
        [
            m.ConstantLR(o, 0.2, total_iters=99),
            m.CosineAnnealingWarmRestarts(o, 9),
            m.MultiplicativeLR(o, lambda e: 0.9),
        ],
        [5, 60],
    ),
    "SequentialLR with formulas": lambda m, o: m.SequentialLR(
        o,
        [
            m.PolynomialLR(o, 30),
            m.MultiStepLR(o, [3, 5], 0.5),
            m.LambdaLR(o, lambda e: 1 / (1 + e)),
            m.ConstantLR(o, 0.5, 3),
            m.LinearLR(o, 0.5),
            m.PolynomialLR(o, 20, 2.0),
        ],
        [20, 40, 55, 65, 80],
    ),
    "SequentialLR at once": lambda m, o: m.SequentialLR(o, [m.StepLR(o, 4, 0.9), m.ExponentialLR(o, 0.9)], [0]),
    "SWALR": lambda m, o: swalr(m)(o, swa_lr=0.03),
    "SWALR, linear": lambda m, o: swalr(m)(o, swa_lr=[0.03, 0.5], anneal_epochs=40, anneal_strategy="linear"),
    "SWALR at once": lambda m, o: swalr(m)(o, swa_lr=0.03, anneal_epochs=0),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler(
        [m.ConstantLR(o, 0.1, total_iters=6), m.ExponentialLR(o, 0.98), m.CosineAnnealingLR(o, 40)], o
    ),
}
OPTIMIZERS = {
    "SGD": dict(momentum=0.9),
    "Adam": dict(betas=(0.9, 0.99)),
}


def optimizers(name="SGD"):
    """The same optimizer with two groups in both libraries."""
    made = []
    for library, make in ((optim, ag.tensor), (torch.optim, torch.tensor)):
        first, second = (make(np.ones(2), requires_grad=True) for _ in range(2))
        groups = [{"params": [first]}, {"params": [second], "lr": 0.02}]
        made.append(getattr(library, name)(groups, lr=0.1, **OPTIMIZERS[name]))
    return made


def look(optimizer):
    """Rates and momenta."""
    return [
        [group["lr"], group["betas"][0] if "betas" in group else group["momentum"]] for group in optimizer.param_groups
    ]


def advance(optimizer, schedule):
    optimizer.step()
    schedule.step()
    return look(optimizer)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_hundred_epochs(name, optimizer):
    mine, its = optimizers(optimizer)
    a, b = SCHEDULES[name](ours, mine), SCHEDULES[name](theirs, its)
    for epoch in range(99):
        np.testing.assert_allclose(look(mine), look(its), rtol=1e-12, atol=1e-15, err_msg=f"epoch {epoch}")
        np.testing.assert_allclose(a.get_last_lr(), b.get_last_lr(), rtol=1e-12, atol=1e-15)
        assert a.last_epoch == b.last_epoch if name != "ChainedScheduler" else True
        advance(mine, a)
        advance(its, b)


@pytest.mark.parametrize(
    "options",
    [
        dict(),
        dict(patience=2, factor=0.5, cooldown=3),
        dict(mode="max", patience=1, threshold=0.1),
        dict(threshold_mode="abs", threshold=0.05, patience=3, min_lr=[0.03, 0.001]),
        dict(mode="max", threshold_mode="abs", threshold=0.05, patience=0, min_lr=0.01),
        dict(patience=0, factor=0.9, eps=0.002),
    ],
    ids=str,
)
def test_reduce_on_plateau(options):
    rng = np.random.default_rng(0)
    mine, its = optimizers()
    a, b = ours.ReduceLROnPlateau(mine, **options), theirs.ReduceLROnPlateau(its, **options)
    for epoch in range(100):
        loss = float("nan") if epoch == 50 else 1 / (1 + epoch // 10) + 0.1 * rng.standard_normal()
        a.step(loss)
        b.step(loss)
        assert look(mine) == look(its)
        assert (a.best, a.num_bad_epochs, a.cooldown_counter) == (b.best, b.num_bad_epochs, b.cooldown_counter)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if "function" not in name])
@pytest.mark.parametrize("to_torch", [True, False])
def test_state_dicts_move_both_ways(name, to_torch):
    mine, its = optimizers()
    sides = [(mine, SCHEDULES[name](ours, mine)), (its, SCHEDULES[name](theirs, its))]
    straight = optimizers()[1]
    schedule = SCHEDULES[name](theirs, straight)
    expected = [advance(straight, schedule) for _ in range(99)]
    (from_optimizer, source), (to_optimizer, target) = sides if to_torch else reversed(sides)
    for _ in range(37):
        advance(from_optimizer, source)
    target.load_state_dict(source.state_dict())
    for group, other in zip(to_optimizer.param_groups, from_optimizer.param_groups):
        group.update({key: value for key, value in other.items() if key not in ("params", "foreach", "fused")})
    found = [advance(to_optimizer, target) for _ in range(37, 99)]
    np.testing.assert_allclose(found, expected[37:], rtol=1e-12, atol=1e-15)


def test_plateaus_state_moves_both_ways():
    mine, its = optimizers()
    a, b = ours.ReduceLROnPlateau(mine, patience=2), theirs.ReduceLROnPlateau(its, patience=2)
    for loss in (3.0, 2.0, 2.5, 2.5):
        a.step(loss)
        b.step(loss)
    a.load_state_dict(b.state_dict())
    b.load_state_dict(a.state_dict())
    for loss in (2.5, 2.5, 1.0):
        a.step(loss)
        b.step(loss)
        assert look(mine) == look(its)


@pytest.mark.parametrize(
    "name", ["StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR", "LambdaLR", "PolynomialLR"]
)
def test_resumed_at_an_epoch(name):
    arguments = {
        "StepLR": (7,),
        "ExponentialLR": (0.9,),
        "CosineAnnealingLR": (13,),
        "LinearLR": (0.5,),
        "LambdaLR": (lambda epoch: 0.9**epoch,),
        "PolynomialLR": (50,),
    }[name]
    mine, its = optimizers()
    for optimizer in (mine, its):
        for group in optimizer.param_groups:
            group["initial_lr"] = 3 * group["lr"]
    a = getattr(ours, name)(mine, *arguments, last_epoch=4)
    b = getattr(theirs, name)(its, *arguments, last_epoch=4)
    for _ in range(30):
        np.testing.assert_allclose(look(mine), look(its), rtol=1e-12)
        advance(mine, a)
        advance(its, b)


@pytest.mark.parametrize("epoch", [0, 0.5, 3, 4.99, 5, 7.25, 15, 33, 40.5])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_warm_restarts_at_a_place_within_an_epoch(epoch, factor):
    mine, its = optimizers()
    a, b = (m.CosineAnnealingWarmRestarts(o, 5, factor) for m, o in ((ours, mine), (theirs, its)))
    for step in (epoch, None, None):
        a.step(step)
        b.step(step)
        np.testing.assert_allclose(look(mine), look(its), rtol=1e-12)


@pytest.mark.parametrize("name", theirs.__all__)
def test_signatures(name):
    a, b = (inspect.signature(getattr(m, name)).parameters for m in (ours, theirs))
    assert list(a) == list(b)
    assert {key: p.default for key, p in a.items()} == {key: p.default for key, p in b.items()}


def test_the_warning_about_the_order_of_steps():
    for module, optimizer in zip((ours, theirs), optimizers()):
        schedule = module.StepLR(optimizer, 3)
        with pytest.warns(UserWarning, match=r"optimizer\.step\(\)"):
            schedule.step()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            optimizer.step()
            schedule.step()
