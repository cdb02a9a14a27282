"""The registry and the samples, collected from everywhere, so that no operation can be left out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import tests.samples as sample_modules
from autograd_core.primitive import PRIMITIVES, Primitive
from tests.samples.parts import Parts
from tests.samples.sample import Sample

PACKAGES = ("autograd_core", "nn", "optim", "viz")


def _import_everything() -> None:
    """Import all modules of the library, since a module registers its operations when it is imported."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)


def _collect(what: str) -> dict[str, list[Any]]:
    """The tables named ``what`` of all sample modules as one."""
    collected: dict[str, list[Any]] = {}
    for module in pkgutil.iter_modules(sample_modules.__path__):
        table = getattr(importlib.import_module(f"{sample_modules.__name__}.{module.name}"), what, {})
        for name, uses in table.items():
            collected.setdefault(name, []).extend(uses)
    return collected


_import_everything()
OPERATIONS: dict[str, Primitive] = dict(sorted(PRIMITIVES.items()))
SAMPLES: dict[str, list[Sample]] = _collect("SAMPLES")
# How joint operations of ``nn`` are used through public functions.
PARTS: dict[str, list[Parts]] = _collect("PARTS")


def uses(name: str) -> Iterator[tuple[str, Primitive, Sample]]:
    """For each sample of the operation ``name``: a label for error messages, the operation, the sample."""
    for number, sample in enumerate(SAMPLES.get(name, ())):
        shapes = ", ".join(str(getattr(x, "shape", x)) for x in sample.inputs)
        attributes = ", ".join(f"{key}={value!r}" for key, value in sample.attributes.items())
        yield f"{name}[{number}] ({shapes}; {attributes})"[:300], OPERATIONS[name], sample


def broadcasting_names() -> list[str]:
    """The elementwise operations of several inputs."""
    return [
        name
        for name, operation in OPERATIONS.items()
        if operation.elementwise and any(len(sample.inputs) > 1 for sample in SAMPLES.get(name, ()))
    ]
