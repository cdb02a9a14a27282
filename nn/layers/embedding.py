"""Tables of trained rows."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.values import parameter_dtype

from .. import functional as F
from .. import init
from ..arguments import check_at_least, checked
from ..functional.embedding import check_padding_idx
from ..functional.losses.shared import check_positive
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..sizes import check_integer

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    weight: Parameter
    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None
    max_norm: float | None
    norm_type: float

    def _set_weight(self, weight: Any, freeze: bool, device: Any, dtype: Any) -> None:
        shape = (self.num_embeddings, self.embedding_dim)
        name = type(self).__name__
        check_integer(name, "num_embeddings", self.num_embeddings, least=0)
        check_integer(name, "embedding_dim", self.embedding_dim, least=0)
        check_at_least(name, 0, max_norm=self.max_norm)
        check_positive(name, "norm_type", self.norm_type)
        if weight is None:
            self.weight = empty_parameter(shape, dtype, device, name)
            self.weight.requires_grad = not freeze
            self.reset_parameters()
            return
        if not hasattr(weight, "shape"):
            raise TypeError(
                explain(name, expected="_weight to be a table", got=repr(weight), remedy="pass an array or a Tensor")
            )
        if tuple(weight.shape) != shape:
            raise ValueError(
                explain(
                    name,
                    expected=f"a _weight of shape {shape}",
                    got=f"shape {tuple(weight.shape)}",
                    remedy="pass the sizes of the table that is given",
                )
            )
        self.weight = weight if isinstance(weight, Parameter) else Parameter(weight)
        self.weight.requires_grad = not freeze

    def reset_parameters(self) -> None:
        """Draw the rows anew from the standard normal distribution; the padding is 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0


def _table_shape(embeddings: Any, name: str) -> tuple[Any, tuple[int, int]]:
    weight = embeddings if isinstance(embeddings, Tensor | np.ndarray) else np.asarray(embeddings, parameter_dtype())
    if weight.ndim != 2:
        raise ValueError(
            explain(
                f"{name}.from_pretrained",
                expected="a table of shape (num_embeddings, embedding_dim)",
                got=f"shape {tuple(weight.shape)}",
                remedy="pass one row per number",
            )
        )
    rows, width = weight.shape
    return weight, (rows, width)


class Embedding(_Table):
    """Rows of a trained table, picked by number; see ``nn.functional.embedding``.

    Rows start from the standard normal distribution.

    Args:
        num_embeddings: how many rows.
        embedding_dim: how long they are.
        padding_idx: a row that starts at 0 and gets no gradient; it may be counted from the end.
        max_norm: rows that are picked and have a larger norm are first scaled down to it, in place.
        norm_type: p of the p-norm that ``max_norm`` bounds.
        scale_grad_by_freq: whether a row's gradient is divided by the number of times that it was picked.
        sparse: accepted for the sake of programs written for PyTorch; gradients are arrays of the table's shape.
        _weight: the table to start with.
        _freeze: whether it is not trained.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the table, float32 (or the default that was set) if left out.

    Attributes:
        weight: shape (num_embeddings, embedding_dim).

    Raises:
        ValueError: for a padding_idx out of range, or a table of another shape.
        TypeError, IndexError: in the call, for numbers that are no integers or out of range.

    >>> import nn
    >>> nn.Embedding(10, 3)([[0, 9], [1, 1]]).shape
    (2, 2, 3)
    """

    @checked
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = check_padding_idx("Embedding", padding_idx, num_embeddings)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        self._set_weight(_weight, _freeze, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """A layer with a given table.

        Args:
            embeddings: the table, shape (num_embeddings, embedding_dim).
            freeze: whether it is not trained.
            padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse: see the class.

        Raises:
            ValueError: if it is no table.

        >>> import nn
        >>> nn.Embedding.from_pretrained([[1.0, 2.0], [3.0, 4.0]])([1])
        tensor([[3., 4.]], dtype=float32)
        """
        weight, (rows, width) = _table_shape(embeddings, cls.__name__)
        return cls(rows, width, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, weight, freeze)

    def forward(self, input: Any) -> Tensor:
        """The rows whose numbers ``input`` holds."""
        return F.embedding(
            input,
            self._parameters["weight"],
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """Sizes, and options that are not the default ones."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        return text + (", sparse=True" if self.sparse else "")


class EmbeddingBag(_Table):
    """Sums, means or maxima of bags of rows of a trained table; see ``nn.functional.embedding_bag``.

    Rows start from the standard normal distribution.

    Args:
        num_embeddings: how many rows.
        embedding_dim: how long they are.
        max_norm, norm_type, scale_grad_by_freq, sparse: see ``nn.Embedding``.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        _weight: the table to start with.
        include_last_offset: whether the last of the offsets is the end of the last bag.
        padding_idx: a row that starts at 0 and whose entries do not count; it may be counted from the end.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the table, float32 (or the default that was set) if left out.

    Attributes:
        weight: shape (num_embeddings, embedding_dim).

    Raises:
        ValueError: for another mode, a padding_idx out of range, or a table of another shape.

    >>> import nn
    >>> nn.EmbeddingBag(10, 3)([0, 9, 1, 1], offsets=[0, 1]).shape
    (2, 3)
    """

    @checked
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if mode not in ("sum", "mean", "max"):
            raise ValueError(
                explain(
                    "EmbeddingBag", expected="mode 'sum', 'mean' or 'max'", got=repr(mode), remedy="pass one of these"
                )
            )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset
        self.padding_idx = check_padding_idx("EmbeddingBag", padding_idx, num_embeddings)
        self._set_weight(_weight, False, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """A layer with a given table.

        Args:
            embeddings: the table, shape (num_embeddings, embedding_dim).
            freeze: whether it is not trained.
            max_norm, norm_type, scale_grad_by_freq, mode, sparse, include_last_offset, padding_idx: see the class.

        Raises:
            ValueError: if it is no table.

        >>> import nn
        >>> nn.EmbeddingBag.from_pretrained([[1.0, 2.0], [3.0, 4.0]])([[0, 1]])
        tensor([[2., 3.]], dtype=float32)
        """
        weight, (rows, width) = _table_shape(embeddings, cls.__name__)
        layer = cls(
            rows,
            width,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            weight,
            include_last_offset,
            padding_idx,
        )
        layer.weight.requires_grad = not freeze
        return layer

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Tensor:
        """One row per bag; see ``nn.functional.embedding_bag`` for the arguments."""
        return F.embedding_bag(
            input,
            self._parameters["weight"],
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """Sizes and mode, and options that are not the default ones."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        text += f", mode={self.mode!r}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"
