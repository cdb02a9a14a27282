"""Looking into models without leaving a trace: modes, random numbers, layers, and what goes through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from nn import random
from nn.layers.convolution import Conv2d
from nn.module import Module
from nn.random import default_generator
from nn.training.trainer import evaluating

__all__ = ["captured", "find_layer", "first_tensor", "keeping_random_numbers", "leaves", "one_sample", "undisturbed"]


@contextmanager
def keeping_random_numbers() -> Iterator[None]:
    """Let the library's random numbers go on after the block as if it had not been there.

    ``nn.manual_seed`` within the block takes another generator; that one is taken back too.
    """
    generator = default_generator()
    state = generator.bit_generator.state
    try:
        yield
    finally:
        generator.bit_generator.state = state
        random._generator = generator


@contextmanager
def undisturbed(model: Any) -> Iterator[None]:
    """Evaluation mode for the length of a block; modes and random numbers are put back after it."""
    with keeping_random_numbers():
        if isinstance(model, Module):
            with evaluating(model):
                yield
        else:
            yield


@contextmanager
def captured(modules: list[Any], note: Callable[[Any, tuple[Any, ...], Any], None]) -> Iterator[None]:
    """Have ``note(module, inputs, output)`` called after every call of one of the modules, within the block."""
    handles = []
    try:
        for module in modules:
            handles.append(module.register_forward_hook(note))
        yield
    finally:
        for handle in handles:
            handle.remove()


def first_tensor(output: Any) -> Tensor | None:
    """The Tensor in what a module returned: itself, or the first one of a tuple."""
    candidates = output if isinstance(output, tuple | list) else (output,)
    return next((candidate for candidate in candidates if isinstance(candidate, Tensor)), None)


def leaves(model: Module) -> dict[str, Module]:
    """The modules without submodules, by their paths; the model itself under ``""`` if it has none."""
    return {name: module for name, module in model.named_modules() if not any(True for _ in module.children())}


def find_layer(operation: str, model: Any, layer: Any) -> tuple[str, Module]:
    """The path and the module that ``layer``, one of the two, stands for.

    Raises:
        TypeError: if ``model`` is no module, or ``layer`` neither a path nor a module.
        ValueError: if there is no such module in the model.
    """
    if not isinstance(model, Module):
        raise TypeError(
            explain(
                operation,
                expected="model to be an nn.Module",
                got=type(model).__name__,
                remedy="pass the model whose layer it is",
            )
        )
    if not isinstance(layer, str | Module):
        raise TypeError(
            explain(
                operation,
                expected="layer to be a path, such as '0' or 'features.conv1', or a module",
                got=type(layer).__name__,
                remedy="pass one of those that print(model) shows",
            )
        )
    for path, module in model.named_modules():
        if module is layer or path == layer:
            return path, module
    paths = [path for path, _ in model.named_modules() if path]
    shown = ", ".join(paths[:12]) + (", …" if len(paths) > 12 else "")
    raise ValueError(
        explain(
            operation,
            expected=f"layer to be one of {shown or 'the layers of the model, which has none'}",
            got=repr(layer) if isinstance(layer, str) else f"a {type(layer).__name__} that is not in the model",
            remedy="pass a path that print(model) shows",
        )
    )


def one_sample(operation: str, name: str, x: Any, model: Any) -> Any:
    """A batch of one, or for models that convolve images one image (C, H, W), as an array of shape (1, ...).

    Raises:
        ValueError: for batches of several samples, and for arrays of another number of axes.
    """
    value = x._data if isinstance(x, Tensor) else np.asarray(x)
    of_images = isinstance(model, Module) and any(isinstance(module, Conv2d) for module in model.modules())
    if value.ndim == 3 and of_images:
        value = value[None]
    if value.ndim < 2 or value.shape[0] != 1 or value.size == 0:
        raise ValueError(
            explain(
                operation,
                expected=f"{name} to be one sample: a batch of one, shape (1, ...), or an image (C, H, W) for Conv2d",
                got=f"shape {value.shape}",
                remedy=f"pass {name}[:1], say",
            )
        )
    return value
