"""``detect_anomaly``: which operation made the first NaN or Inf, where, and from what.

While the context is open, every operation's output and every contribution of the backward pass is looked
at. A fingerprint of every value that an operation saves is taken too and compared before it is used: so a
change is found even if it was made behind the library's back, in an array that a Tensor shares with the
user's program. Outside the context nothing of this is done.
"""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import AnomalyError, StaleValueError
from .modes import _Switch, state
from .primitive import Primitive
from .recording import Node
from .staleness import LIBRARY, describe_line, user_frame
from .values import entries_of

if TYPE_CHECKING:
    pass

_POSITIVE = "keep the argument away from 0 (np.maximum(x, tiny)), or use log_softmax, logsumexp, log1p or xlogy"
_SCALED = "scale the argument down, or subtract its maximum first, as softmax and logsumexp do"
_DIVISOR = "add a small number to the divisor, or choose another one where it is 0: x / ag.where(y == 0, 1, y)"

# Operation -> typical causes of a bad value in the forward pass, and what to do.
_FORWARD = {
    **dict.fromkeys(("log", "log2", "log10"), f"log(0) is -inf and the log of a negative number NaN; {_POSITIVE}"),
    "log1p": "log1p(-1) is -inf and below -1 it is NaN; keep the argument above -1",
    "sqrt": "the root of a negative number is NaN, often a 0 that rounding made negative; clip it at 0 first",
    **dict.fromkeys(("divide", "reciprocal"), f"0/0 is NaN and x/0 infinite; {_DIVISOR}"),
    **dict.fromkeys(("remainder", "fmod", "floor_divide"), f"the remainder by 0 is NaN; {_DIVISOR}"),
    **dict.fromkeys(("exp", "exp2", "expm1", "cosh", "sinh"), f"exp(x) overflows for x > 709 (float32: 88); {_SCALED}"),
    "power": "a negative base to a broken power is NaN, 0 to a negative power infinite, and large powers overflow",
    **dict.fromkeys(("arcsin", "arccos"), "it is defined from -1 to 1 only; clip rounding errors away first"),
    "arctanh": "it is infinite at -1 and 1 and not defined beyond",
    "arccosh": "it is not defined below 1",
    **dict.fromkeys(("add", "subtract", "sum"), "inf - inf is NaN, and large numbers overflow (float16 above 65504)"),
    "multiply": "0 * inf is NaN, and large numbers overflow (float16 above 65504)",
    **dict.fromkeys(("mean", "var", "std"), "the mean of no entries is NaN; look for an empty array or axis"),
}
# The same for the backward pass.
_BACKWARD = {
    **dict.fromkeys(("log", "log2", "log10"), f"its derivative 1/x is infinite at 0; {_POSITIVE}"),
    "sqrt": "its derivative 1/(2 sqrt(x)) is infinite at 0; add a small number under the root, or use "
    "ag.linalg.norm or ag.hypot, whose gradient at 0 is 0",
    **dict.fromkeys(("divide", "reciprocal"), f"its derivatives 1/y and -x/y² are infinite at y = 0; {_DIVISOR}"),
    "power": "its derivative is infinite at base 0 for exponents below 1",
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), "its derivative is infinite at -1 and 1; clip the argument"),
    "arccosh": "its derivative is infinite at 1",
}
_UNTAKEN = (
    "the gradient that arrives is 0 just where the contribution is bad (0 * inf), as in a branch of `where` that was "
    "not taken; choose a harmless argument too: where(ok, f(where(ok, x, 1)), 0)"
)


