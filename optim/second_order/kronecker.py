"""What K-FAC has to know of a network: the inputs of its layers, and the gradients at their outputs.

Layers are known by their attributes, and watched by hooks on their calls. The Fisher matrix of a layer's weight is
then approximated by the Kronecker product of two factors,

    A = (1/N) Σ a aᵀ,     G = (1/M) Σ g gᵀ

where a are the inputs of the layer (patches of them for a convolution, with a 1 behind them for the bias), g the
gradients at its outputs, N the number of examples and M the number of places where the layer was applied to them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from autograd_core import Tensor, gradients, is_grad_enabled
from autograd_core.errors import explain

__all__ = ["EVERY_OUTPUT", "SAMPLES", "Layer", "Recorder", "layer_of"]

PADDING = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


# -- layers -----------------------------------------------------------------------------------------


class Layer:
    """An affine layer or a convolution, and what happened in its calls.

    Args:
        name: its path in the network.
        module: the layer.
        bias: whether its bias belongs to the factors.

    Attributes:
        inputs: the arrays that it was called with in the last forward pass, as rows a.
        outputs: the Tensors that it returned.
        gradients: arrays with the gradients at the outputs, as rows g, by call.
    """

    def __init__(self, name: str, module: Any, bias: bool) -> None:
        self.name = name
        self.module = module
        self.weight = module.weight
        self.bias = module.bias if bias else None
        self.forget()

    @property
    def sizes(self) -> tuple[int, int]:
        """How many rows and columns A and G have."""
        return self.weight.size // self.weight.shape[0] + (self.bias is not None), self.weight.shape[0]

    def forget(self) -> None:
        """Let go of the last forward pass."""
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.gradients: dict[int, list[Any]] = {}

    def note(self, given: Any, output: Any) -> None:
        """Remember a call."""
        value = given._data if isinstance(given, Tensor) else np.asarray(given)
        rows = value if self.weight.ndim == 2 else patches(value, self.module)
        self.inputs.append(np.reshape(rows, (-1, rows.shape[-1])))
        self.outputs.append(output)

    def receive(self, call: int, gradient: Any, anew: bool = False) -> None:
        """Remember the gradient at the output of a call.

        Args:
            call: its number.
            gradient: an array of the output's shape.
            anew: whether those of the same call from before are forgotten.
        """
        if self.weight.ndim > 2:
            gradient = np.moveaxis(gradient, 1 - self.weight.ndim, -1)
        rows = np.reshape(gradient, (-1, gradient.shape[-1]))
        self.gradients[call] = [rows] if anew else [*self.gradients.get(call, ()), rows]

    def factors(self, examples: int, scale: float) -> tuple[Any, Any] | None:
        """A and G, in double precision; ``None`` if the loss does not depend on the layer.

        Args:
            examples: N.
            scale: what the gradients are multiplied by.
        """
        if not self.gradients:
            return None
        columns, rows = self.sizes
        a_moments, g_moments = np.zeros((columns, columns)), np.zeros((rows, rows))
        places = 0
        for a in self.inputs:
            if self.bias is not None:
                a = np.concatenate([a, np.ones_like(a, shape=(len(a), 1))], axis=1)
            a_moments += a.T @ a
            places += len(a)
        for received in self.gradients.values():
            for g in received:
                g_moments += g.T @ g
        return a_moments / max(examples, 1), g_moments * (scale * scale / max(places, 1))


def patches(image: Any, module: Any) -> Any:
    """What the windows of a convolution see: shape (N, ..., C · window), in the order of the weight.

    Args:
        image: shape (N, C, ...) or (C, ...).
        module: the convolution.
    """
    kernel, dilation = module.kernel_size, module.dilation
    axes = len(kernel)
    if image.ndim == axes + 1:
        image = image[None]
    if isinstance(module.padding, str):
        totals = [d * (k - 1) if module.padding == "same" else 0 for k, d in zip(kernel, dilation)]
        pairs = [(total // 2, total - total // 2) for total in totals]
    else:
        pairs = [(width, width) for width in module.padding]
    image = np.pad(image, [(0, 0), (0, 0), *pairs], mode=PADDING[getattr(module, "padding_mode", "zeros")])
    spatial = tuple(range(2, 2 + axes))
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    windows = np.lib.stride_tricks.sliding_window_view(image, spans, axis=spatial)
    every = tuple(slice(None, None, stride) for stride in module.stride)
    taps = tuple(slice(None, None, d) for d in dilation)
    windows = np.moveaxis(windows[(slice(None), slice(None), *every, *taps)], 1, 1 + axes)
    return windows.reshape(*windows.shape[: 1 + axes], -1)


def layer_of(name: str, module: Any) -> Layer | None:
    """The layer that a module is, or ``None`` for what has no Kronecker factors.

    That is an affine map with ``weight`` of shape (out_features, in_features), or a convolution without groups with
    one of shape (out_channels, in_channels, ...). The weight has to be a leaf that requires a gradient.
    """
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or not weight.is_leaf or not weight.requires_grad:
        return None
    if hasattr(module, "in_features") and hasattr(module, "out_features"):
        shape: tuple[Any, ...] = (module.out_features, module.in_features)
    elif all(hasattr(module, key) for key in ("in_channels", "out_channels", "kernel_size", "stride", "padding")):
        if getattr(module, "groups", 1) != 1 or getattr(module, "transposed", False):
            return None
        shape = (module.out_channels, module.in_channels, *module.kernel_size)
    else:
        return None
    if weight.shape != shape:
        return None
    bias = getattr(module, "bias", None)
    known = isinstance(bias, Tensor) and bias.is_leaf and bias.requires_grad and bias.shape == shape[:1]
    return Layer(name, module, known)


# -- gradients at the outputs of a network ---------------------------------------------------------------


def _class_axis(z: Any) -> int:
    return 1 if z.ndim > 1 else 0


def _softmax(z: Any) -> Any:
    shifted = np.exp(z - z.max(axis=_class_axis(z), keepdims=True))
    return shifted / shifted.sum(axis=_class_axis(z), keepdims=True)


def _sigmoid(z: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * z))


def _drawn_classes(z: Any, generator: np.random.Generator) -> Any:
    axis = _class_axis(z)
    p = _softmax(z)
    reached = p.cumsum(axis=axis)
    levels = generator.random(np.take(p, [0], axis=axis).shape) * np.take(reached, [-1], axis=axis)
    drawn = (reached <= levels).sum(axis=axis, keepdims=True)
    classes = np.arange(z.shape[axis]).reshape([-1 if k == axis else 1 for k in range(z.ndim)])
    return p - (classes == drawn)


def _drawn_bits(z: Any, generator: np.random.Generator) -> Any:
    p = _sigmoid(z)
    return p - (generator.random(z.shape) < p)


def _drawn_numbers(z: Any, generator: np.random.Generator) -> Any:
    return generator.standard_normal(z.shape)


# ∂(−log p(y)) / ∂z for y drawn from what the network predicts, by name of the distribution.
SAMPLES: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "categorical": _drawn_classes,
    "bernoulli": _drawn_bits,
    "gaussian": _drawn_numbers,
}


def _every_class(z: Any) -> Iterator[Any]:
    if z.ndim > 2:
        raise ValueError(
            explain(
                "KFAC",
                expected="logits of shape (N, classes) for fisher='exact'",
                got=f"shape {z.shape}",
                remedy="pass fisher='sampled'",
            )
        )
    p = _softmax(z)
    for k in range(z.shape[-1]):
        likely = np.sqrt(p[..., k : k + 1])
        yield likely * (p - (np.arange(z.shape[-1]) == k))


def _every_number(weights: Any) -> Iterator[Any]:
    flat = weights.reshape(len(weights), -1) if weights.ndim else weights.reshape(1, 1)
    for k in range(flat.shape[1]):
        seed = np.zeros_like(flat)
        seed[:, k] = flat[:, k]
        yield seed.reshape(weights.shape)


def _every_bit(z: Any) -> Iterator[Any]:
    p = _sigmoid(z)
    return _every_number(np.sqrt(p * (1 - p)))


# Gradients the sum of whose squares is the expectation of those above.
EVERY_OUTPUT: dict[str, Callable[[Any], Iterator[Any]]] = {
    "categorical": _every_class,
    "bernoulli": _every_bit,
    "gaussian": lambda z: _every_number(np.ones_like(z)),
}


# -- watching a network -----------------------------------------------------------------------------------


class Recorder:
    """The forward passes of a network, as its layers see them: hooks on its calls.

    Args:
        module: the network.
        layers: its layers that are watched.
        seeds: takes the network's output, and gives the gradients at it that are sent back, one after the other;
            ``None`` for those of the loss, the mean over the examples.
        lone: how many axes the output has for a single example without a batch.

    Attributes:
        wanted: whether the next forward pass is recorded; one without a graph (``ag.no_grad()``) never is.
        examples: the number of examples in the last one; 0 if there was none.
    """

    def __init__(
        self, module: Any, layers: list[Layer], seeds: Callable[[Any], Iterable[Any]] | None, lone: int = 0
    ) -> None:
        self.layers = layers
        self.seeds = seeds
        self.lone = lone
        self.wanted = True
        self.examples = 0
        handles = [module.register_forward_pre_hook(_Hook(self, Recorder._begin))]
        for layer in layers:
            note = _Hook(self, lambda recorder, *call, layer=layer: recorder._note(layer, *call))
            handles.append(layer.module.register_forward_hook(note, with_kwargs=True))
        handles.append(module.register_forward_hook(_Hook(self, Recorder._end)))
        self.remove = weakref.finalize(self, _remove, handles)
        self.remove.atexit = False

    def forget(self) -> None:
        """Let go of the last forward pass."""
        self.examples = 0
        for layer in self.layers:
            layer.forget()

    def statistics(self) -> dict[int, tuple[Any, Any]]:
        """A and G of the layers that took part in the last forward pass, by their number."""
        scale = float(self.examples) if self.seeds is None else 1.0
        found = {number: layer.factors(self.examples, scale) for number, layer in enumerate(self.layers)}
        return {number: factors for number, factors in found.items() if factors is not None}

    def _watches(self) -> bool:
        return self.wanted and is_grad_enabled()

    # Hooks.

    def _begin(self, module: Any, args: Any) -> None:
        if self._watches():
            self.forget()

    def _note(self, layer: Layer, module: Any, args: Any, options: Any, output: Any) -> None:
        if self.wanted and isinstance(output, Tensor) and output.requires_grad and type(output._data) is np.ndarray:
            layer.note(args[0] if args else next(iter(options.values())), output)

    def _end(self, module: Any, args: Any, output: Any) -> None:
        calls = [(layer, number, x) for layer in self.layers for number, x in enumerate(layer.outputs)]
        if not self._watches() or not calls:
            return
        first = output[0] if isinstance(output, tuple | list) else output
        self.examples = len(first) if np.ndim(first) > self.lone else 1
        if self.seeds is None:
            for layer, number, x in calls:
                x.register_hook(_receiver(layer, number))
        else:
            self._send_back(output, calls)
        for layer in self.layers:
            layer.outputs = []  # the graph is not kept

    def _send_back(self, output: Any, calls: list[Any]) -> None:
        if not isinstance(output, Tensor):
            raise TypeError(
                explain(
                    "KFAC",
                    expected="a network that returns one Tensor",
                    got=type(output).__name__,
                    remedy="pass fisher='empirical'",
                )
            )
        assert self.seeds is not None
        for seed in self.seeds(output._data):
            given = Tensor(self._checked(seed, output))
            found = gradients(output, [x for _, _, x in calls], given, allow_unused=True)
            for (layer, number, _), gradient in zip(calls, found):
                if gradient is not None:
                    layer.receive(number, gradient._data)

    @staticmethod
    def _checked(seed: Any, output: Any) -> Any:
        seed = np.asarray(seed, dtype=output.dtype)
        if seed.shape != output.shape:
            raise ValueError(
                explain(
                    "KFAC",
                    expected=f"a gradient of the output's shape {output.shape} from the likelihood",
                    got=f"shape {seed.shape}",
                    remedy="return the derivative of -log p with respect to the output",
                )
            )
        return seed


class _Hook:
    """A hook that runs a method of a recorder as long as there is one; its copies in copies of a network do nothing."""

    def __init__(self, recorder: Recorder | None = None, method: Callable[..., None] | None = None) -> None:
        self.recorder = None if recorder is None else weakref.ref(recorder)  # which the network does not keep alive
        self.method = method

    def __call__(self, *call: Any) -> None:
        recorder = None if self.recorder is None else self.recorder()
        if recorder is not None and self.method is not None:
            self.method(recorder, *call)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Hook, ()


def _receiver(layer: Layer, number: int) -> Callable[[Any], None]:
    return lambda gradient: layer.receive(number, gradient._data, anew=True)


def _remove(handles: Iterable[Any]) -> None:
    for handle in handles:
        handle.remove()
