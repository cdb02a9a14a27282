"""Write ``docs/support.md``: which functions have a gradient.

Nothing in the table is claimed by hand. Every function of the registry is called on Tensors, with the first
of a list of argument patterns that it takes, and the backward pass is run through its result.

    python -m tools.support_table
"""

from __future__ import annotations

import contextlib
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.errors import GradientError
from autograd_core.primitive import CONSTANT_FUNCTIONS, IMPLEMENTATIONS, Primitive

PAGE = Path(__file__).resolve().parent.parent / "docs" / "support.md"

HEAD = """\
# Supported functions

Which functions take Tensors, and what becomes of the gradient. This page is generated (`make docs`): every function
was called on Tensors, and the backward pass was run through its result.

| word | meaning |
|---|---|
| yes | differentiable, to any order |
| zero | piecewise constant: the gradient passes, and is 0 (as PyTorch and JAX have it) |
| none | the result is a constant by nature (an index, a truth value, a shape): there is no gradient to lose |
| refused | writes into its argument; raises, and names the function that gives a new Tensor instead |

Any other function of NumPy runs on Tensors that require no gradient, and raises by its name on those that do: a
gradient is never lost without a word. Call `np.sin(t)` or `ag.sin(t)`, as you like: they are the same.
"""

_DISPATCHED = type(np.sum)
_MATRIX = np.array([[0.5, 0.3, 0.2], [0.1, 0.7, 0.4], [0.2, 0.3, 0.9]])
_PLACES = np.array([0, 2])
_ROWS = np.array([[0], [1], [2]])


def _vector() -> Tensor:
    return ag.tensor([0.6, 0.3, 0.8], requires_grad=True)


def _second() -> Tensor:
    return ag.tensor([0.5, 0.9, 0.2], requires_grad=True)


def _matrix() -> Tensor:
    return ag.tensor(_MATRIX, requires_grad=True)


# The ways in which a function is tried, one after the other.
PATTERNS: list[Callable[[Any], Any]] = [
    lambda f: f(_matrix()),
    lambda f: f(_vector()),
    lambda f: f(_matrix(), _matrix().T),
    lambda f: f(_vector(), _second()),
    lambda f: f(_matrix(), 1),
    lambda f: f(1, _vector()),
    lambda f: f([_vector(), _second()]),
    lambda f: f(_matrix(), _PLACES),
    lambda f: f(_matrix(), 0, 1),
    lambda f: f(_vector(), (1, 3)),
    lambda f: f(_matrix(), _ROWS, 1),
    lambda f: f(_vector(), _second(), _vector()),
    lambda f: f(_vector() > 0.5, _vector(), _second()),
    lambda f: f(_vector() > 0.5, _vector()),
    lambda f: f(_matrix(), _PLACES, _vector(), 0),
    lambda f: f(_matrix(), 1, _ROWS, _matrix()),
    lambda f: f(_matrix(), 1, _ROWS),
    lambda f: f(_matrix(), _ROWS, _vector(), 1),
    lambda f: f(ag.tensor([6, 4]), np.array([3, 1])),
    lambda f: f(ag.tensor([6, 4])),
    lambda f: f(ag.tensor(_MATRIX.reshape(3, 1, 3), requires_grad=True), 3),
    lambda f: f(np.sum, 0, _matrix()),
    lambda f: f(np.sum, _matrix(), (0,)),
    lambda f: f(ag.tensor(np.eye(6).reshape(2, 3, 6), requires_grad=True), np.ones((2, 3))),
    lambda f: f(1.5, 2.0, _vector()),
]

# Functions for which the first pattern that fits shows something else than what they are for.
CALLS: dict[str, Callable[[Any], Any]] = {
    "np.where": lambda f: f(_vector() > 0.5, _vector(), _vector()),
    "np.angle": lambda f: f(np.exp(1j * _vector())),
    "np.imag": lambda f: f(np.exp(1j * _vector())),
    "np.lib.stride_tricks.sliding_window_view": lambda f: f(_vector(), 2),
}


def leaves(result: Any) -> list[Tensor]:
    """The Tensors in a result."""
    if isinstance(result, Tensor):
        return [result]
    return [leaf for item in result for leaf in leaves(item)] if isinstance(result, list | tuple) else []


def status(name: str, function: Callable[..., Any]) -> str:
    """``yes``, ``zero``, ``none`` or ``refused``, by trial."""
    refusal = False
    for call in [CALLS[name]] if name in CALLS else PATTERNS:
        try:
            result = call(function)
        except Exception as error:  # mostly a pattern that the function does not take
            refusal = refusal or "expected an array to write into" in str(error)
            continue
        return _gradient_of([leaf for leaf in leaves(result) if leaf.requires_grad])
    if refusal:
        return "refused"
    raise LookupError(f"{name} takes none of the arguments that it is tried with: add a pattern or a call")


def _gradient_of(results: list[Tensor]) -> str:
    """What comes back to the inputs from the results, each by itself."""
    if not results:
        return "none"
    for result in results:
        inputs = [node for node in ag.Graph(result).nodes if node.primitive is None and node.requires_grad]
        weights = np.linspace(0.5, 1.5, int(result.size)).reshape(result.shape).astype(result.dtype)
        # The vectors of eig alone have no gradient: their phase is arbitrary. Its values have one.
        with contextlib.suppress(GradientError):
            found = ag.gradients(result, inputs, weights, allow_unused=True)
            if any(g is not None and np.any(g.data != 0) for g in found):
                return "yes"
    return "zero"


def numpy_functions() -> Iterator[tuple[str, Any]]:
    """NumPy's functions that Tensors answer for, by the name under which NumPy shows them."""
    places = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft, "np.lib.stride_tricks": np.lib.stride_tricks}
    for prefix, module in places.items():
        for name in sorted(dir(module)):
            function = getattr(module, name)
            known = not name.startswith("_") and isinstance(function, types.FunctionType | np.ufunc | _DISPATCHED)
            if known and (function in IMPLEMENTATIONS or function in CONSTANT_FUNCTIONS):
                yield f"{prefix}.{name}", function


def own_functions() -> Iterator[tuple[str, Any]]:
    """Our functions that NumPy has not."""
    answering = {id(function) for function in IMPLEMENTATIONS.values()}
    for prefix, module in {"ag": ag, "ag.special": ag.special, "ag.linalg": ag.linalg}.items():
        for name in sorted(getattr(module, "__all__", dir(module))):
            function = getattr(module, name)
            home = getattr(function, "__module__", None) or ""
            ours = isinstance(function, Primitive) or (
                isinstance(function, types.FunctionType) and home.startswith("autograd_core.ops")
            )
            if ours and id(function) not in answering and not hasattr(np, name) and not name.startswith(("_", "as_")):
                yield f"{prefix}.{name}", function


def rows(functions: Iterator[tuple[str, Any]]) -> dict[str, str]:
    """Function name -> status."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {
            name: "none" if function in CONSTANT_FUNCTIONS else status(name, function) for name, function in functions
        }


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, functions in (
        ("NumPy's functions", numpy_functions()),
        ("Functions that NumPy has not", own_functions()),
    ):
        table = rows(functions)
        parts += [f"\n## {title}\n", "| function | gradient |", "|---|---|"]
        parts += [f"| `{name}` | {word} |" for name, word in table.items()]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(PAGE.parent.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
