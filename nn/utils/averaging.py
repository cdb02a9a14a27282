"""Averages of a network's weights over its training: stochastic weight averaging, exponential moving averages.

Names and behaviour are those of ``torch.optim.swa_utils``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.errors import explain
from autograd_core.recording import next_index
from autograd_core.staleness import Change, mark_changed, user_line

from ..layers.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ..module import Module
from ..parameter import check_device

__all__ = [
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

AverageOne = Callable[[Tensor, Tensor, int], Any]
AverageAll = Callable[[Sequence[Tensor], Sequence[Tensor], int], None]


def get_ema_avg_fn(decay: float = 0.999) -> AverageOne:
    """The function (average, new, n) -> decay * average + (1 - decay) * new, for ``AveragedModel``.

    Raises:
        ValueError: for a decay outside of [0, 1].

    >>> from nn.utils.averaging import get_ema_avg_fn
    >>> get_ema_avg_fn(0.75)(8.0, 4.0, 10)
    7.0
    """
    _check_decay(decay)
    return lambda averaged, new, n: decay * averaged + (1 - decay) * new


def get_swa_avg_fn() -> AverageOne:
    """The function (average, new, n) -> average + (new - average) / (n + 1), for ``AveragedModel``.

    >>> from nn.utils.averaging import get_swa_avg_fn
    >>> get_swa_avg_fn()(8.0, 4.0, 3)
    7.0
    """
    return lambda averaged, new, n: averaged + (new - averaged) / (n + 1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageAll:
    """The same as ``get_ema_avg_fn``, for all parameters at once and in place.

    Raises:
        ValueError: for a decay outside of [0, 1].

    >>> import nn
    >>> from nn.utils.averaging import get_ema_multi_avg_fn
    >>> average = nn.Parameter([8.0])
    >>> get_ema_multi_avg_fn(0.75)([average], [nn.Parameter([4.0])], 10)
    >>> average.tolist()
    [7.0]
    """
    _check_decay(decay)
    return lambda averaged, new, n: _move(averaged, new, 1 - decay)


def get_swa_multi_avg_fn() -> AverageAll:
    """The same as ``get_swa_avg_fn``, for all parameters at once and in place.

    >>> import nn
    >>> from nn.utils.averaging import get_swa_multi_avg_fn
    >>> average = nn.Parameter([8.0])
    >>> get_swa_multi_avg_fn()([average], [nn.Parameter([4.0])], 3)
    >>> average.tolist()
    [7.0]
    """
    return lambda averaged, new, n: _move(averaged, new, 1 / (n + 1))


def _check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(
            explain("moving average", expected="a decay from 0 to 1", got=str(decay), remedy="pass 0.999, say")
        )


def _move(averaged: Sequence[Tensor], new: Sequence[Tensor], share: float) -> None:
    """Move every average by ``share`` of the way to its new value, in place."""
    change = Change(next_index(), user_line())
    for target, source in zip(averaged, new, strict=True):
        old = target._data
        if old.dtype.kind not in "fc":
            target._data = np.asarray(old + share * (source._data - old)).astype(old.dtype)
        elif isinstance(old, np.ndarray):
            step = source._data - old
            step *= share
            old += step
        else:
            target._data = (old + share * (source._data - old)).astype(old.dtype)
        mark_changed(target, change)


class AveragedModel(Module):
    """A copy of a network whose parameters are the averages of the network's own over time.

    Call ``update_parameters(model)`` after steps of the optimizer, and use the averaged network for
    evaluation. The first update copies the parameters.

    Args:
        model: the network; it is copied, not changed.
        device: ``None`` or ``"cpu"``.
        avg_fn: (average, new value, number of updates so far) -> new average, for each parameter; the mean
            of all updates if left out. ``get_ema_avg_fn(decay)`` for a moving average.
        multi_avg_fn: instead, a function of the lists of all averages and new values that changes the
            averages in place; faster.
        use_buffers: whether buffers are averaged too; otherwise they are copied at every update.

    Attributes:
        module: the averaged network.
        n_averaged: a buffer, the number of updates.

    Raises:
        ValueError: if both functions are given.

    Source: Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, "Averaging weights leads to wider optima and
    better generalization", 2018.

    >>> import nn
    >>> from nn.utils.averaging import AveragedModel
    >>> net = nn.Linear(1, 1, bias=False)
    >>> average = AveragedModel(net)
    >>> for value in (1.0, 3.0, 8.0):
    ...     _ = nn.init.constant_(net.weight, value)
    ...     average.update_parameters(net)
    >>> average([[1.0]]).tolist(), list(average.state_dict())
    ([[4.0]], ['n_averaged', 'module.weight'])
    """

    n_averaged: Tensor
    module: Module

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: AverageOne | None = None,
        multi_avg_fn: AverageAll | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        check_device(device, "AveragedModel")
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError(
                explain("AveragedModel", expected="avg_fn or multi_avg_fn", got="both", remedy="leave out one of them")
            )
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", Tensor(np.int64(0)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged network gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of ``model`` into the averages.

        Raises:
            ValueError: if ``model`` has other parameters than the one that the averages were made from.
        """
        averaged, new = self._entries(self.module, self.use_buffers), self._entries(model, self.use_buffers)
        own, given = self._entries(self.module, True), self._entries(model, True)
        if [tensor.shape for tensor in own] != [tensor.shape for tensor in given]:
            raise ValueError(
                explain(
                    "AveragedModel.update_parameters",
                    expected="a network with parameters and buffers of the same shapes in the same order",
                    got=f"{len(given)} of them beside {len(own)}, or other shapes",
                    remedy="pass the network that AveragedModel was made from",
                )
            )
        count = int(self.n_averaged)
        with no_grad():
            if count == 0:
                _copy(averaged, new)
            elif self.avg_fn is not None:
                for target, source in zip(averaged, new):
                    value = self.avg_fn(target.detach(), source.detach(), count)
                    target.data = np.array(getattr(value, "_data", value)).astype(target.dtype)
            else:
                (self.multi_avg_fn or get_swa_multi_avg_fn())(averaged, new, count)
            if not self.use_buffers:
                _copy(list(self.module.buffers()), list(model.buffers()))
        self.n_averaged = Tensor(np.int64(count + 1))

    @staticmethod
    def _entries(model: Module, with_buffers: bool) -> list[Tensor]:
        return [*model.parameters(), *(model.buffers() if with_buffers else ())]


def _copy(targets: Sequence[Tensor], sources: Sequence[Tensor]) -> None:
    for target, source in zip(targets, sources, strict=True):
        target.data = np.array(source._data)


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all batch normalization layers anew, from the inputs of a loader.

    An averaged network has seen no data yet, so its statistics do not belong to its weights.

    Args:
        loader: gives batches: inputs, or tuples and lists that begin with them.
        model: the network; it is in the same mode as before afterwards.
        device: ``None`` or ``"cpu"``.

    >>> import nn
    >>> nn.utils.averaging.update_bn([[[1.0, 2.0]]], nn.Linear(2, 1))  # nothing to do without such layers
    """
    check_device(device, "update_bn")
    momenta: dict[Any, Any] = {}
    for module in model.modules():
        if isinstance(module, BatchNorm1d | BatchNorm2d | BatchNorm3d):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    try:
        for layer in momenta:
            layer.momentum = None  # the mean over all batches
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, list | tuple) else batch)
    finally:
        for layer, momentum in momenta.items():
            layer.momentum = momentum
        for module, mode in modes:
            module.training = mode
