"""Samples of the losses of ``nn``, and how each is written out in its parts."""

from __future__ import annotations

import itertools

import numpy as np

import nn
from nn import functional as F
from nn.functional.losses import ctc

from .parts import Parts
from .sample import Sample, real

_X, _Y = real(3, 4), real(3, 4, low=0.5, high=3.0)
_P = real(3, 4, low=0.1, high=0.9)
_LOGITS, _CLASSES = real(4, 3), np.array([2, 0, 1, 2])


def _log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def _huber(x, y, delta):
    d = np.abs(x - y)
    return np.where(d < delta, d * d / 2, delta * (d - delta / 2))


def _weighted_cross_entropy(x, y, factors):
    return sum(-f * _log_softmax(row)[k] for row, k, f in zip(x, y, factors, strict=True))


def text_of(path, blank=0):
    """What a path says: repeated labels merged, blanks left out."""
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def ctc_by_enumeration(log_probs, targets, input_lengths):
    """The loss as the sum over all paths, one by one."""
    losses = []
    for n, (target, length) in enumerate(zip(targets, input_lengths, strict=True)):
        total = 0.0
        for path in itertools.product(range(log_probs.shape[2]), repeat=int(length)):
            if text_of(path) == tuple(target):
                total += np.exp(sum(log_probs[t, n, label] for t, label in enumerate(path)))
        losses.append(-np.log(total))
    return np.array(losses)


_TARGETS = [(1, 2), (2, 2), ()]
_LABELS = np.array([[0, 1, 0, 2, 0], [0, 2, 0, 2, 0], [0, 0, 0, 0, 0]])
_STEPS, _COUNTS = np.array([4, 3, 2]), np.array([2, 2, 0])
_LOG_PROBS = _log_softmax(real(4, 3, 3))

SAMPLES: dict[str, list[Sample]] = {
    "sum_squared_error": [Sample((_X, _Y), value=lambda x, y: ((x - y) ** 2).sum() / 2)],
    "root_mean_square_error": [
        Sample((_X, _Y), value=lambda x, y: (((x - y) ** 2).sum() / 12) ** 0.5),
        Sample((np.float64(0.7), np.float64(-0.4)), value=lambda x, y: np.hypot(x - y, 0)),
    ],
    "absolute_error": [Sample((_X, _Y), value=lambda x, y: np.sqrt((x - y) ** 2))],
    "huber": [Sample((_X, _Y, 1.23), value=_huber)],
    "smooth_l1": [Sample((_X, _Y, 0.77), value=lambda x, y, beta: _huber(x, y, beta) / beta)],
    "binary_cross_entropy": [
        Sample((_P, real(3, 4, low=0.05, high=0.95)), value=lambda x, y: -y * np.log(x) - (1 - y) * np.log(1 - x))
    ],
    "negative_log_likelihood": [
        Sample(
            (_LOGITS, _CLASSES, np.array([1.0, 0.0, 0.5, 2.0])),
            {"axis": 1},
            value=lambda x, y, f: np.array([-x[i, k] * f[i] for i, k in enumerate(y)]),
            wrt=(0,),
        ),
        Sample(
            (real(2, 3, 2), np.array([[0, 2], [1, 1]]), real(2, 2)),
            {"axis": 1},
            value=lambda x, y, f: np.array([[-x[i, y[i, j], j] * f[i, j] for j in range(2)] for i in range(2)]),
            wrt=(0,),
        ),
    ],
    "weighted_softmax_cross_entropy": [
        Sample((_LOGITS, _CLASSES, np.array([1.0, 0.0, 0.5, 2.0])), value=_weighted_cross_entropy, wrt=(0,))
    ],
    "log_add_exp": [
        Sample(
            (real(4), real(4, high=3.0), real(4, low=-5.0)),
            value=lambda a, b, c: np.log(np.exp(a) + np.exp(b) + np.exp(c)),
        )
    ],
    "ctc": [
        Sample(
            (_LOG_PROBS, _LABELS, _STEPS, _COUNTS),
            {"zero_infinity": zero_infinity},
            value=lambda x, labels, steps, counts: ctc_by_enumeration(x, _TARGETS, steps),
        )
        for zero_infinity in (False, True)
    ],
}


def _ctc(log_probs, **options):
    return F.ctc_loss(log_probs, [[1, 2], [2, 2], [1, 1]], [4, 3, 2], [2, 2, 0], **options)


PARTS: dict[str, list[Parts]] = {
    "linear": [Parts(F.linear, (real(2, 4, 3), real(2, 3), real(2))), Parts(F.linear, (real(3), real(2, 3), real(2)))],
    "linear_no_bias": [Parts(F.linear, (real(4, 3), real(2, 3)))],
    "mean_square_error": [Parts(F.mse_loss, (_X, _Y))],
    "sum_squared_error": [Parts(F.sum_squared_error, (_X, _Y))],
    "root_mean_square_error": [Parts(F.rmse_loss, (_X, _Y))],
    "absolute_error": [Parts(F.l1_loss, (_X, _Y))],
    "huber": [Parts(lambda x, y: F.huber_loss(x, y, delta=1.23), (_X, _Y))],
    "smooth_l1": [Parts(lambda x, y: F.smooth_l1_loss(x, y, beta=0.77), (_X, _Y))],
    "logistic_loss": [
        Parts(F.binary_cross_entropy_with_logits, (_X, _P)),
        Parts(F.multilabel_soft_margin_loss, (_X, _P)),
    ],
    "binary_cross_entropy": [Parts(F.binary_cross_entropy, (_P, real(3, 4, low=0.05, high=0.95)))],
    "softmax_cross_entropy": [Parts(lambda x: F.cross_entropy(x, _CLASSES), (_LOGITS,))],
    "weighted_softmax_cross_entropy": [
        Parts(lambda x: F.cross_entropy(x, _CLASSES, weight=[1.0, 2.0, 0.5], ignore_index=0), (_LOGITS,)),
        Parts(nn.CrossEntropyLoss(reduction="sum"), (_LOGITS, _CLASSES)),
    ],
    "negative_log_likelihood": [
        Parts(lambda x: F.nll_loss(x, _CLASSES, weight=[1.0, 2.0, 0.5]), (_LOGITS,)),
        Parts(lambda x: F.nll_loss(x, _CLASSES, reduction="none", ignore_index=0), (_LOGITS,)),
        Parts(lambda x: F.cross_entropy(x, _CLASSES, label_smoothing=0.1), (_LOGITS,)),
    ],
    "log_add_exp": [Parts(ctc._log_sum, (real(4), real(4, high=3.0), real(4, low=-5.0)))],
    "ctc": [Parts(_ctc, (_LOG_PROBS,)), Parts(lambda x: _ctc(x, reduction="none", zero_infinity=True), (_LOG_PROBS,))],
}
