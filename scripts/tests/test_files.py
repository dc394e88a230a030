"""What stands in the files of the repository: no registry's address, no machine's path, whole locks."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[2]
HOSTS = (("regis", "try", r"\.npm", "js"), ("files", r"\.python", "hosted"), ("py", "pi", r"\.org/(?:simple|packages)"))
FORBIDDEN = re.compile(
    "|".join("".join(parts) for parts in HOSTS)  # in parts, so that this file names none of them either
    + r"|--(?:extra-)?index-url [a-z]|/root/|(?<!\w)/wor[k]/|/home/[a-z]"
)
BINARY = {".png", ".jpg", ".woff2", ".xlsx", ".ico", ".webp", ".gz", ".xls", ".ods"}


def plain(name: str) -> str:
    """The one way a package's name is written."""
    return re.sub(r"[-_.]+", "-", name).lower()


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so there is no list of files")
    return [ROOT / name for name in listed.stdout.split("\0") if name and Path(name).suffix not in BINARY]


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in tracked()
        if path.is_file() and path != Path(__file__)
        if (hit := FORBIDDEN.search(path.read_text("utf-8", "replace")))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text())
    packages = [entry for entry in entries if re.match(r"[a-z0-9][\w.-]*(\[[\w,-]+\])?==", entry)]
    assert len(packages) > 40
    assert [entry.split()[0] for entry in packages if "--hash=sha256:" not in entry] == []


def test_the_tests_environment_holds_the_same_versions() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9][\w.-]*)==([\w.+!-]+)", (ROOT / name).read_text(), re.M))

    runtime, tests = versions("requirements.lock"), versions("requirements-dev.lock")
    assert {name: tests.get(name) for name in runtime} == runtime


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    for name in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        assert re.search(rf'"{re.escape(name)}", +# \S', text), name


def test_front_end_packages_are_pinned_and_whole() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert locked[f"node_modules/{name}"]["version"] == version
        assert locked[f"node_modules/{name}"]["integrity"].startswith("sha512-")


def test_what_the_product_imports_is_locked_for_running_it() -> None:
    entries = re.findall(r"^([\w.-]+)==[\w.+!-]+(?: ; (.*?))? \\$", (ROOT / "requirements.lock").read_text(), re.M)
    locked = {plain(name) for name, marker in entries if not marker or Marker(marker).evaluate()}
    owners = packages_distributions()
    missing = set()
    for path in sorted((ROOT / "klientel").rglob("*.py")):
        if {"tests", "testing"} & set(path.parts) or path.name in {"testing.py", "browser.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for top in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"klientel"}:
                if not {plain(owner) for owner in owners.get(top, [])} & locked:
                    missing.add(f"{top} ({path.relative_to(ROOT)})")
    assert missing == set()
