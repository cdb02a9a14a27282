"""Schedules of the learning rate: their formulas, composition, resuming, refusals."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest

import autograd_core as ag
import optim
from optim import lr_scheduler
from optim.lr_scheduler import (
    SWALR,
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
    warmup,
)


def optimizer(lr=0.8, make=optim.SGD, **options):
    first, second = (ag.tensor(1.0, requires_grad=True) for _ in range(2))
    return make([{"params": [first]}, {"params": [second], "lr": 0.1}], lr=lr, **options)


def rates(schedule, steps):
    """The rates of both groups in every epoch."""
    found = []
    for _ in range(steps):
        groups = schedule.optimizer.param_groups
        assert [group["lr"] for group in groups] == schedule.get_last_lr()
        found.append(schedule.get_last_lr())
        schedule.optimizer.step()
        schedule.step()
    return np.array(found)


# name -> (makes the schedule, factor of the initial rate in epoch t)
FORMULAS = {
    "LambdaLR": (lambda o: LambdaLR(o, lambda t: 1 / (1 + t)), lambda t: 1 / (1 + t)),
    "MultiplicativeLR": (lambda o: MultiplicativeLR(o, lambda t: t), lambda t: math.factorial(t)),
    "StepLR": (lambda o: StepLR(o, 3, 0.5), lambda t: 0.5 ** (t // 3)),
    "MultiStepLR": (lambda o: MultiStepLR(o, [2, 5, 5], 0.5), lambda t: 0.5 ** ((t >= 2) + 2 * (t >= 5))),
    "ConstantLR": (lambda o: ConstantLR(o, 0.25, 4), lambda t: 0.25 if t < 4 else 1),
    "ConstantLR of 0": (lambda o: ConstantLR(o, 0.0, 4), lambda t: 0 if t < 4 else 1),
    "LinearLR": (lambda o: LinearLR(o, 0.2, 0.7, 5), lambda t: 0.2 + 0.5 * min(t, 5) / 5),
    "ExponentialLR": (lambda o: ExponentialLR(o, 0.9), lambda t: 0.9**t),
    "PolynomialLR": (lambda o: PolynomialLR(o, 6, 1.5), lambda t: (1 - min(t, 6) / 6) ** 1.5),
    "CosineAnnealingLR": (lambda o: CosineAnnealingLR(o, 4), lambda t: (1 + math.cos(math.pi * t / 4)) / 2),
    "SWALR": (lambda o: SWALR(o, [0.4, 0.05], 4), lambda t: 1 - 0.5 * (1 - math.cos(math.pi * min(t, 4) / 4)) / 2),
    "SWALR at once": (lambda o: SWALR(o, [0.4, 0.05], 0, "linear"), lambda t: 0.5),
    "CosineAnnealingWarmRestarts": (
        lambda o: CosineAnnealingWarmRestarts(o, 4),
        lambda t: (1 + math.cos(math.pi * (t % 4) / 4)) / 2,
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_formula(name):
    make, factor = FORMULAS[name]
    found = rates(make(optimizer()), 12)
    expected = np.array([factor(t) for t in range(12)])[:, None] * [0.8, 0.1]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_cosines_end_at_the_least_rate():
    found = rates(CosineAnnealingLR(optimizer(), 6, eta_min=0.05), 7)
    assert found[-1] == pytest.approx(0.05)
    restarts = rates(CosineAnnealingWarmRestarts(optimizer(), 2, T_mult=3, eta_min=0.05), 30)[:, 0]
    assert [t for t in range(30) if restarts[t] == 0.8] == [0, 2, 8, 26]


def test_warm_restarts_within_an_epoch():
    schedule = CosineAnnealingWarmRestarts(optimizer(), 2, T_mult=2)
    for epoch, wave, place in ((0.5, 2, 0.5), (2.5, 4, 0.5), (7.0, 8, 1.0), (1.0, 2, 1.0)):
        schedule.step(epoch)
        assert schedule.get_last_lr()[0] == pytest.approx(0.8 * (1 + math.cos(math.pi * place / wave)) / 2)
        assert schedule.last_epoch == int(epoch)
    with pytest.raises(ValueError, match="epoch of at least 0, got -1"):
        schedule.step(-1)


def test_cyclic_by_hand():
    o = optimizer(momentum=0.5)
    schedule = CyclicLR(o, base_lr=[0.0, 1.0], max_lr=[1.0, 2.0], step_size_up=2, step_size_down=4, base_momentum=0.6)
    momenta, found = [], []
    for _ in range(8):
        found.append(schedule.get_last_lr())
        momenta.append(o.param_groups[0]["momentum"])
        o.step()
        schedule.step()
    up_and_down = np.array([0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0.5])
    np.testing.assert_allclose(found, np.stack([up_and_down, 1 + up_and_down], 1), atol=1e-12)
    np.testing.assert_allclose(momenta, 0.9 - 0.3 * up_and_down)


@pytest.mark.parametrize(
    ("options", "weight"),
    [
        (dict(mode="triangular2"), lambda t: 0.5 ** (t // 4)),
        (dict(mode="exp_range", gamma=0.9), lambda t: 0.9**t),
        (dict(scale_fn=lambda x: 1 / x), lambda t: 1 / (1 + t // 4)),
        (dict(scale_fn=lambda x: 0.5**x, scale_mode="iterations"), lambda t: 0.5**t),
    ],
)
def test_cyclic_with_weights(options, weight):
    found = rates(CyclicLR(optimizer(), 0.0, 1.0, step_size_up=2, cycle_momentum=False, **options), 12)[:, 0]
    triangle = np.array([0, 0.5, 1, 0.5] * 3)
    np.testing.assert_allclose(found, triangle * [weight(t) for t in range(12)], atol=1e-12)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_one_cycle_by_hand(strategy):
    o = optimizer(make=optim.Adam)
    schedule = OneCycleLR(
        o,
        max_lr=[1.0, 2.0],
        total_steps=11,
        pct_start=0.5,
        anneal_strategy=strategy,
        div_factor=4.0,
        final_div_factor=5.0,
    )
    betas, found = [], []
    for _ in range(11):
        found.append(schedule.get_last_lr())
        betas.append(o.param_groups[0]["betas"])
        o.step()
        if len(found) < 11:
            schedule.step()

    def between(a, b, part):
        return a + (b - a) * (part if strategy == "linear" else (1 - math.cos(math.pi * part)) / 2)

    top = 4.5
    for t, (rate, beta) in enumerate(zip(found, betas)):
        if t <= top:
            expected, momentum = between(0.25, 1.0, t / top), between(0.95, 0.85, t / top)
        else:
            part = (t - top) / (10 - top)
            expected, momentum = between(1.0, 0.05, part), between(0.85, 0.95, part)
        np.testing.assert_allclose(rate, [expected, 2 * expected])
        assert beta == pytest.approx((momentum, 0.999))


def test_one_cycle_of_three_phases_and_its_end():
    schedule = OneCycleLR(
        optimizer(), 1.0, epochs=5, steps_per_epoch=4, three_phase=True, cycle_momentum=False, pct_start=0.25
    )
    found = rates(schedule, 20)[:, 0]
    assert found[4] == found.max() == 1.0
    assert found[8] == pytest.approx(0.04)
    assert found[19] == pytest.approx(0.04 / 1e4)
    with pytest.raises(ValueError, match="at most 20 steps, got step 21"):
        schedule.step()


# -- composition ------------------------------------------------------------------------------------


def test_chained_schedules_multiply():
    o = optimizer()
    found = rates(ChainedScheduler([StepLR(o, 2, 0.5), ExponentialLR(o, 0.9), LinearLR(o, 0.5, 1.0, 4)]), 8)[:, 0]
    expected = [0.8 * 0.5 ** (t // 2) * 0.9**t * (0.5 + 0.5 * min(t, 4) / 4) for t in range(8)]
    np.testing.assert_allclose(found, expected)


def test_sequential_schedules_follow_each_other():
    o = optimizer()
    found = rates(SequentialLR(o, [ConstantLR(o, 0.1, 99), ExponentialLR(o, 0.5), StepLR(o, 2, 0.5)], [3, 6]), 10)[:, 0]
    factors = [0.1, 0.1, 0.1, 1, 0.5, 0.25, 1, 1, 0.5, 0.5]
    np.testing.assert_allclose(found, 0.8 * np.array(factors))


def test_compositions_of_compositions():
    o = optimizer()
    inner = ChainedScheduler([ExponentialLR(o, 0.5), StepLR(o, 2, 0.5)])
    found = rates(SequentialLR(o, [LinearLR(o, 0.5, 1.0, 2), inner], [2]), 6)[:, 0]
    np.testing.assert_allclose(found, 0.8 * np.array([0.5, 0.75, 1, 0.5, 0.125, 0.0625]))
    o = optimizer()
    inner = ChainedScheduler([ExponentialLR(o, 0.5), StepLR(o, 2, 0.5)])
    found = rates(SequentialLR(o, [inner, ConstantLR(o, 1.0)], [2]), 4)[:, 0]
    np.testing.assert_allclose(found, 0.8 * np.array([1, 0.5, 1, 1]))
    o = optimizer()
    inner = SequentialLR(o, [ConstantLR(o, 0.5, 99), ExponentialLR(o, 0.5)], [1])
    found = rates(SequentialLR(o, [ExponentialLR(o, 0.1), inner], [2]), 6)[:, 0]
    np.testing.assert_allclose(found, 0.8 * np.array([1, 0.1, 0.5, 1, 0.5, 0.25]))


def test_warmup():
    o = optimizer()
    found = rates(warmup(ExponentialLR(o, 0.5), 4, start_factor=0.2), 8)[:, 0]
    np.testing.assert_allclose(found, 0.8 * np.array([0.2, 0.4, 0.6, 0.8, 1, 0.5, 0.25, 0.125]))
    with pytest.raises(ValueError, match="at least one step, got 0"):
        warmup(ExponentialLR(optimizer(), 0.5), 0)


# -- the loss ----------------------------------------------------------------------------------------


def test_plateaus():
    o = optimizer()
    schedule = ReduceLROnPlateau(o, factor=0.5, patience=2, cooldown=1, min_lr=[0.3, 0.0])
    found = []
    for loss in [5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3]:
        schedule.step(ag.tensor(float(loss), requires_grad=True))
        found.append(schedule.get_last_lr()[0])
    assert found == [0.8] * 4 + [0.4] * 4 + [0.3] * 6
    assert schedule.best == 3.0
    with pytest.raises(TypeError, match="expected the loss of the epoch, got nothing"):
        schedule.step()


@pytest.mark.parametrize(
    ("options", "metrics", "better"),
    [
        (dict(), [1.0, 0.9999], False),
        (dict(), [1.0, 0.9], True),
        (dict(mode="max"), [1.0, 1.00005], False),
        (dict(mode="max"), [1.0, 1.1], True),
        (dict(threshold_mode="abs", threshold=0.2), [1.0, 0.9], False),
        (dict(threshold_mode="abs", threshold=0.2), [1.0, 0.7], True),
        (dict(mode="max", threshold_mode="abs", threshold=0.2), [-1.0, -0.7], True),
        (dict(), [1.0, math.nan], False),
    ],
)
def test_what_counts_as_better(options, metrics, better):
    schedule = ReduceLROnPlateau(optimizer(), **options)
    for metric in metrics:
        schedule.step(metric)
    assert (schedule.num_bad_epochs == 0) == better


def test_a_group_added_later_is_reduced_too():
    o = optimizer()
    schedule = ReduceLROnPlateau(o, patience=0)
    o.add_param_group({"params": [ag.tensor(1.0, requires_grad=True)]})
    for loss in (1.0, 1.0):
        schedule.step(loss)
    assert schedule.get_last_lr() == pytest.approx([0.08, 0.01, 0.08])
    schedule = ReduceLROnPlateau(o, patience=0, min_lr=[0.0, 0.0, 0.0])
    o.add_param_group({"params": [ag.tensor(1.0, requires_grad=True)]})
    schedule.step(1.0)
    with pytest.raises(ValueError, match="min_lr for 4 parameter groups, got 3 values"):
        schedule.step(1.0)


# -- state -------------------------------------------------------------------------------------------


class Factor:
    def __init__(self, base):
        self.base = base

    def __call__(self, epoch):
        return self.base**epoch


MAKERS = {name: make for name, (make, _) in FORMULAS.items()} | {
    "LambdaLR of an object": lambda o: LambdaLR(o, [Factor(0.9), Factor(0.8)]),
    "CyclicLR": lambda o: CyclicLR(o, 0.1, 1.0, step_size_up=3, mode="triangular2"),
    "CyclicLR of an object": lambda o: CyclicLR(o, 0.1, 1.0, step_size_up=3, scale_fn=Factor(0.9)),
    "OneCycleLR": lambda o: OneCycleLR(o, 1.0, total_steps=20),
    "SequentialLR": lambda o: SequentialLR(o, [LinearLR(o), StepLR(o, 2)], [4]),
    "ChainedScheduler": lambda o: ChainedScheduler([LinearLR(o), MultiStepLR(o, [5])]),
    "warmup": lambda o: warmup(CosineAnnealingLR(o, 9), 6),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_saved_schedule_resumes(name):
    def make():
        return MAKERS[name](optimizer(momentum=0.9))

    expected = rates(make(), 18)
    schedule = make()
    rates(schedule, 7)
    saved = json.loads(
        json.dumps([schedule.state_dict(), schedule.optimizer.state_dict()], default=lambda a: a.tolist())
    )
    kept = json.dumps(saved)
    resumed = make()
    resumed.load_state_dict(saved[0])
    resumed.optimizer.load_state_dict(saved[1])
    assert resumed.last_epoch == schedule.last_epoch if hasattr(schedule, "last_epoch") else True
    np.testing.assert_allclose(rates(resumed, 11), expected[7:], rtol=1e-12, atol=1e-15)
    assert json.dumps(saved) == kept


def spoiled(state):
    """Ways in which the state of a schedule may be of another form."""
    first = next(iter(state))
    yield "without", {key: value for key, value in state.items() if key != first}
    yield "and also patience", {**state, "patience": 3}
    yield f"expected {first} like", {**state, first: object()}
    yield "expected _last_lr like", {**state, "_last_lr": [0.1]}
    yield "expected _last_lr like", {**state, "_last_lr": ["a", "b"]}
    yield "got list", [state]
    yield "got NoneType", None


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_of_another_form_changes_nothing(name):
    schedule = MAKERS[name](optimizer(momentum=0.9))
    rates(schedule, 3)
    before = repr(schedule.state_dict())
    for text, state in spoiled(schedule.state_dict()):
        with pytest.raises((TypeError, ValueError), match=rf"load_state_dict: .*{text}"):
            schedule.load_state_dict(state)
        assert repr(schedule.state_dict()) == before


@pytest.mark.parametrize("name", MAKERS)
def test_the_state_of_another_schedule_changes_nothing(name):
    alike = (LambdaLR, MultiplicativeLR)  # their states have the same entries
    for make in MAKERS.values():
        mine, its = (make(optimizer(momentum=0.9)) for make in (MAKERS[name], make))
        if type(mine) is type(its) or (isinstance(mine, alike) and isinstance(its, alike)):
            continue
        before = repr(mine.state_dict())
        with pytest.raises(ValueError, match=r"the state of a schedule that was made like this one"):
            mine.load_state_dict(its.state_dict())
        assert repr(mine.state_dict()) == before


def test_a_schedule_within_others_that_does_not_fit_changes_nothing():
    def make(*inner):
        o = optimizer()
        return ChainedScheduler([SequentialLR(o, [make(o) for make in inner], [4])])

    schedule = make(LinearLR, lambda o: StepLR(o, 2))
    before = repr(schedule.state_dict())
    with pytest.raises(ValueError, match=r"StepLR\.load_state_dict: .* got one without step_size"):
        schedule.load_state_dict(make(LinearLR, lambda o: ExponentialLR(o, 0.5)).state_dict())
    assert repr(schedule.state_dict()) == before


def test_the_attributes_of_a_called_object_are_saved():
    first, second = (optimizer() for _ in range(2))
    a, b = LambdaLR(first, Factor(0.9)), LambdaLR(second, Factor(0.1))
    b.load_state_dict(a.state_dict())
    assert b.lr_lambdas[0].base == 0.9
    a, b = (CyclicLR(optimizer(momentum=0.9), 0.1, 1.0, scale_fn=Factor(base)) for base in (0.9, 0.1))
    b.load_state_dict(a.state_dict())
    assert b.scale_fn(1) == 0.9


def test_plateaus_resume():
    def run(schedule, losses):
        for loss in losses:
            schedule.step(loss)
        return schedule.get_last_lr()

    losses = [3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0]
    expected = run(ReduceLROnPlateau(optimizer(), patience=1, cooldown=1), losses)
    schedule, resumed = (ReduceLROnPlateau(optimizer(), patience=1, cooldown=1) for _ in range(2))
    run(schedule, losses[:5])
    resumed.load_state_dict(schedule.state_dict())
    resumed.optimizer.load_state_dict(schedule.optimizer.state_dict())
    assert run(resumed, losses[5:]) == expected


def test_resuming_by_the_number_of_the_epoch():
    o = optimizer()
    with pytest.raises(ValueError, match=r'"initial_lr" in every group .* with last_epoch=3'):
        ExponentialLR(o, 0.5, last_epoch=3)
    for group in o.param_groups:
        group["initial_lr"] = 1.0
    schedule = LambdaLR(o, lambda t: 1 / (1 + t), last_epoch=3)
    assert schedule.last_epoch == 4
    assert schedule.get_last_lr() == [0.2, 0.2]


# -- refusals ------------------------------------------------------------------------------------------


def test_the_order_of_the_steps():
    schedule = StepLR(optimizer(), 2)
    with pytest.warns(UserWarning, match=r"StepLR\.step: expected optimizer\.step\(\) before"):
        schedule.step()
    schedule = StepLR(optimizer(), 2)
    schedule.optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()
        schedule.step()


def test_no_warning_for_a_step_of_ones_own():
    class Own(optim.Optimizer):
        def step(self, closure=None):
            return None

    schedule = StepLR(Own([ag.tensor(1.0, requires_grad=True)], {"lr": 1.0}), 2)
    schedule.optimizer.step()
    schedule.step()


def test_a_group_added_later_is_noticed():
    o = optimizer()
    schedule = StepLR(o, 2)
    o.add_param_group({"params": [ag.tensor(1.0, requires_grad=True)]})
    o.step()
    with pytest.raises(ValueError, match="the 2 parameter groups that there were at the start, got 3"):
        schedule.step()


@pytest.mark.parametrize(
    "make",
    [
        lambda o: StepLR(o, 2),
        lambda o: LambdaLR(o, abs),
        lambda o: SWALR(o, 0.1),
        lambda o: CyclicLR(o, 0.1, 1.0, cycle_momentum=False),
        lambda o: OneCycleLR(o, 1.0, total_steps=9, cycle_momentum=False),
        ReduceLROnPlateau,
    ],
)
def test_an_optimizer_without_a_rate_is_refused(make):
    o = optim.NewtonCG([ag.tensor(1.0, requires_grad=True)])
    before = dict(o.param_groups[0])
    with pytest.raises(ValueError, match=r'"lr" in every group, got NewtonCG with .* in group 0'):
        make(o)
    assert o.param_groups[0] == before


def test_a_base_class_defines_no_rate():
    with pytest.raises(TypeError, match="LRScheduler defines no rate"):
        LRScheduler(optimizer())


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda o: StepLR([o], 2), TypeError, "StepLR: expected an optimizer, got list"),
        (lambda o: ReduceLROnPlateau(None), TypeError, "expected an optimizer, got NoneType"),
        (lambda o: LambdaLR(o, [abs]), ValueError, "lr_lambda for 2 parameter groups, got 1 values"),
        (lambda o: LambdaLR(o, 0.9), TypeError, "expected a function of the epoch, got float"),
        (lambda o: StepLR(o, 0), ValueError, "step size of at least 1, got step_size=0"),
        (lambda o: ConstantLR(o, 2.0), ValueError, "factor between 0 and 1, got factor=2.0"),
        (lambda o: LinearLR(o, 0.0), ValueError, "start_factor"),
        (lambda o: LinearLR(o, 0.5, 1.5), ValueError, "end_factor"),
        (lambda o: PolynomialLR(o, 0), ValueError, "total_iters of at least 1"),
        (lambda o: CosineAnnealingLR(o, 0), ValueError, "T_max of at least 1"),
        (lambda o: CosineAnnealingWarmRestarts(o, 0), ValueError, "integer T_0"),
        (lambda o: CosineAnnealingWarmRestarts(o, 2.5), ValueError, "integer T_0"),
        (lambda o: CosineAnnealingWarmRestarts(o, 2, 0), ValueError, "integer T_mult"),
        (lambda o: SWALR(o, 0.1, -1), ValueError, "anneal_epochs of at least 0"),
        (lambda o: SWALR(o, 0.1, anneal_strategy="x"), ValueError, "anneal_strategy one of 'cos', 'linear'"),
        (lambda o: SWALR(o, [0.1]), ValueError, "swa_lr for 2 parameter groups"),
        (lambda o: CyclicLR(o, 0.1, 1.0, mode="square"), ValueError, "mode one of 'triangular'"),
        (lambda o: CyclicLR(o, 0.1, 1.0, scale_fn=abs, scale_mode="epoch"), ValueError, "scale_mode one of"),
        (lambda o: CyclicLR(o, [0.1], 1.0), ValueError, "base_lr for 2 parameter groups"),
        (lambda o: OneCycleLR(o, 1.0), ValueError, "total_steps, or epochs and steps_per_epoch"),
        (lambda o: OneCycleLR(o, 1.0, total_steps=0), ValueError, "total_steps"),
        (lambda o: OneCycleLR(o, 1.0, epochs=3, steps_per_epoch=-2), ValueError, "total_steps"),
        (lambda o: OneCycleLR(o, 1.0, total_steps=9, pct_start=2.0), ValueError, "pct_start between 0 and 1"),
        (lambda o: OneCycleLR(o, 1.0, total_steps=9, anneal_strategy="step"), ValueError, "anneal_strategy one of"),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, "factor below 1"),
        (lambda o: ReduceLROnPlateau(o, mode="low"), ValueError, "mode one of 'min', 'max', got 'low'"),
        (lambda o: ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold_mode one of"),
        (lambda o: ReduceLROnPlateau(o, min_lr=[0.1]), ValueError, "min_lr for 2 parameter groups"),
        (lambda o: SequentialLR(o, [], []), ValueError, "got no schedule"),
        (lambda o: SequentialLR(o, [StepLR(o, 2)], [3]), ValueError, "0 milestones for 1 schedules, got 1"),
        (lambda o: SequentialLR(o, [StepLR(optimizer(), 2)], []), ValueError, "StepLR of another one"),
        (lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []), ValueError, "ReduceLROnPlateau, whose step needs"),
        (lambda o: ChainedScheduler([]), ValueError, "got no schedule"),
        (lambda o: ChainedScheduler([StepLR(o, 2), StepLR(optimizer(), 2)]), ValueError, "of another one"),
        (lambda o: ChainedScheduler([o]), TypeError, "schedules of one optimizer, got SGD"),
    ],
)
def test_bad_arguments(make, error, text):
    o = optimizer(momentum=0.9)
    with pytest.raises(error, match=text):
        make(o)


def test_momentum_is_needed_to_move_it():
    for make in (lambda o: CyclicLR(o, 0.1, 1.0), lambda o: OneCycleLR(o, 1.0, total_steps=9)):
        with pytest.raises(ValueError, match="an optimizer with momentum or betas, got Adagrad"):
            make(optimizer(make=optim.Adagrad))


def test_schedules_are_shown():
    assert repr(StepLR(optimizer(), 2)) == "StepLR(last_epoch=0, rates=[0.8, 0.1])"
    o = optimizer()
    assert repr(ChainedScheduler([StepLR(o, 2)])).startswith("ChainedScheduler([StepLR(")


def test_the_namespace_is_sorted():
    for module in (lr_scheduler.base, lr_scheduler.simple, lr_scheduler.cyclic, lr_scheduler.composite):
        assert module.__all__ == sorted(module.__all__)