class detect_anomaly(_Switch):
    """Raise at the first NaN or Inf, forward or backward, and say how it came to be.

    The error names the operation, the user's line, and shape, range and number of NaN and Inf of every
    input; in the backward pass also the line of the forward pass. Values that were changed after an
    operation saved them are found too, however they were changed. It costs a look at every value, so it
    is for finding a fault, not for training.

    Args:
        check_inf: whether Inf is an anomaly too; ``False`` for programs that mask with ``-inf``.

    Raises:
        AnomalyError: from the operation, or the backward pass, that makes the first bad value.
        StaleValueError: from a backward pass that would use a changed value.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 0.0], requires_grad=True)
    >>> with ag.detect_anomaly():
    ...     table = ag.sqrt(x).sum().backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograd_core.errors.AnomalyError: backward of sqrt: the contribution to input 1 holds the first Inf ...
    """

    _attribute = "anomaly"

    def __init__(self, check_inf: bool = True) -> None:
        self._value = Detector(check_inf)
        self._settings: list[np.errstate] = []

    def _recreate_cm(self) -> detect_anomaly:
        return detect_anomaly(self._value.check_inf)

    def __enter__(self) -> detect_anomaly:
        # The errors take the place of NumPy's warnings.
        self._settings.append(np.errstate(divide="ignore", over="ignore", invalid="ignore"))
        self._settings[-1].__enter__()
        super().__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._settings.pop().__exit__(None, None, None)
        if not self._settings:
            self._value.forget()


