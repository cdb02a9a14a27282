"""Sequences of different lengths in one batch: padded, or packed. Names of ``torch.nn.utils.rnn``.

Padded, all sequences are as long as the longest. Packed, only what is there is kept: with the longest
sequence first, the entries of all sequences at step 0, then those at step 1 ..., so that the rows of a
step are the first so many sequences, and a recurrent layer wastes no work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..parameter import check_device
from ..values import as_tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """A batch of sequences of different lengths without padding. Recurrent layers take and return it.

    Made by ``pack_padded_sequence`` or ``pack_sequence``, seldom by hand.

    Args:
        data: the rows of all time steps one after the other, shape (sum of the lengths, ...).
        batch_sizes: how many rows belong to each step, never growing.
        sorted_indices: which sequence of the batch stands first, second ..., or ``None`` if they stand as
            they came.
        unsorted_indices: where each sequence stands; the inverse of ``sorted_indices``.

    Raises:
        ValueError: if the batch sizes do not add up to the number of rows, or grow.

    >>> import nn, numpy as np
    >>> packed = nn.utils.rnn.pack_sequence([np.array([1.0, 2.0, 3.0]), np.array([4.0])])
    >>> packed.data.tolist(), packed.batch_sizes.tolist()
    ([1.0, 4.0, 2.0, 3.0], [2, 1, 1])
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> Self:
        if unsorted_indices is None and sorted_indices is not None:
            unsorted_indices = invert_permutation(sorted_indices)
        data = as_tensor(data)
        sizes = [] if batch_sizes is None else [int(size) for size in _plain(batch_sizes)]
        if not sizes or sum(sizes) != data.shape[0] or min(sizes) < 0 or any(np.diff(sizes) > 0):
            raise ValueError(
                explain(
                    "PackedSequence",
                    expected=f"batch_sizes that never grow and add up to the {data.shape[0]} rows of data",
                    got=str(sizes or None),
                    remedy="make it with pack_padded_sequence or pack_sequence",
                )
            )
        return super().__new__(
            cls, data, Tensor(np.array(sizes, np.int64)), _index(sorted_indices), _index(unsorted_indices)
        )

    def to(self, dtype: Any = None, device: Any = None) -> PackedSequence:
        """The same with ``data`` of another dtype."""
        check_device(device, "PackedSequence.to")
        return self if dtype is None else self._replace(data=self.data.astype(dtype))

    def double(self) -> PackedSequence:
        """The same in float64."""
        return self.to(np.float64)

    def float(self) -> PackedSequence:
        """The same in float32."""
        return self.to(np.float32)


def _plain(values: Any) -> Any:
    """A Tensor, a list or an array of integers as an array."""
    return np.asarray(values._data if isinstance(values, Tensor) else values)


def _index(values: Any) -> Tensor | None:
    return None if values is None else Tensor(_plain(values).astype(np.int64))


def invert_permutation(permutation: Any) -> Tensor | None:
    """The permutation that undoes another; ``None`` for ``None``.

    >>> import nn
    >>> nn.utils.rnn.invert_permutation([2, 0, 1])
    tensor([1, 2, 0])
    """
    return None if permutation is None else Tensor(np.argsort(_plain(permutation), kind="stable"))


def _lengths(lengths: Any, batch: int, longest: int, name: str) -> Any:
    found = _plain(lengths)
    if found.shape != (batch,) or found.dtype.kind not in "iu" or any(found <= 0) or any(found > longest):
        raise ValueError(
            explain(
                name,
                expected=f"a length from 1 to {longest} for each of the {batch} sequences",
                got=np.array2string(found, threshold=20),
                remedy="leave empty sequences out, and check batch_first",
            )
        )
    return found


def _check_sorted(lengths: Any, name: str) -> None:
    if any(np.diff(lengths) > 0):
        raise ValueError(
            explain(
                name,
                expected="the longest sequence first, since enforce_sorted=True",
                got=f"lengths {np.array2string(np.asarray(lengths), threshold=20)}",
                remedy="pass enforce_sorted=False, and they are sorted here and put back afterwards",
            )
        )


