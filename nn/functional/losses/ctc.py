"""The loss of sequences whose labels are not aligned with the inputs (connectionist temporal classification).

A path says one label or *blank* at every time step; its text is what is left after repeated labels are
merged and blanks are removed. The loss is minus the logarithm of the probability of all paths that give the
target. With the target written as ℓ = (blank, y₁, blank, y₂, ..., blank), of 2S + 1 states, let α_t(s) be the
logarithm of the probability of all beginnings of paths that are in state s at time t. Then

    α_{t+1}(s) = ln p_{t+1}(ℓ_s) + ln(exp α_t(s) + exp α_t(s−1) + exp α_t(s−2)),

where the last term is there only if s is a label unlike the one before it, and the probability of the target
is that of being in one of the last two states in the end.

The derivative with respect to ln p_t(k) is minus the probability of saying k at time t, given the target. Run
backwards, the recursion is a linear one: with w the probability of having come from state s, given that the
path is in s' next, the probability of being in s at time t is the sum over s' of w times that of s' at t + 1.
All numbers are between 0 and 1, so nothing overflows and no logarithm is taken on the way back.

Batch and states are worked through at once; only the time steps are a loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, special
from autograd_core.errors import explain
from autograd_core.functions import take_along_axis, where
from autograd_core.ops.gathering import scatter_along
from autograd_core.primitive import define
from autograd_core.transforms.examples import for_each_example

from ...explicit import wants_parts
from ...sizes import check_integer
from .shared import as_indices, as_values, check_classes, check_integers, check_reduction, mean_of, reduce_loss

__all__ = ["ctc_loss"]

# -- the recursions ----------------------------------------------------------------------------------------


def _log_add(a: Any, b: Any, c: Any) -> Any:
    largest = np.maximum(np.maximum(a, b), c)
    largest = np.maximum(largest, float(np.finfo(largest.dtype).min))  # −∞ less −∞ is NaN
    with np.errstate(divide="ignore"):
        return np.log(np.exp(a - largest) + np.exp(b - largest) + np.exp(c - largest)) + largest


def _share(g: Any, out: Any, x: Any) -> Any:
    return g * np.exp(x - where(out == -np.inf, 0, out))


# ln(eᵃ + eᵇ + eᶜ), and −∞ where all three are −∞, with derivative 0.
log_add = define(
    "log_add_exp",
    _log_add,
    lambda g, out, a, b, c: _share(g, out, a),
    lambda g, out, a, b, c: _share(g, out, b),
    lambda g, out, a, b, c: _share(g, out, c),
    formulas=("exp({a} − {out})", "exp({b} − {out})", "exp({c} − {out})"),
    symbol="ln Σ exp",
    elementwise=True,
)


def _log_sum(a: Any, b: Any, c: Any) -> Any:
    return np.logaddexp(np.logaddexp(a, b), c) if wants_parts() else log_add(a, b, c)


def _edge(x: Any, fill: float) -> Any:
    """Two states more for every sequence, which hold ``fill``."""
    return np.zeros_like(x, shape=(*x.shape[:-1], 2)) + fill


def _from_before(x: Any, edge: Any) -> tuple[Any, Any]:
    """``x`` moved one and two states on; ``edge`` comes in."""
    padded, states = np.concatenate([edge, x], axis=-1), x.shape[-1]
    return padded[..., 1 : states + 1], padded[..., :states]


def _from_behind(x: Any, steps: int, edge: Any) -> Any:
    """``x`` moved back by one or two states; ``edge`` comes in."""
    return np.concatenate([x, edge], axis=-1)[..., steps : steps + x.shape[-1]]


def _forbidden(labels: Any, like: Any) -> Any:
    """0 where the state before the blank can be skipped, −∞ elsewhere."""
    may_skip = np.zeros_like(labels, dtype=bool)
    may_skip[:, 3::2] = labels[:, 3::2] != labels[:, 1:-2:2]
    return np.where(may_skip, np.zeros((), like.dtype), np.full((), -np.inf, like.dtype))


def _beginnings(log_p: Any, labels: Any) -> tuple[Any, Any]:
    """α_t(s) for all times, shape (T, N, L), and ln of the sum of all ways into s, from the second time on."""
    forbidden = _forbidden(labels, log_p)
    first = np.arange(labels.shape[1]) < 2
    alpha = where(first, log_p[0], -np.inf)
    alphas, entries, edge = [alpha], [], _edge(alpha, -np.inf)
    for t in range(1, log_p.shape[0]):
        one_before, two_before = _from_before(alpha, edge)
        entry = _log_sum(alpha, one_before, two_before + forbidden)
        alpha = entry + log_p[t]
        alphas.append(alpha)
        entries.append(entry)
    return np.stack(alphas), np.stack(entries) if entries else log_p[:0]


def _ends(alphas: Any, input_lengths: Any, target_lengths: Any) -> tuple[Any, Any]:
    """α of the last two states at the last time, −∞ for all others, and ln of their sum."""
    count = alphas.shape[2]
    last = alphas[input_lengths - 1, np.arange(alphas.shape[1])]
    behind = np.expand_dims(2 * target_lengths, 1) - np.arange(count)
    last = where((behind == 0) | (behind == 1), last, -np.inf)
    return last, special.logsumexp(last, axis=1)


def _of_labels(log_probs: Any, labels: Any) -> Any:
    return take_along_axis(log_probs, np.expand_dims(labels, 0), axis=2)


def _negative_log_probability(
    log_probs: Any, labels: Any, input_lengths: Any, target_lengths: Any, zero_infinity: bool
) -> Any:
    alphas, _ = _beginnings(_of_labels(log_probs, labels), labels)
    _, total = _ends(alphas, input_lengths, target_lengths)
    return where(total == -np.inf, 0, -total) if zero_infinity else -total


def _rule(
    g: Any, out: Any, log_probs: Any, labels: Any, input_lengths: Any, target_lengths: Any, zero_infinity: bool
) -> Any:
    alphas, entries = _beginnings(_of_labels(log_probs, labels), labels)
    ends, total = _ends(alphas, input_lengths, target_lengths)
    if zero_infinity:
        total = where(total == -np.inf, 0, total)
    seed = np.exp(ends - np.expand_dims(total, 1)) * np.expand_dims(-g, 1)

    # The probabilities of having stayed, of having come from one state before, and from two.
    entries = where(entries == -np.inf, 0, entries)
    one_before, two_before = _from_before(alphas[:-1], _edge(alphas[:-1], -np.inf))
    stayed = np.exp(alphas[:-1] - entries)
    stepped = np.exp(one_before - entries)
    skipped = np.exp(two_before + _forbidden(labels, alphas) - entries)

    times = alphas.shape[0]
    is_end = [np.expand_dims(input_lengths == t + 1, 1) for t in range(times)]
    share = where(is_end[-1], seed, 0)
    shares, edge = [share], _edge(share, 0)
    for t in range(times - 2, -1, -1):
        share = (
            share * stayed[t] + _from_behind(share * stepped[t], 1, edge) + _from_behind(share * skipped[t], 2, edge)
        )
        if is_end[t].any():
            share = where(is_end[t], seed, share)
        shares.append(share)
    return scatter_along(np.stack(shares[::-1]), np.expand_dims(labels, 0), shape=log_probs.shape, axis=2, unique=False)


_ctc = define(
    "ctc",
    _negative_log_probability,
    _rule,
    None,
    None,
    None,
    formulas="−P(label at t | target)",
    symbol="CTC",
)

# -- arguments -----------------------------------------------------------------------------------------------


def _lengths(name: str, lengths: Any, count: int, least: int, most: int) -> Any:
    """Lengths as an array with one entry for each sequence of the batch."""
    lengths = as_indices(lengths)
    if lengths.ndim == 0:
        lengths = lengths.reshape(1)
    check_integers("ctc_loss", lengths, name)
    if lengths.shape != (count,) or ((lengths < least) | (lengths > most)).any():
        raise ValueError(
            explain(
                "ctc_loss",
                expected=f"{name} of shape {(count,)}, from {least} to {most}",
                got=f"{lengths.tolist()}",
                remedy="give the length of every sequence in the batch",
            )
        )
    return lengths.astype(np.intp)


def _padded(targets: Any, target_lengths: Any, batch: int, classes: int, blank: int) -> tuple[Any, Any]:
    """Targets as rows of one length, filled up with blanks, and their lengths."""
    targets = as_indices(targets)
    check_integers("ctc_loss", targets, "targets")
    if targets.ndim == 2 and targets.shape[0] == batch:
        lengths = _lengths("target_lengths", target_lengths, batch, 0, targets.shape[1])
    elif targets.ndim == 1:
        lengths = _lengths("target_lengths", target_lengths, batch, 0, targets.shape[0])
        if lengths.sum() != targets.shape[0] and batch > 1:
            raise ValueError(
                explain(
                    "ctc_loss",
                    expected=f"{lengths.sum()} targets one after the other, the sum of target_lengths",
                    got=f"{targets.shape[0]}",
                    remedy="concatenate the targets of all sequences, or pass them as shape (N, S)",
                )
            )
    else:
        raise ValueError(
            explain(
                "ctc_loss",
                expected=f"targets of shape ({batch}, S), or all of them one after the other",
                got=f"shape {targets.shape}",
                remedy="pass one row of targets for each sequence",
            )
        )
    inside = np.arange(lengths.max(initial=0)) < np.expand_dims(lengths, 1)
    rows = np.full(inside.shape, blank, dtype=np.intp)
    rows[inside] = targets[:, : inside.shape[1]][inside] if targets.ndim == 2 else targets[: lengths.sum()]
    check_classes("ctc_loss", rows, classes)
    return rows, lengths


@for_each_example
def ctc_loss(
    log_probs: Tensor,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-probability that a sequence of distributions says a text, at whatever times.

    It is −ln Σ exp(Σ_t log_probs[t, path_t]) over all paths that give the target after repeated labels are
    merged and blanks removed. Gradient: minus the probability of each label at each time, given the target.
    (PyTorch's gradient has softmax added, which is right only behind ``log_softmax``; there both are equal.)

    Args:
        log_probs: logarithms of probabilities, shape (T, N, C) or (T, C), as ``log_softmax`` gives them.
        targets: labels, shape (N, S), or those of all sequences one after the other.
        input_lengths: how many time steps count, shape (N,), each from 1 to T.
        target_lengths: how many labels count, shape (N,).
        blank: the class that stands for no label.
        reduction: ``"none"``, ``"sum"``, or ``"mean"`` of the losses divided by their target lengths.
        zero_infinity: whether the loss of a target that is too long for its input, which is infinite, is
            replaced by 0, with gradient 0. Otherwise its gradient is NaN.

    Returns:
        A Tensor of shape (), or (N,) for ``"none"``.

    Raises:
        ValueError: for shapes and lengths that do not belong together, or a label out of range.
        TypeError: for labels or lengths that are not integers.

    Source: Graves, Fernández, Gomez, Schmidhuber (2006), Connectionist temporal classification.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> log_probs = ag.log(ag.tensor([[0.4, 0.6], [0.5, 0.5]]))
    >>> F.ctc_loss(log_probs, [1], [2], [1], reduction="sum")  # 1 1, blank 1, 1 blank: 0.3 + 0.2 + 0.3
    tensor(0.2231)
    """
    log_probs = as_values(log_probs)
    check_integer("ctc_loss", "blank", blank)
    if log_probs.ndim not in (2, 3) or not 0 <= blank < log_probs.shape[-1] or not log_probs.shape[0]:
        raise ValueError(
            explain(
                "ctc_loss",
                expected="log_probs of shape (T, N, C) or (T, C), and a blank from 0 to C − 1",
                got=f"shape {log_probs.shape} and blank={blank}",
                remedy="put the time steps into the first axis and the classes into the last",
            )
        )
    check_reduction("ctc_loss", reduction)
    if log_probs.dtype.kind != "f":
        raise TypeError(
            explain(
                "ctc_loss",
                expected="floating-point log-probabilities",
                got=f"dtype {log_probs.dtype}",
                remedy="pass the result of F.log_softmax",
            )
        )
    batched = log_probs.ndim == 3
    if not batched:
        log_probs = np.expand_dims(log_probs, 1)
    times, batch, classes = log_probs.shape
    input_lengths = _lengths("input_lengths", input_lengths, batch, 1, times)
    rows, target_lengths = _padded(targets, target_lengths, batch, classes, blank)
    labels = np.full((batch, 2 * rows.shape[1] + 1), blank, dtype=np.intp)
    labels[:, 1::2] = rows
    function = _negative_log_probability if wants_parts() else _ctc
    loss = function(log_probs, labels, input_lengths, target_lengths, zero_infinity=bool(zero_infinity))
    if reduction == "mean":
        return mean_of(loss * np.asarray(1 / np.maximum(target_lengths, 1), dtype=log_probs.dtype))
    return reduce_loss(loss if batched else loss[0], reduction, "ctc_loss")
