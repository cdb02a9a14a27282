"""Formulas that are written in plain text, ``δ(h) ⊙ (1 − h²)``, in LaTeX and in MathML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from .text import printable

# Signs that formulas use, and what LaTeX calls them where it sets mathematics.
SIGNS = {
    **{
        "×": r"\times",
        "·": r"\cdot",
        "−": "-",
        "±": r"\pm",
        "÷": r"\div",
        "⊙": r"\odot",
        "⊗": r"\otimes",
        "√": r"\surd",
    },
    **{"∂": r"\partial", "Σ": r"\Sigma", "Π": r"\Pi", "Γ": r"\Gamma", "Δ": r"\Delta", "Φ": r"\Phi", "δ": r"\delta"},
    **{"ε": r"\varepsilon", "ζ": r"\zeta", "π": r"\pi", "σ": r"\sigma", "φ": r"\varphi", "ψ": r"\psi"},
    **{"≥": r"\geq", "≤": r"\leq", "≈": r"\approx", "≠": r"\neq", "→": r"\to", "∧": r"\wedge", "∨": r"\vee"},
    **{
        "⊻": r"\veebar",
        "⌈": r"\lceil",
        "⌉": r"\rceil",
        "⌊": r"\lfloor",
        "⌋": r"\rfloor",
        "‖": r"\Vert",
        "∛": r"\sqrt[3]{}",
    },
    **{"∗": "*", "′": "'", "½": r"\frac12", "…": r"\dots", "x̂": r"\hat{x}", "{": r"\{", "}": r"\}"},
    **{sign: f"\\{sign}" for sign in "&%$#_"},
    "\\": r"\backslash",
    "~": r"\sim",
}
RAISED = {
    "¹": "1",
    "²": "2",
    "³": "3",
    "⁻": "-",
    "⁺": "+",
    "⁽": "(",
    "⁾": ")",
    "ⁿ": "n",
    "ˣ": "x",
    "ᵀ": r"\top",
    "ᴴ": "H",
}
LOWERED = {"₀": "0", "₁": "1", "₂": "2", "₊": "+", "₋": "-", "ᵢ": "i", "ⱼ": "j", "ᵥ": "v"}

_RAISED, _LOWERED = ("".join(signs) for signs in (RAISED, LOWERED))
_LETTER = rf"[^\W{_RAISED}{_LOWERED}]"
_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_WORD = rf"[^\W\d_{_RAISED}{_LOWERED}]{{2,}}"

Token = tuple[str, str]


def tokens(text: str, names: Iterable[str] = ()) -> list[Token]:
    """The parts of a formula: pairs of ``"name"``, ``"number"``, ``"words"``, ``"raised"``, ``"lowered"`` or
    ``"sign"`` and a text.

    Args:
        text: the formula.
        names: what nodes are called; a name may contain any signs.

    >>> tokens("δ(w 1) ⊙ 2·h²", ["w 1", "h"])[2:6]
    [('name', 'w 1'), ('sign', ')'), ('sign', '⊙'), ('number', '2')]
    """
    known = "|".join(re.escape(name) for name in sorted(set(names), key=lambda name: (-len(name), name)) if name)
    signs = "|".join(map(re.escape, sorted(SIGNS, key=len, reverse=True)))
    kinds = {"name": rf"(?<!{_LETTER})(?:{known})(?!{_LETTER})"} if known else {}
    kinds |= {
        "power": r"\^(?:\([^()]*\)|\w+)",
        "raised": f"[{_RAISED}]+",
        "lowered": f"[{_LOWERED}]+",
        "number": _NUMBER,
    }
    kinds |= {"single": signs, "words": f"{_WORD}(?:[ ,]+{_WORD})*", "sign": r"\S"}
    pattern = "|".join(f"(?P<{kind}>{expression})" for kind, expression in kinds.items())
    found: list[Token] = []
    for match in re.finditer(pattern, printable(text)):
        kind, part = match.lastgroup or "sign", match[0]
        if kind == "power":
            kind, part = "raised", part.removeprefix("^").removeprefix("(").removesuffix(")")
        found.append(("sign" if kind == "single" else kind, part))
    return found


def latex(text: str, names: Iterable[str] = ()) -> str:
    """A formula in LaTeX, for between dollar signs.

    >>> print(latex("δ(h) ⊙ (1 − h²)", ["h"]))
    \\delta ( h ) \\odot ( 1 - h ^{2} )
    """
    return " ".join(_latex(kind, part) for kind, part in tokens(text, names))


def _latex(kind: str, part: str) -> str:
    if kind == "name":
        return latex_name(part)
    if kind == "number":
        return latex_number(part)
    if kind == "raised":
        return f"^{{{''.join(RAISED.get(sign, SIGNS.get(sign, sign)) for sign in part)}}}"
    if kind == "lowered":
        return f"_{{{''.join(LOWERED.get(sign, sign) for sign in part)}}}"
    if kind == "words":
        return rf"\text{{ {latex_text(part)} }}"
    return r"\," if part == "@" else SIGNS.get(part, part)  # a product of matrices has no sign


def latex_name(name: str) -> str:
    """The name of a node: one letter with an index, or upright text.

    >>> latex_name("w12"), latex_name("net")
    ('w_{12}', '\\\\mathrm{net}')
    """
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    if len(letters) == 1 and letters.isalpha():
        return f"{letters}_{{{digits}}}" if digits else letters
    return rf"\mathrm{{{latex_text(name)}}}"


def latex_number(text: str) -> str:
    """A number, with the power of ten that it may have.

    >>> print(latex_number("1.5e-09"), latex_number("-inf"))
    1.5 \\cdot 10^{-9} -\\infty
    """
    mantissa, _, exponent = text.partition("e")
    if exponent:
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text, text)


def latex_entries(text: str, shape: tuple[int, ...]) -> str:
    """A value as pictures write it: a number, the entries of a small array as a matrix, else its sizes alone.

    >>> print(latex_entries("[[1, 2], [3, 4]]", (2, 2)), latex_entries("(4, 3) in [0, 11]", (4, 3)))
    \\begin{pmatrix}1 & 2\\\\ 3 & 4\\end{pmatrix} \\dots \\; (4 \\times 3)
    """
    if not shape:
        return latex(text)
    if len(shape) < 3 and text.startswith("["):
        rows = [" & ".join(map(latex, row.split(", "))) for row in text.strip("[]").split("], [")]
        return r"\begin{pmatrix}" + r"\\ ".join(rows) + r"\end{pmatrix}"
    return rf"\dots \; ({latex('×'.join(map(str, shape)))})"


# In text, where a sign of mathematics stands between dollar signs.
_TEXT = {
    **{sign: f"${word}$" for sign, word in SIGNS.items()},
    **{sign: f"$^{word}$" for sign, word in RAISED.items()},
    **{sign: f"$_{word}$" for sign, word in LOWERED.items()},
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "…": r"\dots{}",
}
_IN_TEXT = re.compile("|".join(map(re.escape, sorted(_TEXT, key=len, reverse=True))))


def latex_text(text: str) -> str:
    """Text in LaTeX, outside of formulas.

    >>> print(latex_text("50 % of σ²"))
    50 \\% of $\\sigma$$^2$
    """
    return _IN_TEXT.sub(lambda sign: _TEXT[sign[0]], printable(text))


# -- MathML --------------------------------------------------------------------------------------


def mathml(text: str, names: Iterable[str] = ()) -> str:
    """A formula as a row of MathML.

    >>> mathml("2·h²", ["h"])
    '<mrow><mn>2</mn><mo>·</mo><msup><mi>h</mi><mn>2</mn></msup></mrow>'
    """
    parts: list[str] = []
    for kind, part in tokens(text, names):
        if kind in ("raised", "lowered"):
            table: dict[str, Any] = {"⁻": "−", "ᵀ": "⊤"}
            signs = RAISED if kind == "raised" else LOWERED
            index = "".join(table.get(sign) or signs.get(sign, sign) for sign in part)
            tag = "msup" if kind == "raised" else "msub"
            base = parts.pop() if parts else "<mrow></mrow>"
            parts.append(f"<{tag}>{base}{_mathml('number' if index.isdigit() else 'name', index)}</{tag}>")
        else:
            parts.append(_mathml(kind, part))
    return f"<mrow>{''.join(parts)}</mrow>"


def _mathml(kind: str, part: str) -> str:
    tag = {"name": "mi", "number": "mn", "words": "mtext"}.get(kind, "mo")
    letters = part.rstrip("0123456789")
    if kind == "name" and len(letters) == 1 and letters.isalpha() and letters != part:
        return f"<msub><mi>{escape(letters)}</mi><mn>{part[1:]}</mn></msub>"
    if kind == "words":
        part = f"\N{NO-BREAK SPACE}{part}\N{NO-BREAK SPACE}"  # MathML strips other spaces
    elif tag == "mo":
        tag = "mi" if part.isalpha() else "mo"  # δ
        part = {"@": "\N{INVISIBLE TIMES}", "-": "−"}.get(part, part)
    return f"<{tag}>{escape(part)}</{tag}>"


def mathml_fraction(top: str, bottom: str, argument: int = 0) -> str:
    """∂top/∂bottom, by the argument of that number where one is given."""
    sign = f"<msub><mo>∂</mo><mn>{argument}</mn></msub>" if argument else "<mo>∂</mo>"
    return f"<mfrac><mrow>{sign}{_mathml('name', top)}</mrow><mrow><mo>∂</mo>{_mathml('name', bottom)}</mrow></mfrac>"


def mathml_table(rows: Iterable[tuple[str | None, str]]) -> str:
    """Equations below one another, aligned at their equals signs; a remark has no left side (``None``)."""
    body = "".join(
        f'<mtr><mtd style="text-align: right">{left or ""}</mtd>'
        f'<mtd style="text-align: left">{"" if left is None else "<mo>=</mo>"}{right}</mtd></mtr>'
        for left, right in rows
    )
    head = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">'
    return f"{head}<mtable>{body}</mtable></math>"
