"""What constructors refuse: arguments of another type than the signature says, and numbers out of range."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from autograd_core.errors import explain

from .sizes import check_integer, check_number

__all__: list[str] = []

Constructor = TypeVar("Constructor", bound=Callable[..., None])


def checked(constructor: Constructor) -> Constructor:
    """Let a constructor refuse arguments of another type than its annotations say.

    What is annotated ``int``, ``float`` or ``bool`` has to be an integer (a truth value is none), a real
    number (NaN is none) or a truth value (0 and 1 are), or ``None`` where the annotation allows it; what is
    called ``dtype``, a floating-point or complex dtype or ``None``. All else is left to the constructor.

    >>> import nn
    >>> nn.Dropout("0.5")
    Traceback (most recent call last):
        ...
    TypeError: Dropout: expected p to be a number, got '0.5'. To mend it: pass a float.
    """
    given = [(name, text) for name, text in constructor.__annotations__.items() if name != "return"]
    checks = {name: {"dtype": check_dtype}.get(name) or _check_for(str(text)) for name, text in given}
    names = constructor.__code__.co_varnames[1 : constructor.__code__.co_argcount]

    @wraps(constructor)
    def checking(self: Any, *args: Any, **options: Any) -> None:
        owner = type(self).__name__
        for name, value in (*zip(names, args, strict=False), *options.items()):
            check = checks.get(name)
            if check is not None:
                check(owner, name, value)
        constructor(self, *args, **options)

    return cast("Constructor", checking)


def _check_for(annotation: str) -> Callable[[str, str, Any], None] | None:
    """The check of an argument with this annotation."""
    kinds = [kind.strip() for kind in annotation.split("|")]
    check = {"int": check_integer, "float": check_number, "bool": check_flag}.get(kinds[0])
    if check is None or len(kinds) > 2 or kinds[1:] not in ([], ["None"]):
        return None
    return check if len(kinds) == 1 else _or_none(check)


def _or_none(check: Callable[[str, str, Any], None]) -> Callable[[str, str, Any], None]:
    def check_unless_none(owner: str, argument: str, value: Any) -> None:
        if value is not None:
            check(owner, argument, value)

    return check_unless_none


def check_flag(owner: str, argument: str, value: Any) -> None:
    """Refuse what is no truth value; 0 and 1 are.

    Raises:
        TypeError: for something else.
    """
    if not isinstance(value, bool | np.bool_) and not (isinstance(value, int | np.integer) and value in (0, 1)):
        raise TypeError(
            explain(owner, expected=f"{argument} to be True or False", got=repr(value), remedy="pass one of them")
        )


def check_dtype(owner: str, argument: str, value: Any) -> None:
    """Refuse what is no floating-point or complex dtype, and not ``None``.

    Raises:
        TypeError: for it.
    """
    if value is None:
        return
    try:
        kind = np.dtype(value).kind
    except (TypeError, ValueError):
        kind = ""
    if kind not in ("f", "c"):
        raise TypeError(
            explain(
                owner,
                expected=f"{argument} to be a floating-point or complex dtype",
                got=repr(value),
                remedy="pass 'float32' or 'float64'",
            )
        )


def check_at_least(owner: str, least: float, **values: Any) -> None:
    """Refuse numbers below a bound; ``None`` is left alone.

    Raises:
        TypeError: for something else than a number.
        ValueError: for one that is too small, or NaN.
    """
    for argument, value in values.items():
        if value is None:
            continue
        check_number(owner, argument, value)
        if value < least:
            raise ValueError(
                explain(
                    owner,
                    expected=f"{argument} of at least {least}",
                    got=f"{argument}={value!r}",
                    remedy=f"change {argument}",
                )
            )


def check_share(owner: str, **values: Any) -> None:
    """Refuse numbers that do not lie between 0 and 1; ``None`` is left alone.

    Raises:
        TypeError: for something else than a number.
        ValueError: for one outside.
    """
    check_at_least(owner, 0, **values)
    for argument, value in values.items():
        if value is not None and value > 1:
            raise ValueError(
                explain(
                    owner,
                    expected=f"{argument} between 0 and 1",
                    got=f"{argument}={value!r}",
                    remedy=f"change {argument}",
                )
            )


def check_axis(owner: str, argument: str, axis: Any, axes: int) -> int:
    """An axis counted from the front; a value without axes has one, of length 1.

    Raises:
        TypeError: if it is no integer.
        IndexError: if there is none such.
    """
    check_integer(owner, argument, axis)
    axes = max(axes, 1)
    if not -axes <= axis < axes:
        raise IndexError(
            explain(
                owner,
                expected=f"{argument} from {-axes} to {axes - 1}, as the input has {axes} axes",
                got=f"{argument}={axis}",
                remedy="count the axes in x.shape",
            )
        )
    return int(axis) % axes


def check_choice(owner: str, argument: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Refuse what is none of the choices.

    Raises:
        ValueError: for it.
    """
    if not isinstance(value, str) or value not in choices:
        names = [repr(choice) for choice in choices]
        raise ValueError(
            explain(
                owner,
                expected=f"{argument} {', '.join(names[:-1])} or {names[-1]}",
                got=f"{argument}={value!r}",
                remedy="pass one of them",
            )
        )


def check_module(owner: str, argument: str, value: Any, none: bool = False) -> None:
    """Refuse what is neither a module nor a function; ``None`` if it is not allowed.

    Raises:
        TypeError: for it.
    """
    if not callable(value) and not (none and value is None):
        raise TypeError(
            explain(
                owner,
                expected=f"{argument} to be a module or a function",
                got=repr(value),
                remedy="make an instance of nn.Module" + (", or pass None" if none else ""),
            )
        )
