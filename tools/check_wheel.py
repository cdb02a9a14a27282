"""Build the wheel and look into it: exactly the four packages, typed, and usable where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autograd_core", "nn", "optim", "viz")

# Run with the wheel alone on the path (and NumPy's and graphviz' site-packages), away from the checkout.
TRIAL = """
import sys
sys.path.insert(0, sys.argv[1])
import autograd_core as ag, nn, optim, viz
assert all(module.__file__.startswith(sys.argv[1]) for module in (ag, nn, optim, viz))
x = ag.tensor(3.0, requires_grad=True)
(x * x).backward()
assert x.grad.item() == 6.0
"""


def build(directory: Path) -> Path:
    """Build the wheel into an empty ``directory`` and return its path."""
    shutil.rmtree(directory, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(directory), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = directory.glob("*.whl")
    return wheel


def expected_files() -> set[str]:
    """What the packages hold in the checkout, as paths in the wheel."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def problems(wheel: Path) -> list[str]:
    """What is wrong with the wheel's contents; nothing if all is well."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
    files = {name for name in names if ".dist-info/" not in name}
    found = [f"in the wheel, but in no package: {name}" for name in sorted(files - expected_files())]
    found += [f"not in the wheel: {name}" for name in sorted(expected_files() - files)]
    found += [f"no py.typed in {package}" for package in PACKAGES if f"{package}/py.typed" not in names]
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
        found.append("no licence text")
    header = metadata.split("\n\n")[0].splitlines()
    required = sorted(line.split(": ", 1)[1] for line in header if line.startswith("Requires-Dist") and ";" not in line)
    if [line.split(">=")[0] for line in required] != ["graphviz", "numpy"]:
        found.append(f"required are {required}, not graphviz and numpy alone")
    return found


def main() -> int:
    """Build, look, install elsewhere and run."""
    wheel = build(ROOT / "build" / "wheel")
    found = problems(wheel)
    if found:
        print(*found, sep="\n")
        return 1
    installed = ROOT / "build" / "installed"
    shutil.rmtree(installed, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    subprocess.run([sys.executable, "-P", "-c", TRIAL, str(installed)], check=True, cwd=installed)
    print(f"{wheel.name}: {len(expected_files())} files of {', '.join(PACKAGES)}; it imports and runs elsewhere.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
