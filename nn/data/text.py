"""Text as numbers, character by character."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .datasets import Dataset, checked_index

__all__ = ["CharText"]


class CharText(Dataset):
    """Pieces of a text as numbers of characters, each with the piece one character ahead as its target.

    Args:
        text: the text.
        length: the length of a piece.
        stride: how far the beginnings of two pieces lie apart: ``length`` if left out, so that they do not
            overlap; 1 gives every piece there is.
        vocabulary: the characters in the order of their numbers; all those of the text, sorted, if left out.
            Pass the training text's to read another text with the same numbers.

    Attributes:
        vocabulary: the characters as one string.
        ids: the whole text as an array of numbers.

    Raises:
        ValueError: for a text shorter than ``length`` + 1, a character that is not in the vocabulary, or one
            that is there twice.

    >>> import nn
    >>> data = nn.data.CharText("hello world", length=4)
    >>> x, y = data[0]
    >>> data.decode(x), data.decode(y), data.vocabulary
    ('hell', 'ello', ' dehlorw')
    >>> data.encode("hold")
    array([3, 5, 4, 1])
    """

    def __init__(
        self, text: str, length: int, stride: int | None = None, vocabulary: Iterable[str] | None = None
    ) -> None:
        self.vocabulary = "".join(sorted(set(text)) if vocabulary is None else vocabulary)
        self._numbers = {character: number for number, character in enumerate(self.vocabulary)}
        if len(self._numbers) < len(self.vocabulary):
            raise ValueError(
                explain(
                    "CharText",
                    expected="a vocabulary with every character once",
                    got=repr(self.vocabulary),
                    remedy="remove the repetitions",
                )
            )
        self.length, self.stride = length, length if stride is None else stride
        if self.length < 1 or self.stride < 1 or len(text) <= length:
            raise ValueError(
                explain(
                    "CharText",
                    expected="length and stride of at least 1, and a text longer than length",
                    got=f"length {length}, stride {self.stride} and {len(text)} characters",
                    remedy="choose a smaller length",
                )
            )
        self.ids = self.encode(text)

    def encode(self, text: str) -> Any:
        """The numbers of the characters of ``text``, as an array of integers.

        Raises:
            ValueError: for a character that is not in the vocabulary.
        """
        try:
            return np.array([self._numbers[character] for character in text], dtype=np.int64)
        except KeyError as error:
            raise ValueError(
                explain(
                    "CharText.encode",
                    expected=f"characters of the vocabulary {self.vocabulary!r}",
                    got=repr(error.args[0]),
                    remedy="make the vocabulary from all the texts, or replace the character",
                )
            ) from None

    def decode(self, ids: Any) -> str:
        """The text of numbers: an array, a Tensor or a list.

        Raises:
            ValueError: for a number that no character has.
        """
        numbers = ids.tolist() if isinstance(ids, Tensor | np.ndarray | np.generic) else [int(number) for number in ids]
        numbers = numbers if isinstance(numbers, list) else [numbers]
        wrong = [number for number in numbers if not 0 <= number < len(self.vocabulary)]
        if wrong:
            raise ValueError(
                explain(
                    "CharText.decode",
                    expected=f"numbers from 0 to {len(self.vocabulary) - 1}",
                    got=str(wrong[0]),
                    remedy="decode what was encoded with the same vocabulary",
                )
            )
        return "".join(self.vocabulary[number] for number in numbers)

    def __len__(self) -> int:
        return (len(self.ids) - self.length - 1) // self.stride + 1

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        x, y = self.__getbatch__([checked_index(index, len(self), "CharText")])
        return x[0], y[0]

    def __getbatch__(self, indices: Any) -> list[Tensor]:
        starts = np.asarray(indices, dtype=np.intp)[:, None] * self.stride
        pieces = self.ids[starts + np.arange(self.length + 1)]
        return [Tensor(pieces[:, :-1]), Tensor(pieces[:, 1:])]
