"""Small data sets for tests of what reads them."""

from __future__ import annotations

from nn.data import Dataset, IterableDataset, random_generator


class Numbers(Dataset):
    """0, 1, 2, ... one by one."""

    def __init__(self, length: int = 10) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.length:
            raise IndexError(index)
        return index


class Noisy(Numbers):
    """Numbers with noise that is drawn when they are read."""

    def __getitem__(self, index: int) -> float:
        return index + random_generator().normal()


class Stream(IterableDataset):
    def __init__(self, length: int) -> None:
        self.length = length

    def __iter__(self):
        for number in range(self.length):
            yield number + random_generator().random()
