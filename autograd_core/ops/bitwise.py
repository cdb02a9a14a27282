"""Bits and divisors of whole numbers. Whole numbers have no gradient, so the results are constants."""

from __future__ import annotations

import operator

import numpy as np

from .pointwise import binary, unary

__all__ = [
    "bitwise_and",
    "bitwise_count",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "invert",
    "lcm",
    "left_shift",
    "right_shift",
]

bitwise_and = binary(
    "bitwise_and",
    operator.and_,
    None,
    None,
    (),
    "The bits that both have.",
    ("ag.bitwise_and(ag.tensor([6, 5]), 3)", "tensor([2, 1])"),
    numpy=np.bitwise_and,
    symbol="&",
)
bitwise_or = binary(
    "bitwise_or",
    operator.or_,
    None,
    None,
    (),
    "The bits that one of the two has, or both.",
    ("ag.bitwise_or(ag.tensor([6, 5]), 3)", "tensor([7, 7])"),
    numpy=np.bitwise_or,
    symbol="|",
)
bitwise_xor = binary(
    "bitwise_xor",
    operator.xor,
    None,
    None,
    (),
    "The bits that exactly one of the two has.",
    ("ag.bitwise_xor(ag.tensor([6, 5]), 3)", "tensor([5, 6])"),
    numpy=np.bitwise_xor,
    symbol="^",
)
bitwise_left_shift = binary(
    "bitwise_left_shift",
    operator.lshift,
    None,
    None,
    (),
    "The bits moved to the left: x1 · 2^x2.",
    ("ag.bitwise_left_shift(ag.tensor([6, 5]), 1)", "tensor([12, 10])"),
    numpy=np.left_shift,
    symbol="<<",
)
bitwise_right_shift = binary(
    "bitwise_right_shift",
    operator.rshift,
    None,
    None,
    (),
    "The bits moved to the right: ⌊x1 / 2^x2⌋.",
    ("ag.bitwise_right_shift(ag.tensor([6, 5]), 1)", "tensor([3, 2])"),
    numpy=np.right_shift,
    symbol=">>",
)
bitwise_invert = unary(
    "bitwise_invert",
    operator.invert,
    None,
    "",
    "The bits turned over; for booleans the negation.",
    ("ag.bitwise_invert(ag.tensor([True, False]))", "tensor([False,  True])"),
    numpy=np.invert,
    symbol="~",
)
bitwise_count = unary(
    "bitwise_count",
    np.bitwise_count,
    None,
    "",
    "The number of ones among the bits of |x|.",
    ("ag.bitwise_count(ag.tensor([6, 7])).tolist()", "[2, 3]"),
    numpy=np.bitwise_count,
)
gcd = binary(
    "gcd",
    np.gcd,
    None,
    None,
    (),
    "The greatest common divisor.",
    ("ag.gcd(ag.tensor([12, 18]), 8)", "tensor([4, 2])"),
    numpy=np.gcd,
)
lcm = binary(
    "lcm",
    np.lcm,
    None,
    None,
    (),
    "The lowest common multiple.",
    ("ag.lcm(ag.tensor([4, 6]), 6)", "tensor([12,  6])"),
    numpy=np.lcm,
)

left_shift, right_shift = bitwise_left_shift, bitwise_right_shift
bitwise_not = invert = bitwise_invert
