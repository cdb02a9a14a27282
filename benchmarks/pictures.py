"""The library's own pictures beside those of Graphviz, as Markdown tables: ``python -m benchmarks.pictures``.

The first table counts how many pairs of edges cross, as drawn, in pictures of the same graphs with the same boxes.
The second gives the time to make a picture and its size, for graphs of about 100, 1,000 and 5,000 nodes. Without the
program ``dot`` of Graphviz its columns stay empty.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import autograd_core as ag
import viz
from viz import svg
from viz.layout import layered
from viz.view import View, view_graph

Point = tuple[float, float]
Pairs = Sequence[tuple[int, int]]

BOX = (90.0, 36.0)  # of every node, in points
PIECES = 8  # straight pieces that stand for a curve when crossings are counted
PATIENCE = 120  # seconds that dot gets


# -- the corpus: graphs of numbers ---------------------------------------------------------------------------


def network(*sizes: int) -> Any:
    """A multilayer perceptron with a node for every number."""
    numbers = random.Random(0)
    values = [ag.tensor(numbers.random(), requires_grad=True) for _ in range(sizes[0])]
    for before, after in pairwise(sizes):
        rows = [[ag.tensor(numbers.random(), requires_grad=True) for _ in range(before)] for _ in range(after)]
        values = [np.tanh(sum(w * x for w, x in zip(row, values, strict=True))) for row in rows]
    return sum(values)


def recurrence(steps: int) -> Any:
    """A recurrent unit, unrolled: five parameters that every step uses."""
    numbers = random.Random(1)
    w_in, w_back, bias, w_out, shift = (ag.tensor(numbers.random(), requires_grad=True) for _ in range(5))
    h, loss = ag.tensor(0.1, requires_grad=True), 0.0
    for _ in range(steps):
        x = ag.tensor(numbers.random(), requires_grad=True)
        h = np.tanh(w_in * x + w_back * h + bias)
        loss = loss + (w_out * h + shift) ** 2
    return loss


def tangle(operations: int) -> Any:
    """Products and hypotenuses of two nodes drawn from the last eight."""
    numbers = random.Random(2)
    nodes = [ag.tensor(numbers.random(), requires_grad=True) for _ in range(4)]
    for _ in range(operations):
        a, b = numbers.choice(nodes[-8:]), numbers.choice(nodes[-8:])
        nodes.append(a * b if numbers.random() < 0.5 else np.hypot(a, b))
    return sum(nodes[-8:])


CORPUS: dict[str, Callable[[], Any]] = {
    "network 2-2-2": lambda: network(2, 2, 2),
    "network 3-4-4-1": lambda: network(3, 4, 4, 1),
    "network 2-8-8-1": lambda: network(2, 8, 8, 1),
    "recurrence of 5 steps": lambda: recurrence(5),
    "recurrence of 20 steps": lambda: recurrence(20),
    "tangle of 40": lambda: tangle(40),
    "tangle of 100": lambda: tangle(100),
    "tangle of 200": lambda: tangle(200),
}


def pairs_of(view: View) -> list[tuple[int, int]]:
    """The edges as pairs of numbers of nodes."""
    numbers = {node.id: number for number, node in enumerate(view.nodes)}
    return [(numbers[edge.source], numbers[edge.target]) for edge in view.edges]


# -- crossings -----------------------------------------------------------------------------------------------


def crossings(curves: Iterable[Sequence[Point]]) -> int:
    """How many pairs of curves, each a chain of Bézier curves of degree 3, cross."""
    owners, pieces = [], []
    for owner, curve in enumerate(curves):
        line = flattened(curve)
        pieces += [(*a, *b) for a, b in pairwise(line)]
        owners += [owner] * (len(line) - 1)
    segments, owner_of = np.array(pieces), np.array(owners)
    found: set[tuple[int, int]] = set()
    for i, (ax, ay, bx, by) in enumerate(segments):
        cx, cy, dx, dy = segments[i + 1 :].T
        apart = side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy) < 0
        around = side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by) < 0
        others = owner_of[i + 1 :]
        found.update((int(owner_of[i]), int(other)) for other in others[apart & around & (others != owner_of[i])])
    return len(found)


def side(ax: Any, ay: Any, bx: Any, by: Any, x: Any, y: Any) -> Any:
    """On which side of the line from a to b the point lies, by its sign."""
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax)


def flattened(curve: Sequence[Point]) -> list[Point]:
    """Points on a chain of Bézier curves, given by its end and control points."""
    points = [curve[0]]
    for i in range(0, len(curve) - 1, 3):
        a, b, c, d = (np.array(point) for point in curve[i : i + 4])
        for t in np.linspace(0, 1, PIECES + 1)[1:]:
            x, y = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
            points.append((float(x), float(y)))
    return points


def our_curves(count: int, pairs: Pairs) -> list[list[Point]]:
    """The edges as the library draws them (``viz.svg.curves``): level where they leave and where they arrive."""
    sizes = [BOX] * count
    layout = layered(sizes, pairs)
    texts = svg.curves(pairs, sizes, layout, room=0.0, digits=3)
    return [points_of(text) for text in texts]


def points_of(path: str) -> list[Point]:
    """The points in the data of a path of ``M`` and ``C``."""
    numbers = [float(text) for text in path.replace("M", " ").replace("C", " ").split()]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def dots_curves(count: int, pairs: Pairs) -> list[list[Point]]:
    """The edges as dot draws them between boxes of the same size, from side to side."""
    box = f"width={BOX[0] / 72},height={BOX[1] / 72}"
    lines = [f'node[shape=box,fixedsize=true,label="",{box}]', "edge[headport=w,tailport=e]"]
    lines += [f"n{number}" for number in range(count)] + [f"n{a}->n{b}" for a, b in pairs]
    found = json.loads(dot("digraph{rankdir=LR;nodesep=0.18;ranksep=0.55;" + ";".join(lines) + "}", "json"))
    curves = []
    for edge in found["edges"]:
        texts = [text for text in edge["pos"].split() if not text.startswith(("e,", "s,"))]
        curves.append([(float(x), float(y)) for x, y in (text.split(",") for text in texts)])
    return curves


def dot(source: str, format: str) -> str:
    """What the program dot makes of a source."""
    command = ["dot", f"-T{format}"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


# -- the tables ----------------------------------------------------------------------------------------------


def crossing_table() -> list[str]:
    """Crossings of ours and of dot's pictures, as rows of a table."""
    rows = [
        "| graph | nodes | edges | crossings, ours | crossings, dot | ours / dot |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    total = [0, 0]
    for name, make in CORPUS.items():
        view = view_graph([make()], None)
        count, pairs = len(view.nodes), pairs_of(view)
        ours = crossings(our_curves(count, pairs))
        cells = ["", ""]
        if shutil.which("dot"):
            theirs = crossings(dots_curves(count, pairs))
            total = [total[0] + ours, total[1] + theirs]
            cells = [f"{theirs:,}", f"{ours / theirs:.2f}" if theirs else ""]
        rows.append(f"| {name} | {count} | {len(pairs)} | {ours:,} | {' | '.join(cells)} |")
    if total[1]:
        rows.append(f"| all | | | {total[0]:,} | {total[1]:,} | {total[0] / total[1]:.2f} |")
    return rows


def seconds(work: Callable[[], Any], turns: int = 3) -> tuple[float, Any]:
    """The shortest time of several turns, and what came out."""
    best, result = float("inf"), None
    for _ in range(turns):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def cost_table() -> list[str]:
    """Times in milliseconds, and bytes, as rows of a table."""
    heads = ("nodes", "view ms", "layout ms", "SVG ms", "SVG bytes per node", "dot ms", "dot's bytes per node")
    rows = [f"| {' | '.join(heads)} |", "|---:" * len(heads) + "|"]
    for operations in (124, 1_165, 5_900):
        loss = tangle(operations)
        view_time, view = seconds(partial(view_graph, [loss], None))
        layout_time, _ = seconds(partial(layered, [BOX] * len(view.nodes), pairs_of(view)))
        svg_time, text = seconds(partial(svg.render, view))
        times = [f"{1000 * t:,.0f}" for t in (view_time, layout_time, svg_time)]
        cells = [f"{len(view.nodes):,}", *times, f"{len(text.encode()) / len(view.nodes):,.0f}"]
        rows.append(f"| {' | '.join([*cells, *dots_cost(view)])} |")
    return rows


def dots_cost(view: View) -> list[str]:
    """The time and the bytes per node of dot's picture."""
    if not shutil.which("dot"):
        return ["", ""]
    source = viz.Drawing(view).source
    try:
        spent, text = seconds(lambda: dot(source, "svg"), turns=1)
    except subprocess.TimeoutExpired:
        return [f"over {1000 * PATIENCE:,}", ""]
    return [f"{1000 * spent:,.0f}", f"{len(text.encode()) / len(view.nodes):,.0f}"]


def report() -> list[str]:
    """All of it, as lines of Markdown."""
    player = viz.play(network(3, 4, 3, 1))
    return [
        "## Pictures",
        "",
        "Pairs of edges that cross, between boxes of equal size:",
        "",
        *crossing_table(),
        "",
        "What a picture costs. SVG includes the layout.",
        "",
        *cost_table(),
        "",
        f"The player of a graph of {len(player.view.nodes)} nodes is a page of {len(player.html().encode()):,} bytes.",
    ]


if __name__ == "__main__":
    print("\n".join(report()))
