"""What ``explain`` has found: the chain rule for one node as plain data, which prints as text, LaTeX and MathML."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from .chains import MOST_FACTORS, Path, elided, how_many, joined, partial
from .differences import Check
from .display import bundle
from .drawing import Drawing
from .formulas import latex, latex_entries, latex_name, latex_text, mathml, mathml_fraction, mathml_table
from .modes import only_marked
from .text import number
from .view import View

# Up to this many nodes, a graph is drawn as a whole when paths are highlighted; of larger ones only the paths are.
LARGEST_WHOLE = 120
# Of more uses of one node, and of more nodes, only the first and the last are written out.
MOST_TERMS, MOST_STEPS = 8, 60


@dataclass(frozen=True)
class Contribution:
    """What one use of a node adds to its gradient: upstream × local.

    Attributes:
        consumer: the node that uses it, by its label.
        position: as which input, from 0.
        upstream: the gradient at the consumer, as text.
        local: the local derivative's formula, with the nodes' names in it.
        factor: the local derivative as a number, where both nodes are numbers; of complex ones its conjugate, so
            that upstream × factor = value. ``None`` where nothing has only to be multiplied.
        value: the contribution as text.
        term: how it comes about: ``δ(h) ⊙ (1 − h²)``, where δ(v) is the gradient at v.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> first, second = viz.explain(x * x, x).steps[-1].contributions
    >>> first.upstream, first.local, first.factor, first.value, first.term
    ('1', 'x', 3.0, '3', 'δ(u(2)) × x')
    """

    consumer: str
    position: int
    upstream: str
    local: str
    factor: float | complex | None
    value: str
    term: str = ""

    def numbers(self, digits: int) -> str:
        """``upstream × factor = value`` where these are numbers, else the value."""
        if self.factor is None:
            return self.value
        return f"{joined([self.upstream, number(self.factor, digits)], ' × ')} = {self.value}"


@dataclass(frozen=True)
class Step:
    """The gradient of one node on the way: the sum of its contributions.

    Attributes:
        node: its label.
        shape: of its value.
        gradient: as text.
        contributions: one for every use of the node.
        hooked: what the gradient was before a hook replaced it, as text; empty where none did.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> step = viz.explain(x * x, x).steps[-1]
    >>> step.node, step.gradient, len(step.contributions)
    ('x', '6', 2)
    """

    node: str
    shape: tuple[int, ...]
    gradient: str
    contributions: tuple[Contribution, ...]
    hooked: str = ""

    def terms(self) -> str:
        """The sum of the contributions."""
        return " + ".join(elided([c.term for c in self.contributions], MOST_TERMS))

    def value(self) -> str:
        """The gradient that the contributions add up to."""
        return self.hooked or self.gradient

    def lines(self, digits: int) -> list[str]:
        """δ(node) = its terms = its value, and the terms one by one where there are several."""
        left = f"  δ({self.node}){f' {self.shape}' if self.shape else ''}"
        right = [self.value()]
        if len(self.contributions) == 1:
            right = [self.terms(), self.contributions[0].numbers(digits)]
        elif self.contributions:
            right.insert(0, self.terms())
        lines = [" = ".join([left, *right])]
        if len(self.contributions) > 1:
            parts = [f"from {c.consumer}, input {c.position}: {c.numbers(digits)}" for c in self.contributions]
            lines += [f"      {part}" for part in elided(parts, MOST_TERMS)]
        if self.hooked:
            lines.append(f"      a hook replaced δ({self.node}): {self.hooked} → {self.gradient}")
        return lines


@dataclass(frozen=True)
class Explanation:
    """The chain rule for one node. Prints as text; ``latex()`` and notebooks show it as formulas.

    Attributes:
        result, node: labels.
        gradient: the gradient as text.
        steps: the gradients of all nodes between the result and the node, in the order of the backward pass.
        paths: for graphs of numbers every way from the result to the node, as many as were asked for.
        path_count: how many ways there are.
        derivative: the sum over the paths, as text; for complex numbers the conjugate of the gradient.
        differences: the gradient by finite differences, as text, if it was asked for.
        check: gradient and finite differences entry by entry, if they were asked for.
        remarks: what else there is to know.
        view: the graph with the paths marked, as plain data; see ``draw``.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> y = x * x
    >>> y.name = "y"
    >>> viz.explain(y, x)
    ∂y/∂x: the sum over 2 paths; ∂₁ is the derivative by the first argument alone
      1  ∂₁y/∂x = 3
      2  ∂₂y/∂x = 3
      ∂y/∂x = 3 + 3 = 6
    """

    result: str
    node: str
    gradient: str
    steps: tuple[Step, ...]
    paths: tuple[Path, ...]
    path_count: int
    digits: int = 6
    differences: str | None = None
    derivative: str = ""
    check: Check | None = None
    remarks: tuple[str, ...] = ()
    view: View | None = field(default=None, repr=False, compare=False)

    def draw(self, direction: str = "LR", renderer: str = "auto", theme: str = "light") -> Drawing:
        """The picture of the graph with all nodes and edges on the paths highlighted.

        Args:
            direction, renderer, theme: as for ``viz.draw``.

        >>> import autograd_core as ag, viz
        >>> x, y = (ag.tensor(3.0, requires_grad=True, name=name) for name in "xy")
        >>> view = viz.explain(x * x + y, x).draw().view
        >>> sum(edge.marked for edge in view.edges), len(view.edges)
        (3, 4)
        """
        assert self.view is not None
        marked = sum(node.marked for node in self.view.nodes)
        notes = repr(self).split("\n")
        if not self.paths:
            ways = how_many(self.path_count, "path")
            notes = [f"∂{self.result}/∂{self.node}: {ways} over {marked} nodes; the gradient: {self.gradient}"]
        large = len(self.view.nodes) > LARGEST_WHOLE
        view = only_marked(self.view) if large else self.view
        return Drawing(replace(view, notes=(*view.notes, *notes)), direction, renderer, theme=theme)

    def __repr__(self) -> str:
        lines = self._by_paths() if self.paths else self._by_steps()
        lines += [f"  {remark}" for remark in (*self._off_the_paths(), *self.remarks)]
        if self.check is not None:
            lines.append(str(self.check))
        return "\n".join(lines)

    def _by_paths(self) -> list[str]:
        head = partial(self.result, self.node)
        if self.path_count == 1:
            path = self.paths[0]
            if len(path.factors) < 2:
                return [f"{head} = {self.derivative}"]
            return [f"{head} = {path.symbols()}", f"  = {path.numbers(self.digits)}", f"  = {self.derivative}"]
        arguments = any(argument for path in self.paths for argument in path.arguments)
        note = "; ∂₁ is the derivative by the first argument alone" if arguments else ""
        lines = [f"{head}: the sum over {how_many(self.path_count, 'path')}{note}"]
        products = [number(path.product, self.digits) for path in self.paths]
        for place, (path, product) in enumerate(zip(self.paths, products, strict=True), 1):
            numbers = f" = {path.numbers(self.digits)}" if len(path.factors) > 1 else ""
            lines.append(f"  {place}  {path.symbols()}{numbers} = {product}")
        left_out = self.path_count - len(self.paths)
        total = joined(products, " + ") + (f" + … ({how_many(left_out, 'path')} more)" if left_out else "")
        return [*lines, f"  {head} = {total} = {self.derivative}"]

    def _by_steps(self) -> list[str]:
        head, delta = partial(self.result, self.node), partial(self.result, "v")
        lines = [f"{head}, from the result back; δ(v) stands for {delta}"]
        shown, _ = self._written_out()
        for step in shown:
            lines += [f"  … {len(self.steps) - len(shown) + 1} more …"] if step is None else step.lines(self.digits)
        return lines

    def _off_the_paths(self) -> list[str]:
        """How nodes without a name that only formulas mention were computed."""
        if self.paths or self.view is None:
            return []
        terms = " ".join(step.terms() for step in self._written_out()[0] if step is not None)
        others = {node.label: node.expression for node in self.view.nodes if node.operation and not node.marked}
        used = [
            f"{label} = {expression}"
            for label, expression in others.items()
            if label in terms and label.startswith("u(")
        ]
        return [f"where {', '.join(elided(used, MOST_TERMS))}"] if used else []

    # -- formulas --------------------------------------------------------------------------------

    def latex(self) -> str:
        """The same as formulas of LaTeX, for a cell of Markdown or a paper.

        >>> import autograd_core as ag, viz
        >>> x = ag.tensor([3.0, 4.0], requires_grad=True, name="x")
        >>> print(viz.explain(ag.sum(x), x).latex().split("&=")[2])
         \\delta ( \\mathrm{u(2)} ) \\text{ repeated along axis } 0 = \\begin{pmatrix}1 & 1\\end{pmatrix}\\end{aligned}
        """
        rows = [f"{left} &= {right}" for left, right in (self._latex_paths() if self.paths else self._latex_steps())]
        rows += [rf"&\text{{{latex_text(remark)}}}" for remark in self.remarks]
        return r"\begin{aligned}" + r"\\ ".join(rows) + r"\end{aligned}"

    def _products(self) -> str:
        """The sum of the products along the paths."""
        return joined([path.numbers(self.digits) for path in self.paths], " + ")

    def _latex_paths(self) -> list[tuple[str, str]]:
        chains = []
        for path in self.paths:
            fractions = [_fraction(*entry) for entry in path.partials()]
            chains.append(r"\,".join(latex(part) if "…" in part else part for part in elided(fractions, MOST_FACTORS)))
        more = r" + \dots" if self.path_count > len(chains) else ""
        rows = [" + ".join(chains) + more, latex(self._products()) + more]
        left = [_fraction(self.result, self.node), "", ""]
        return list(zip(left, [*filter(None, rows), latex(self.derivative)], strict=False))

    def _latex_steps(self) -> list[tuple[str, str]]:
        shown, names = self._written_out()
        rows = []
        for step in shown:
            if step is None:
                rows.append((r"\vdots", r"\dots"))
                continue
            value = latex_entries(step.value(), step.shape)
            terms = f"{latex(step.terms(), names)} = " if step.contributions else ""
            rows.append((rf"\delta({latex_name(step.node)})", terms + value))
            if step.hooked:
                rows.append(("", rf"{latex_entries(step.gradient, step.shape)} \quad\text{{by a hook}}"))
        return rows

    def mathml(self) -> str:
        """The same as MathML, for a page.

        >>> import autograd_core as ag, viz
        >>> x = ag.tensor(3.0, requires_grad=True, name="x")
        >>> viz.explain(x * 2.0, x).mathml()[:20]
        '<math xmlns="http://'
        """
        rows = self._mathml_paths() if self.paths else self._mathml_steps()
        return mathml_table([*rows, *((None, f"<mtext>{escape(remark)}</mtext>") for remark in self.remarks)])

    def _mathml_paths(self) -> list[tuple[str, str]]:
        plus, more = "<mo>+</mo>", "<mo>+</mo><mo>…</mo>" if self.path_count > len(self.paths) else ""
        chains = []
        for path in self.paths:
            fractions = [mathml_fraction(*entry) for entry in path.partials()]
            parts = elided(fractions, MOST_FACTORS)
            chains.append("<mo>·</mo>".join(mathml(part) if part.startswith("…") else part for part in parts))
        rows = [plus.join(chains) + more, mathml(self._products()) + more]
        left = [mathml_fraction(self.result, self.node), "", ""]
        kept = rows if self.paths[0].factors else []
        return list(zip(left, [*kept, mathml(self.derivative)], strict=False))

    def _mathml_steps(self) -> list[tuple[str, str]]:
        shown, names = self._written_out()
        rows = []
        for step in shown:
            if step is None:
                rows.append(("<mo>⋮</mo>", "<mo>…</mo>"))
                continue
            terms = f"{mathml(step.terms(), names)}<mo>=</mo>" if step.contributions else ""
            left = mathml(f"δ({step.node})", [step.node])
            rows.append((left, f"{terms}{mathml(step.value())}"))
            if step.hooked:
                rows.append(("", f"{mathml(step.gradient)}<mtext> by a hook</mtext>"))
        return rows

    def _written_out(self) -> tuple[list[Step | None], set[str]]:
        """The steps, with ``None`` for those left out where there are many, and what their formulas call nodes."""
        half = MOST_STEPS // 2
        shown: list[Step | None] = list(self.steps)
        if len(shown) > MOST_STEPS:
            shown[half:-half] = [None]
        steps = [step for step in shown if step is not None]
        terms = " ".join(step.terms() for step in steps)
        labels = () if self.view is None else (node.label for node in self.view.nodes)
        consumers = (c.consumer for step in steps for c in step.contributions)
        return shown, {label for label in (*labels, *consumers) if label in terms}

    # -- notebooks -------------------------------------------------------------------------------

    def _html(self) -> str:
        return f'<pre style="font-family: monospace; line-height: 1.5">{escape(repr(self))}</pre>'

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] | None = None) -> Any:
        return bundle(self.__repr__, still=self._html)

    def _repr_html_(self) -> str | None:
        """The same for hosts that know no bundles."""
        return self._repr_mimebundle_().get("text/html")


def _fraction(top: str, bottom: str, argument: int = 0) -> str:
    index = f"_{{{argument}}}" if argument else ""
    return rf"\frac{{\partial{index} {latex_name(top)}}}{{\partial {latex_name(bottom)}}}"
