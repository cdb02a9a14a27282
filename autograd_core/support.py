"""The table of functions and their gradients in ``docs/support.md``: ``python -m autograd_core.support``.

Nothing in it is written by hand: every function is called with Tensors that require a gradient, and the
table says what came out.
"""

from __future__ import annotations

import inspect
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import creation, fft, functions, linalg, special
from .errors import NoGradientError
from .primitive import CONSTANT_FUNCTIONS, IMPLEMENTATIONS, PRIMITIVES, Primitive
from .tensor import Tensor

PAGE = Path(__file__).resolve().parent.parent / "docs" / "support.md"

NAMESPACES: dict[str, Any] = {"ag": functions, "ag.linalg": linalg, "ag.fft": fft, "ag.special": special}

_NUMPY = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft, "np.lib.stride_tricks": np.lib.stride_tricks}

# What the third column says.
YES, ZERO, CONSTANT, RAISES = "yes", "zero", "constant", "raises"

_DISPATCHED = type(np.sum)

# How to call a function that is not called as f(x), f(x, y), f([x, y]), f(x, 1) or the like.
# x and y are symmetric matrices of numbers between 0 and 1.
CALLS: dict[str, Callable[..., Any]] = {
    "angle": lambda f, x, y: f(x + 1j * y),
    "apply_along_axis": lambda f, x, y: f(np.sum, 0, x),
    "apply_over_axes": lambda f, x, y: f(np.sum, x, [0]),
    "argpartition": lambda f, x, y: f(x, 1),
    "array_split": lambda f, x, y: f(x, 2),
    "astype": lambda f, x, y: f(x, np.float32),
    "betainc": lambda f, x, y: f(2.0, 3.0, x),
    "bincount": lambda f, x, y: f(np.array([0, 1, 1]), x[0]),
    "bitwise_count": lambda f, x, y: f(Tensor([1, 2])),
    "bitwise_invert": lambda f, x, y: f(Tensor([1, 2])),
    "block": lambda f, x, y: f([[x, y]]),
    "broadcast_to": lambda f, x, y: f(x, (2, 3, 3)),
    "choose": lambda f, x, y: f(np.array([0, 1, 0]), [x, y]),
    "clip": lambda f, x, y: f(x, 0.2, 0.5),
    "compress": lambda f, x, y: f([True, False, True], x),
    "copyto": lambda f, x, y: f(np.zeros((3, 3)), x),
    "convolve": lambda f, x, y: f(x[0], y[0]),
    "correlate": lambda f, x, y: f(x[0], y[0]),
    "delete": lambda f, x, y: f(x, 1, 0),
    "digitize": lambda f, x, y: f(x, np.array([0.1, 0.5])),
    "dsplit": lambda f, x, y: f(x[:, :, None], 1),
    "einsum": lambda f, x, y: f("ij,jk->ik", x, y),
    "einsum_path": lambda f, x, y: f("ij,jk->ik", x, y),
    "extract": lambda f, x, y: f(np.eye(3) > 0, x),
    "fill_diagonal": lambda f, x, y: f(np.zeros((3, 3)), y[0, 0]),
    "full_like": lambda f, x, y: f(x, y[0, 0]),
    "gammainc": lambda f, x, y: f(2.0, x),
    "gammaincc": lambda f, x, y: f(2.0, x),
    "gather": lambda f, x, y: f(x, 0, np.array([[0, 1, 2]])),
    "geomspace": lambda f, x, y: f(x[0], y[0], 3),
    "gradient": lambda f, x, y: f(x[0]),
    "histogram": lambda f, x, y: f(x[0], 3),
    "histogram2d": lambda f, x, y: f(x[0], y[0], 3),
    "histogramdd": lambda f, x, y: f(x, 2),
    "imag": lambda f, x, y: f(x * (2.0 + 1.0j)),
    "index_add": lambda f, x, y: f(x, 0, np.array([0, 2]), y[:2]),
    "index_select": lambda f, x, y: f(x, 0, np.array([0, 2])),
    "index_set": lambda f, x, y: f(x, (0, 1), y[0, 0]),
    "insert": lambda f, x, y: f(x, 1, y[0], 0),
    "interp": lambda f, x, y: f(x, np.array([0.0, 0.4, 1.0]), y[0]),
    "ldexp": lambda f, x, y: f(x, 2),
    "linspace": lambda f, x, y: f(x[0], y[0], 3),
    "logspace": lambda f, x, y: f(x[0], y[0], 3),
    "masked_fill": lambda f, x, y: f(x, np.eye(3) > 0, 0.5),
    "masked_select": lambda f, x, y: f(x, np.eye(3) > 0),
    "matrix_power": lambda f, x, y: f(x, 3),
    "moveaxis": lambda f, x, y: f(x, 0, 1),
    "pad": lambda f, x, y: f(x, 1),
    "partition": lambda f, x, y: f(x, 1),
    "percentile": lambda f, x, y: f(x, 30),
    "piecewise": lambda f, x, y: f(x, [np.eye(3) > 0], [lambda v: v * v, 0.0]),
    "place": lambda f, x, y: f(np.zeros(3), np.ones(3) > 0, x[0]),
    "polyfit": lambda f, x, y: f(x[0], y[0], 1),
    "polygamma": lambda f, x, y: f(1, x),
    "put": lambda f, x, y: f(np.zeros((3, 3)), [0], y[0, 0]),
    "putmask": lambda f, x, y: f(np.zeros(3), np.ones(3) > 0, x[0]),
    "put_along_axis": lambda f, x, y: f(x, np.array([[0, 1, 2]]), y[:1], 0),
    "quantile": lambda f, x, y: f(x, 0.3),
    "ravel_multi_index": lambda f, x, y: f((np.array([0]), np.array([1])), (3, 3)),
    "repeat": lambda f, x, y: f(x, 2),
    "reshape": lambda f, x, y: f(x, (9,)),
    "resize": lambda f, x, y: f(x, (2, 3)),
    "roll": lambda f, x, y: f(x, 1),
    "rollaxis": lambda f, x, y: f(x, 1),
    "scatter_add": lambda f, x, y: f(x, 0, np.array([[0, 1, 2]]), y[:1]),
    "select": lambda f, x, y: f([np.eye(3) > 0], [y], 0.0),
    "sliding_window_view": lambda f, x, y: f(x[0], 2),
    "split": lambda f, x, y: f(x, 3),
    "swapaxes": lambda f, x, y: f(x, 0, 1),
    "take": lambda f, x, y: f(x, np.array([0, 2]), 0),
    "take_along_axis": lambda f, x, y: f(x, np.array([[0, 1, 2]]), 0),
    "tensorsolve": lambda f, x, y: f(x, y[0]),
    "tensorinv": lambda f, x, y: f(x, 1),
    "tile": lambda f, x, y: f(x, 2),
    "topk": lambda f, x, y: f(x, 2),
    "unravel_index": lambda f, x, y: f(np.array([4]), (3, 3)),
    "vander": lambda f, x, y: f(x[0]),
    "where": lambda f, x, y: f(np.eye(3) > 0, x, y),
    "zeta": lambda f, x, y: f(2.0, x),
}