def _time_first(input: Any, batch_first: bool, name: str) -> Tensor:
    input = as_tensor(input)
    if input.ndim < 2:
        raise ValueError(
            explain(
                name,
                expected="a batch of shape (T, B, ...), or (B, T, ...) with batch_first",
                got=f"shape {input.shape}",
                remedy="join sequences with pad_sequence first",
            )
        )
    return np.swapaxes(input, 0, 1) if batch_first else input


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch.

    Gradients go back to the entries that were kept; padding gets 0.

    Args:
        input: shape (T, B, ...), or (B, T, ...) with ``batch_first``.
        lengths: the length of each sequence, B integers from 1 to T.
        batch_first: whether the batch is the first axis.
        enforce_sorted: whether the longest sequence must come first; otherwise they are sorted here.

    Raises:
        ValueError: for lengths that do not fit, or that are not sorted though they should be.

    >>> import nn, numpy as np
    >>> packed = nn.utils.rnn.pack_padded_sequence(np.array([[1.0, 0.0], [2.0, 3.0]]), [1, 2], True, False)
    >>> packed.data.tolist(), packed.batch_sizes.tolist(), packed.sorted_indices.tolist()
    ([2.0, 1.0, 3.0], [2, 1], [1, 0])
    """
    input = _time_first(input, batch_first, "pack_padded_sequence")
    lengths = _lengths(lengths, input.shape[1], input.shape[0], "pack_padded_sequence")
    order = None
    if enforce_sorted:
        _check_sorted(lengths, "pack_padded_sequence")
    else:
        order = np.argsort(-lengths.astype(np.int64), kind="stable")
        lengths = lengths[order]
        input = input[:, order]
    present = np.arange(lengths[0])[:, None] < lengths
    return PackedSequence(input[: lengths[0]][present], present.sum(axis=1), order)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Unpack into a padded batch: the inverse of ``pack_padded_sequence``.

    Args:
        sequence: what was packed.
        batch_first: whether the batch shall be the first axis.
        padding_value: stands where a sequence has ended.
        total_length: how many steps to pad to, if not to the longest sequence.

    Returns:
        The batch, shape (T, B, ...) or (B, T, ...), and the lengths.

    Raises:
        ValueError: if ``total_length`` is less than the longest sequence.

    >>> import nn, numpy as np
    >>> packed = nn.utils.rnn.pack_sequence([np.array([1.0, 2.0]), np.array([3.0])])
    >>> padded, lengths = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    >>> padded.tolist(), lengths.tolist()
    ([[1.0, 2.0], [3.0, 0.0]], [2, 1])
    """
    sizes = sequence.batch_sizes.numpy()
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ValueError(
            explain(
                "pad_packed_sequence",
                expected=f"total_length of at least {len(sizes)}, the longest sequence",
                got=str(total_length),
                remedy="leave it out",
            )
        )
    data = sequence.data
    present = np.arange(sizes[0]) < np.concatenate([sizes, np.zeros(steps - len(sizes), int)])[:, None]
    empty = np.full((steps, int(sizes[0]), *data.shape[1:]), padding_value, data.dtype)
    padded = Tensor(empty).at[present].set(data)
    lengths = present.sum(axis=0)
    if sequence.unsorted_indices is not None:
        order = sequence.unsorted_indices.numpy()
        padded, lengths = padded[:, order], lengths[order]
    return np.swapaxes(padded, 0, 1) if batch_first else padded, Tensor(lengths)


def pad_sequence(
    sequences: Sequence[Any], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences of different lengths as one batch, filled up to the longest.

    Args:
        sequences: arrays or Tensors of shapes (L_i, ...).
        batch_first: whether the batch shall be the first axis.
        padding_value: what to fill up with.
        padding_side: ``"right"`` to fill up at the end, ``"left"`` at the beginning.

    Returns:
        Shape (T, B, ...), or (B, T, ...) with ``batch_first``.

    Raises:
        ValueError: for no sequences, for shapes that differ behind the first axis, or another side.

    >>> import nn, numpy as np
    >>> nn.utils.rnn.pad_sequence([np.array([1.0, 2.0]), np.array([3.0])], batch_first=True).tolist()
    [[1.0, 2.0], [3.0, 0.0]]
    """
    if padding_side not in ("left", "right"):
        raise ValueError(
            explain(
                "pad_sequence", expected="padding_side 'left' or 'right'", got=repr(padding_side), remedy="pass one"
            )
        )
    tensors = [as_tensor(sequence) for sequence in sequences]
    if not tensors or any(t.ndim == 0 or t.shape[1:] != tensors[0].shape[1:] for t in tensors):
        raise ValueError(
            explain(
                "pad_sequence",
                expected="at least one sequence, all alike but for the length of the first axis",
                got=f"shapes {[t.shape for t in tensors]}",
                remedy="pass a list of arrays of shapes (L_i, ...)",
            )
        )
    longest = max(t.shape[0] for t in tensors)
    filled = []
    for t in tensors:
        missing = np.full((longest - t.shape[0], *t.shape[1:]), padding_value, t.dtype)
        filled.append(np.concatenate([t, missing] if padding_side == "right" else [missing, t]))
    return np.stack(filled, axis=0 if batch_first else 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each in its own length.

    >>> import nn
    >>> [x.tolist() for x in nn.utils.rnn.unpad_sequence([[1.0, 2.0], [3.0, 0.0]], [2, 1], batch_first=True)]
    [[1.0, 2.0], [3.0]]
    """
    padded = _time_first(padded_sequences, batch_first, "unpad_sequence")
    found = _plain(lengths)
    return [padded[: int(length), i] for i, length in enumerate(found)]


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of different lengths: ``pad_sequence``, then ``pack_padded_sequence``.

    Args:
        sequences: arrays or Tensors of shapes (L_i, ...).
        enforce_sorted: whether the longest must come first; otherwise they are sorted here.
    """
    lengths = [as_tensor(sequence).shape[0] for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed batch, in the order in which they came.

    >>> import nn, numpy as np
    >>> packed = nn.utils.rnn.pack_sequence([np.array([1.0]), np.array([2.0, 3.0])], enforce_sorted=False)
    >>> [x.tolist() for x in nn.utils.rnn.unpack_sequence(packed)]
    [[1.0], [2.0, 3.0]]
    """
    padded, lengths = pad_packed_sequence(packed_sequences)
    return unpad_sequence(padded, lengths)
