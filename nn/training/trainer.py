"""``Trainer``: the training loop."""

from __future__ import annotations

import contextlib
import copy
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.errors import explain

from ..data import DataLoader, Dataset
from ..module import Module
from ..random import manual_seed
from ..utils import clip_grad_norm_, clip_grad_value_
from .callbacks import Callback, check_mode
from .checkpoint import load_checkpoint, save_checkpoint
from .history import History
from .metrics import MeanMetric, Metric, array_of, as_metrics
from .progress import Progress
from .schedules import Schedules
from .trainer_checks import (
    check_batches,
    check_epochs,
    check_names,
    check_optimizer,
    check_parameters,
    check_positive,
    check_state,
)

__all__ = ["Trainer"]


class Trainer:
    """Trains a model on batches (input, target).

    One step of it is the loop that one writes by hand::

        optimizer.zero_grad()
        loss(model(input), target).backward()
        optimizer.step()

    Args:
        model: the module.
        optimizer: updates its parameters (and those of the loss, if it has any). One whose ``step`` needs a closure,
            as that of ``LBFGS`` and ``SAM``, is refused.
        loss: function, or module, of output and target.
        metrics: metrics of ``nn.training``, their names, or functions of output and target; several in a
            list, or in a dict by name.
        schedule: an object whose ``step()`` changes the learning rate, or several in a list. One whose
            ``step`` needs a value, as that of ``ReduceLROnPlateau``, is given the monitored one.
        schedule_every: ``"epoch"``, or ``"step"`` for schedules that count updates.
        monitor: the name of the value that schedules look at; the validation loss if left out, or the loss
            without validation.
        accumulate: how many batches give one update; their losses are averaged, so that equal batches
            together act as one large batch.
        clip_norm: the greatest norm of all gradients together; they are scaled down to it before an update.
        clip_value: the greatest absolute value of a gradient's entry; the others are cut.
        callbacks: ``Callback`` objects.
        seed: if given, ``nn.manual_seed(seed)`` is called when the first ``fit`` begins. (To fix the initial
            weights too, call it yourself before the model is made, and leave this out.)
        progress: whether to show a progress bar; if left out, where the program writes to a terminal and
            tqdm is installed.
        check_finite: whether a loss that is NaN or infinite is an error.

    Attributes:
        history: the values of every epoch, a dict of lists.
        epoch, step, batch: how many epochs and updates are done, and how many batches of the current epoch.
        record: the values of the latest epoch.
        stop_reason: why the run ended early, or ``None``.

    Raises:
        ValueError: for arguments out of range.
        TypeError: for an optimizer that needs a closure, and something that is none.

    >>> import nn, optim
    >>> from nn.training import Trainer
    >>> _ = nn.manual_seed(0)
    >>> model = nn.MLP([2, 8, 1], activation=nn.Tanh)
    >>> trainer = Trainer(model, optim.Adam(model.parameters(), lr=0.1), nn.BCEWithLogitsLoss(), metrics=["accuracy"])
    >>> history = trainer.fit(nn.data.DataLoader(nn.data.xor(), batch_size=4), epochs=50)
    >>> history["accuracy"][-1]
    1.0
    """

    def __init__(
        self,
        model: Module,
        optimizer: Any,
        loss: Callable[[Any, Any], Any],
        metrics: Any = (),
        schedule: Any = None,
        *,
        schedule_every: str = "epoch",
        monitor: str | None = None,
        accumulate: int = 1,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        callbacks: Sequence[Callback] = (),
        seed: int | None = None,
        progress: bool | None = None,
        check_finite: bool = True,
    ) -> None:
        check_optimizer(optimizer)
        check_positive(accumulate=accumulate, clip_norm=clip_norm, clip_value=clip_value)
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.metrics = as_metrics(metrics)
        check_names(self.metrics)
        self.schedule = Schedules(schedule, schedule_every)
        self.monitor = monitor
        self.accumulate, self.clip_norm, self.clip_value = accumulate, clip_norm, clip_value
        self.callbacks = sorted(callbacks, key=lambda callback: callback.runs_last)
        self.seed, self.check_finite = seed, check_finite
        self._progress = Progress(progress)
        self.history = History()
        self.record: dict[str, float] = {}
        self.epoch = self.step = self.batch = 0
        self.loss_value = math.nan
        self.stop_reason: str | None = None
        self.resumed = False
        self._mean_loss = MeanMetric(self.loss, "loss")
        self._first_epoch = self._last_epoch = 0  # of the present fit
        self._pass_over = False
        self._pending = False  # whether there are gradients that no update has used yet
        self._seeded = False
        self._loader: Any = None
        self._validation: Any = None

    # -- the run -----------------------------------------------------------------------------------

    def fit(
        self,
        loader: Iterable[Any],
        epochs: int,
        validation: Iterable[Any] | None = None,
        resume: str | os.PathLike[str] | bool | None = None,
    ) -> History:
        """Train for a number of epochs.

        The model is put into training mode at the beginning. Calling it again trains for further epochs.

        Args:
            loader: batches (input, target), or with several inputs (a, b, ..., target); the training data,
                such as a ``DataLoader``.
            epochs: how often to go through them.
            validation: batches to measure the model on after every epoch, without training on them.
            resume: a checkpoint of an interrupted run, to go on from there until ``epochs`` are full; the
                result is the same, bit for bit, as if there had been no interruption. ``True`` takes the
                newest one in the folder of the ``Checkpoint`` callback, and begins anew if there is none.

        Returns:
            The history, with a list per value: ``loss`` and each metric (on the training data, while the
            model changes), the same on the validation data as ``val_…``, and ``learning_rate``.

        Raises:
            ValueError, TypeError: for epochs that are no count, data without a batch, and an optimizer of parameters
                that belong neither to the model nor to the loss.
            FloatingPointError: for a loss that is not finite, naming epoch and batch; the batch has not
                changed the model.
            FileFormatError: for a checkpoint that is truncated or corrupted; nothing has changed then.
        """
        epochs = check_epochs(epochs)
        check_parameters(self.optimizer, self.model, self.loss)
        self._loader, self._validation = loader, validation
        self.resumed = False
        checkpoint = self._checkpoint_to_resume(resume)
        if checkpoint is not None:
            self.load(checkpoint)
            self.resumed = True
        else:
            self._first_epoch, self.batch, self.stop_reason = self.epoch, 0, None
            self._pass_over = self._pending = False
            if self.seed is not None and not self._seeded:
                manual_seed(self.seed)
        self._seeded = True
        self._last_epoch = self._first_epoch + epochs
        self.model.train()
        self._call("on_fit_start")
        try:
            while self.epoch < self._last_epoch and self.stop_reason is None:
                self._train_epoch()
                self._finish_epoch()
        finally:
            self._progress.end()
        self._call("on_fit_end")
        return self.history

    def stop(self, reason: str = "a callback asked for it") -> None:
        """End the run after the current epoch."""
        self.stop_reason = reason

    def _call(self, moment: str) -> None:
        for callback in self.callbacks:
            getattr(callback, moment)(self)

    def _train_epoch(self) -> None:
        length = _length(self._loader)
        if not self.batch and not self._pass_over:
            for metric in self._all_metrics():
                metric.reset()
            self._call("on_epoch_start")
        self._progress.begin(f"epoch {self.epoch + 1}/{self._last_epoch}", length, self.batch)
        for batch in () if self._pass_over else self._batches():
            first = self.batch - self.batch % self.accumulate
            group = self.accumulate if length is None else min(self.accumulate, length - first)
            self._train_batch(batch, fresh=self.batch == first, share=1 / group)
            if self.batch == first + group:
                self._update()
        check_batches("Trainer.fit", self.batch, self.epoch + 1)
        self._pass_over = True
        if self._pending:  # fewer batches were left than make a group, which a loader without a length does not tell
            self._update()

    def _batches(self) -> Iterator[Any]:
        """The batches that are left of the epoch."""
        knows_its_place = hasattr(self._loader, "load_state_dict")
        return iter(self._loader) if knows_its_place else islice(self._loader, self.batch, None)

    def _train_batch(self, batch: Any, fresh: bool, share: float) -> None:
        self._call("on_batch_start")
        output, target, loss = self.compute(batch)
        self.loss_value = value = float(loss.item())
        if self.check_finite and not math.isfinite(value):
            raise FloatingPointError(
                explain(
                    "Trainer.fit",
                    expected="a finite loss",
                    got=f"{value} in epoch {self.epoch + 1}, batch {self.batch + 1}",
                    remedy="lower the learning rate, pass clip_norm=1.0, or look for NaN in the data; "
                    "ag.detect_anomaly() finds the operation",
                )
            )
        if fresh:
            self.optimizer.zero_grad()
        loss.backward(None if share == 1 else share)
        size = _size(target, output)
        self._mean_loss.total += value * size
        self._mean_loss.count += size
        with no_grad():
            for metric in self.metrics.values():
                metric.update(_detached(output), _detached(target))
        self.batch += 1
        self._pending = True
        self._progress.batch(value)
        self._call("on_batch_end")

    def compute(self, batch: Any) -> tuple[Any, Any, Any]:
        """Output, target and loss of one batch. Define it anew in a subclass for batches of another form.

        Args:
            batch: what the loader gives: a tuple or a list whose last entry is the target.

        Returns:
            The model's output and the target, both for the metrics, and the loss.

        Raises:
            TypeError: for a batch of another form.
        """
        if not isinstance(batch, tuple | list) or len(batch) < 2:
            raise TypeError(
                explain(
                    "Trainer",
                    expected="batches (input, target)",
                    got=f"a {type(batch).__name__}"
                    + (f" of length {len(batch)}" if isinstance(batch, tuple | list) else ""),
                    remedy="make the data set return pairs, or define Trainer.compute(batch) in a subclass",
                )
            )
        *inputs, target = batch
        output = self.model(*inputs)
        return output, target, self.loss(output, target)

    def _update(self) -> None:
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        if self.clip_value is not None:
            clip_grad_value_(parameters, self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(parameters, self.clip_norm)
        self.optimizer.step()
        self._pending = False
        self.step += 1
        if self.schedule.every == "step":
            self.schedule.step()
        self._call("on_step_end")

    def _finish_epoch(self) -> None:
        values = [float(metric.value()) for metric in self._all_metrics()]
        record = dict(zip(["loss", *self.metrics], values))
        if self._validation is not None:
            measured = self.evaluate(self._validation)
            record |= {f"val_{name}": value for name, value in measured.items()}
        record["learning_rate"] = float(self.optimizer.param_groups[0].get("lr", math.nan))
        self.record = record
        self.history.append(record)
        self.epoch, self.batch, self._pass_over = self.epoch + 1, 0, False
        if self.schedule.every == "epoch":
            wanted = any(self.schedule.wants_value)
            self.schedule.step(record[self.monitored(self.monitor)] if wanted else None)
        self._progress.end(record)
        self._call("on_epoch_end")

    # -- measuring and using the model -------------------------------------------------------------

    def _all_metrics(self) -> list[Metric]:
        return [self._mean_loss, *self.metrics.values()]

    def evaluate(self, loader: Iterable[Any]) -> dict[str, float]:
        """The loss and the metrics on other data, in evaluation mode, without training.

        Args:
            loader: batches as for ``fit``.

        Returns:
            Name -> value, averaged over all samples.

        Raises:
            ValueError: if there are no batches.
        """
        mean_loss = MeanMetric(self.loss, "loss")
        metrics = {name: copy.copy(metric) for name, metric in self.metrics.items()}
        for metric in metrics.values():
            metric.reset()
        with evaluating(self.model), no_grad():
            for batch in loader:
                output, target, loss = self.compute(batch)
                size = _size(target, output)
                mean_loss.total += float(loss.item()) * size
                mean_loss.count += size
                for metric in metrics.values():
                    metric.update(output, target)
        check_batches("Trainer.evaluate", mean_loss.count)
        return {"loss": mean_loss.value(), **{name: float(metric.value()) for name, metric in metrics.items()}}

    def predict(self, data: Any, batch_size: int = 256) -> Any:
        """The model's outputs, in evaluation mode and without a graph.

        Args:
            data: inputs as an array or a Tensor; or a data set or a loader of inputs, or of (input, target),
                whose targets are left aside. (A loader that shuffles gives the outputs in its order.)
            batch_size: how many samples to compute at once, for all but a loader.

        Returns:
            The outputs of all samples as one Tensor; a tuple of Tensors for a model that returns a tuple.

        Raises:
            ValueError: if there are no samples.
        """
        if isinstance(data, Dataset):
            data = DataLoader(data, batch_size)
        elif isinstance(data, Tensor | np.ndarray):
            inputs = data
            data = ((inputs[start : start + batch_size],) for start in range(0, len(inputs), batch_size))
        outputs = []
        with evaluating(self.model), no_grad():
            for batch in data:
                several = isinstance(batch, tuple | list)
                outputs.append(self.model(*(batch[: max(1, len(batch) - 1)] if several else [batch])))
        if not outputs:
            raise ValueError(
                explain("Trainer.predict", expected="at least one sample", got="none", remedy="pass some data")
            )
        if isinstance(outputs[0], tuple):
            return tuple(Tensor(np.concatenate([array_of(part) for part in parts])) for parts in zip(*outputs))
        return Tensor(np.concatenate([array_of(output) for output in outputs]))

    # -- monitored values --------------------------------------------------------------------------

    def monitored(self, name: str | None) -> str:
        """The name of a value to watch, the (validation) loss for ``None``.

        Raises:
            KeyError: if there will be no such value.
        """
        present = ["loss", *self.metrics]
        if self._validation is not None:
            present += [f"val_{value}" for value in present]
        if name is None:
            return "val_loss" if self._validation is not None else "loss"
        if name not in present:
            raise KeyError(
                explain(
                    "monitor",
                    expected=f"one of {', '.join(present)}",
                    got=name,
                    remedy="add the metric, or pass validation= to fit for the values named val_...",
                )
            )
        return name

    def mode_of(self, name: str, mode: str | None = None) -> str:
        """Whether smaller (``"min"``) or greater values (``"max"``) of the name are better.

        Raises:
            ValueError: if that is not known and ``mode`` does not say it.
        """
        check_mode("monitor", mode)
        plain = name.removeprefix("val_")
        known = mode or ("min" if plain == "loss" else self.metrics[plain].better)
        if known is None:
            raise ValueError(
                explain(
                    "monitor",
                    expected=f"to know whether small or great values of {name} are better",
                    got="a function that does not say it",
                    remedy="pass mode='min' or mode='max'",
                )
            )
        return known

    # -- state -------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Where the run stands, as plain data: counts, history, the sums of the epoch, the callbacks' states."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "batch": self.batch,
            "first_epoch": self._first_epoch,
            "pass_over": self._pass_over,
            "stop_reason": self.stop_reason,
            "record": dict(self.record),
            "history": {name: list(values) for name, values in self.history.items()},
            "sums": [metric.state_dict() for metric in self._all_metrics()],
            "callbacks": [[type(callback).__name__, state] for callback, state in self._states_of_callbacks()],
        }

    def _states_of_callbacks(self) -> list[tuple[Callback, dict[str, Any]]]:
        states = [(callback, callback.state_dict()) for callback in self.callbacks]
        return [(callback, state) for callback, state in states if state]

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Raises:
            ValueError: for something else, or the state of a trainer with other metrics or callbacks.
        """
        check_state(state_dict, len(self._all_metrics()))
        stateful = [callback for callback, _ in self._states_of_callbacks()]
        own = [type(callback).__name__ for callback in stateful]
        given = [name for name, _ in state_dict["callbacks"]]
        if own != given:
            raise ValueError(
                explain(
                    "Trainer.load_state_dict",
                    expected=f"the states of the callbacks {own}",
                    got=f"those of {given}",
                    remedy="make the trainer with the same callbacks, or load the model alone with load_checkpoint",
                )
            )
        for metric, state in zip(self._all_metrics(), state_dict["sums"]):
            metric.load_state_dict(state)
        for callback, (_, state) in zip(stateful, state_dict["callbacks"]):
            callback.load_state_dict(state)
        self.epoch, self.step, self.batch = (state_dict[name] for name in ("epoch", "step", "batch"))
        self._first_epoch, self._pass_over = state_dict["first_epoch"], state_dict["pass_over"]
        self._pending = False
        self.stop_reason, self.record = state_dict["stop_reason"], dict(state_dict["record"])
        self.history.clear()
        self.history.update({name: list(values) for name, values in state_dict["history"].items()})

    def _parts(self) -> dict[str, Any]:
        """What a checkpoint holds besides random states."""
        parts = {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}
        if hasattr(self._loader, "load_state_dict"):
            parts["loader"] = self._loader
        if hasattr(self._validation, "load_state_dict"):
            parts["validation"] = self._validation
        return {**parts, "trainer": self}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint of the run, from ``on_step_end`` or ``on_epoch_end``: see ``save_checkpoint``.

        Raises:
            ValueError: between the gradient of a batch and the update that uses it.
        """
        if self._pending:
            raise ValueError(
                explain(
                    "Trainer.save",
                    expected="a moment after an update",
                    got=f"gradients of batch {self.batch} that no update has used yet",
                    remedy="save in on_step_end or on_epoch_end",
                )
            )
        save_checkpoint(path, epoch=self.epoch, step=self.step, **self._parts())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go back to where a checkpoint was written. ``fit(..., resume=path)`` does it and goes on.

        Raises:
            FileFormatError: for a file that is truncated or corrupted; nothing is changed.
        """
        load_checkpoint(path, **self._parts())

    def _checkpoint_to_resume(self, resume: Any) -> Any:
        if resume is None or resume is False:
            return None
        if resume is not True:
            return resume
        newest = [callback.newest() for callback in self.callbacks if hasattr(callback, "newest")]
        if not newest:
            raise ValueError(
                explain(
                    "Trainer.fit(resume=True)",
                    expected="a Checkpoint among the callbacks",
                    got="none",
                    remedy="pass callbacks=[Checkpoint(folder)], or the path of a checkpoint",
                )
            )
        return newest[0]


# -- helpers ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Put a model into evaluation mode for the length of a block, and every part of it back into its own."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) and value.requires_grad else value


def _size(target: Any, output: Any) -> int:
    """How many samples a batch has."""
    for value in (target, output):
        if hasattr(value, "shape") and value.shape:
            return int(value.shape[0])
    return len(target) if isinstance(target, list) else 1


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:
        return None
