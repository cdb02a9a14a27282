"""Standardization, and random changes of images and inputs that leave their meaning as it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .randomness import as_generator, random_generator

__all__ = [
    "Compose",
    "GaussianNoise",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomShift",
    "Standardize",
]


class Compose:
    """Transformations one after the other.

    Args:
        transforms: functions of one argument, in the order in which they are applied.

    Attributes:
        takes_batches: whether all of them can be applied to whole batches.

    >>> import nn
    >>> nn.data.Compose([abs, float])(-3)
    3.0
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)
        self.takes_batches = all(getattr(transform, "takes_batches", False) for transform in self.transforms)

    def __call__(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x


class Standardize:
    """Features with mean 0 and standard deviation 1: z = (x − μ)/σ.

    μ and σ are those of the data given to ``fit``, which is the training data alone. A feature that does not
    vary is only moved to 0.

    Args:
        axis: the axes over which μ and σ are taken: 0 for one pair per feature, (0, 2, 3) for one pair per
            channel of images (N, C, H, W). Axis 0, over the samples, must be among them.

    Attributes:
        mean, std: arrays that broadcast against one sample and against a batch; ``None`` before ``fit``.

    >>> import nn, numpy as np
    >>> x = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> scale = nn.data.Standardize().fit(x)
    >>> scale(x)
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> scale.inverse(scale(x))
    array([[1., 5.],
           [3., 5.]])
    """

    takes_batches = True

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = (axis,) if isinstance(axis, int) else tuple(axis)
        if 0 not in self.axis:
            raise ValueError(
                explain(
                    "Standardize",
                    expected="axis 0, over the samples, among the axes",
                    got=f"axis={axis}",
                    remedy="pass axis=0 for features, axis=(0, 2, 3) for channels",
                )
            )
        self.mean: Any = None
        self.std: Any = None

    def fit(self, x: Any) -> Standardize:
        """Take μ and σ from the samples along the first axis of ``x``.

        Args:
            x: array or Tensor of shape (N, ...), N at least 1.

        Returns:
            The object itself.

        Raises:
            ValueError: if there are no samples, or values that are not finite.
        """
        values = _array(x)
        if not len(values) or not np.all(np.isfinite(values)):
            raise ValueError(
                explain(
                    "Standardize.fit",
                    expected="samples with finite values",
                    got="none" if not len(values) else "NaN or infinite values",
                    remedy="remove or fill in what is missing",
                )
            )
        dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
        # In double precision: the mean of many float32 numbers loses digits otherwise.
        mean = values.mean(axis=self.axis, keepdims=True, dtype=np.float64)
        std = values.std(axis=self.axis, keepdims=True, dtype=np.float64)
        rounding = 10 * np.finfo(dtype).eps * np.abs(mean)
        self.mean, self.std = mean[0].astype(dtype), np.where(std > rounding, std, 1.0)[0].astype(dtype)
        return self

    def _fitted(self, operation: str) -> None:
        if self.mean is None:
            raise ValueError(
                explain(
                    f"Standardize.{operation}",
                    expected="fit to have been called",
                    got="no mean and no standard deviation yet",
                    remedy="call fit(training_inputs) first",
                )
            )

    def transform(self, x: Any) -> Any:
        """(x − μ)/σ, for a sample or a batch; an array or a Tensor, as ``x`` is."""
        self._fitted("transform")
        return (_keep(x) - self.mean) / self.std

    def inverse(self, z: Any) -> Any:
        """z σ + μ: what ``transform`` undoes."""
        self._fitted("inverse")
        return _keep(z) * self.std + self.mean

    __call__ = transform

    def state_dict(self) -> dict[str, Any]:
        """μ and σ."""
        self._fitted("state_dict")
        return {"mean": self.mean.copy(), "std": self.std.copy()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        self.mean, self.std = np.array(state_dict["mean"]), np.array(state_dict["std"])


def _array(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else np.asarray(x)


def _keep(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(x)


class _RandomTransform:
    """Applied to arrays or Tensors; draws anew for every sample."""

    takes_batches = True

    def __init__(self, generator: Any) -> None:
        self.generator = as_generator(generator, type(self).__name__)

    def __call__(self, x: Any) -> Any:
        result = self.apply(_array(x), self.generator or random_generator())
        return Tensor(result) if isinstance(x, Tensor) else result

    def apply(self, x: Any, generator: np.random.Generator) -> Any:
        raise TypeError(f"{type(self).__name__} defines no apply")


class _ImageTransform(_RandomTransform):
    """Applied to images (H, W), (C, H, W) or (N, C, H, W)."""

    def apply(self, x: Any, generator: np.random.Generator) -> Any:
        if not 2 <= x.ndim <= 4:
            raise ValueError(
                explain(
                    type(self).__name__,
                    expected="images of shape (H, W), (C, H, W) or (N, C, H, W)",
                    got=f"shape {x.shape}",
                    remedy="reshape them",
                )
            )
        images = x.reshape((1,) * (4 - x.ndim) + x.shape)
        return self.change(images, generator).reshape(x.shape)

    def change(self, images: Any, generator: np.random.Generator) -> Any:
        raise TypeError(f"{type(self).__name__} defines no change")


def _moved(images: Any, rows: Any, columns: Any, fill: float) -> Any:
    """Image n has at (i, j) what stood at (rows[n, i, j], columns[n, i, j]); ``fill`` comes from outside."""
    number, _, height, width = images.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    which = np.arange(number)[:, None, None]
    taken = images[which, :, np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    moved = np.where(inside[..., None], taken, images.dtype.type(fill))
    return np.ascontiguousarray(moved.transpose(0, 3, 1, 2))


class RandomShift(_ImageTransform):
    """Move every image by a random number of pixels, up or down and left or right.

    Args:
        pixels: the greatest move, along both axes.
        fill: what comes in from outside.
        generator: a generator of ``numpy.random`` or a seed; ``nn.data.random_generator()`` if left out, which
            a DataLoader makes reproducible.

    Raises:
        ValueError: for ``pixels`` below 0.

    >>> import nn, numpy as np
    >>> moved = nn.data.RandomShift(1, generator=0)(np.eye(4))
    >>> moved.shape, bool(moved.sum() <= 4)
    ((4, 4), True)
    """

    def __init__(self, pixels: int, fill: float = 0.0, generator: Any = None) -> None:
        super().__init__(generator)
        if not isinstance(pixels, int) or pixels < 0:
            raise ValueError(
                explain("RandomShift", expected="pixels of at least 0", got=repr(pixels), remedy="pass 2, say")
            )
        self.pixels, self.fill = pixels, fill

    def change(self, images: Any, generator: np.random.Generator) -> Any:
        """Images of shape (N, C, H, W), each moved by its own step."""
        down, right = generator.integers(-self.pixels, self.pixels + 1, size=(2, len(images), 1, 1))
        rows, columns = np.ogrid[: images.shape[2], : images.shape[3]]
        shape = len(images), *images.shape[2:]
        return _moved(images, np.broadcast_to(rows - down, shape), np.broadcast_to(columns - right, shape), self.fill)


class RandomHorizontalFlip(_ImageTransform):
    """Mirror images, left to right, with probability p each.

    Args:
        p: the probability.
        generator: as for ``RandomShift``.

    Raises:
        ValueError: for a probability outside [0, 1].

    >>> import nn
    >>> nn.data.RandomHorizontalFlip(p=1.0)([[1, 2], [3, 4]])
    array([[2, 1],
           [4, 3]])
    """

    def __init__(self, p: float = 0.5, generator: Any = None) -> None:
        super().__init__(generator)
        if not 0 <= p <= 1:
            raise ValueError(
                explain("RandomHorizontalFlip", expected="a probability p", got=repr(p), remedy="pass 0.5, say")
            )
        self.p = p

    def change(self, images: Any, generator: np.random.Generator) -> Any:
        """Images of shape (N, C, H, W), some of them mirrored."""
        chosen = generator.random(len(images)) < self.p
        return np.where(chosen[:, None, None, None], images[..., ::-1], images)


class RandomRotation(_ImageTransform):
    """Turn every image by a random angle about its middle; the pixel nearest to the origin of each is taken.

    Args:
        degrees: the greatest angle, either way.
        fill: what comes in from outside.
        generator: as for ``RandomShift``.

    Raises:
        ValueError: for an angle below 0.

    >>> import nn, numpy as np
    >>> nn.data.RandomRotation(10.0)(np.ones((2, 1, 8, 8))).shape
    (2, 1, 8, 8)
    """

    def __init__(self, degrees: float, fill: float = 0.0, generator: Any = None) -> None:
        super().__init__(generator)
        if not degrees >= 0:
            raise ValueError(
                explain("RandomRotation", expected="an angle of at least 0", got=repr(degrees), remedy="pass 10, say")
            )
        self.degrees, self.fill = degrees, fill

    def change(self, images: Any, generator: np.random.Generator) -> Any:
        """Images of shape (N, C, H, W), each turned by its own angle."""
        angle = generator.uniform(-self.degrees, self.degrees, size=(len(images), 1, 1)) * (math.pi / 180)
        height, width = images.shape[2:]
        y, x = np.ogrid[:height, :width]
        y, x = y - (height - 1) / 2, x - (width - 1) / 2
        cos, sin = np.cos(angle), np.sin(angle)
        rows = np.rint(cos * y + sin * x + (height - 1) / 2).astype(int)
        columns = np.rint(cos * x - sin * y + (width - 1) / 2).astype(int)
        return _moved(images, rows, columns, self.fill)


class GaussianNoise(_RandomTransform):
    """Add normal noise of mean 0.

    Args:
        sigma: its standard deviation.
        generator: as for ``RandomShift``.

    Raises:
        ValueError: for a negative standard deviation.

    >>> import nn, numpy as np
    >>> nn.data.GaussianNoise(0.0)(np.ones(2))
    array([1., 1.])
    """

    def __init__(self, sigma: float = 0.1, generator: Any = None) -> None:
        super().__init__(generator)
        if not sigma >= 0:
            raise ValueError(
                explain("GaussianNoise", expected="sigma of at least 0", got=repr(sigma), remedy="pass 0.1, say")
            )
        self.sigma = sigma

    def apply(self, x: Any, generator: np.random.Generator) -> Any:
        """Floating-point values, with noise of their dtype added."""
        if x.dtype.kind != "f":
            raise TypeError(
                explain(
                    "GaussianNoise",
                    expected="floating-point values",
                    got=f"dtype {x.dtype}",
                    remedy="convert them with x.astype('float32')",
                )
            )
        return x + generator.standard_normal(x.shape).astype(x.dtype) * x.dtype.type(self.sigma)
