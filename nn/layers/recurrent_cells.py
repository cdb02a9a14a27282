"""Single steps of recurrent layers, for loops written by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from .. import init
from ..arguments import checked
from ..functional.recurrence.steps import gru_step, lstm_step, rnn_relu_step, rnn_tanh_step
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..sizes import check_integer
from ..values import as_input

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells have in common. Use ``RNNCell``, ``LSTMCell`` or ``GRUCell``.

    Weights start uniform on (-1/√H, 1/√H).

    Args:
        input_size: I, length of an input vector.
        hidden_size: H, length of the state.
        bias: whether there are biases.
        num_chunks: how many gates there are.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight_ih: shape (gates · H, I).
        weight_hh: shape (gates · H, H).
        bias_ih, bias_hh: shape (gates · H,), or ``None``.

    Raises:
        ValueError: for sizes that make no sense, and in ``forward`` for shapes that do not fit.
        TypeError: for a Tensor of another dtype than the weights.

    >>> import nn
    >>> isinstance(nn.GRUCell(3, 5), nn.RNNCellBase)
    True
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    @checked
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        num_chunks: int = 1,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        for name, size, least in (("input_size", input_size, 0), ("hidden_size", hidden_size, 1)):
            if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < least:
                raise ValueError(
                    explain(
                        owner,
                        expected=f"{name} to be an integer of at least {least}",
                        got=repr(size),
                        remedy="change it",
                    )
                )
        check_integer(owner, "num_chunks", num_chunks, least=1)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = empty_parameter((rows, input_size), dtype, device, owner)
        self.weight_hh = empty_parameter((rows, hidden_size), dtype, device, owner)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, empty_parameter((rows,), dtype, device, owner) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, step: Callable[..., tuple[Any, ...]], input: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
        get = self._parameters.__getitem__
        w_hh = get("weight_hh")
        x = self._checked("input", input, self.input_size)
        now = []
        for name, state in zip("hc", states, strict=False):
            if state is None:
                now.append(Tensor(np.zeros_like(x._data, shape=(*x.shape[:-1], self.hidden_size))))
                continue
            now.append(self._checked(f"state {name}", state, self.hidden_size))
            if now[-1].shape[:-1] != x.shape[:-1]:
                raise ValueError(
                    explain(
                        f"{type(self).__name__}({self.extra_repr()})",
                        expected=f"a state {name} for an input of shape {x.shape}",
                        got=f"shape {now[-1].shape}",
                        remedy="give both the same number of rows",
                    )
                )
        z_input = F.linear(x, get("weight_ih"), get("bias_ih"))
        return step(z_input, F.linear(now[0], w_hh, get("bias_hh")), tuple(now))

    def _checked(self, what: str, value: Any, width: int) -> Tensor:
        x = as_input(value, self._parameters["weight_hh"], self)
        if x.ndim not in (1, 2) or x.shape[-1] != width:
            raise ValueError(
                explain(
                    f"{type(self).__name__}({self.extra_repr()})",
                    expected=f"an {what} of shape (B, {width}) or ({width},)".replace("an state", "a state"),
                    got=f"shape {x.shape}",
                    remedy="call the cell once for each time step, or use the layer for whole sequences",
                )
            )
        return x

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(RNNCellBase):
    """One step of the plain recurrent layer, h′ = σ(W_ih x + b_ih + W_hh h + b_hh) with σ = tanh or max(0, ·).

    Args:
        input_size, hidden_size, bias: as for ``RNNCellBase``.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        device, dtype: as for ``RNNCellBase``.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: shapes (H, I), (H, H), (H,) and (H,).

    Raises:
        ValueError, TypeError: as ``RNNCellBase``, and for another nonlinearity.

    >>> import nn
    >>> cell = nn.RNNCell(1, 2)
    >>> h = None
    >>> for x in ([[1.0]], [[2.0]]):
    ...     h = cell(x, h)
    >>> h.shape
    (1, 2)
    """

    @checked
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                explain("RNNCell", expected="nonlinearity 'tanh' or 'relu'", got=repr(nonlinearity), remedy="pass one")
            )
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Tensor:
        """The new state, shape (B, H), from an input (B, I) and a state (B, H), zeros if left out; or without B."""
        return self._step(rnn_tanh_step if self.nonlinearity == "tanh" else rnn_relu_step, input, (hx,))[0]

    def extra_repr(self) -> str:
        """Sizes, and the nonlinearity unless it is tanh."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


class LSTMCell(RNNCellBase):
    """One step of the long short-term memory, see ``LSTM`` for its formulas.

    Args:
        input_size, hidden_size, bias, device, dtype: as for ``RNNCellBase``.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: shapes (4H, I), (4H, H), (4H,) and (4H,), gates i, f, g, o.

    Raises:
        ValueError, TypeError: as ``RNNCellBase``.

    >>> import nn
    >>> h, c = nn.LSTMCell(1, 2)([[1.0]])
    >>> h.shape, c.shape
    ((1, 2), (1, 2))
    """

    @checked
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Tensor, Tensor]:
        """The new states (h, c) from an input (B, I) and the pair (h, c), zeros if left out; or without B."""
        if hx is not None and (not isinstance(hx, tuple | list) or len(hx) != 2):
            raise ValueError(
                explain(
                    f"LSTMCell({self.extra_repr()})",
                    expected="states as a pair (h, c)",
                    got=type(hx).__name__,
                    remedy="pass both, or none",
                )
            )
        h, c = self._step(lstm_step, input, (None, None) if hx is None else tuple(hx))
        return h, c


class GRUCell(RNNCellBase):
    """One step of the gated recurrent unit, see ``GRU`` for its formulas.

    Args:
        input_size, hidden_size, bias, device, dtype: as for ``RNNCellBase``.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: shapes (3H, I), (3H, H), (3H,) and (3H,), gates r, u, n.

    Raises:
        ValueError, TypeError: as ``RNNCellBase``.

    >>> import nn
    >>> nn.GRUCell(1, 2)([[1.0]]).shape
    (1, 2)
    """

    @checked
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Tensor:
        """The new state, shape (B, H), from an input (B, I) and a state (B, H), zeros if left out; or without B."""
        return self._step(gru_step, input, (hx,))[0]
