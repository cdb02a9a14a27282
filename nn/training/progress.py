"""The progress bar: one line per epoch, in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from autograd_core.errors import explain


class Progress:
    """Shows the batches of an epoch as they go by, with tqdm.

    Args:
        wanted: ``None`` shows the bar if tqdm is installed and the program writes to a terminal; ``True``
            shows it everywhere; ``False`` nowhere.

    Raises:
        ModuleNotFoundError: if it is wanted and tqdm is not installed.
    """

    def __init__(self, wanted: bool | None) -> None:
        self._make: Any = None
        self._bar: Any = None
        if wanted is False or (wanted is None and not sys.stderr.isatty()):
            return
        try:
            self._make = import_module("tqdm").tqdm
        except ModuleNotFoundError as error:
            if wanted:
                raise ModuleNotFoundError(
                    explain(
                        "Trainer(progress=True)",
                        expected="tqdm, which draws the progress bar",
                        got=f"no module {error.name}",
                        remedy="pip install tqdm, or leave progress out",
                    ),
                    name=error.name,
                ) from None

    def begin(self, title: str, total: int | None, done: int) -> None:
        """Start the bar of an epoch."""
        if self._make is not None:
            self._bar = self._make(total=total, initial=done, desc=title, unit="batch", file=sys.stderr)

    def batch(self, loss: float) -> None:
        """Note one more batch."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
            self._bar.update()

    def end(self, record: Mapping[str, float] | None = None) -> None:
        """End the bar of an epoch, with the epoch's values."""
        if self._bar is not None:
            if record is not None:
                self._bar.set_postfix_str(", ".join(f"{name} {value:.4g}" for name, value in record.items()))
            self._bar.close()
            self._bar = None
