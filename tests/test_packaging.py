"""The wheel holds all and only what it should, and works away from the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agent", "tools", "memory", "prompts", "evals")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of the tree, as a clone would be, with a stale build folder in it."""
    copy = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and not name.startswith(".typing/") and source.is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stale = tree / "build" / "lib" / "rewatch" / "memory" / "deleted_module.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(tree)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_the_wheel_holds_what_the_tree_holds_and_nothing_else(tree: Path, wheel: Path) -> None:
    files = [path for name in PACKAGES for path in (tree / name).rglob("*") if path.is_file()]
    expected = {f"rewatch/{path.relative_to(tree).as_posix()}" for path in files}
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == expected


def test_the_wheel_carries_licence_command_and_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition(".dist-info/")[2]: name for name in archive.namelist()}
        assert "Apache License" in archive.read(names["licenses/LICENSE"]).decode()
        assert "rewatch = rewatch.agent.cli:main" in archive.read(names["entry_points.txt"]).decode()
        metadata = archive.read(names["METADATA"]).decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert {"Provides-Extra: speech", "Provides-Extra: dev"} <= set(metadata.splitlines())


def test_every_module_imports_outside_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    modules = sorted(
        ".".join(path.relative_to(unpacked).with_suffix("").parts).removesuffix(".__init__")
        for path in (unpacked / "rewatch").rglob("*.py")
        if path.name != "__main__.py"
    )
    # -S and -P leave out the editable install's finder and the current folder; other packages come by path.
    code = f"""
import importlib, sys
sys.path[:0] = {[str(unpacked), *(path for path in sys.path if path.endswith("site-packages"))]!r}
for name in {modules!r}:
    module = importlib.import_module(name)
    assert (module.__file__ or "").startswith({str(unpacked)!r}), module.__file__
"""
    run = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_decord_is_asked_for_only_where_it_has_wheels(wheel: Path) -> None:
    from packaging.metadata import Metadata

    with zipfile.ZipFile(wheel) as archive:
        text = next(archive.read(name) for name in archive.namelist() if name.endswith("METADATA"))
    requirements = Metadata.from_email(text, validate=False).requires_dist or []
    marker = next(item.marker for item in requirements if item.name == "decord")
    assert marker is not None
    wanted = {
        ("linux", "x86_64"): True,
        ("win32", "AMD64"): True,
        ("darwin", "arm64"): False,
        ("linux", "aarch64"): False,
    }
    for (system, machine), asked in wanted.items():
        assert marker.evaluate({"sys_platform": system, "platform_machine": machine}) is asked
