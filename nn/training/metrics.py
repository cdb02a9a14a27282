"""Metrics: numbers that say how good a model is, added up over the batches of a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = [
    "Accuracy",
    "MeanAbsoluteError",
    "MeanMetric",
    "MeanSquaredError",
    "Metric",
    "RootMeanSquaredError",
    "TopKAccuracy",
]


def array_of(value: Any) -> Any:
    """The numbers of a Tensor or of anything array-like, without their gradient."""
    return value._data if isinstance(value, Tensor) else np.asarray(value)


class Metric:
    """Base class of metrics, which is a mean over samples: define ``measure(output, target)``.

    A metric that is no mean defines ``reset``, ``update`` and ``value`` itself, and keeps plain data only in
    its attributes, so that a checkpoint can hold them.

    Attributes:
        name: what the history calls it.
        better: ``"max"`` if greater values are better, ``"min"`` if smaller ones are, ``None`` if that is
            not known.

    >>> from nn.training import Metric
    >>> class Bias(Metric):
    ...     name = "bias"
    ...     def measure(self, output, target):
    ...         return output - target
    >>> bias = Bias()
    >>> bias.update([1.0, 2.0], [0.0, 0.0])
    >>> bias.value()
    1.5
    """

    name: str = "metric"
    better: str | None = None

    def __init__(self) -> None:
        self.reset()

    def measure(self, output: Any, target: Any) -> Any:
        """One number per sample (or per entry), as an array whose mean is taken."""
        raise TypeError(f"{type(self).__name__} defines no measure(output, target)")

    def reset(self) -> None:
        """Forget all batches."""
        self.total = 0.0
        self.count = 0

    def update(self, output: Any, target: Any) -> None:
        """Add a batch.

        Args:
            output: what the model gave.
            target: what it should have given.
        """
        values = np.asarray(self.measure(array_of(output), array_of(target)))
        self.total += float(values.sum(dtype=np.float64))
        self.count += values.size

    def value(self) -> float:
        """The metric over all batches since ``reset``; NaN if there were none."""
        return self.total / self.count if self.count else float("nan")

    def state_dict(self) -> dict[str, Any]:
        """The sums so far, as plain data: all attributes but functions."""
        return {name: value for name, value in vars(self).items() if not callable(value)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Raises:
            ValueError: if it is the state of another metric.
        """
        own = self.state_dict()
        alike = own.keys() == state_dict.keys()
        if not alike or any(type(value) is not type(own[name]) for name, value in state_dict.items()):
            raise ValueError(
                explain(
                    f"{type(self).__name__}.load_state_dict",
                    expected=f"the entries {', '.join(own)}, of their types",
                    got=f"{', '.join(map(str, state_dict))}",
                    remedy="use the same metrics",
                )
            )
        vars(self).update(state_dict)


def _check_classes(name: str, output: Any, target: Any) -> None:
    if output.ndim < 2 or target.shape != output.shape[:1] + output.shape[2:] or target.dtype.kind not in "iu":
        raise ValueError(
            explain(
                name,
                expected="scores of shape (N, classes, ...) and integer classes of shape (N, ...)",
                got=f"shapes {output.shape} and {target.shape} of dtype {target.dtype}",
                remedy="pass class numbers as targets, or a metric of your own",
            )
        )


class Accuracy(Metric):
    """The share of right answers.

    For outputs of shape (N, classes, ...) and integer targets of shape (N, ...): the class of the highest
    score must be the target. For outputs and targets of one shape: output > threshold must be target > 1/2,
    entry by entry, which with the threshold 0 is right for logits.

    Args:
        threshold: what an output has to exceed to count as 1.

    >>> from nn.training import Accuracy
    >>> accuracy = Accuracy()
    >>> accuracy.update([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    >>> accuracy.value()
    0.5
    """

    name = "accuracy"
    better = "max"

    def __init__(self, threshold: float = 0.0) -> None:
        super().__init__()
        self.threshold = threshold

    def measure(self, output: Any, target: Any) -> Any:
        """Which answers are right."""
        if output.shape == target.shape:
            return (output > self.threshold) == (target > 0.5)
        _check_classes("Accuracy", output, target)
        return output.argmax(axis=1) == target


