"""Recurrent layers: plain, LSTM and GRU, over whole sequences."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import init
from ..arguments import checked
from ..functional.dropout import dropout as drop
from ..functional.recurrence.layer import run_layer
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..utils.rnn import PackedSequence
from ..values import as_input

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "GRU": 3, "LSTM": 4}


class RNNBase(Module):
    """What the recurrent layers have in common. Use ``RNN``, ``LSTM`` or ``GRU``.

    A stack of ``num_layers`` layers, each in one or two directions; a layer reads the outputs of the one
    below. Weights start uniform on (-1/√H, 1/√H).

    Args:
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"GRU"`` or ``"LSTM"``.
        input_size: I, length of an input vector.
        hidden_size: H, length of the state.
        num_layers: L, how many layers are stacked.
        bias: whether there are biases.
        batch_first: whether inputs and outputs have shape (B, T, ...) instead of (T, B, ...). States do not.
        dropout: the share of outputs of every layer but the last that is dropped in training.
        bidirectional: whether each layer reads the sequence in both directions (D = 2, otherwise 1); the
            outputs of both stand side by side.
        proj_size: P, length to which the LSTM's output is projected; 0 for no projection (P = H).
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight_ih_l0: shape (gates · H, I), for layer 1 and above (gates · H, D · P). With ``_reverse`` behind
            the name for the second direction.
        weight_hh_l0: shape (gates · H, P).
        bias_ih_l0, bias_hh_l0: shape (gates · H,).
        weight_hr_l0: shape (P, H), the projection.

    Raises:
        ValueError: for sizes that make no sense, and in ``forward`` for shapes that do not fit.
        TypeError: for sizes that are no integers, and for a Tensor of another dtype than the weights.

    >>> import nn
    >>> isinstance(nn.GRU(3, 5), nn.RNNBase)
    True
    >>> nn.RNNBase("GRU", 3, 5).weight_ih_l0.shape
    (15, 3)
    """

    @checked
    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_arguments(mode, input_size, hidden_size, num_layers, dropout, proj_size)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        for layer in range(num_layers):
            for name, shape in self._shapes(layer):
                setattr(self, name, empty_parameter(shape, dtype, device, type(self).__name__))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _state_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _shapes(self, layer: int) -> list[tuple[str, tuple[int, ...]]]:
        """Names and shapes of the parameters of one layer, in the order in which they are registered."""
        rows = GATES[self.mode] * self.hidden_size
        inputs = self.input_size if layer == 0 else self._state_size * self._directions
        shapes: list[tuple[str, tuple[int, ...]]] = []
        for direction in range(self._directions):
            suffix = f"l{layer}{'_reverse' if direction else ''}"
            shapes += [(f"weight_ih_{suffix}", (rows, inputs)), (f"weight_hh_{suffix}", (rows, self._state_size))]
            if self.bias:
                shapes += [(f"bias_ih_{suffix}", (rows,)), (f"bias_hh_{suffix}", (rows,))]
            if self.proj_size:
                shapes.append((f"weight_hr_{suffix}", (self.proj_size, self.hidden_size)))
        return shapes

    def _weights(self, layer: int, direction: int) -> tuple[Any, ...]:
        suffix = f"l{layer}{'_reverse' if direction else ''}"
        get = self._parameters.__getitem__
        biases = (get(f"bias_ih_{suffix}"), get(f"bias_hh_{suffix}")) if self.bias else ()
        projection = get(f"weight_hr_{suffix}") if self.proj_size else None
        return get(f"weight_ih_{suffix}"), get(f"weight_hh_{suffix}"), biases, projection

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [
            [w_ih, w_hh, *biases, *([] if w_hr is None else [w_hr])]
            for layer in range(self.num_layers)
            for w_ih, w_hh, biases, w_hr in (self._weights(layer, direction) for direction in range(self._directions))
        ]

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: accepted for programs that were written for a GPU."""

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Read a batch of sequences.

        Args:
            input: shape (T, B, I), (B, T, I) with ``batch_first``, (T, I) for one sequence, or a
                ``PackedSequence``.
            hx: the states before the first step, shape (D · L, B, P), or (D · L, P) for one sequence; zeros
                if left out. For an LSTM a pair (h, c), where c has H in place of P.

        Returns:
            The outputs of the last layer, shaped like the input with D · P in place of I, and the states
            after the last step, shaped like ``hx``.
        """
        if isinstance(input, PackedSequence):
            sizes = tuple(input.batch_sizes._data.tolist())
            rows = self._checked(input.data, 2)
            y, last = self._run(rows, sizes, self._initial(hx, sizes[0], True, input.sorted_indices))
            if input.unsorted_indices is not None:
                last = [state[:, input.unsorted_indices._data] for state in last]
            return input._replace(data=y), self._packed_up(last)
        x = self._checked(input, 2, 3)
        batched = x.ndim == 3
        if batched and self.batch_first:
            x = np.swapaxes(x, 0, 1)
        steps, batch = x.shape[0], x.shape[1] if batched else 1
        if steps == 0:
            raise ValueError(
                explain(
                    type(self).__name__,
                    expected="a sequence of at least one step",
                    got=f"an input of shape {x.shape}",
                    remedy="leave empty sequences out",
                )
            )
        rows = np.reshape(x, (steps * batch, x.shape[2])) if batched else x
        y, last = self._run(rows, (batch,) * steps, self._initial(hx, batch, batched))
        if batched:
            y = np.reshape(y, (steps, batch, y.shape[1]))
            y = np.swapaxes(y, 0, 1) if self.batch_first else y
        else:
            last = [np.squeeze(state, axis=1) for state in last]
        return y, self._packed_up(last)

    def _run(self, x: Any, batch_sizes: tuple[int, ...], states: list[Any] | None) -> tuple[Any, list[Any]]:
        """All layers on rows, from the initial states to the last ones, each of shape (D · L, B, ...)."""
        ends: list[tuple[Any, ...]] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = drop(x, self.dropout, self.training)
            outputs = []
            for direction in range(self._directions):
                weights = self._weights(layer, direction)
                start = self._zeros(batch_sizes[0], x) if states is None else [s[len(ends)] for s in states]
                y, *end = run_layer(self.mode, x, tuple(start), weights, batch_sizes, direction == 1)
                outputs.append(y)
                ends.append(tuple(end))
            x = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=1)
        return x, [
            np.expand_dims(group[0], 0) if len(group) == 1 else np.stack(group) for group in zip(*ends, strict=True)
        ]

    def _widths(self) -> list[int]:
        """The lengths of the states: of h, and of c."""
        return [self._state_size, self.hidden_size] if self.mode == "LSTM" else [self._state_size]

    def _zeros(self, batch: int, x: Any) -> list[Any]:
        return [np.zeros_like(x._data, shape=(batch, width)) for width in self._widths()]

    def _packed_up(self, states: list[Any]) -> Any:
        return tuple(states) if self.mode == "LSTM" else states[0]

    # -- what comes in ---------------------------------------------------------------------------------

    def _checked(self, input: Any, *dimensions: int) -> Tensor:
        """The input as a Tensor of the weights' dtype, of one of the numbers of dimensions."""
        x = as_input(input, self._parameters["weight_hh_l0"], self)
        if x.ndim not in dimensions or x.shape[-1] != self.input_size:
            order = "(B, T" if self.batch_first else "(T, B"
            alone = f"(T, {self.input_size})"
            raise ValueError(
                explain(
                    f"{type(self).__name__}({self.extra_repr()})",
                    expected=f"an input of shape {order}, {self.input_size}), or {alone} for one sequence",
                    got=f"shape {x.shape}",
                    remedy="put the vectors on the last axis, or change input_size",
                )
            )
        return x

    def _initial(self, hx: Any, batch: int, batched: bool, order: Tensor | None = None) -> list[Any] | None:
        """The initial states with a batch axis and in the order of the rows; ``None`` for zeros."""
        if hx is None:
            return None
        widths = self._widths()
        given = hx if self.mode == "LSTM" else (hx,)
        if not isinstance(given, tuple | list) or len(given) != len(widths):
            raise ValueError(
                explain(
                    f"{type(self).__name__}({self.extra_repr()})",
                    expected="initial states as a pair (h, c)",
                    got=type(hx).__name__,
                    remedy="pass both, each of zeros if nothing else is known",
                )
            )
        states = []
        for name, value, width in zip("hc", given, widths, strict=False):
            state = as_input(value, self._parameters["weight_hh_l0"], self)
            layers = self.num_layers * self._directions
            expected = (layers, batch, width) if batched else (layers, width)
            if state.shape != expected:
                raise ValueError(
                    explain(
                        f"{type(self).__name__}({self.extra_repr()})",
                        expected=f"an initial state {name} of shape {expected}",
                        got=f"shape {state.shape}",
                        remedy="its axes are layers times directions, batch (also with batch_first), and size",
                    )
                )
            state = state if batched else np.expand_dims(state, 1)
            states.append(state if order is None else state[:, order._data])
        return states

    def extra_repr(self) -> str:
        """Sizes, and the options that differ from their defaults."""
        options = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
        options["bidirectional"] = False
        chosen = [f"{name}={getattr(self, name)}" for name, usual in options.items() if getattr(self, name) != usual]
        return ", ".join([str(self.input_size), str(self.hidden_size), *chosen])


