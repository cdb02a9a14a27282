"""What a training run looked like, as plain data and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_core.errors import explain

from .figures import figure_class

__all__ = ["History"]


class History(dict[str, list[Any]]):
    """The values of every epoch: a dict from names to lists of numbers, one per epoch.

    An epoch without a value (a metric that came later, a fit without validation) has ``None``. Being a dict of
    plain numbers, it can be written with ``json.dump`` and read into a table.

    >>> from nn.training import History
    >>> history = History(loss=[0.5, 0.25])
    >>> history.append({"loss": 0.125, "accuracy": 0.9})
    >>> history
    {'loss': [0.5, 0.25, 0.125], 'accuracy': [None, None, 0.9]}
    >>> history.last()
    {'loss': 0.125, 'accuracy': 0.9}
    """

    @property
    def epochs(self) -> int:
        """How many epochs it has."""
        return max((len(values) for values in self.values()), default=0)

    def append(self, record: Mapping[str, float]) -> None:
        """Add an epoch: name -> value."""
        before = self.epochs
        for name in [*self, *(name for name in record if name not in self)]:
            self.setdefault(name, [None] * before).append(record.get(name))

    def last(self) -> dict[str, Any]:
        """The values of the last epoch."""
        return {name: values[-1] for name, values in self.items() if values}

    def plot(self, names: Sequence[str] | None = None) -> Any:
        """Draw the curves, the training's as lines and the validation's, named ``val_…``, dashed.

        Args:
            names: which values to draw, ``"loss"`` standing for ``"val_loss"`` too; all but the learning rate
                if left out. Each gets axes of its own.

        Returns:
            The figure of matplotlib, which a notebook shows; ``figure.savefig(path)`` saves it.

        Raises:
            ModuleNotFoundError: if matplotlib is not installed.
            KeyError: for a name that is not in the history.

        >>> from nn.training import History
        >>> figure = History(loss=[0.5, 0.25], val_loss=[0.6, 0.4]).plot()
        >>> figure.axes[0].get_title()
        'loss'
        """
        panels = self._panels(names)
        figure = figure_class("history.plot")(figsize=(4.5 * max(1, len(panels)), 3.2), layout="constrained")
        for position, name in enumerate(panels):
            axes = figure.add_subplot(1, len(panels), position + 1, title=name, xlabel="epoch")
            for curve, style in ((name, "-"), (f"val_{name}", "--")):
                if curve in self:
                    values = [math.nan if value is None else value for value in self[curve]]
                    label = "validation" if curve != name else "training"
                    axes.plot(range(1, len(values) + 1), values, style, marker=".", label=label)
            if f"val_{name}" in self and name in self:
                axes.legend()
        return figure

    def _panels(self, names: Sequence[str] | None) -> list[str]:
        present = list(dict.fromkeys(name.removeprefix("val_") for name in self))
        if names is None:
            return [name for name in present if name != "learning_rate"]
        wanted = list(dict.fromkeys(name.removeprefix("val_") for name in names))
        missing = [name for name in wanted if name not in present]
        if missing:
            raise KeyError(
                explain(
                    "history.plot",
                    expected=f"names out of {', '.join(present)}",
                    got=", ".join(missing),
                    remedy="correct the name",
                )
            )
        return wanted
