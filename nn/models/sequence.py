"""Recurrent networks that read, predict and generate sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.errors import explain

from .. import functional as F
from .. import init
from ..functional.embedding import embedding
from ..layers.linear import Linear
from ..layers.recurrent import GRU, LSTM, RNN, RNNBase
from ..module import Module
from ..parameter import empty_parameter
from ..random import default_generator
from ..utils.rnn import pack_padded_sequence
from ..values import as_input
from .generation import Generated, beam_search, check_drawing, choose, one_by_one

__all__ = ["SequenceRNN"]

_LAYERS: dict[str, type[RNNBase]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


class StepByStep(Module):
    """A cell as a layer: called like ``nn.GRU(..., batch_first=True)``, it calls the cell once for each step.

    Args:
        cell: a module of an input (B, I) and a state, ``None`` in the beginning, that returns the new state:
            a Tensor of shape (B, H), or a tuple of Tensors of which the first is the output.
    """

    def __init__(self, cell: Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, input: Any, hx: Any = None) -> tuple[Tensor, Any]:
        """Outputs of shape (B, T, H) and the last state, with an axis of length 1 in front."""
        state = hx
        if hx is not None:
            state = tuple(part[0] for part in hx) if isinstance(hx, tuple) else hx[0]
        outputs = []
        for step in range(input.shape[1]):
            state = self.cell(input[:, step], state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        last = tuple(np.expand_dims(part, 0) for part in state) if isinstance(state, tuple) else state[None]
        return np.stack(outputs, axis=1), last


class SequenceRNN(Module):
    """A recurrent network with an output at every step: s(t) = cell(x(t), s(t-1)), y(t) = V s(t) + b.

    It reads symbols (numbers from 0 on) or vectors, and y(t) are the scores of what comes next: of one of
    several symbols (``"categorical"``: softmax), or of bits that are independent of each other (``"binary"``:
    a sigmoid for each). It is trained with the true sequence as input (teacher forcing), with its own
    predictions (free running), or with a mixture, and generates by reading what it predicted, x(t+1) = y(t).

    Args:
        input_size: how many symbols there are, or the length of the input vectors.
        hidden_size: length of the state.
        output_size: how many symbols or bits are predicted; ``input_size`` if left out.
        cell: ``"rnn"``, ``"gru"``, ``"lstm"``, a class of recurrent layers (of ``nn.RNNBase``), or a class of
            cells: made as ``cell(input_size, hidden_size)``, called as ``cell(x, state)``, it returns the new
            state, or a tuple of states of which the first is the output.
        num_layers: how many layers are stacked.
        inputs: ``"symbols"`` or ``"vectors"``.
        outputs: ``"categorical"`` or ``"binary"``.
        embedding_size: length of a trained vector for each symbol; one-hot vectors if left out.
        sos: the symbol that starts a sequence, or for vectors the first input (zeros if left out).
        eos: the symbol that ends one, or ``None``.
        output_bias: whether there is a b.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.
        options: for the recurrent layer, such as ``nonlinearity`` or ``dropout``.

    Attributes:
        embedding: shape (input_size, embedding_size), or ``None``.
        recurrent: the recurrent layer.
        output: the affine map V.

    Raises:
        ValueError: for another name of a cell, or options that do not go together.

    >>> import nn
    >>> net = nn.SequenceRNN(4, 8, cell="gru", sos=2, eos=3)
    >>> scores, state = net([[2, 0, 1]])
    >>> scores.shape, state.shape
    ((1, 3, 4), (1, 1, 8))
    >>> loss = net.loss(*net.batch([[0, 1], [1]]))
    >>> loss.shape
    ()
    >>> len(net.generate(5, max_steps=10).sequences)
    5
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int | None = None,
        cell: str | type[Module] = "rnn",
        num_layers: int = 1,
        *,
        inputs: str = "symbols",
        outputs: str = "categorical",
        embedding_size: int | None = None,
        sos: Any = None,
        eos: int | None = None,
        output_bias: bool = True,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.output_size = input_size if output_size is None else output_size
        self.inputs = inputs
        self.outputs = outputs
        self.sos = sos
        self.eos = eos
        self._check_arguments(cell, num_layers, embedding_size)
        if embedding_size is None:
            self.register_parameter("embedding", None)
        else:
            self.embedding = empty_parameter((input_size, embedding_size), dtype, None, "SequenceRNN")
            init.normal_(self.embedding)
        width = embedding_size or input_size
        made: Any = _LAYERS[cell] if isinstance(cell, str) else cell
        self.recurrent: Module
        if issubclass(made, RNNBase):
            self.recurrent = made(width, hidden_size, num_layers, batch_first=True, dtype=dtype, **options)
        else:
            self.recurrent = StepByStep(made(width, hidden_size, **options))
        state_size = options.get("proj_size") or hidden_size
        self.output = Linear(state_size, self.output_size, bias=output_bias, dtype=dtype)

    # -- reading -------------------------------------------------------------------------------------------

    def forward(self, input: Any, state: Any = None, forcing: float = 1.0) -> tuple[Tensor, Any]:
        """The scores of what comes next at every step.

        Args:
            input: symbols of shape (B, T), or vectors of shape (B, T, input_size).
            state: the state before the first step, as this function returns it; zeros if left out.
            forcing: the probability with which, at each step after the first and for each sequence by itself,
                the true input is read (1: teacher forcing); otherwise one is drawn from the network's own
                prediction at the step before (0: free running; between: Bengio et al., Scheduled sampling,
                2015). No gradient goes through the drawing.

        Returns:
            Scores of shape (B, T, output_size), and the last state.

        Raises:
            ValueError: for shapes or symbols that do not fit, or a ``forcing`` outside of [0, 1].
        """
        if not 0 <= forcing <= 1:
            raise ValueError(
                explain("SequenceRNN", expected="forcing between 0 and 1", got=repr(forcing), remedy="pass 1.0")
            )
        input = self._checked(input)
        if forcing == 1:
            y, state = self.recurrent(self._encoded(input), state)
            return self.output(y), state
        self._check_feedback()
        now = input[:, :1]
        scores: list[Tensor] = []
        for step in range(input.shape[1]):
            if step:
                drawn = self._draw(scores[-1].detach()[:, 0])[:, None]
                forced = default_generator().uniform(size=len(drawn)) < forcing
                forced = forced.reshape(-1, *[1] * (drawn.ndim - 1))
                now = np.where(forced, input[:, step : step + 1], drawn)
            y, state = self.recurrent(self._encoded(now), state)
            scores.append(self.output(y))
        return np.concatenate(scores, axis=1), state

    def _checked(self, input: Any) -> Any:
        """Symbols as an array of integers, vectors as a Tensor, both with their batch axis."""
        if self.inputs == "vectors":
            x = as_input(input, self.output.weight, self)
            if x.ndim == 3 and x.shape[1] > 0 and x.shape[2] == self.input_size:
                return x
            expected, got = f"vectors of shape (B, T, {self.input_size})", f"shape {x.shape}"
        else:
            x = np.asarray(input._data if isinstance(input, Tensor) else input)
            expected = f"symbols from 0 to {self.input_size - 1} of shape (B, T)"
            if x.ndim == 2 and x.shape[1] > 0 and x.dtype.kind in "iu":
                if x.size == 0 or (x.min() >= 0 and x.max() < self.input_size):
                    return x
                got = f"symbols from {x.min()} to {x.max()}"
            else:
                got = f"an array of shape {x.shape} and dtype {x.dtype}"
        raise ValueError(
            explain("SequenceRNN", expected=expected, got=got, remedy="pass a batch with the longest sequence whole")
        )

    def _encoded(self, input: Any) -> Tensor:
        """What the recurrent layer reads, shape (B, T, width)."""
        if self.inputs == "vectors":
            return input
        if self.embedding is not None:
            return embedding(Tensor(input), self.embedding)
        return Tensor(np.eye(self.input_size, dtype=self.output.weight.dtype)[input])

    def _draw(self, scores: Any) -> Any:
        """A symbol for each row of scores, or bits, drawn with the probabilities that the scores say."""
        if self.outputs == "binary":
            p = F.sigmoid(scores)._data
            return (default_generator().uniform(size=p.shape) < p).astype(p.dtype)
        return choose(self._log_probabilities(scores))

    # -- training ------------------------------------------------------------------------------------------

    def batch(self, sequences: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sequences of symbols as ``loss`` wants them: each symbol is the target of the one before it.

        Args:
            sequences: symbols without start and end, which are added here if the network has them.

        Returns:
            Inputs and targets of shape (B, T), filled up with zeros, and the lengths, shape (B,).

        Raises:
            ValueError: if there is nothing to predict in a sequence, or the inputs are vectors.
        """
        start = [] if self.sos is None else [self.sos]
        end = [] if self.eos is None else [self.eos]
        whole = [[*start, *sequence, *end] for sequence in sequences]
        if self.inputs == "vectors" or not whole or min(map(len, whole)) < 2:
            raise ValueError(
                explain(
                    "SequenceRNN.batch",
                    expected="sequences of symbols with something to predict in each",
                    got="vectors" if self.inputs == "vectors" else f"lengths {[len(s) for s in sequences]}",
                    remedy="leave empty sequences out, or give the network sos and eos",
                )
            )
        lengths = np.array([len(sequence) - 1 for sequence in whole])
        symbols = np.zeros((len(whole), lengths.max() + 1), np.int64)
        for row, sequence in zip(symbols, whole, strict=True):
            row[: len(sequence)] = sequence
        return symbols[:, :-1], symbols[:, 1:], lengths

    def loss(self, inputs: Any, targets: Any, lengths: Any = None, forcing: float = 1.0, state: Any = None) -> Tensor:
        """The mean cross-entropy of the predictions over all steps that are there.

        -log softmax(y(t))[target] for symbols; -Σ_i (d_i log σ(y_i) + (1 - d_i) log(1 - σ(y_i))) / n for n
        bits.

        Args:
            inputs: symbols (B, T) or vectors (B, T, input_size).
            targets: symbols (B, T), or bits or probabilities (B, T, output_size).
            lengths: how many steps of each sequence count, all if left out.
            forcing: see ``forward``.
            state: see ``forward``.

        Raises:
            ValueError: for shapes that do not fit.
        """
        inputs = self._checked(inputs)
        targets = targets._data if isinstance(targets, Tensor) else np.asarray(targets)
        expected = inputs.shape[:2] + ((self.output_size,) if self.outputs == "binary" else ())
        if targets.shape != expected:
            raise ValueError(
                explain(
                    "SequenceRNN.loss",
                    expected=f"targets of shape {expected}",
                    got=f"shape {targets.shape}",
                    remedy="give every step of every sequence a target; lengths says which count",
                )
            )
        if lengths is None:
            lengths = np.full(len(targets), targets.shape[1])
        if forcing == 1 and isinstance(self.recurrent, RNNBase):
            # Without the steps that do not count.
            x = pack_padded_sequence(self._encoded(inputs), lengths, batch_first=True, enforce_sorted=False)
            kept = pack_padded_sequence(targets, lengths, batch_first=True, enforce_sorted=False).data._data
            read, _ = self.recurrent(x, state)
            scores = self.output(read.data)
        else:
            present = np.arange(targets.shape[1]) < np.asarray(lengths)[:, None]
            scores, _ = self(inputs, state, forcing)
            scores, kept = scores[present], targets[present]
        if self.outputs == "binary":
            return F.binary_cross_entropy_with_logits(scores, kept)
        return F.cross_entropy(scores, kept)

    # -- generating ------------------------------------------------------------------------------------------

    def log_probabilities(self, sequences: Sequence[Sequence[int]]) -> np.ndarray:
        """The logarithm of the probability of each sequence of symbols under the network, its end included.

        >>> import nn
        >>> nn.SequenceRNN(3, 4, sos=2).log_probabilities([[0, 1], [1, 1]]).shape
        (2,)
        """
        inputs, targets, lengths = self.batch(sequences)
        training = self.training
        self.eval()
        with no_grad():
            scores, _ = self(inputs)
        self.train(training)
        log_p = np.take_along_axis(self._log_probabilities(scores), targets[..., None], axis=2)[..., 0]
        return np.where(np.arange(targets.shape[1]) < lengths[:, None], log_p, 0.0).sum(axis=1)

    def _log_probabilities(self, scores: Any) -> Any:
        """The logarithms of the probabilities of the next symbol, in float64. The start never comes next."""
        values = scores._data.astype(np.float64)
        if self.sos is not None and self.sos != self.eos and self.inputs == "symbols" and self.sos < values.shape[-1]:
            values[..., self.sos] = -np.inf
        values -= values.max(axis=-1, keepdims=True)
        return values - np.log(np.exp(values).sum(axis=-1, keepdims=True))

    def generate(
        self,
        count: int = 1,
        max_steps: int = 100,
        choice: str = "sample",
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        beams: int = 8,
        prefix: Any = None,
    ) -> Generated:
        """Sequences of the network's own: it reads the start, and from then on what it chose itself.

        Args:
            count: how many sequences.
            max_steps: how many steps at most, for a network that finds no end.
            choice: ``"sample"`` to draw each symbol with its probability, ``"greedy"`` for the likeliest one,
                ``"beam"`` for the likeliest sequences that a beam search finds, the best first. Bits are drawn
                or rounded.
            temperature: below 1 makes likely symbols likelier when drawing: p^(1/temperature).
            top_k: draw among so many of the likeliest symbols only.
            beams: how many beginnings the beam search keeps.
            prefix: a beginning that is given, without the start: symbols, or vectors of shape (steps, input_size).
                It is part of the sequences, not of their probability.

        Returns:
            The sequences, without start and end, and the logarithms of their probabilities (those of the
            network, whatever the temperature).

        Raises:
            ValueError: for another choice, for a beam search of bits, or where what the network predicts is not
                what it reads.

        >>> import nn
        >>> _ = nn.manual_seed(0)
        >>> net = nn.SequenceRNN(3, 4, sos=2)
        >>> net.generate(2, max_steps=3, choice="greedy", prefix=[0]).sequences[0][0]
        0
        """
        self._check_feedback()
        choices = ("sample", "greedy", "beam") if self.outputs == "categorical" else ("sample", "greedy")
        if choice not in choices or count < 1 or max_steps < 0:
            raise ValueError(
                explain(
                    "generate",
                    expected=f"choice among {', '.join(choices)}, and at least one sequence",
                    got=f"choice={choice!r}, count={count}, max_steps={max_steps}",
                    remedy="pass choice='sample'",
                )
            )
        training = self.training
        self.eval()
        try:
            with no_grad():
                if self.outputs == "binary":
                    return self._generate_bits(count, max_steps, choice, temperature, prefix)
                return self._generate_symbols(count, max_steps, choice, temperature, top_k, beams, prefix)
        finally:
            self.train(training)

    def _generate_symbols(
        self, count: int, max_steps: int, choice: str, temperature: float, top_k: int | None, beams: int, prefix: Any
    ) -> Generated:
        given = [] if prefix is None else [int(symbol) for symbol in prefix]
        first = [*([] if self.sos is None else [self.sos]), *given]
        if not first:
            raise ValueError(
                explain(
                    "generate",
                    expected="a start",
                    got="neither sos nor a prefix",
                    remedy="pass prefix=[...], or make the network with sos",
                )
            )
        state: Any = None

        def following(symbols: Any, rows: Any) -> Any:
            nonlocal state
            if symbols is None:
                read = np.tile(np.array(first), (1 if choice == "beam" else count, 1))
            else:
                read = symbols[:, None]
                if choice == "beam":
                    state = _rows_of(state, rows)
            scores, state = self(read, state)
            return self._log_probabilities(scores[:, -1])

        if choice == "beam":
            result = beam_search(following, count, max_steps, self.eos, beams)
        elif choice == "greedy":
            result = one_by_one(following, count, max_steps, self.eos, lambda log_p: np.argmax(log_p, axis=1))
        else:
            result = one_by_one(following, count, max_steps, self.eos, lambda log_p: choose(log_p, temperature, top_k))
        return result._replace(sequences=[[*given, *sequence] for sequence in result.sequences])

    def _generate_bits(self, count: int, max_steps: int, choice: str, temperature: float, prefix: Any) -> Generated:
        check_drawing(temperature)
        dtype = self.output.weight.dtype
        start = np.zeros(self.input_size) if self.sos is None else np.asarray(self.sos)
        first = start[None] if prefix is None else np.concatenate([start[None], np.asarray(prefix)])
        now, state = np.tile(first.astype(dtype), (count, 1, 1)), None
        steps, total = [], np.zeros(count)
        for _ in range(max_steps):
            scores, state = self(now, state)
            z = scores[:, -1]
            bits = (z._data > 0).astype(dtype) if choice == "greedy" else self._draw(z / temperature)
            total -= F.binary_cross_entropy_with_logits(z, bits, reduction="none")._data.sum(axis=1)
            steps.append(bits)
            now = bits[:, None]
        found = np.stack(steps, axis=1) if steps else np.zeros((count, 0, self.output_size), dtype)
        known = np.tile(first[1:].astype(dtype), (count, 1, 1))
        return Generated(list(np.concatenate([known, found], axis=1)), total, [False] * count)

    # -- checks ----------------------------------------------------------------------------------------------

    def _check_arguments(self, cell: Any, num_layers: int, embedding_size: int | None) -> None:
        named = cell in _LAYERS if isinstance(cell, str) else isinstance(cell, type) and issubclass(cell, Module)
        layered = isinstance(cell, str) or (named and issubclass(cell, RNNBase))
        vectors = self.inputs == "vectors"
        symbols = [s for s in (self.sos, self.eos) if isinstance(s, int | np.integer) and not isinstance(s, bool)]
        for good, expected, got in (
            (named, f"cell among {', '.join(_LAYERS)}, or a class of modules", repr(cell)),
            (layered or num_layers == 1, "num_layers=1 for a class of cells", f"num_layers={num_layers}"),
            (self.inputs in ("symbols", "vectors"), "inputs 'symbols' or 'vectors'", repr(self.inputs)),
            (self.outputs in ("categorical", "binary"), "outputs 'categorical' or 'binary'", repr(self.outputs)),
            (not vectors or embedding_size is None, "an embedding_size for symbols only", f"{embedding_size!r}"),
            (not vectors or self.eos is None, "an eos for symbols only", f"eos={self.eos!r}"),
            (
                vectors or (len(symbols) == 2 - (self.sos, self.eos).count(None) and all(s >= 0 for s in symbols)),
                "sos and eos to be symbols",
                f"sos={self.sos!r}, eos={self.eos!r}",
            ),
            (vectors or all(s < self.input_size for s in symbols), f"symbols below {self.input_size}", f"{symbols}"),
        ):
            if not good:
                raise ValueError(explain("SequenceRNN", expected=expected, got=got, remedy="change it"))

    def _check_feedback(self) -> None:
        bits = self.inputs == "vectors" and self.outputs == "binary"
        symbols = self.inputs == "symbols" and self.outputs == "categorical"
        if self.output_size != self.input_size or not (bits or symbols):
            raise ValueError(
                explain(
                    "SequenceRNN",
                    expected="a network that predicts what it reads: symbols and categorical outputs, or vectors and "
                    "binary outputs, of one size",
                    got=f"{self.input_size} {self.inputs} in, {self.output_size} {self.outputs} out",
                    remedy="generate and run freely with such a network only; others need forcing=1",
                )
            )

    def extra_repr(self) -> str:
        """What it reads and predicts."""
        ends = "".join(
            f", {name}={value}" for name, value in (("sos", self.sos), ("eos", self.eos)) if value is not None
        )
        return f"{self.input_size} {self.inputs} in, {self.output_size} {self.outputs} out{ends}"


def _rows_of(state: Any, rows: Any) -> Any:
    """The states of some sequences, of shape (layers, B, ...) or tuples of such."""
    return tuple(_rows_of(part, rows) for part in state) if isinstance(state, tuple) else state[:, rows]
