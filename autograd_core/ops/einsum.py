"""Einstein summation: every product and sum that can be written with letters for axes."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, Primitive, define, implements
from .axes import as_array
from .matrices import identity_like

__all__ = ["einsum"]

# Fewer multiplications than this are left to np.einsum, which starts faster; more go through matmul.
FEW = 4096

LETTERS = string.ascii_uppercase + string.ascii_lowercase


@lru_cache(maxsize=512)
def _twins(subscripts: str) -> list[tuple[int, int, int]]:
    """Which axes have to be of one length, as (operand, axis, axis), since they have one letter."""
    terms = subscripts.split("->")[0].split(",")
    return [(k, term.index(c), i) for k, term in enumerate(terms) for i, c in enumerate(term) if term.index(c) < i]


def _sum_of_products(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    for k, i, j in _twins(subscripts):
        n, m = operands[k].shape[i], operands[k].shape[j]
        if n != m:
            raise _mismatch("axes of one length for a letter that stands twice", f"lengths {n} and {m}", subscripts)
    out = np.einsum(subscripts, *operands, optimize=optimize)
    return out[()] if out.ndim == 0 else out


# -- two operands: a matrix product where that is what the letters say ---------------------------------------


@lru_cache(maxsize=512)
def _as_matmul(subscripts: str) -> Any:
    """How to write a sum over two operands as ``x @ y``, or ``None`` if it cannot be.

    Letters of both operands and the result number a stack of products, letters of both operands
    alone are summed over, letters of one operand and the result are rows (left) or columns (right).

    Returns:
        The orders to which the axes of x, of y and of the product have to be transposed, and how many
        letters of each kind there are.
    """
    operands, result = subscripts.split("->")
    left, right = operands.split(",")
    if len(set(left)) < len(left) or len(set(right)) < len(right):
        return None
    stack = [c for c in left if c in right and c in result]
    summed = [c for c in left if c in right and c not in result]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    if not summed or any(c not in result for c in rows + columns):
        return None
    product = stack + rows + columns
    return (
        tuple(left.index(c) for c in stack + rows + summed),
        tuple(right.index(c) for c in stack + summed + columns),
        tuple(product.index(c) for c in result),
        (len(stack), len(rows), len(summed)),
    )


def _forward_of_two(x: Any, y: Any, subscripts: str) -> Any:
    plan = _as_matmul(subscripts)
    if plan is None or x.size * y.size < FEW:
        return _sum_of_products(subscripts, x, y)
    order_x, order_y, order, (stack, rows, summed) = plan
    left, right = np.transpose(x, order_x), np.transpose(y, order_y)
    head, top, middle = left.shape[:stack], left.shape[stack : stack + rows], left.shape[stack + rows :]
    if right.shape[: stack + summed] != head + middle:  # axes of length 1 are to be broadcast
        return _sum_of_products(subscripts, x, y)
    side = right.shape[stack + summed :]
    inner = math.prod(middle)
    left = np.reshape(left, (*head, math.prod(top), inner))
    right = np.reshape(right, (*head, inner, math.prod(side)))
    out = np.transpose(np.reshape(left @ right, head + top + side), order)
    return out[()] if out.ndim == 0 else out


# -- the gradient is an einsum again -------------------------------------------------------------------------


def _contribution(k: int, g: Any, operands: Sequence[Any], subscripts: str) -> Any:
    """The gradient of operand k: the gradient of the result times the other operands, summed to k's letters.

    For 'ij,jk->ik' and k = 0 that is 'ik,jk->ij'. A letter that stands twice in operand k (a diagonal)
    gets a second name and an identity matrix that says that both are equal. A letter that only
    operand k has was summed alone: there the gradient is repeated.
    """
    inputs, result = subscripts.split("->")
    labels = inputs.split(",")
    x = operands[k]
    terms = [result, *labels[:k], *labels[k + 1 :]]
    factors = [g, *operands[:k], *operands[k + 1 :]]
    unused = (c for c in LETTERS if c not in subscripts)
    target = ""
    for letter, n in zip(labels[k], x.shape):
        if letter in target:
            twin = next(unused)
            terms.append(letter + twin)
            factors.append(identity_like(x, n))
            letter = twin
        target += letter
    known = set("".join(terms))
    kept = "".join(c for c in target if c in known)
    found = _contract(",".join(terms) + "->" + kept, factors)
    if kept != target:
        lengths = iter(found.shape)
        found = np.reshape(found, tuple(next(lengths) if c in known else 1 for c in target))
    shape = np.broadcast_shapes(found.shape, x.shape)
    return found if shape == found.shape else np.broadcast_to(found, shape)


def _joint(g: Any, out: Any, *operands: Any, subscripts: str, optimize: Any) -> tuple[Any, ...]:
    return tuple(
        _contribution(k, g, operands, subscripts) if x.dtype.kind in "fc" else None for k, x in enumerate(operands)
    )


_einsum_of_one = define(
    "einsum_of_one",
    lambda x, subscripts: _sum_of_products(subscripts, x),
    lambda g, out, x, subscripts: _contribution(0, g, (x,), subscripts),
    symbol="einsum",
    formulas="1 where the letters agree",
)
_einsum = define(
    "einsum",
    _forward_of_two,
    lambda g, out, x, y, subscripts: _contribution(0, g, (x, y), subscripts),
    lambda g, out, x, y, subscripts: _contribution(1, g, (x, y), subscripts),
    symbol="einsum",
    formulas=("{b}", "{a}"),
)
_einsum_of_many: Primitive = define(
    "einsum_of_many",
    lambda *operands, subscripts, optimize: _sum_of_products(subscripts, *operands, optimize=optimize),
    joint=_joint,
    symbol="einsum",
    formulas="the product of the other operands",
)


def _contract(subscripts: str, operands: Sequence[Any], optimize: Any = True) -> Any:
    """The sum that explicit ``subscripts`` without an ellipsis describe."""
    if len(operands) == 1:
        return _einsum_of_one(operands[0], subscripts=subscripts)
    if len(operands) == 2:
        return _einsum(*operands, subscripts=subscripts)
    return _einsum_of_many(*operands, subscripts=subscripts, optimize=optimize)


@implements(np.einsum)
def einsum(*operands: Any, optimize: Any = True) -> Array:
    """Products and sums of arrays, written with one letter per axis.

    ``einsum("ij,jk->ik", a, b)`` is out_ik = sum over j of a_ij b_jk: entries with equal letters are
    multiplied, letters that the result lacks are summed over. A letter twice in one operand takes the
    diagonal. Without ``->`` the result has the letters that stand once, in alphabetical order. ``...``
    stands for any further axes, which broadcast. The gradient of each operand is an einsum as well:
    of the result's gradient with the other operands.

    Args:
        operands: the subscripts and then one array per group of letters; or each array followed by the
            list of its axes' numbers (``Ellipsis`` for ``...``), and in the end perhaps the result's.
        optimize: in which order three and more operands are multiplied, as in ``np.einsum``.

    Returns:
        An array with the axes of the result.

    Raises:
        ValueError: if subscripts and operands do not match.

    >>> import autograd_core as ag
    >>> a, b = ag.tensor([[1.0, 2.0], [3.0, 4.0]]), ag.tensor([1.0, 10.0])
    >>> ag.einsum("ij,j->i", a, b), ag.einsum("ii", a), ag.einsum(a, [0, 1], b, [1], [0])
    (tensor([21., 43.]), tensor(5.), tensor([21., 43.]))
    """
    if not operands:
        raise ValueError(
            explain("einsum", expected="subscripts and arrays", got="nothing", remedy='write einsum("ij,j->i", a, b)')
        )
    if isinstance(operands[0], str):
        subscripts, arrays = operands[0], list(operands[1:])
    else:
        subscripts, arrays = _from_lists(operands)
    arrays = [as_array(x) for x in arrays]
    return _contract(_explicit(subscripts, tuple(x.ndim for x in arrays)), arrays, optimize)


# -- reading the subscripts ----------------------------------------------------------------------------------


def _from_lists(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """The form ``einsum(a, [0, 1], b, [1, 2], [0, 2])`` as subscripts and arrays."""
    arrays, lists = list(operands[: 2 * (len(operands) // 2) : 2]), list(operands[1::2])
    text = ",".join(_letters(numbers) for numbers in lists)
    if len(operands) % 2:
        text += "->" + _letters(operands[-1])
    return text, arrays


def _letters(numbers: Any) -> str:
    if all(k is Ellipsis or (isinstance(k, int | np.integer) and 0 <= k < len(LETTERS)) for k in numbers):
        return "".join("..." if k is Ellipsis else LETTERS[k] for k in numbers)
    raise _mismatch("lists of axis numbers from 0 to 51 after each array", repr(numbers))


@lru_cache(maxsize=512)
def _explicit(subscripts: str, ndims: tuple[int, ...]) -> str:
    """The subscripts with letters for every ellipsis and with the result written out."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise _mismatch(f"one array for each of {len(terms)} groups of letters", f"{len(ndims)} arrays", subscripts)
    bare = [term.replace("...", "", 1) for term in terms]
    strange = set("".join(bare) + result.replace("...", "", 1)) - set(LETTERS)
    if strange:
        raise _mismatch("letters, commas, at most one '...' per group and one '->'", repr(min(strange)), subscripts)
    extra = [ndim - len(letters) for letters, ndim in zip(bare, ndims)]
    for term, letters, ndim, n in zip(terms, bare, ndims, extra):
        if n < 0 or (n > 0 and "..." not in term):
            raise _mismatch(f"an array of {len(letters)} axes for {term!r}", f"one of {ndim}", subscripts)
    count = max(extra, default=0)
    if arrow and count and "..." not in result:
        raise _mismatch("'...' in the result, since an operand has it", f"{result!r}", subscripts)
    spare = [c for c in LETTERS if c not in subscripts][:count]
    if len(spare) < count:
        raise _mismatch("at most 52 axes in all", "more", subscripts)
    ellipsis = "".join(spare)
    if not arrow:
        everything = "".join(bare)
        result = "..." + "".join(sorted(c for c in set(everything) if everything.count(c) == 1))
    filled = [term.replace("...", ellipsis[count - n :] if n else "", 1) for term, n in zip(terms, extra)]
    result = result.replace("...", ellipsis, 1)
    unknown = [c for c in result if c not in "".join(filled) or result.count(c) > 1]
    if unknown:
        raise _mismatch("each letter of the result once, and in some operand", repr(unknown[0]), subscripts)
    return ",".join(filled) + "->" + result


def _mismatch(expected: str, got: str, subscripts: str | None = None) -> ValueError:
    name = "einsum" if subscripts is None else f"einsum({subscripts!r})"
    return ValueError(
        explain(name, expected=expected, got=got, remedy='write one letter per axis, as in einsum("ij,jk->ik", a, b)')
    )