def _check_arguments(
    mode: str, input_size: Any, hidden_size: Any, num_layers: Any, dropout: Any, proj_size: Any
) -> None:
    if not isinstance(mode, str) or mode not in GATES:
        raise ValueError(
            explain(
                "RNNBase", expected=f"a mode among {', '.join(GATES)}", got=repr(mode), remedy="use RNN, LSTM or GRU"
            )
        )
    sizes = {"input_size": (input_size, 0), "hidden_size": (hidden_size, 1), "num_layers": (num_layers, 1)}
    for name, (size, least) in {**sizes, "proj_size": (proj_size, 0)}.items():
        if isinstance(size, bool) or not isinstance(size, int | np.integer):
            raise TypeError(explain(mode, expected=f"{name} to be an integer", got=repr(size), remedy="pass an int"))
        if size < least:
            raise ValueError(
                explain(mode, expected=f"{name} of at least {least}", got=str(size), remedy=f"change {name}")
            )
    if proj_size and (mode != "LSTM" or proj_size >= hidden_size):
        raise ValueError(
            explain(
                mode,
                expected=f"proj_size below hidden_size={hidden_size}, and an LSTM",
                got=f"proj_size={proj_size}",
                remedy="leave it out",
            )
        )
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
        raise ValueError(
            explain(
                mode, expected="dropout between 0 and 1", got=repr(dropout), remedy="pass the share to drop, say 0.2"
            )
        )
    if dropout and num_layers == 1:
        warnings.warn(
            f"{mode}: dropout={dropout} acts between layers, and there is only one. Add layers, or leave it out.",
            stacklevel=4,
        )


