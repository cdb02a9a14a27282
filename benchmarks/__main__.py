"""Run the benchmarks and write ``benchmarks/RESULTS.md``.

python -m benchmarks                 everything
python -m benchmarks --only chain    the workloads whose name contains a text; nothing is written
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

from . import nist, pictures, test_functions
from .measure import Result, run
from .workloads import (
    chain,
    convolution,
    depth,
    embedding,
    hessian,
    large,
    mlp,
    normalization,
    optimizers,
    recurrent,
    scalar_mlp,
    transformer,
)

# Each module has a tuple WORKLOADS.
MODULES = (
    chain,
    scalar_mlp,
    mlp,
    large,
    hessian,
    convolution,
    recurrent,
    transformer,
    normalization,
    embedding,
    optimizers,
)

PEERS = ("numpy", "torch", "jax", "autograd", "mygrad")
RESULTS = Path(__file__).with_name("RESULTS.md")


def table(result: Result) -> list[str]:
    """The result as rows of a Markdown table."""
    rows = []
    targets = result.workload.targets
    for name in result.times:
        label = name
        ratio = target = ""
        if name != "ours":
            ratio = f"{result.ratio(name):.2f}"
            if name in targets:
                target = f"≤ {targets[name]:g} {'reached' if result.ratio(name) <= targets[name] else 'not reached'}"
        rows.append(f"| {result.workload.name} | {label} | {result.median(name):,.0f} | {ratio} | {target} |")
    return rows


def machine() -> str:
    """Processor, cores and versions."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = []
    for package in PEERS:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"{', '.join(versions)}; {datetime.date.today().isoformat()}"
    )


def main() -> None:
    """Parse the arguments, measure, print, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the library beside its peers.")
    parser.add_argument("--only", default="", help="run the workloads whose name contains this text")
    only = parser.parse_args().only.lower()
    rows = ["| work | who | µs (median) | ours / theirs | target |", "|---|---|---:|---:|---|"]
    for module, workload in [(source, workload) for source in MODULES for workload in source.WORKLOADS]:
        if only in workload.name.lower():
            print(workload.name, flush=True)
            rows += table(run(module.__name__, workload.name))
            print("\n".join(row for row in rows if row.startswith(f"| {workload.name} |")), flush=True)
    depths = ["| operations | forward ns | backward ns | free ns | bytes |", "|---:|---:|---:|---:|---:|"]
    if only in "deep chain":
        for length, forward, backward, free, size in depth.run():
            depths.append(f"| {length:,} | {forward:.0f} | {backward:.0f} | {free:.0f} | {size:.0f} |")
        print("\n".join(depths))
    if not only:
        RESULTS.write_text(
            "# Benchmark results\n\n"
            f"{machine()}.\n\n"
            "Every contender has a process of its own, and gets a turn in every round. Times are medians over\n"
            "the rounds; a ratio is the median over the rounds of our time divided by theirs in the same round, so\n"
            "below 1 we are faster. All run on the CPU. JAX is compiled (`jax.jit`), everything else is eager. Write\n"
            "this file anew with `make bench`.\n\n"
            + "\n".join(rows)
            + "\n\n## A deep chain, per operation\n\n"
            + "\n".join(depths)
            + "\n\n"
            + "\n".join([*nist.report(), "", *test_functions.report(), "", *pictures.report()])
            + "\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
