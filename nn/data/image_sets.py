"""Images of digits and of clothes, from files that are on this computer. Nothing is ever downloaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..files import wrong_file
from .datasets import Dataset, TensorDataset, checked_index, takes_batches, transformed
from .idx import read_idx

__all__ = ["MNIST", "FashionMNIST", "digits"]


def digits(flat: bool = True) -> TensorDataset:
    """The 1,797 images of handwritten digits, 8 x 8 pixels each, that come with scikit-learn.

    Args:
        flat: whether images are rows of 64 grey values, rather than of shape (1, 8, 8).

    Returns:
        A data set of (image, digit): float32 grey values from 0 to 1, and integers from 0 to 9.

    Raises:
        ModuleNotFoundError: if scikit-learn is not installed.

    >>> import nn
    >>> data = nn.data.digits()
    >>> image, digit = data[0]
    >>> len(data), image.shape, digit
    (1797, (64,), tensor(0))
    """
    try:
        load = import_module("sklearn.datasets").load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            explain(
                "nn.data.digits",
                expected="scikit-learn, which brings the images",
                got=f"no module {error.name}",
                remedy="pip install scikit-learn",
            ),
            name=error.name,
        ) from None
    images, labels = load(return_X_y=True)
    pixels = (images / 16).astype(np.float32)
    return TensorDataset(pixels if flat else pixels.reshape(-1, 1, 8, 8), labels.astype(np.int64))


class MNIST(Dataset):
    """The MNIST database of handwritten digits, 28 x 28 pixels each, from its IDX files in a folder.

    The folder holds ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``, or ``t10k-…`` for the test
    images, each plain or as ``.gz``. Nothing is downloaded.

    Args:
        root: the folder, or one in which they lie under ``MNIST/raw``, as torchvision puts them.
        train: whether to read the 60,000 training images or the 10,000 test images.
        transform: is given each image and returns what takes its place, such as ``nn.data.RandomShift(2)``.
        target_transform: the same for each label.

    Attributes:
        data: the images as in the file, uint8 of shape (N, 28, 28).
        targets: the labels, int64 of shape (N,).
        classes: the names of the labels.

    Samples are (image, label): float32 grey values from 0 to 1 of shape (1, 28, 28), and an integer.

    Raises:
        FileNotFoundError: if a file is not there, with the names that were looked for.
        FileFormatError: if a file is truncated, corrupted or mislabelled, or if the two do not belong together.

    >>> import nn, pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> images, labels = (pathlib.Path(folder.name, f"train-{name}-ubyte") for name in ("images-idx3", "labels-idx1"))
    >>> _ = images.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(2 * 28 * 28))
    >>> _ = labels.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 0]))
    >>> image, label = nn.data.MNIST(folder.name)[0]
    >>> image.shape, label
    ((1, 28, 28), 5)
    >>> folder.cleanup()
    """

    classes: tuple[str, ...] = tuple("0123456789")

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.train = train
        self.transform, self.target_transform = transform, target_transform
        part = "train" if train else "t10k"
        images = self._find(Path(root), f"{part}-images", "idx3-ubyte")
        labels = self._find(Path(root), f"{part}-labels", "idx1-ubyte")
        self.data = read_idx(images)
        if self.data.dtype != np.uint8 or self.data.shape[1:] != (28, 28):
            raise _mislabelled(images, "images: bytes of shape (N, 28, 28)", self.data)
        self.targets = read_idx(labels)
        if self.targets.dtype != np.uint8 or self.targets.ndim != 1:
            raise _mislabelled(labels, "labels: bytes of shape (N,)", self.targets)
        if len(self.data) != len(self.targets):
            raise wrong_file(
                labels,
                f"{len(self.data)} labels, one for each image in {images}",
                f"{len(self.targets)}",
                "take both files from the same source",
            )
        if len(self.targets) and self.targets.max() >= len(self.classes):
            raise wrong_file(labels, f"labels from 0 to {len(self.classes) - 1}", f"{self.targets.max()}")
        self.targets = self.targets.astype(np.int64)

    def _find(self, root: Path, stem: str, kind: str) -> Path:
        folders = [root, root / type(self).__name__ / "raw", root / "raw"]
        names = [f"{stem}{separator}{kind}{suffix}" for separator in "-." for suffix in ("", ".gz")]
        for folder in folders:
            for name in names:
                if (folder / name).is_file():
                    return folder / name
        raise FileNotFoundError(
            explain(
                type(self).__name__,
                expected=f"{names[0]} or {names[1]} in {root}",
                got="neither" if root.is_dir() else "no such folder",
                remedy="put the four files of the database there; nothing is downloaded",
            )
        )

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> Any:
        number = checked_index(index, len(self), type(self).__name__)
        sample = Tensor(_grey(self.data[number])), int(self.targets[number])
        return transformed(sample, self.transform, self.target_transform)

    @property
    def __getbatch__(self) -> Callable[[Any], Any] | None:
        return self._read_batch if takes_batches(self.transform, self.target_transform) else None

    def _read_batch(self, indices: Any) -> list[Any]:
        rows = np.asarray(indices, dtype=np.intp)
        batch = [Tensor(_grey(self.data[rows])), Tensor(self.targets[rows])]
        return transformed(batch, self.transform, self.target_transform)


def _grey(pixels: Any) -> Any:
    """Bytes of shape (..., H, W) as float32 from 0 to 1 of shape (..., 1, H, W)."""
    return np.divide(pixels, np.float32(255), dtype=np.float32)[..., None, :, :]


def _mislabelled(path: Path, expected: str, found: Any) -> Exception:
    guess = {3: "a file of images", 1: "a file of labels"}.get(found.ndim, "another file")
    return wrong_file(
        path,
        expected,
        f"dtype {found.dtype} and shape {found.shape}: it looks like {guess}",
        "give the files the names that they came with",
    )


class FashionMNIST(MNIST):
    """Zalando's images of clothes, in the place of digits: files, arguments and samples as of ``MNIST``.

    >>> import nn
    >>> nn.data.FashionMNIST.classes[9]
    'Ankle boot'
    """

    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