_USUAL: tuple[Callable[..., Any], ...] = (
    lambda f, x, y: f(x),
    lambda f, x, y: f(x, y),
    lambda f, x, y: f([x, y]),
    lambda f, x, y: f(x[0]),
    lambda f, x, y: f(x[0], y[0]),
    lambda f, x, y: f(x, 1),
    lambda f, x, y: f(1, x),
    lambda f, x, y: f(x, 1, 0),
    lambda f, x, y: f(x, 3),
    lambda f, x, y: f(x, 0.5),
    lambda f, x, y: f(x, y, x),
    # Functions of integers and of truth values.
    lambda f, x, y: f(Tensor([1, 2])),
    lambda f, x, y: f(Tensor([1, 2]), Tensor([2, 3])),
)


class Row(NamedTuple):
    """One function of the table."""

    numpy: str
    ours: str
    gradient: str
    formula: str


def inputs() -> tuple[Tensor, Tensor]:
    """The two Tensors that functions are tried on: symmetric, positive definite, in (0, 1), no entry twice."""
    base = np.array([[0.81, 0.13, 0.22], [0.13, 0.73, 0.17], [0.22, 0.17, 0.92]])
    skew = np.array([[0.0, 0.01, 0.02], [0.01, 0.0, 0.03], [0.02, 0.03, 0.0]])
    return Tensor(base, requires_grad=True), Tensor(base * 0.9 + skew, requires_grad=True)


