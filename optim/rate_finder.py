"""How large may the learning rate be? A trial with growing rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import index
from typing import Any, NamedTuple

import numpy as np

from autograd_core.errors import explain

from .checking import require, require_closure
from .lr_scheduler.base import checked_optimizer
from .optimizer import Optimizer
from .plain import as_number
from .vector import ParameterVector

__all__ = ["RateTrial", "find_lr"]


class RateTrial(NamedTuple):
    """What ``find_lr`` saw, as plain data.

    Attributes:
        rates: the learning rates tried, growing.
        losses: the loss before the step with each rate.
        smoothed: the same, as a running mean.
        suggestion: the rate at which the loss, smoothed, has made half of its fall, but at most a tenth of the
            rate at which it is least; ``None`` where it never falls.

    >>> import optim
    >>> optim.RateTrial(rates=[0.1], losses=[2.0], smoothed=[2.0], suggestion=None).rates
    [0.1]
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: float | None


def find_lr(
    optimizer: Optimizer,
    closure: Callable[[], Any],
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
    *,
    smoothing: float = 0.9,
    diverged: float = 4.0,
) -> RateTrial:
    """Train for some steps with rates that grow from ``low`` to ``high``, and look at the loss.

    The trial ends early when the smoothed loss is ``diverged`` times as high as its least value. Afterwards
    parameters, gradients, rates and the optimizer's state are what they were before; not so whatever else the
    closure changes, as the running means of batch normalization or the place in a data set.

    Args:
        optimizer: makes the steps; every group gets the same rate.
        closure: computes the loss of the next batch, calls ``backward``, and returns the loss. Gradients are
            cleared before it.
        low, high: the first and the last rate.
        steps: how many rates are tried.
        smoothing: the weight of the past in the running mean, from 0 for none to below 1.
        diverged: when to end, at least 1.

    Returns:
        Rates, losses, and a suggestion. Rates up to about the suggestion train well.

    Raises:
        TypeError: without an optimizer or a closure.
        ValueError: for an optimizer without a learning rate, unless 0 < low < high, for fewer than two steps, and
            for a smoothing or ``diverged`` out of range.

    Source: Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.1)
    >>> def closure():
    ...     loss = (x * x).sum()
    ...     loss.backward()
    ...     return loss
    >>> trial = optim.find_lr(optimizer, closure)
    >>> 0.01 < trial.suggestion < 1.0
    True
    >>> x.tolist(), optimizer.param_groups[0]["lr"]
    ([1.0, 2.0], 0.1)
    """
    optimizer, closure = checked_optimizer("find_lr", optimizer), require_closure("find_lr", closure)
    given = dict(smoothing=smoothing, diverged=diverged)
    require("find_lr", given, "smoothing", lambda value: 0 <= value < 1, "smoothing of at least 0 and below 1")
    require("find_lr", given, "diverged", lambda value: value >= 1, "diverged of at least 1")
    require("find_lr", dict(steps=steps), "steps", lambda value: index(value) >= 2, "at least two steps, an integer")
    if not 0 < low < high < math.inf:
        raise ValueError(
            explain(
                "find_lr",
                expected="finite rates 0 < low < high",
                got=f"low={low}, high={high}",
                remedy="leave them out, for rates from 1e-7 to 10",
            )
        )
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    vector = ParameterVector(parameters, "find_lr")
    values, saved = vector.values(), optimizer.state_dict()
    rates = [low * (high / low) ** (i / (steps - 1)) for i in range(steps)]
    stepped = optimizer._stepped
    gradients = [parameter.grad for parameter in parameters]
    try:
        return _trial(optimizer, closure, rates, smoothing, diverged)
    finally:
        vector.assign(values)
        optimizer.load_state_dict(saved)
        optimizer._stepped = stepped
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient


def _trial(
    optimizer: Optimizer, closure: Callable[[], Any], rates: list[float], smoothing: float, diverged: float
) -> RateTrial:
    losses: list[float] = []
    smoothed: list[float] = []
    mean = 0.0

    def evaluate() -> Any:
        optimizer.zero_grad()
        loss = closure()
        if loss is None:
            remedy = "return the loss after calling backward"
            raise TypeError(explain("find_lr", expected="the loss from the closure", got="None", remedy=remedy))
        if len(losses) == len(smoothed):
            losses.append(as_number(loss))
        return loss

    for count, rate in enumerate(rates, 1):
        for group in optimizer.param_groups:
            group["lr"] = rate
        with np.errstate(all="ignore"):
            optimizer.step(evaluate)
        mean = smoothing * mean + (1 - smoothing) * losses[-1]
        smoothed.append(mean / (1 - smoothing**count))
        if not math.isfinite(losses[-1]) or (count > 1 and smoothed[-1] > diverged * max(min(smoothed), 1e-300)):
            break
    return RateTrial(rates[: len(losses)], losses, smoothed, _suggest(rates, losses, smoothing))


def _suggest(rates: list[float], losses: list[float], smoothing: float) -> float | None:
    """The rate in the middle of the fall, but at most a tenth of the rate with the least loss.

    The steepest place of the curve would say nearly the same, but on minibatches noise is steep anywhere.
    """
    finite = [loss for loss in losses if math.isfinite(loss)]
    if len(finite) < 2:
        return None
    # What lies above the start is the blow-up at the end, and would hide the fall right before it.
    start = sorted(finite[:9])[len(finite[:9]) // 2]
    capped = [min(loss, start) for loss in finite]
    smooth = _running_mean(_running_mean(capped, smoothing)[::-1], smoothing)[::-1]  # there and back: without a lag
    least = int(np.argmin(smooth))
    fall = smooth[0] - smooth[least]
    if not fall > 1e-9 * max(abs(loss) for loss in finite):
        return None
    middle = least
    while smooth[middle] < smooth[0] - fall / 2:
        middle -= 1
    return min(rates[middle], 0.1 * rates[least])


def _running_mean(values: list[float], smoothing: float) -> list[float]:
    """The running mean from the first value on, with a correction for the missing past."""
    mean, means = 0.0, []
    for count, value in enumerate(values, 1):
        mean = smoothing * mean + (1 - smoothing) * value
        means.append(mean / (1 - smoothing**count))
    return means
