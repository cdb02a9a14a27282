"""The errors of the engine, and the one form in which they are worded."""

from __future__ import annotations


class AutogradError(Exception):
    """Base class of every error that the engine raises on its own account."""


class GradientError(AutogradError, RuntimeError):
    """A gradient cannot be computed, or would be lost without a word."""


class NoGradientError(GradientError, TypeError):
    """A function or a conversion that has no gradient met a value that needs one."""


class StaleValueError(GradientError):
    """A value that a pending backward pass needs was changed after it was saved."""


class AnomalyError(GradientError, FloatingPointError):
    """The anomaly detector met the first NaN or Inf."""


def explain(operation: str, *, expected: str, got: str, remedy: str) -> str:
    """Word an error: which operation, what it expected, what came, and what to do.

    >>> print(explain("reshape", expected="6 elements", got="shape (4,)", remedy="pass shape (2, 2)"))
    reshape: expected 6 elements, got shape (4,). To mend it: pass shape (2, 2).
    """
    return f"{operation}: expected {expected}, got {got}. To mend it: {remedy}."