class Detector:
    """What the recording of operations and the backward pass call while ``detect_anomaly`` is open."""

    def __init__(self, check_inf: bool) -> None:
        self.check_inf = check_inf
        # The number of a node -> a reference to it, which ends the entry, and the fingerprints.
        self._fingerprints: dict[int, tuple[Any, tuple[Any, ...]]] = {}

    def forget(self) -> None:
        """Drop all fingerprints."""
        self._fingerprints.clear()

    def check_output(self, node: Any, primitive: Primitive, inputs: Sequence[Any], parents: Sequence[Any]) -> None:
        """Look at what an operation has computed, and take the fingerprints of what it saves.

        Args:
            node: the operation's node; without ``primitive`` if the operation was not recorded.
            primitive: the operation.
            inputs: its inputs as arrays.
            parents: the Tensors among them.
        """
        values = node._data if primitive.multiple else (node._data,)
        for position, value in enumerate(values):
            kind = self._bad(value)
            if kind:
                where = f"output {position + 1}" if primitive.multiple else "its output"
                raise self._forward_error(primitive, kind, f"{where} ({_describe(value)})", inputs, parents)
        if node.primitive is not None:
            number = node.index
            forget = self._fingerprints.pop
            self._fingerprints[number] = (
                weakref.ref(node, lambda _: forget(number, None)),
                tuple(map(_fingerprint, (*inputs, *values))),
            )

    def running(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """``rule``, with its steps not looked at: it is judged by what it returns, in which 0 * inf is made good."""

        def run(*arguments: Any, **attributes: Any) -> Any:
            state.anomaly = None
            try:
                return rule(*arguments, **attributes)
            finally:
                state.anomaly = self

        return run

    def check_contribution(self, node: Any, parent: Any, g: Any, contribution: Any) -> None:
        """Look at what an operation passes on in the backward pass.

        Args:
            node: the operation's node.
            parent: the node that the contribution goes to.
            g: the gradient of the operation's output; a tuple for several outputs.
            contribution: to the gradient of ``parent``.
        """
        self._check_unchanged(node)
        contribution = _plain(contribution)
        kind = self._bad(contribution)
        if not kind:
            return
        name = node.primitive.name
        position = next(i for i, p in enumerate(node.parents) if p is parent)
        gradients = [_plain(x) for x in (g if isinstance(g, tuple) else (g,)) if x is not None]
        if any(self._bad(x) for x in gradients):
            hint = "the gradient that arrives is bad already: look at the one passed to backward(), and at hooks"
        elif _only_where_zero(contribution, gradients):
            hint = _UNTAKEN
        else:
            hint = _BACKWARD.get(name, "look at the inputs for values at which its derivative is infinite or overflows")
        lines = [
            f"backward of {name}: the contribution to input {position + 1} holds the first {kind} "
            f"({_describe(contribution)}).",
            f"  The operation was recorded at {node.where()}.",
            f"  The backward pass was started at {_stack()}.",
            *_operands(node.inputs, node.parents),
            *(f"  gradient that arrives: {_describe(x)}" for x in gradients),
            f"  Typical cause: {hint}.",
        ]
        raise AnomalyError("\n".join(lines))

    def _forward_error(
        self, primitive: Primitive, kind: str, where: str, inputs: Sequence[Any], parents: Sequence[Any]
    ) -> AnomalyError:
        already = [position for position, x in enumerate(inputs, 1) if self._bad(x)]
        if already:
            hint = f"input {already[0]} holds it already, so it came in with the data; look at where that was made"
        else:
            hint = _FORWARD.get(primitive.name, "look at the inputs for values outside the operation's domain")
        lines = [
            f"{primitive.name}: {where} holds the first {kind}.",
            f"  It was called at {_stack()}.",
            *_operands(inputs, parents),
            f"  Typical cause: {hint}.",
        ]
        return AnomalyError("\n".join(lines))

    def _bad(self, value: Any) -> str:
        """``"NaN"`` or ``"Inf"`` if there is one in ``value``, otherwise nothing."""
        if not (value.dtype.kind in "fc" if hasattr(value, "dtype") else isinstance(value, float | complex)):
            return ""
        value = entries_of(value)
        if np.isnan(value).any():
            return "NaN"
        return "Inf" if self.check_inf and np.isinf(value).any() else ""

    def _check_unchanged(self, node: Any) -> None:
        _, taken = self._fingerprints.get(node.index, (None, None))
        if taken is None:
            return
        name = node.primitive.name
        outputs = node._data if node.primitive.multiple else (node._data,)
        for position, (value, old) in enumerate(zip((*node.inputs, *outputs), taken, strict=True)):
            if old is not None and _fingerprint(value) != old:
                inner = position < len(node.inputs)
                role = f"input {position + 1}" if inner else "the output"
                raise StaleValueError(
                    f"backward of {name}: a value that it saved was changed before the backward pass. {role} of {name} "
                    f"({_describe(value)}) was saved at {node.where()}, and then written into through an array that "
                    f"shares its memory, so that the line of the change is not known. To mend it: copy the array "
                    f"(ag.tensor copies, ag.Tensor and ag.asarray share), or call backward() before the change."
                )


def _fingerprint(value: Any) -> int | None:
    """A number that changes when the entries of an array do; ``None`` for what cannot be changed."""
    value = entries_of(value)
    if not isinstance(value, np.ndarray):
        return None
    return zlib.crc32(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)


def _plain(value: Any) -> Any:
    return value._data if isinstance(value, Node) else value


def _only_where_zero(contribution: Any, gradients: Sequence[Any]) -> bool:
    contribution, *gradients = map(entries_of, (contribution, *gradients))
    if len(gradients) != 1 or gradients[0].shape != contribution.shape:
        return False
    bad, g = ~np.isfinite(contribution), gradients[0]
    return not np.any(g[bad] if bad.ndim else g)


def _operands(inputs: Sequence[Any], parents: Sequence[Any]) -> list[str]:
    lines = []
    for position, (x, parent) in enumerate(zip(inputs, parents, strict=True), 1):
        name = f" {parent.name!r}" if parent is not None and parent.name else ""
        lines.append(f"  input {position}{name}: {_describe(x)}")
    return lines


def _describe(value: Any) -> str:
    """Shape, dtype, range of the finite entries, and how many are not finite."""
    if not hasattr(value, "dtype"):
        return repr(value)
    entries = entries_of(value)
    examples = "" if entries is value else f" for each of {len(entries)} examples"
    text = f"shape {value.shape}{examples}, {value.dtype}"
    if value.size == 0 or value.dtype.kind not in "iufc":
        return text
    value = np.asarray(entries)
    finite = value[np.isfinite(value)] if value.dtype.kind in "fc" else value
    if finite.size:
        size = np.abs(finite) if value.dtype.kind == "c" else finite
        text += f", {'absolute values ' if value.dtype.kind == 'c' else ''}from {size.min():.6g} to {size.max():.6g}"
    for what, number in (("NaN", int(np.isnan(value).sum())), ("Inf", int(np.isinf(value).sum()))):
        text += f", {number} {what}" if number else ""
    return text


def _stack(limit: int = 3) -> str:
    """The user's lines that are being executed, the innermost first."""
    lines: list[str] = []
    frame: FrameType | None = user_frame(2)
    while frame is not None and len(lines) < limit:
        if not frame.f_code.co_filename.startswith(LIBRARY):
            lines.append(f"{describe_line(frame.f_code, frame.f_lasti)} in {frame.f_code.co_name}")
        frame = frame.f_back
    return ", called from ".join(lines) or "an unknown line"
