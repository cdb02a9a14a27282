"""What the tests say at their end."""

from __future__ import annotations

import pytest

from tests.browser import MISSING


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was not tested for want of a browser."""
    skipped = [
        report for report in terminalreporter.stats.get("skipped", ()) if MISSING and MISSING in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests in a browser were skipped: {MISSING} (make browser says how).", yellow=True
        )