class TopKAccuracy(Metric):
    """The share of samples whose class is among the k classes of highest score.

    Args:
        k: how many count.

    Raises:
        ValueError: for k below 1.

    >>> from nn.training import TopKAccuracy
    >>> top2 = TopKAccuracy(2)
    >>> top2.update([[0.5, 0.3, 0.2]], [1])
    >>> top2.value()
    1.0
    """

    better = "max"

    def __init__(self, k: int = 5) -> None:
        super().__init__()
        if k < 1:
            raise ValueError(explain("TopKAccuracy", expected="k of at least 1", got=repr(k), remedy="pass 5, say"))
        self.k = k
        self.name = f"top_{k}_accuracy"

    def measure(self, output: Any, target: Any) -> Any:
        """Which targets have fewer than k classes above them; of equal scores the first classes come first."""
        _check_classes("TopKAccuracy", output, target)
        best = np.argsort(-output, axis=1, kind="stable")[:, : self.k]
        return (best == np.expand_dims(target, 1)).any(axis=1)


class _ErrorMetric(Metric):
    better = "min"

    def _difference(self, output: Any, target: Any) -> Any:
        if output.shape != target.shape:
            raise ValueError(
                explain(
                    type(self).__name__,
                    expected=f"targets of the outputs' shape {output.shape}",
                    got=f"shape {target.shape}",
                    remedy="reshape one of them",
                )
            )
        return output - target


class MeanAbsoluteError(_ErrorMetric):
    """The mean of |output - target|.

    >>> from nn.training import MeanAbsoluteError
    >>> error = MeanAbsoluteError()
    >>> error.update([1.0, 2.0], [0.0, 4.0])
    >>> error.value()
    1.5
    """

    name = "mean_absolute_error"

    def measure(self, output: Any, target: Any) -> Any:
        """The distances."""
        return np.abs(self._difference(output, target))


class MeanSquaredError(_ErrorMetric):
    """The mean of (output - target)².

    >>> from nn.training import MeanSquaredError
    >>> error = MeanSquaredError()
    >>> error.update([1.0, 2.0], [0.0, 4.0])
    >>> error.value()
    2.5
    """

    name = "mean_squared_error"

    def measure(self, output: Any, target: Any) -> Any:
        """The squares."""
        return np.square(self._difference(output, target))


class RootMeanSquaredError(MeanSquaredError):
    """The square root of the mean of (output - target)².

    >>> from nn.training import RootMeanSquaredError
    >>> error = RootMeanSquaredError()
    >>> error.update([1.0, 2.0], [0.0, 2.0])
    >>> round(error.value(), 4)
    0.7071
    """

    name = "root_mean_squared_error"

    def value(self) -> float:
        """The root of the mean over all batches."""
        return float(np.sqrt(super().value()))


class MeanMetric(Metric):
    """A function of output and target, averaged over the batches by their sizes.

    Args:
        function: from the model's output and the target, both Tensors, to one number per batch (or to an
            array whose mean is taken).
        name: what the history calls it, the function's name if left out.
        better: ``"max"``, ``"min"`` or ``None``.

    >>> import nn
    >>> from nn.training import MeanMetric
    >>> distance = MeanMetric(nn.functional.mse_loss, "distance", better="min")
    >>> distance.update(nn.Parameter([1.0, 2.0]), nn.Parameter([0.0, 4.0]))
    >>> distance.value()
    2.5
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None, better: str | None = None) -> None:
        super().__init__()
        self._function = function
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        self.better = better

    def update(self, output: Any, target: Any) -> None:
        """Add a batch."""
        size = len(array_of(target)) if np.ndim(array_of(target)) else 1
        self.total += float(np.mean(array_of(self._function(output, target)))) * size
        self.count += size


BY_NAME: dict[str, Callable[[], Metric]] = {
    metric.name: metric for metric in (Accuracy, MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError)
}


def as_metrics(given: Any) -> dict[str, Metric]:
    """What users pass as metrics, as metrics by name.

    Args:
        given: a metric, a name, a function of output and target, or several of these in a list or, by the
            names that the history is to use, in a dict.

    Raises:
        TypeError: for anything else.
        ValueError: for a name that is unknown, or there twice.
    """
    if isinstance(given, Mapping):
        return {str(name): _as_metric(entry) for name, entry in given.items()}
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    metrics = [_as_metric(entry) for entry in several]
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        raise ValueError(
            explain(
                "metrics",
                expected="different names",
                got=", ".join(names),
                remedy="pass a dict, which gives each a name",
            )
        )
    return dict(zip(names, metrics))


def _as_metric(given: Any) -> Metric:
    if isinstance(given, str):
        if given not in BY_NAME:
            raise ValueError(
                explain("metrics", expected=f"one of {', '.join(BY_NAME)}", got=given, remedy="pass a metric object")
            )
        return BY_NAME[given]()
    if isinstance(given, type) and issubclass(given, Metric):
        return given()
    if isinstance(given, Metric):
        return given
    if callable(given):
        return MeanMetric(given)
    raise TypeError(
        explain(
            "metrics",
            expected="metrics, their names, or functions of output and target",
            got=repr(given),
            remedy="pass metrics=['accuracy'], say",
        )
    )
