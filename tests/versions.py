"""Tests that need a certain NumPy, where an older or newer one has no such function, argument or value."""

from __future__ import annotations

import numpy as np
import pytest


def needs_numpy(version: str, why: str) -> pytest.MarkDecorator:
    """Skip a test on versions of NumPy before ``version``, and say why."""
    older = np.lib.NumpyVersion(np.__version__) < (version if version.count(".") == 2 else f"{version}.0")
    return pytest.mark.skipif(older, reason=f"NumPy before {version}: {why}")
