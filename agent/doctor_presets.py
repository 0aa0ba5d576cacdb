"""What each preset needs on this machine, what is there, and the command that adds the rest: as `Check`s.

Owns the needs of the presets. Packages are judged from their metadata and files, weights from the cache, keys by
whether they are set; nothing is imported, downloaded or asked, and no key is told.
"""

import os
from pathlib import Path

from rewatch.agent.doctor import Check, folder_of, version_of
from rewatch.agent.local_models import (
    GB,
    LocalModel,
    Memory,
    fitting,
    found_memory,
    is_here,
    is_offline,
)
from rewatch.agent.presets import API_MODEL
from rewatch.memory.errors import SettingError

KEY_VARIABLE = "OPENAI_API_KEY"
_TORCHVISION_AHEAD = 15
"""torch 2.N goes with torchvision 0.(N+15), as PyTorch's table of releases has it since 2.0."""
_CUDA_LIBRARIES = (b"libtorch_cuda.so", b"torch_cuda.dll")


def examine_presets() -> list[Check]:
    """Look at what the three presets need; each is summed up before its parts."""
    embedded = Check("preset embedded", "ok", "reads subtitles and on-screen text; needs nothing more")
    return [embedded, *_summed("local", _local(found_memory())), *_summed("api", _api())]


def check_torchvision() -> Check:
    """torchvision must be the release, and the build, that fits torch: else its operators do not load."""
    torch, vision = version_of("torch"), version_of("torchvision")
    if not torch or not vision:
        absent = "torch" if not torch else "torchvision"
        return Check("torch pair", "missing", f"{absent} is not installed", "pip install torch torchvision")
    detail = f"torch {torch}, torchvision {vision}"
    wanted = f"0.{int(torch.split('.')[1]) + _TORCHVISION_AHEAD}."
    if torch.startswith("2.") and not vision.startswith(wanted):
        remedy = f"pip install 'torchvision=={wanted}*'"
        return Check("torch pair", "missing", f"{detail} do not belong together", remedy)
    if _needs_cuda("torchvision") and not _has_cuda("torch"):
        remedy = (
            f"install torchvision {vision.split('+')[0]} in the CPU build, as pytorch.org/get-started tells"
        )
        return Check("torch pair", "missing", f"{detail}: built for CUDA beside a CPU build of torch", remedy)
    return Check("torch pair", "ok", detail)


def _local(memory: Memory) -> list[Check]:
    found = (
        f"{memory.gpu_bytes / GB:.1f} GB on the GPU"
        if memory.gpu_bytes
        else f"{memory.ram_bytes / GB:.1f} GB, no GPU: a look takes a while"
    )
    parts = [_packages("local", "transformers", "accelerate", "num2words"), check_torchvision()]
    try:
        models = fitting(memory)
    except SettingError as error:
        return [*parts, Check("memory", "missing", str(error), "choose the preset api")]
    return [*parts, Check("memory", "ok", found), *(_weights(model) for model in models)]


def _weights(model: LocalModel) -> Check:
    size = f"{model.download_bytes / GB:.1f} GB"
    if is_here(model.name):
        return Check(model.role, "ok", f"{model.name}, on this machine")
    note = "; HF_HUB_OFFLINE is set, so it is never tried" if is_offline() else ""
    remedy = f"hf download {model.name}"
    return Check(model.role, "missing", f"{model.name}, {size} to download{note}", remedy)


def _api() -> list[Check]:
    packages = _packages("api", "openai", "langchain", "langchain-openai")
    models = Check("models", "ok", f"{API_MODEL} sees and plans; others by --vlm, --planner and --base-url")
    if os.environ.get(KEY_VARIABLE):
        return [packages, models, Check("key", "ok", f"{KEY_VARIABLE} is set")]
    remedy = f"export {KEY_VARIABLE}=...; a server of one's own needs --base-url and no key"
    return [packages, models, Check("key", "missing", f"{KEY_VARIABLE} is not set", remedy)]


def _packages(extra: str, *names: str) -> Check:
    absent = [name for name in names if not version_of(name)]
    if absent:
        told = f"not installed: {', '.join(absent)}"
        return Check("packages", "missing", told, f"pip install 'rewatch[{extra}]'")
    return Check("packages", "ok", ", ".join(f"{name} {version_of(name)}" for name in names))


def _summed(preset: str, parts: list[Check]) -> list[Check]:
    """The parts of a preset under its name, and before them whether it can be used."""
    missing = [part.name for part in parts if part.status != "ok"]
    named = [Check(f"{preset}: {part.name}", part.status, part.detail, part.remedy) for part in parts]
    if missing:
        told = f"missing: {', '.join(missing)}; the lines below say what adds them"
        return [Check(f"preset {preset}", "missing", told), *named]
    return [Check(f"preset {preset}", "ok", f"ready: rewatch ask --preset {preset}"), *named]


def _needs_cuda(package: str) -> bool:
    """Whether a package's compiled operators are linked against the CUDA build of torch."""
    folder = folder_of(package)
    libraries = [*folder.glob("_C*.so"), *folder.glob("_C*.pyd")] if folder else []
    return any(_holds(library, _CUDA_LIBRARIES) for library in libraries)


def _has_cuda(package: str) -> bool:
    folder = folder_of(package)
    return folder is not None and any((folder / "lib" / name.decode()).is_file() for name in _CUDA_LIBRARIES)


def _holds(file: Path, names: tuple[bytes, ...]) -> bool:
    content = file.read_bytes()
    return any(name in content for name in names)
