"""`rewatch doctor` tells what each preset needs here, with sizes and commands, and downloads nothing."""

import importlib.metadata
import json
import socket
from pathlib import Path

import pytest

from rewatch.agent import doctor, doctor_presets
from rewatch.agent.cli import main
from rewatch.agent.doctor import Check
from rewatch.agent.doctor_presets import KEY_VARIABLE, check_torchvision, examine_presets
from rewatch.agent.local_models import GB, Memory

KEY = "sk-test-8sD7fG6hJ5kL4m"
SMALLEST = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"


@pytest.fixture(autouse=True)
def _small_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight gigabytes, an empty cache, no key."""
    monkeypatch.setattr(doctor_presets, "found_memory", lambda: Memory(0, 8 * GB))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def checks() -> dict[str, Check]:
    return {check.name: check for check in examine_presets()}


def put_weights(cache: Path, name: str) -> None:
    folder = cache / f"models--{name.replace('/', '--')}" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")


def test_every_preset_is_summed_up_and_what_is_missing_has_a_command() -> None:
    found = checks()
    assert found["preset embedded"].status == "ok"
    assert {"preset embedded", "preset local", "preset api"} <= set(found)
    parts = [check for name, check in found.items() if ": " in name]
    assert all(check.remedy for check in parts if check.status != "ok")


def test_local_states_the_model_its_size_and_the_command_before_anything_is_downloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def connect(*arguments: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    check = checks()["local: vlm"]
    assert (check.status, check.remedy) == ("missing", f"hf download {SMALLEST}")
    assert f"{SMALLEST}, 2.0 GB to download" in check.detail


def test_offline_it_says_that_it_never_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set, so it is never tried" in checks()["local: vlm"].detail


def test_weights_that_are_here_are_found_and_half_a_download_is_not(tmp_path: Path) -> None:
    put_weights(tmp_path, SMALLEST)
    assert checks()["local: vlm"].status == "ok"
    blobs = tmp_path / f"models--{SMALLEST.replace('/', '--')}" / "blobs"
    blobs.mkdir()
    (blobs / "abc.incomplete").touch()
    assert checks()["local: vlm"].status == "missing"


def test_weights_in_several_files_are_here_when_all_of_them_are(tmp_path: Path) -> None:
    put_weights(tmp_path, SMALLEST)
    (snapshot,) = tmp_path.glob("models--*/snapshots/*")
    (part,) = snapshot.glob("*.safetensors")
    parts = {"first": part.name, "second": "model-00002.safetensors"}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    assert checks()["local: vlm"].status == "missing"
    (snapshot / "model-00002.safetensors").touch()
    assert checks()["local: vlm"].status == "ok"


def test_too_little_memory_is_told_with_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_presets, "found_memory", lambda: Memory(0, GB))
    check = checks()["local: memory"]
    assert check.status == "missing"
    assert check.remedy == "choose the preset api"


def test_a_key_is_seen_and_never_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert checks()["api: key"].status == "missing"
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert main(["doctor", "--json", "--library", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    told = {check["name"]: check for check in json.loads(out)}
    assert told["api: key"]["status"] == "ok"
    assert KEY not in out


def installed(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)


def put_package(folder: Path, name: str, file: str, content: bytes) -> Path:
    path = folder / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return folder / name


def test_releases_of_torch_and_torchvision_must_belong_together(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, {"torch": "2.13.0+cpu", "torchvision": "0.27.1"})
    check = check_torchvision()
    assert check.status == "missing"
    assert "do not belong together" in check.detail
    assert check.remedy == "pip install 'torchvision==0.28.*'"


@pytest.mark.parametrize(("cuda", "status"), [(True, "ok"), (False, "missing")])
def test_a_torchvision_for_cuda_beside_a_torch_without_it_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuda: bool, status: str
) -> None:
    installed(monkeypatch, {"torch": "2.13.0", "torchvision": "0.28.0"})
    library = "lib/libtorch_cuda.so" if cuda else "lib/libtorch_cpu.so"
    folders = {
        "torch": put_package(tmp_path, "torch", library, b""),
        "torchvision": put_package(tmp_path, "torchvision", "_C.so", b"\0needs libtorch_cuda.so\0"),
    }
    for module in (doctor, doctor_presets):
        monkeypatch.setattr(module, "folder_of", folders.get)
    check = check_torchvision()
    assert check.status == status
    assert cuda or "built for CUDA beside a CPU build of torch" in check.detail


def test_packages_that_are_missing_name_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, {"openai": "3.0"})
    found = checks()
    assert found["api: packages"].detail == "not installed: langchain, langchain-openai"
    assert found["api: packages"].remedy == "pip install 'rewatch[api]'"
    assert found["local: packages"].remedy == "pip install 'rewatch[local]'"