def tensors(result: Any) -> Iterator[Tensor]:
    """The Tensors in a result: itself, or in tuples and lists."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, tuple | list):
        for item in result:
            yield from tensors(item)


def gradient_of(function: Callable[..., Any], name: str) -> str:
    """Call ``function`` with Tensors that require gradients, and see what becomes of these.

    Args:
        function: NumPy's, or one of ours.
        name: its name, by which its way of calling is found.

    Returns:
        ``"yes"``, ``"zero"`` (a gradient that is 0 everywhere), ``"constant"`` or ``"raises"``.

    Raises:
        TypeError: if none of the ways to call it works.
    """
    problems, refused = [], False
    for call in (CALLS[name],) if name in CALLS else _USUAL:
        x, y = inputs()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                verdict = _judge(call(function, x, y), x, y)
            except NoGradientError:
                refused = True  # perhaps of one input only
                continue
            except (TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError) as problem:
                if "expected an array to write into" in str(problem):
                    return RAISES
                problems.append(f"{type(problem).__name__}: {problem}")
                continue
        return RAISES if refused and verdict == CONSTANT else verdict
    if refused:
        return RAISES
    raise TypeError(f"no way to call {name} is known: give one in autograd_core.support.CALLS. " + "; ".join(problems))


def _judge(result: Any, x: Tensor, y: Tensor) -> str:
    outputs = [output for output in tensors(result) if output.requires_grad]
    if not outputs:
        return CONSTANT
    for output in outputs:
        weights = np.cos(1.0 + np.arange(output.size)).reshape(output.shape)
        output.backward(weights.astype(output.dtype))
    moved = any(leaf.grad is not None and np.any(leaf.grad._data != 0) for leaf in (x, y))
    return YES if moved else ZERO


def numpy_names() -> dict[Any, list[str]]:
    """NumPy's functions that ask Tensors before they compute, and their names, the longest first."""
    found: dict[Any, list[str]] = {}
    for prefix, namespace in _NUMPY.items():
        for name in sorted(dir(namespace), key=len, reverse=True):
            function = getattr(namespace, name)
            if not name.startswith("_") and isinstance(function, _DISPATCHED | np.ufunc):
                found.setdefault(function, []).append(f"{prefix}.{name}")
    return found


def numpy_functions() -> dict[str, Any]:
    """The same by their first names."""
    return {names[0]: function for function, names in sorted(numpy_names().items(), key=lambda item: item[1])}


def own_functions() -> dict[str, Any]:
    """The public functions of arrays, by their names here."""
    found = {}
    for prefix, namespace in NAMESPACES.items():
        for name in sorted(getattr(namespace, "__all__", vars(namespace))):
            function = getattr(namespace, name)
            if not name.startswith("_") and _is_own(function, namespace):
                found[f"{prefix}.{name}"] = function
    return found


def _is_own(function: Any, namespace: Any) -> bool:
    if isinstance(function, Primitive):
        return True
    module = getattr(function, "__module__", "")
    return isinstance(function, types.FunctionType) and (
        module.startswith("autograd_core.ops") or module == namespace.__name__
    )


