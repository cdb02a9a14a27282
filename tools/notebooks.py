"""Run every notebook from top to bottom and compare what it prints with the outputs it is stored with.

    python -m tools.notebooks            # run and compare, as make notebooks does
    python -m tools.notebooks --write    # run and store the new outputs

Pictures are not compared: they differ with the version of Graphviz, and without it there are none.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import io
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "notebooks"
TIMEOUT = 180
PICTURES = ("image/svg+xml", "image/png", "text/html")


def run(path: Path) -> Any:
    """Execute the notebook in a fresh kernel and return it with its new outputs."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        timeout=TIMEOUT,
        record_timing=False,
        resources={"metadata": {"path": str(DIRECTORY)}},
    )
    client.execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def shrink(notebook: Any) -> None:
    """Store plots with their 128 most frequent colours, in a third of the bytes; what has more stays."""
    import numpy as np
    from PIL import Image

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" not in output.get("data", {}):
                continue
            picture = Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))).convert("RGB")
            pixels = np.asarray(picture).reshape(-1, 3)
            colours, place, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
            kept = np.argsort(-counts, kind="stable")[:128]
            if counts[kept].sum() < 0.9 * len(pixels):
                continue
            distances = [np.abs(colours.astype(int) - colours[k]).sum(axis=1) for k in kept]
            indices = np.argmin(distances, axis=0)[place.reshape(-1)].astype(np.uint8)
            reduced = Image.frombytes("P", picture.size, indices.tobytes())
            reduced.putpalette(colours[kept].tobytes())
            small = io.BytesIO()
            reduced.save(small, "png", optimize=True)
            output["data"]["image/png"] = base64.b64encode(small.getvalue()).decode()


def without_doubles(notebook: Any) -> Any:
    """The notebook without the SVG of pictures that it also holds as HTML, which is what is shown of the two."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output["data"].pop("image/svg+xml", None)
    return notebook


def is_picture(output: Any) -> bool:
    """Whether an output is drawn, or would be if Graphviz were here."""
    data = output.get("data", {})
    return any(kind in data for kind in PICTURES) or "the program 'dot' of Graphviz" in data.get("text/plain", "")


def printed(cell: Any) -> str:
    """What a cell prints, as one text; ``[picture]`` for a picture."""
    parts = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            parts.append(output["text"] if output["name"] == "stdout" else f"[stderr] {output['text']}")
        elif output["output_type"] == "error":
            parts.append(f"[error] {output['ename']}: {output['evalue']}\n")
        else:
            parts.append("[picture]\n" if is_picture(output) else output["data"].get("text/plain", "") + "\n")
    return "".join(parts)


def differences(stored: Any, fresh: Any) -> list[str]:
    """What differs between two runs of one notebook, and what no notebook should be stored with."""
    found = []
    number = 0
    for old, new in zip(stored.cells, fresh.cells, strict=True):
        if old.cell_type != "code":
            continue
        number += 1
        if old.execution_count != number:
            found.append(f"code cell {number} is stored as run number {old.execution_count}")
        if "[stderr]" in printed(new):
            found.append(f"code cell {number} writes to stderr: {printed(new)}")
        lines = difflib.unified_diff(
            printed(old).splitlines(), printed(new).splitlines(), "stored", "now", lineterm="", n=1
        )
        difference = "\n".join(lines)
        if difference:
            found.append(f"code cell {number} prints something else than what is stored:\n{difference}")
    return found


def main() -> int:
    """Run all notebooks, or those that are named."""
    import nbformat
    from nbclient.exceptions import CellExecutionError

    parser = argparse.ArgumentParser(description="Run the notebooks and compare with their stored outputs.")
    parser.add_argument("names", nargs="*", help="notebooks to run, all if left out")
    parser.add_argument("--write", action="store_true", help="store the new outputs")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    failed = False
    for path in [Path(name) for name in options.names] or sorted(DIRECTORY.glob("*.ipynb")):
        began = time.perf_counter()
        try:
            fresh = run(path)
            found = [] if options.write else differences(nbformat.read(path, as_version=4), fresh)
            if options.write:
                shrink(fresh)
                nbformat.write(without_doubles(fresh), path)
        except CellExecutionError as error:
            found = [re.sub(r"\x1b\[[\d;]*m", "", str(error))]
        failed = failed or bool(found)
        print(f"{path.name}: {'failed' if found else 'ok'} in {time.perf_counter() - began:.1f} s", *found, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
