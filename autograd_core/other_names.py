"""Names that PyTorch, JAX or NumPy have for something that has another name here, and how an error says so."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import numpy as np

__all__: list[str] = []

_RANDOM = "bernoulli multinomial normal rand randint randn random randperm"
_OF_SPECIAL = "digamma erf erfc erfinv lgamma log_softmax logit polygamma softmax xlogy"
_OF_LINALG = "cholesky cond det eig lstsq matrix_power matrix_rank qr slogdet solve svd"
_OF_FUNCTIONAL = (
    "avg_pool1d avg_pool2d batch_norm binary_cross_entropy_with_logits celu conv1d conv2d conv3d cosine_similarity "
    "cross_entropy dropout elu embedding gelu group_norm layer_norm leaky_relu linear max_pool1d max_pool2d max_pool3d "
    "mse_loss one_hot pairwise_distance prelu selu silu"
)

# Functions: the name there, and what to write. (``ag`` is this package.)
FUNCTIONS = {
    # -- making Tensors
    **dict.fromkeys(["array", "FloatTensor", "LongTensor", "scalar_tensor"], "ag.tensor"),
    **dict.fromkeys(["as_tensor", "asanyarray", "device_put", "from_numpy"], "ag.asarray"),
    **dict.fromkeys(["Array", "ndarray"], "ag.Tensor"),
    **dict.fromkeys(_RANDOM.split(), "np.random.default_rng"),
    **dict.fromkeys(["cuda", "device"], "'cpu'"),
    "double": "ag.float64",
    "float": "ag.float32",
    "half": "ag.float16",
    "int": "ag.int32",
    "long": "ag.int64",
    "manual_seed": "nn.manual_seed",
    "range": "ag.arange",
    # -- arithmetic
    "clamp": "ag.clip",
    "clamp_max": "ag.minimum",
    "clamp_min": "ag.maximum",
    "div": "ag.divide",
    "eq": "ag.equal",
    "ge": "ag.greater_equal",
    "gt": "ag.greater",
    "le": "ag.less_equal",
    "lt": "ag.less",
    "mul": "ag.multiply",
    "ne": "ag.not_equal",
    "neg": "ag.negative",
    "rsqrt": "ag.reciprocal(ag.sqrt(x))",
    "sgn": "ag.sign",
    "sigmoid": "ag.special.expit",
    "sub": "ag.subtract",
    **{name: f"ag.special.{name}" for name in _OF_SPECIAL.split()},
    # -- reductions and counts
    "bucketize": "ag.searchsorted",
    "histc": "ag.histogram",
    "is_complex": "ag.iscomplexobj",
    "numel": "x.numel()",
    "trapz": "ag.trapezoid",
    # -- shapes and picking
    "broadcast_tensors": "ag.broadcast_arrays",
    "cat": "ag.concat",
    "chunk": "ag.array_split",
    "flatten": "ag.ravel",
    "movedim": "ag.moveaxis",
    "narrow": "x.narrow(0, 0, 1)",
    "permute": "ag.permute_dims",
    "repeat_interleave": "ag.repeat",
    "row_stack": "ag.vstack",
    "swapdims": "ag.swapaxes",
    "t": "ag.matrix_transpose",
    "take_along_dim": "ag.take_along_axis",
    "tensor_split": "ag.array_split",
    "unbind": "ag.unstack",
    "unsqueeze": "ag.expand_dims",
    # -- matrices
    **dict.fromkeys(["bmm", "mm", "mv"], "ag.matmul"),
    "chain_matmul": "ag.linalg.multi_dot",
    "inverse": "ag.linalg.inv",
    "logdet": "ag.linalg.slogdet",
    "matrix_exp": "ag.linalg.expm",
    "pinverse": "ag.linalg.pinv",
    **{name: f"ag.linalg.{name}" for name in _OF_LINALG.split()},
    # -- gradients
    "autograd": "ag.gradients (and ag.operation for a rule of your own)",
    "custom_gradient": "ag.operation",
    "custom_jvp": "ag.operation",
    "custom_vjp": "ag.operation",
    "detach": "x.detach()",
    "inference_mode": "ag.no_grad",
    "stop_gradient": "x.detach()",
    # -- networks
    "load": "nn.load_weights",
    "nn": "import nn",
    "optim": "import optim",
    "save": "nn.save_weights",
    **{name: f"nn.functional.{name}" for name in _OF_FUNCTIONAL.split()},
}

# Attributes of Tensors: the name there, and what to write for ``x.name``.
ATTRIBUTES = {
    # -- writing into a Tensor
    "add_": "x += y",
    "clamp_": "x[...] = x.clamp(0, 1)",
    "copy_": "x[...] = y",
    "detach_": "x = x.detach()",
    "div_": "x /= y",
    "exp_": "x[...] = x.exp()",
    "fill": "x[...] = 1",
    "fill_": "x[...] = 1",
    "masked_fill_": "x[...] = x.masked_fill(mask, 0)",
    "mul_": "x *= y",
    "normal_": "nn.init.normal_(x)",
    "pow_": "x **= y",
    "relu_": "nn.functional.relu_(x)",
    "scatter_": "x[...] = ag.put_along_axis(x, index, y, 0)",
    "scatter_add_": "x[...] = x.scatter_add(0, index, y)",
    "sub_": "x -= y",
    "uniform_": "nn.init.uniform_(x)",
    "unsqueeze_": "x = x.unsqueeze(0)",
    "zero_": "x[...] = 0 (and to forget a gradient, x.grad = None)",
    # -- the graph
    "grad_fn": "x.primitive",
    "retain_grad": "loss.backward(keep='all')",
    # -- kinds and places
    "cuda": "x.cpu()",
    "element_size": "x.itemsize",
    "is_cuda": "x.device",
    "is_floating_point": "ag.isdtype(x.dtype, 'real floating')",
    "ndimension": "x.ndim",
    "nelement": "x.numel()",
    "stride": "x.strides",
    "tobytes": "x.detach().numpy().tobytes()",
    # -- functions that are no methods
    "H": "x.conj().mT",
    "adjoint": "x.conj().mT",
    "allclose": "ag.allclose(x, y)",
    "block_until_ready": "x",
    "cholesky": "ag.linalg.cholesky(x)",
    "clamp_max": "x.clamp(max=1)",
    "clamp_min": "x.clamp(min=0)",
    "equal": "ag.array_equal(x, y)",
    "flat": "x.ravel()",
    "isclose": "ag.isclose(x, y)",
    "kron": "ag.kron(x, y)",
    "logdet": "ag.linalg.slogdet(x)",
    "mH": "x.conj().mT",
    "nan_to_num": "ag.nan_to_num(x)",
    "new_full": "ag.full(x.shape, 1, dtype=x.dtype)",
    "new_ones": "ag.ones(x.shape, dtype=x.dtype)",
    "new_tensor": "ag.tensor([1], dtype=x.dtype)",
    "new_zeros": "ag.zeros(x.shape, dtype=x.dtype)",
    "pinverse": "ag.linalg.pinv(x)",
    "ptp": "ag.ptp(x)",
    "qr": "ag.linalg.qr(x)",
    "repeat_interleave": "x.repeat(2)",
    "resize": "ag.resize(x, (4,))",
    "rsqrt": "1 / x.sqrt()",
    "scatter": "ag.put_along_axis(x, index, y, 0)",
    "svd": "ag.linalg.svd(x)",
    "take_along_dim": "ag.take_along_axis(x, index, 0)",
}


def missing_function(name: str) -> NoReturn:
    """Raise ``AttributeError`` for a name that the package lacks, with the name that it has here (PEP 562)."""
    package = sys.modules[__package__]
    instead = FUNCTIONS.get(name) or (f"np.{name}" if name in np.__all__ else None)
    if instead is not None:
        raise AttributeError(f"{__package__} has no {name!r}. To mend it: write {instead}.")
    raise AttributeError(f"module {__package__!r} has no attribute {name!r}", name=name, obj=package)


class MissingAttribute:
    """Stands for an attribute that Tensors lack: looking it up raises ``AttributeError``, which says what to write.

    (``Tensor.__getattr__`` would do the same, but make every other attribute slower.)
    """

    __slots__ = ("_message",)

    def __init__(self, name: str, instead: str) -> None:
        self._message = f"Tensor has no {name!r}. To mend it: write {instead}."

    def __get__(self, tensor: Any, owner: Any = None) -> NoReturn:
        raise AttributeError(self._message)
