"""One good example of every module of ``nn``: arguments to make it with, and inputs to call it with."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import nn

RNG = np.random.default_rng(5)


def real(*shape: int) -> np.ndarray:
    """Normal float32 numbers."""
    return RNG.standard_normal(shape).astype(np.float32)


def whole(least: int, above: int, *shape: int) -> np.ndarray:
    """Integers from ``least`` to below ``above``."""
    return RNG.integers(least, above, shape)


def unit(*shape: int) -> np.ndarray:
    """Float32 numbers between 0 and 1."""
    return RNG.uniform(0.1, 0.9, shape).astype(np.float32)


def sign(*shape: int) -> np.ndarray:
    """Plus and minus one."""
    return np.where(RNG.random(shape) < 0.5, -1, 1).astype(np.float32)


@dataclass(frozen=True)
class Example:
    """How to make one module and what to call it with.

    Attributes:
        arguments: keyword arguments of the constructor.
        inputs: arrays for the call.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Any, ...] = ()


IMAGE = {1: (2, 4, 8), 2: (2, 4, 8, 8), 3: (2, 4, 8, 8, 8)}
ROWS = (3, 4)
CLASSES = (real(3, 4), whole(0, 4, 3))


def per_axis(kind: str, inputs: Any = None, dims: tuple[int, ...] = (1, 2, 3), **arguments: Any) -> dict[str, Example]:
    """One example for each number of spatial axes: ``kind`` is a name such as "Conv{}d"."""
    return {kind.format(n): Example(arguments, inputs(n) if inputs else (real(*IMAGE[n]),)) for n in dims}


def elementwise(names: str, **arguments: Any) -> dict[str, Example]:
    """Modules that map every entry."""
    return {name: Example(arguments, (real(*ROWS),)) for name in names.split()}


def unpooling(n: int) -> tuple[Any, ...]:
    """Values, and the places where they came from."""
    return real(1, 1, *(2,) * n), np.arange(2**n).reshape(1, 1, *(2,) * n)


def encoder_layer() -> nn.Module:
    """A small layer for stacks of them."""
    return nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0)


def decoder_layer() -> nn.Module:
    """A small layer for stacks of them."""
    return nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0)


