"""`rewatch doctor` tells the truth about an installation, also about one that is broken."""

import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rewatch.agent import doctor
from rewatch.agent.cli import main


def test_here_every_required_part_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--library", str(tmp_path / "new")]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert all(check["status"] != "missing" for check in checks.values() if check["required"])
    assert checks["FAISS"]["detail"].startswith(importlib.metadata.version("faiss-cpu"))
    assert not (tmp_path / "new").exists(), "looking must not create the library"


def test_whatever_is_not_ok_has_a_remedy(tmp_path: Path) -> None:
    assert all(check.remedy for check in doctor.examine(tmp_path) if check.status == "warning")


@pytest.mark.parametrize(
    ("text", "build"),
    [
        (
            "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n",
            "2.13.0+cpu, CPU build",
        ),
        (
            "__version__ = '2.13.0'\ncuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n",
            "2.13.0, CUDA 12.8 build",
        ),
        (
            "__version__ = '2.13.0'\ncuda: Optional[str] = None\nhip: Optional[str] = '6.4'\n",
            "2.13.0, HIP 6.4 build",
        ),
    ],
)
def test_torchs_build_is_read_from_its_version_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, build: str
) -> None:
    (tmp_path / "version.py").write_text(text)
    found = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    assert doctor.check_torch().detail.startswith(build)


def test_two_wheels_that_share_a_folder_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.15.1")
    check = doctor.check_exclusive("FAISS wheels", "faiss/", ("faiss-cpu", "faiss-gpu"), "faiss-cpu")
    assert check.status == "warning"
    assert "faiss-cpu and faiss-gpu share faiss/" in check.detail
    assert "pip uninstall" in check.remedy


def test_decord_says_why_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "no wheels" in doctor.check_decord().detail


def test_a_required_part_that_does_not_load_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert main(["doctor", "--library", str(tmp_path)]) == 1
    assert "does not load" in capsys.readouterr().out


def test_a_library_folder_that_cannot_be_written_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert doctor.check_library(tmp_path / "file" / "library").status == "missing"
