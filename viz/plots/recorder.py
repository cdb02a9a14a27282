"""``Recorder``: the distributions of weights, gradients and activations of a model while it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autograd_core import no_grad
from autograd_core.errors import explain
from nn.module import Module
from nn.training.callbacks import Callback

from .figures import count
from .models import captured, first_tensor, leaves, undisturbed

BINS = 64
QUANTILES = (0.05, 0.5, 0.95)
LARGEST = 1e150
KINDS = ("weights", "gradients", "activations")


@dataclass(frozen=True)
class Histogram:
    """How the entries of one array are distributed, without the array.

    Attributes:
        low, high: the least and the greatest finite entry.
        counts: how many entries lie in each of the bins of equal width from ``low`` to ``high``.
        quantiles: below which 5 %, 50 % and 95 % of the finite entries lie.
        mean, std: of the finite entries.
        zeros: the share of entries that are 0.
        not_finite: how many are NaN or infinite, or beyond 1e150, whose squares would be.

    >>> import numpy as np, viz
    >>> histogram = viz.Histogram.of(np.array([0.0, 1.0, 2.0, 4.0]))
    >>> histogram.low, histogram.high, sum(histogram.counts), histogram.zeros
    (0.0, 4.0, 4, 0.25)
    """

    low: float
    high: float
    counts: list[int]
    quantiles: list[float]
    mean: float
    std: float
    zeros: float
    not_finite: int

    @classmethod
    def of(cls, values: Any, bins: int = BINS) -> Histogram:
        """Count the entries of an array."""
        flat = (np.abs(values) if values.dtype.kind == "c" else values).ravel().astype(float)
        finite = flat[np.abs(flat) <= LARGEST]
        bad = flat.size - finite.size
        if not finite.size:
            return cls(0.0, 0.0, [0] * bins, [0.0] * len(QUANTILES), 0.0, 0.0, 0.0, bad)
        low, high = float(finite.min()), float(finite.max())
        width = (high - low) or 1.0
        # Not np.histogram, which refuses ranges so small that two of its bins' edges are equal.
        places = np.clip((finite - low) / width * bins, 0, bins - 1).astype(int)
        return cls(
            low,
            high,
            np.bincount(places, minlength=bins).tolist(),
            np.quantile(finite, QUANTILES).tolist(),
            float(finite.mean()),
            float(finite.std()),
            float((finite == 0).mean()),
            bad,
        )

    def shares(self, edges: Any) -> Any:
        """Which share of the entries lies between any two neighbours of ``edges``, shape (n + 1,) -> (n,).

        Within a bin the entries are taken to be spread evenly.
        """
        total = sum(self.counts)
        if not total:
            return np.zeros(len(edges) - 1)
        if self.low == self.high:
            inside = np.clip(np.searchsorted(edges, self.low, side="right") - 1, 0, len(edges) - 2)
            return np.eye(len(edges) - 1)[inside]
        own = np.linspace(self.low, self.high, len(self.counts) + 1)
        below = np.concatenate([[0.0], np.cumsum(self.counts) / total])
        return np.diff(np.interp(edges, own, below))


class Recorder(Callback):
    """Records histograms of a model's weights, gradients and activations while it is trained.

    Only the histograms are kept. Pass it to a ``Trainer`` as a callback, or call ``record()`` in your own loop,
    behind ``optimizer.step()`` say; then draw them with ``viz.plot_histograms(recorder)``.

    Gradients are those in ``.grad`` at that moment. Activations are the outputs of the model's layers for one
    batch that stays the same, computed in evaluation mode without recording.

    Args:
        model: the module.
        x: the batch to measure the activations with; without it, there are none.
        every: at how many steps of the optimizer one record is made; the first and every ``every``-th after it.
        bins: of the histograms.

    Attributes:
        steps: the steps that were recorded.
        weights, gradients: parameter's name -> its histograms, one for each entry of ``steps``; ``None`` where
            there was no gradient.
        activations: the same by the paths of layers.

    Raises:
        TypeError: if ``model`` is no module, or ``every`` no integer.
        ValueError: for ``every`` or ``bins`` below 1.

    >>> import nn, viz
    >>> model = nn.Linear(2, 1)
    >>> recorder = viz.Recorder(model, x=[[1.0, 2.0]])
    >>> for step in range(3):
    ...     recorder.record()
    >>> recorder.steps, list(recorder.weights), recorder.gradients["bias"]
    ([0, 1, 2], ['weight', 'bias'], [None, None, None])
    """

    def __init__(self, model: Module, x: Any = None, *, every: int = 1, bins: int = BINS) -> None:
        if not isinstance(model, Module):
            raise TypeError(
                explain(
                    "Recorder",
                    expected="model to be an nn.Module",
                    got=type(model).__name__,
                    remedy="pass the model that is trained",
                )
            )
        self.model, self.x = model, x
        self.every, self.bins = count("Recorder", "every", every), count("Recorder", "bins", bins)
        self.steps: list[int] = []
        self.weights: dict[str, list[Histogram | None]] = {}
        self.gradients: dict[str, list[Histogram | None]] = {}
        self.activations: dict[str, list[Histogram | None]] = {}
        self._calls = 0

    def record(self, step: int | None = None) -> None:
        """Count a step, and make a record if it is its turn.

        Args:
            step: the step's number, recorded in any case; if left out, calls are counted from 0 on, and one
                of ``every`` makes a record.
        """
        self._calls += 1
        if step is None:
            step = self._calls - 1
            if step % self.every:
                return
        before = len(self.steps)
        self.steps.append(step)
        for name, parameter in self.model.named_parameters():
            gradient = parameter.grad
            self._add(self.weights, name, before, parameter._data)
            self._add(self.gradients, name, before, None if gradient is None else gradient._data)
        for name, value in self._outputs().items():
            self._add(self.activations, name, before, value)
        for table in (self.weights, self.gradients, self.activations):
            for histograms in table.values():
                histograms.extend([None] * (len(self.steps) - len(histograms)))

    def _add(self, table: dict[str, list[Histogram | None]], name: str, before: int, value: Any) -> None:
        histograms = table.setdefault(name, [None] * before)
        histograms.append(None if value is None or not value.size else Histogram.of(value, self.bins))

    def _outputs(self) -> dict[str, Any]:
        """What every layer gives for the batch, by its path; of a layer called several times the last."""
        if self.x is None:
            return {}
        found = leaves(self.model)
        paths = {module: path or type(module).__name__ for path, module in found.items()}
        outputs: dict[str, Any] = {}

        def note(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
            tensor = first_tensor(output)
            if tensor is not None:
                outputs[paths[module]] = tensor._data

        with undisturbed(self.model), no_grad(), captured(list(found.values()), note):
            self.model(self.x)
        return {path: outputs[path] for path in paths.values() if path in outputs}

    # -- as a callback of a Trainer ---------------------------------------------------------------------

    def on_step_end(self, trainer: Any) -> None:
        """Record the first step of the run and every ``every``-th after it."""
        if (trainer.step - 1) % self.every == 0:
            self.record(trainer.step)

    def state_dict(self) -> dict[str, Any]:
        """All records, as plain data, so that a run that goes on from a checkpoint keeps them."""
        tables = {kind: getattr(self, kind) for kind in KINDS}
        return {
            "steps": list(self.steps),
            "calls": self._calls,
            **{
                kind: {name: [h and asdict(h) for h in histograms] for name, histograms in table.items()}
                for kind, table in tables.items()
            },
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Raises:
            ValueError: if it is the state of something else.
        """
        try:
            tables = {
                kind: {name: [h and Histogram(**h) for h in histograms] for name, histograms in table.items()}
                for kind, table in ((kind, state_dict[kind]) for kind in KINDS)
            }
            steps, calls = list(state_dict["steps"]), int(state_dict["calls"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                explain(
                    "Recorder.load_state_dict",
                    expected="the state of a Recorder",
                    got=f"something else ({error})",
                    remedy="load what state_dict gave",
                )
            ) from None
        self.steps, self._calls = steps, calls
        self.weights, self.gradients, self.activations = (tables[kind] for kind in KINDS)