def rows() -> list[Row]:
    """The table: NumPy's functions, then those that only we have."""
    own = own_functions()
    names: dict[Any, str] = {function: f"ag.{name}" for name, function in vars(creation).items() if callable(function)}
    for name, function in own.items():
        names.setdefault(function, name)
    table, shown = [], set()
    for name, function in numpy_functions().items():
        ours = IMPLEMENTATIONS.get(function)
        if ours is None and function in CONSTANT_FUNCTIONS:
            gradient = CONSTANT
        elif ours is None:
            gradient = RAISES
        else:
            gradient = gradient_of(function, name.rpartition(".")[2])
        alike = name.replace("np", "ag", 1)
        if gradient == CONSTANT and alike in own:
            ours = own[alike]
        shown.add(ours)
        label = "" if ours is None else alike if own.get(alike) is ours else names.get(ours, "")
        table.append(Row(name, label, gradient, formula(ours)))
    for name, function in own.items():
        if function not in shown and names[function] == name and _takes_arrays(function):
            table.append(Row("", name, gradient_of(function, name.rpartition(".")[2]), formula(function)))
    return table


def _takes_arrays(function: Any) -> bool:
    """Whether a function of ours computes with arrays (``fft.fftfreq`` makes one from numbers)."""
    if isinstance(function, Primitive):
        return True
    first = next(iter(inspect.signature(function).parameters.values()))
    return first.annotation != "int"


def formula(ours: Any) -> str:
    """The local derivatives of an operation as text, with a, b ... for its inputs."""
    primitive = ours if isinstance(ours, Primitive) else PRIMITIVES.get(getattr(ours, "__name__", ""))
    if primitive is None or not any(primitive.formulas):
        return ""
    letters = {letter: letter for letter in "abcdefgh"} | {"out": "out"}
    texts = [text.format_map(letters) for text in primitive.formulas]
    if len(texts) == 1:
        return f"`{texts[0]}`"
    return ", ".join(f"∂{letter}: `{text}`" for letter, text in zip("abcdefgh", texts) if text)


def page() -> str:
    """The whole page."""
    table = rows()
    counts = {kind: sum(row.gradient == kind for row in table) for kind in (YES, ZERO, CONSTANT, RAISES)}
    lines = [
        "# Functions and their gradients",
        "",
        "Made by `python -m autograd_core.support`; do not edit. Each function was called with Tensors that require a",
        f"gradient (of NumPy {np.__version__}):",
        "",
        f"- **{YES}** ({counts[YES]}): the result has a gradient, to any order.",
        f"- **{ZERO}** ({counts[ZERO]}): the result depends on the input in steps, so its gradient is 0 everywhere.",
        f"- **{CONSTANT}** ({counts[CONSTANT]}): the result (a truth value, an index, a shape) has no gradient.",
        f"- **{RAISES}** ({counts[RAISES]}): there is no rule; called where a gradient would be lost it raises",
        "  `NoGradientError` and names itself. On constants it works.",
        "",
        "NumPy's functions that are not listed (`np.array`, `np.fromiter`, `np.vectorize` …) do not ask Tensors; they",
        "convert. `np.asarray(t)` and `float(t)` refuse where that would lose a gradient, so these refuse as well.",
        "",
        "Local derivatives are with respect to the inputs a, b, …; `out` is the result, `g` the gradient that arrives.",
        "",
        "## NumPy's functions",
        "",
        "| NumPy | here | gradient | local derivative |",
        "|---|---|---|---|",
    ]
    names = {names[0]: ", ".join(map(_code, names)) for names in numpy_names().values()}
    numpy_rows = [row for row in table if row.numpy]
    lines += [_line((names[row.numpy], _code(row.ours), row.gradient, row.formula)) for row in numpy_rows]
    lines += ["", "## Functions that only stand here", "", "| here | gradient | local derivative |", "|---|---|---|"]
    lines += [_line((_code(row.ours), row.gradient, row.formula)) for row in table if not row.numpy]
    return "\n".join(lines) + "\n"


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(rows())} functions")


if __name__ == "__main__":
    main()
