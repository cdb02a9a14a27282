"""What ``Operation.check`` checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import GradientError, explain
from ..recording import Node
from ..values import as_value
from .gradcheck import GradcheckError, gradcheck

if TYPE_CHECKING:
    from ..custom import Operation

__all__ = ["OperationReport", "check_operation"]


@dataclass
class OperationReport:
    """What was checked of an operation, all of it right. Prints as a list."""

    operation: str
    passed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n  ".join([f"{self.operation}: all right", *self.passed])

    __repr__ = __str__


def check_operation(
    operation: Operation, inputs: Sequence[Any], attributes: dict[str, Any], order: int, seed: int
) -> OperationReport:
    """Check an operation at a point: see ``Operation.check``."""
    given, attributes = operation.bind(*inputs, **attributes)
    values = [_plain(x) for x in given]
    report = OperationReport(operation.name)
    wrt = [i for i in range(len(values)) if _differentiable(operation, values, i)]
    if not wrt:
        raise TypeError(
            explain(
                f"{operation.name}.check",
                expected="an input made of floats that has a rule",
                got="none",
                remedy="pass arrays of floats",
            )
        )
    rng = np.random.default_rng(seed)
    _check_unchanged(operation, values, attributes, rng)
    report.passed.append("arguments left unchanged")
    _check_derivatives(operation, values, attributes, wrt, order, seed, report)
    if all(values[i].dtype == np.float64 for i in wrt):
        _check_float32(operation, values, attributes, wrt, rng)
        report.passed.append("float32 stays float32")
    return report


def _plain(x: Any) -> Any:
    return as_value(x._data if isinstance(x, Node) else x)


def _differentiable(operation: Operation, values: Sequence[Any], i: int) -> bool:
    primitive = operation.primitive
    return values[i].dtype.kind in "fc" and (primitive.joint is not None or primitive.rules[i] is not None)


def _wrong(operation: Operation, expected: str, got: str, remedy: str) -> GradientError:
    return GradientError(explain(f"{operation.name}.check", expected=expected, got=got, remedy=remedy))


def _contributions(operation: Operation, g: Any, out: Any, values: Sequence[Any], attributes: Any) -> list[Any]:
    primitive = operation.primitive
    if primitive.joint is not None:
        return list(primitive.joint(g, out, *values, **attributes))
    return [None if rule is None else rule(g, out, *values, **attributes) for rule in primitive.rules]


def _gradient_for(out: Any, rng: np.random.Generator) -> Any:
    if isinstance(out, tuple):
        return tuple(_gradient_for(o, rng) for o in out)
    return np.asarray(rng.normal(size=out.shape)).astype(out.dtype)[()]


def _read_only(value: Any) -> Any:
    """A copy that refuses to be written into."""
    if isinstance(value, tuple):
        return tuple(_read_only(v) for v in value)
    copy = np.copy(value)
    copy.flags.writeable = False
    return copy if copy.ndim else copy[()]


def _check_unchanged(operation: Operation, values: Sequence[Any], attributes: Any, rng: np.random.Generator) -> None:
    """The forward function and the rules must leave what they get as it is."""
    given = [_read_only(x) for x in values]
    what = "the function"
    try:
        out = operation.primitive.forward(*given, **attributes)
        what = "the rules"
        g = _gradient_for(out, rng)
        _contributions(operation, _read_only(g), _read_only(out), given, attributes)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        remedy = "work on a copy, and write x = x + 1 instead of x += 1"
        raise _wrong(
            operation, f"{what} to leave the arguments unchanged", "one that writes into them", remedy
        ) from error


def _names(operation: Operation, values: Sequence[Any]) -> list[str]:
    names = operation.inputs[: len(values)]
    return names + [f"{names[-1]}[{i}]" for i in range(len(values) - len(names))]


def _check_derivatives(
    operation: Operation,
    values: Sequence[Any],
    attributes: Any,
    wrt: Sequence[int],
    order: int,
    seed: int,
    report: OperationReport,
) -> None:
    def function(*chosen: Any) -> Any:
        arguments = list(values)
        for i, x in zip(wrt, chosen, strict=True):
            arguments[i] = x
        return operation.primitive(*arguments, **attributes)

    function.__name__ = operation.name
    for k in range(1, order + 1):
        try:
            gradcheck(function, [values[i] for i in wrt], order=k, seed=seed)
        except GradcheckError:
            raise
        except Exception as error:
            if k == 1:
                raise
            remedy = (
                "write them with operators and np.* functions only, or check with order=1 "
                "if higher derivatives are not needed"
            )
            got = f"{type(error).__name__}: {str(error).rstrip('.')}"
            raise _wrong(operation, "rules that run on Tensors, for higher derivatives", got, remedy) from error
        report.passed.append(f"derivative {k} agrees with finite differences")


def _check_float32(
    operation: Operation, values: Sequence[Any], attributes: Any, wrt: Sequence[int], rng: np.random.Generator
) -> None:
    """float32 inputs must give float32 outputs and contributions."""
    small = [x.astype(np.float32) if x.dtype == np.float64 else x for x in values]
    out = operation.primitive.forward(*small, **attributes)
    for o in out if isinstance(out, tuple) else (out,):
        if o.dtype == np.float64:
            remedy = "use Python numbers (math.pi) instead of NumPy's (np.float64), and np.zeros_like(x)"
            raise _wrong(operation, "float32 for float32 inputs", "float64 from the function", remedy)
    contributions = _contributions(operation, _gradient_for(out, rng), out, small, attributes)
    for i in wrt:
        if contributions[i] is not None and contributions[i].dtype == np.float64:
            which = f"float64 from the rule for {_names(operation, values)[i]!r}"
            raise _wrong(operation, "float32 for float32 inputs", which, "use Python numbers instead of np.float64")
