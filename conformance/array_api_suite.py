"""The array API standard's own test suite, run on this library: ``python -m conformance.array_api_suite``.

The suite is https://github.com/data-apis/array-api-tests. It is taken from the folder that the environment
variable ``ARRAY_API_TESTS`` names, or else cloned once, at a fixed commit, into ``build/``. Where neither can
be had, for want of a network or of git, a line says so and nothing fails.

What is listed in ``array_api_known_failures.txt`` (the suite's own format) may fail. Arguments are handed on
to pytest: ``python -m conformance.array_api_suite -k cumulative --max-examples 500``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["REPOSITORY", "Unavailable", "command", "fetched", "main", "suite"]

REPOSITORY = "https://github.com/data-apis/array-api-tests"
COMMIT = "06acccbf74f861723f7910896d6e6306c2924593"
ROOT = Path(__file__).resolve().parent.parent
KNOWN_FAILURES = Path(__file__).with_name("array_api_known_failures.txt")
PATIENCE = 300  # seconds for each step of git


class Unavailable(Exception):
    """The suite cannot be had here; the text says why."""


def _git(*arguments: str, cwd: Path) -> None:
    """Run git; it never asks for a password."""
    try:
        subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except FileNotFoundError:
        raise Unavailable("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"git {arguments[0]} took longer than {PATIENCE} s") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"git {arguments[0]} failed: {last}") from None


def fetched(repository: str, commit: str, into: Path) -> Path:
    """The folder of the suite at a commit, cloned there unless it is there already.

    Raises:
        Unavailable: if git fails; an unfinished clone is removed.
    """
    folder = into / f"array-api-tests-{commit[:12]}"
    if folder.exists():
        return folder
    into.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        _git("clone", "--quiet", repository, str(unfinished), cwd=into)
        _git("checkout", "--quiet", commit, cwd=unfinished)
        _git("submodule", "--quiet", "update", "--init", cwd=unfinished)  # the standard's signatures
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def suite() -> Path:
    """The folder of the suite.

    Raises:
        FileNotFoundError: if ``ARRAY_API_TESTS`` names a folder that does not hold it.
        Unavailable: if it cannot be cloned.
    """
    named = os.environ.get("ARRAY_API_TESTS")
    if not named:
        return fetched(REPOSITORY, COMMIT, ROOT / "build")
    folder = Path(named).resolve()
    if not (folder / "array_api_tests" / "__init__.py").exists():
        raise FileNotFoundError(f"ARRAY_API_TESTS={named}: expected a clone of {REPOSITORY} there.")
    return folder


def command(arguments: list[str]) -> list[str]:
    """How pytest is called: the same examples in every run, and no limit of time for one."""
    options = ["-q", "-p", "no:cacheprovider", "--disable-deadline", "--max-examples=30", "--hypothesis-seed=0"]
    known = f"--xfails-file={KNOWN_FAILURES}"  # in one piece: pytest would look for its root beside a path of its own
    return [sys.executable, "-m", "pytest", *options, known, "array_api_tests", *arguments]


def main(arguments: list[str]) -> int:
    """Run the suite and return pytest's exit status; 0 where there is no suite."""
    try:
        folder = suite()
    except Unavailable as reason:
        print(f"The array API test suite was skipped: {reason}.")
        print(f"To run it, clone {REPOSITORY} with its submodules and set ARRAY_API_TESTS to the folder.")
        return 0
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "ARRAY_API_TESTS_MODULE": "autograd_core", "PYTHONPATH": path}
    return subprocess.run(command(arguments), cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
