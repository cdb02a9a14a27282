"""The project around the library: packaging, commands, links, stored notebooks, and the tools that check them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from examples import worked_example
from tools import check_wheel
from tools.notebooks import differences, without_doubles

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ["autograd_core", "nn", "optim", "viz"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/**/*.md"))


# -- packaging -------------------------------------------------------------------------------------


def test_only_numpy_and_graphviz_are_required():
    assert [re.split(r"[<>=]", need)[0] for need in PROJECT["dependencies"]] == ["numpy", "graphviz"]


def test_every_package_is_typed_and_in_the_wheel():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert wheel["targets"]["wheel"]["packages"] == PACKAGES
    assert all((ROOT / package / "py.typed").exists() for package in PACKAGES)
    assert list(check_wheel.PACKAGES) == PACKAGES


def test_the_tools_that_judge_the_code_are_pinned():
    assert [re.fullmatch(r"(ruff|mypy)==[\d.]+", need)[1] for need in PROJECT["optional-dependencies"]["lint"]] == [
        "ruff",
        "mypy",
    ]


def test_every_target_that_needs_packages_has_an_extra():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    extras = set(re.findall(r"\$\(STAMPS\)/([a-z]+)(?=\s)", makefile)) - {"core"}
    assert extras >= {"demo", "test", "lint", "bench", "conformance", "notebooks"}
    assert extras <= set(PROJECT["optional-dependencies"])


def make_wheel(path: Path, names: list[str], needs: list[str]) -> Path:
    metadata = "\n".join(["Metadata-Version: 2.4", *(f"Requires-Dist: {need}" for need in needs)])
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
        archive.writestr("autograd_core-1.dist-info/METADATA", f"{metadata}\n\nRequires-Dist: text")
        archive.writestr("autograd_core-1.dist-info/licenses/LICENSE", "")
    return path


def test_the_wheel_check_finds_what_is_wrong(tmp_path):
    files = sorted(check_wheel.expected_files())
    needs = ["graphviz>=0.20", "numpy>=2.0", "scipy>=1.13; extra == 'special'"]
    assert "nn/py.typed" in files
    assert check_wheel.problems(make_wheel(tmp_path / "good.whl", files, needs)) == []
    extra = make_wheel(tmp_path / "extra.whl", [*files, "tests/test_viz.py"], needs)
    assert check_wheel.problems(extra) == ["in the wheel, but in no package: tests/test_viz.py"]
    files.remove("nn/py.typed")
    lacking = check_wheel.problems(make_wheel(tmp_path / "lacking.whl", files, [*needs, "scipy"]))
    assert lacking[:2] == ["not in the wheel: nn/py.typed", "no py.typed in nn"]
    assert "not graphviz and numpy alone" in lacking[2]


# -- commands --------------------------------------------------------------------------------------


def targets() -> dict[str, str]:
    """Target -> what it says of itself."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z]+):.*?## (.+)$", makefile, re.MULTILINE))


def test_all_commands_are_there():
    assert set(targets()) >= {"demo", "test", "lint", "bench", "conformance", "notebooks", "check", "clean", "help"}
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(phony[1].split()) == set(targets())


def test_check_runs_all_that_has_to_pass():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    needs = re.search(r"^check: ([a-z ]+?) *##", makefile, re.MULTILINE)[1].split()
    assert needs == ["lint", "wheel", "test", "notebooks", "demo"]


def test_continuous_integration_runs_check():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert "set -eu" in text
    assert text.splitlines()[-2:] == ["make browser", "exec make check"]


def test_looking_for_a_browser_never_fails(tmp_path):
    """Without network, without root, without a browser: it says what is missing, and goes on."""
    for command in ("id", "timeout"):
        (tmp_path / command).symlink_to(shutil.which(command))
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho no network >&2\nexit 100\n", encoding="utf-8")
    (tmp_path / "apt-get").chmod(0o755)
    shell = shutil.which("sh")
    for environment in ({}, {"CI": "true"}):
        ran = subprocess.run(
            [shell, ROOT / "tools" / "browser.sh"],
            env={"PATH": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "the tests in a browser will be skipped" in ran.stdout


def test_help_lists_the_commands():
    if subprocess.run(["make", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("make is not installed")
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in shown.splitlines()] == list(targets())


def test_the_worked_example_agrees_to_nine_digits_and_a_wrong_one_is_noticed():
    network = worked_example.build()
    found = worked_example.results(network, network.error.backward(keep="all"))
    text, agree = worked_example.compare(found)
    assert agree, text
    found["dE/dw1"] += 1e-9
    text, agree = worked_example.compare(found)
    assert not agree
    assert text.count("DIFFERENT") == 1


# -- pages and notebooks -----------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_opens_with_picture_and_commands():
    head = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    assert re.search(r"!\[[^]]{20,}\]\(docs/images/\w+\.svg\)", head)
    assert "make demo" in head
    assert "make test" in head


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_as_they_ran(path):
    text = path.read_text(encoding="utf-8")
    cells = json.loads(text)["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    pictures = {"text/html", "image/png"}
    assert any(pictures & output.get("data", {}).keys() for output in outputs), "no picture is stored"
    assert not re.search(r"/(home|root|work|tmp)/", text), "a path of one machine is stored"
    assert len(text) < 1_000_000


def cell(*outputs: dict, number: int = 1) -> SimpleNamespace:
    return SimpleNamespace(cell_type="code", execution_count=number, outputs=outputs, get=lambda *_: outputs)


def stream(text: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: str) -> dict:
    return {"output_type": "display_data", "data": {key.replace("_", "/"): text for key, text in data.items()}}


def test_a_picture_is_stored_once():
    outputs = (shown(text_html="<img>"), shown(), stream("1"))
    outputs[0]["data"]["image/svg+xml"] = outputs[1]["data"]["image/svg+xml"] = "<svg>"
    without_doubles(SimpleNamespace(cells=[cell(*outputs)]))
    assert [list(output.get("data", {})) for output in outputs] == [["text/html"], ["image/svg+xml"], []]


def test_the_notebook_check_finds_what_differs():
    def found(stored, fresh):
        return differences(SimpleNamespace(cells=[stored]), SimpleNamespace(cells=[fresh]))

    assert found(cell(stream("1\n")), cell(stream("1\n"))) == []
    assert "-1\n+2" in found(cell(stream("1\n")), cell(stream("2\n")))[0]
    assert found(cell(shown(text_html="<img a>")), cell(shown(text_html="<img b>"))) == []
    without_dot = shown(text_plain="expected the program 'dot' of Graphviz")
    assert found(cell(shown(text_html="<img a>")), cell(without_dot)) == []
    assert "-[picture]" in found(cell(shown(text_html="<img>")), cell(shown(text_plain="3")))[0]
    assert "run number 7" in found(cell(number=7), cell())[0]
    assert "writes to stderr: [stderr] oh" in found(cell(), cell(stream("oh", "stderr")))[0]