UNITS = {
    **elementwise("Abs LogSigmoid Sigmoid Softsign Tanh Tanhshrink Identity"),
    **elementwise("Hardsigmoid Hardswish Mish ReLU ReLU6 SELU SiLU", inplace=False),
    **elementwise("CELU ELU", alpha=1.0, inplace=False),
    **elementwise("GELU", approximate="none"),
    **elementwise("GLU", dim=-1),
    **elementwise("Hardshrink Softshrink", lambd=0.5),
    **elementwise("Hardtanh", min_val=-1.0, max_val=1.0, inplace=False),
    **elementwise("LeakyReLU", negative_slope=0.1, inplace=False),
    **elementwise("PReLU", num_parameters=4, init=0.25),
    **elementwise("RReLU", lower=0.1, upper=0.3, inplace=False),
    **elementwise("Softmax LogSoftmax Softmin", dim=1),
    **elementwise("Softplus", beta=1.0, threshold=20.0),
    **elementwise("Threshold", threshold=0.1, value=2.0, inplace=False),
    "Softmax2d": Example({}, (real(2, 4, 3, 3),)),
    **elementwise("Cosine Linear Maxout RadialBasis", in_features=4, out_features=2),
    "Bilinear": Example({"in1_features": 4, "in2_features": 3, "out_features": 2}, (real(5, 4), real(5, 3))),
}
SHAPES = {
    "Flatten": Example({}, (real(2, 3, 4),)),
    "Unflatten": Example({"dim": 1, "unflattened_size": (2, 2)}, (real(*ROWS),)),
    "ChannelShuffle": Example({"groups": 2}, (real(*IMAGE[2]),)),
    "PixelShuffle": Example({"upscale_factor": 2}, (real(*IMAGE[2]),)),
    "PixelUnshuffle": Example({"downscale_factor": 2}, (real(*IMAGE[2]),)),
    "Fold": Example({"output_size": (4, 4), "kernel_size": 2}, (real(1, 8, 9),)),
    "Unfold": Example({"kernel_size": 2}, (real(*IMAGE[2]),)),
    "Upsample": Example({"scale_factor": 2}, (real(*IMAGE[2]),)),
    "UpsamplingBilinear2d": Example({"scale_factor": 2}, (real(*IMAGE[2]),)),
    "UpsamplingNearest2d": Example({"scale_factor": 2}, (real(*IMAGE[2]),)),
    **per_axis("CircularPad{}d", padding=1),
    **per_axis("ConstantPad{}d", padding=1, value=0.5),
    **per_axis("ReflectionPad{}d", padding=1),
    **per_axis("ReplicationPad{}d", padding=1),
    **per_axis("ZeroPad{}d", padding=1),
}
WINDOWS = {
    **per_axis("Conv{}d", in_channels=4, out_channels=2, kernel_size=3),
    **per_axis("ConvTranspose{}d", in_channels=4, out_channels=2, kernel_size=3),
    **per_axis("AdaptiveAvgPool{}d", output_size=2),
    **per_axis("AdaptiveMaxPool{}d", output_size=2),
    **per_axis("AvgPool{}d", kernel_size=2),
    **per_axis("MaxPool{}d", kernel_size=2),
    **per_axis("LPPool{}d", norm_type=2, kernel_size=2),
    **per_axis("FractionalMaxPool{}d", dims=(2, 3), kernel_size=2, output_size=3),
    **per_axis("MaxUnpool{}d", unpooling, kernel_size=2),
}
NORMS = {
    **per_axis("BatchNorm{}d", num_features=4),
    **per_axis("InstanceNorm{}d", num_features=4),
    "GroupNorm": Example({"num_groups": 2, "num_channels": 4}, (real(*IMAGE[2]),)),
    "LayerNorm": Example({"normalized_shape": (4,)}, (real(*ROWS),)),
    "RMSNorm": Example({"normalized_shape": (4,)}, (real(*ROWS),)),
    "LocalResponseNorm": Example({"size": 2}, (real(*IMAGE[2]),)),
    **{name: Example({"p": 0.5}, (real(*ROWS),)) for name in ("AlphaDropout", "Dropout")},
    **per_axis("Dropout{}d", p=0.5),
    "FeatureAlphaDropout": Example({"p": 0.5}, (real(*IMAGE[1]),)),
}
RECURRENT = {
    **{name: Example({"input_size": 4, "hidden_size": 3}, (real(5, 2, 4),)) for name in ("GRU", "LSTM", "RNN")},
    **{
        name: Example({"input_size": 4, "hidden_size": 3}, (real(2, 4),)) for name in ("GRUCell", "LSTMCell", "RNNCell")
    },
    "RNNBase": Example({"mode": "GRU", "input_size": 4, "hidden_size": 3}, (real(5, 2, 4),)),
    "RNNCellBase": Example({"input_size": 4, "hidden_size": 3, "bias": True, "num_chunks": 1}, ()),
    "Embedding": Example({"num_embeddings": 5, "embedding_dim": 3}, (whole(0, 5, 2, 3),)),
    "EmbeddingBag": Example({"num_embeddings": 5, "embedding_dim": 3}, (whole(0, 5, 2, 3),)),
    "MultiheadAttention": Example({"embed_dim": 4, "num_heads": 2}, (real(3, 2, 4),) * 3),
    "Transformer": Example(
        {"d_model": 4, "nhead": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "dim_feedforward": 8},
        (real(3, 2, 4), real(2, 2, 4)),
    ),
    "TransformerEncoderLayer": Example({"d_model": 4, "nhead": 2, "dim_feedforward": 8}, (real(3, 2, 4),)),
    "TransformerDecoderLayer": Example(
        {"d_model": 4, "nhead": 2, "dim_feedforward": 8}, (real(3, 2, 4), real(2, 2, 4))
    ),
    "TransformerEncoder": Example({"encoder_layer": encoder_layer(), "num_layers": 2}, (real(3, 2, 4),)),
    "TransformerDecoder": Example({"decoder_layer": decoder_layer(), "num_layers": 2}, (real(3, 2, 4), real(2, 2, 4))),
}
LAZY = {
    "LazyLinear": Example({"out_features": 2}, (real(*ROWS),)),
    **per_axis("LazyConv{}d", out_channels=2, kernel_size=3),
    **per_axis("LazyConvTranspose{}d", out_channels=2, kernel_size=3),
    **per_axis("LazyBatchNorm{}d"),
    **per_axis("LazyInstanceNorm{}d"),
}
LOSSES = {
    "BCELoss": Example({}, (unit(*ROWS), unit(*ROWS))),
    "BCEWithLogitsLoss": Example({}, (real(*ROWS), unit(*ROWS))),
    "CTCLoss": Example({}, (np.log(unit(6, 2, 4)), whole(1, 4, 2, 2), np.array([6, 6]), np.array([2, 2]))),
    "CosineEmbeddingLoss": Example({}, (real(*ROWS), real(*ROWS), sign(3))),
    "CosineSimilarity": Example({}, (real(*ROWS), real(*ROWS))),
    "CrossEntropyLoss": Example({}, CLASSES),
    "GaussianNLLLoss": Example({}, (real(*ROWS), real(*ROWS), unit(*ROWS))),
    "HingeEmbeddingLoss": Example({}, (real(*ROWS), sign(*ROWS))),
    "KLDivLoss": Example({}, (real(*ROWS), unit(*ROWS))),
    "LinearCrossEntropyLoss": Example({"in_features": 4, "num_classes": 3}, (real(3, 4), whole(0, 3, 3))),
    "MarginRankingLoss": Example({}, (real(3), real(3), sign(3))),
    "MultiLabelMarginLoss": Example({}, (real(*ROWS), np.array([[0, -1, 1, 2]] * 3))),
    "MultiLabelSoftMarginLoss": Example({}, (real(*ROWS), whole(0, 2, *ROWS).astype(np.float32))),
    "MultiMarginLoss": Example({}, CLASSES),
    "NLLLoss": Example({}, CLASSES),
    "PairwiseDistance": Example({}, (real(*ROWS), real(*ROWS))),
    "PoissonNLLLoss": Example({}, (real(*ROWS), unit(*ROWS))),
    "SigmoidLoss": Example({}, (real(3), sign(3))),
    "SoftMarginLoss": Example({}, (real(*ROWS), sign(*ROWS))),
    "TripletMarginLoss": Example({}, (real(*ROWS), real(*ROWS), real(*ROWS))),
    "TripletMarginWithDistanceLoss": Example({}, (real(*ROWS), real(*ROWS), real(*ROWS))),
    "AdaptiveLogSoftmaxWithLoss": Example(
        {"in_features": 4, "n_classes": 6, "cutoffs": [2, 4]}, (real(3, 4), whole(0, 6, 3))
    ),
    **{
        name: Example({}, (real(*ROWS), real(*ROWS)))
        for name in ("HuberLoss", "L1Loss", "MSELoss", "RMSELoss", "SmoothL1Loss", "SumSquaredLoss")
    },
}
MODULES: dict[str, Example] = {**UNITS, **SHAPES, **WINDOWS, **NORMS, **RECURRENT, **LAZY, **LOSSES}

# Modules that hold what they are given; their own tests try what they refuse.
CONTAINERS = ("Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential")
# Networks made of layers, which say what is wrong: their own tests try what they refuse.
MODELS = ("Autoencoder", "BasicBlock", "CNN", "LeNet", "MLP", "ResNet", "SequenceRNN", "TransformerLM", "TwoLayerCNN")


def classes() -> list[str]:
    """All modules of ``nn``."""
    return [
        name
        for name in sorted(dir(nn))
        if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
    ]


def arguments(name: str) -> list[str]:
    """The names of the arguments of a module's constructor."""
    parameters = inspect.signature(getattr(nn, name)).parameters.values()
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