class RNN(RNNBase):
    """The plain recurrent layer h(t) = σ(W_ih x(t) + b_ih + W_hh h(t-1) + b_hh), with output y(t) = h(t).

    With σ = tanh or max(0, ·). Backpropagation through time carries the gradient from h(t) to h(t-1) by the
    factor σ′(z) W_hh, so over many steps it vanishes or grows (Bengio et al., 1994).

    Args:
        input_size, hidden_size, num_layers: as for ``RNNBase``.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias, batch_first, dropout, bidirectional, device, dtype: as for ``RNNBase``.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0: shapes (H, I), (H, H), (H,) and (H,), and so on
            for every layer and direction, see ``RNNBase``.

    Raises:
        ValueError: as ``RNNBase``, and for another nonlinearity.

    >>> import nn, numpy as np
    >>> y, h = nn.RNN(3, 5, num_layers=2)(np.zeros((7, 2, 3)))
    >>> y.shape, h.shape
    ((7, 2, 5), (2, 2, 5))
    """

    @checked
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                explain("RNN", expected="nonlinearity 'tanh' or 'relu'", got=repr(nonlinearity), remedy="pass one")
            )
        mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """The long short-term memory, whose state c changes by addition, so that gradients last.

        i, f, o = σ(z_i), σ(z_f), σ(z_o)   g = tanh(z_g)   z = W_ih x(t) + b_ih + W_hh h(t-1) + b_hh
        c(t) = f c(t-1) + i g              h(t) = o tanh(c(t)), with ``proj_size`` W_hr o tanh(c(t))

    The gates stand in the weights in the order i, f, g, o. Called as ``lstm(input, (h_0, c_0))``; returns
    ``output, (h_n, c_n)``. (Hochreiter and Schmidhuber, Neural Computation 9, 1997.)

    Args:
        input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device,
            dtype: as for ``RNNBase``.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0: shapes (4H, I), (4H, P), (4H,), (4H,)
            and (P, H), and so on for every layer and direction, see ``RNNBase``.

    Raises:
        ValueError, TypeError: as ``RNNBase``.

    >>> import nn, numpy as np
    >>> y, (h, c) = nn.LSTM(3, 5, batch_first=True, bidirectional=True)(np.zeros((2, 7, 3)))
    >>> y.shape, h.shape, c.shape
    ((2, 7, 10), (2, 2, 5), (2, 2, 5))
    """

    @checked
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )


class GRU(RNNBase):
    """The gated recurrent unit, which mixes the old state with a new content.

        r, u = σ(z_r), σ(z_u)   n = tanh(W_in x(t) + b_in + r (W_hn h(t-1) + b_hn))
        h(t) = (1 - u) n + u h(t-1)

    with z = W_ih x(t) + b_ih + W_hh h(t-1) + b_hh. The gates stand in the weights in the order r, u, n.
    (Cho et al., Learning phrase representations using RNN encoder-decoder, 2014.)

    Args:
        input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype: as for
            ``RNNBase``.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0: shapes (3H, I), (3H, H), (3H,) and (3H,), and so
            on for every layer and direction, see ``RNNBase``.

    Raises:
        ValueError, TypeError: as ``RNNBase``.

    >>> import nn, numpy as np
    >>> y, h = nn.GRU(3, 5)(np.zeros((7, 3)))
    >>> y.shape, h.shape
    ((7, 5), (1, 5))
    """

    @checked
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )
