"""Which models the preset "local" takes on this machine: those that fit its memory, from a short list.

Owns the list with its sizes, the memory that is found, and whether weights are on this machine already. Nothing
here opens a model, imports a framework or reaches the network.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rewatch.agent.settings import Settings
from rewatch.memory.errors import SettingError

GB = 10**9
LOCAL = "hf:"
"""Begins the name of a model that runs on this machine through transformers."""
_SHARE = 0.8
"""Of the memory found that models may take; the rest is for frames and for other programs."""
_OVERHEAD = 1.25
"""Memory to run over size of the weights, where no page tells a figure."""
_NVIDIA_SMI_SECONDS = 10


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that the preset may take."""

    role: Literal["encoder", "vlm"]
    name: str
    """On the Hugging Face hub."""
    download_bytes: int
    """Size of its weights' files."""
    gpu_bytes: int
    """GPU memory that it needs, with the pictures of one look."""
    on_cpu: bool
    """Whether it is small enough to answer without a GPU."""

    def needs_bytes(self, on_gpu: bool) -> int:
        """Memory that it needs; without a GPU the weights stay as they are in their files."""
        return self.gpu_bytes if on_gpu else int(self.download_bytes * _OVERHEAD)


MODELS = (
    # 375,187,970 parameters of four bytes.
    LocalModel("encoder", "google/siglip2-base-patch16-224", 1_500_751_880, 1_500_751_880, True),
    # 8,767,123,696 and 4,437,815,808 parameters of two bytes.
    LocalModel("vlm", "Qwen/Qwen3-VL-8B-Instruct", 17_534_247_392, int(17_534_247_392 * _OVERHEAD), False),
    LocalModel("vlm", "Qwen/Qwen3-VL-4B-Instruct", 8_875_631_616, int(8_875_631_616 * _OVERHEAD), False),
    # Files and GPU memory for video as their pages tell.
    LocalModel("vlm", "HuggingFaceTB/SmolVLM2-2.2B-Instruct", 8_990_000_000, 5_200_000_000, True),
    LocalModel("vlm", "HuggingFaceTB/SmolVLM2-500M-Video-Instruct", 2_030_000_000, 1_800_000_000, True),
)
"""Best first within a role; all under the Apache licence 2.0. Parameters were counted by building each published
configuration without weights (torch's meta device); file sizes and memory figures are those of the models' pages
on the Hugging Face hub."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory that models can be loaded into."""

    gpu_bytes: int
    """Of the largest GPU; 0 without one."""
    ram_bytes: int
    """Of the machine, or of the container; 0 where it cannot be told."""


def models_that_fit() -> dict[str, str]:
    """The settings of the preset "local" on this machine.

    Raises:
        SettingError: The memory is too small for any.
    """
    return {model.role: f"{LOCAL}{model.name}" for model in fitting(found_memory())}


def fitting(memory: Memory) -> list[LocalModel]:
    """The best model of each role that fits the memory together with the others.

    Raises:
        SettingError: The memory is too small for an encoder and the smallest vision-language model.
    """
    on_gpu = memory.gpu_bytes > 0
    left = int(_SHARE * (memory.gpu_bytes if on_gpu else memory.ram_bytes))
    chosen = []
    for role in ("encoder", "vlm"):
        usable = [model for model in MODELS if model.role == role and (on_gpu or model.on_cpu)]
        model = next((model for model in usable if model.needs_bytes(on_gpu) <= left), None)
        if model is None:
            least = min(model.needs_bytes(on_gpu) for model in usable)
            raise SettingError(
                f"preset local: {left / GB:.1f} GB of memory are free for a {role} and the smallest needs "
                f"{least / GB:.1f} GB; choose the preset api, or name a smaller model"
            )
        left -= model.needs_bytes(on_gpu)
        chosen.append(model)
    return chosen


def found_memory() -> Memory:
    """The memory of this machine's largest GPU and its RAM, within the limit of a container."""
    return Memory(_gpu_bytes(), _ram_bytes())


def missing_weights(settings: Settings) -> list[str]:
    """Names on the hub of the models that the settings name and this machine does not have yet."""
    return [name for name in _named_on_hub(settings) if not is_here(name)]


def download_bytes(name: str) -> int | None:
    """How much a model's weights are to download; None for one that is not on the list."""
    return next((model.download_bytes for model in MODELS if model.name == name), None)


def told_size(name: str) -> str:
    """The size of a download in words."""
    size = download_bytes(name)
    return f"{size / GB:.1f} GB" if size is not None else "size unknown"


def is_here(name: str) -> bool:
    """Whether the weights of a model lie in the cache of the Hugging Face hub, whole."""
    folder = hub_cache() / f"models--{name.replace('/', '--')}"
    weights = [*folder.glob("snapshots/*/*.safetensors"), *folder.glob("snapshots/*/*.bin")]
    lists = folder.glob("snapshots/*/*.index.json")
    whole = all((path.parent / part).exists() for path in lists for part in _parts_of(path))
    return bool(weights) and whole and not any(folder.glob("blobs/*.incomplete"))


def _parts_of(index: Path) -> set[str]:
    """The files that weights are spread over, as their own list names them."""
    return set(json.loads(index.read_text("utf-8"))["weight_map"].values())


def hub_cache() -> Path:
    """The cache of the Hugging Face hub, as its own variables say."""
    if chosen := os.environ.get("HF_HUB_CACHE"):
        return Path(chosen)
    base = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(base).expanduser() / "hub"


def is_offline() -> bool:
    """Whether the environment forbids downloads."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def announce(settings: Settings) -> list[str]:
    """What is going to be downloaded when these settings are used, with its size.

    Raises:
        SettingError: The environment forbids downloads and weights are missing.
    """
    missing = [] if settings.replay else missing_weights(settings)
    if missing and is_offline():
        told = " and ".join(f"{name} ({told_size(name)})" for name in missing)
        raise SettingError(
            f"{told} not on this machine, and HF_HUB_OFFLINE forbids to download; run where there is a "
            f"network: {' && '.join(f'hf download {name}' for name in missing)}"
        )
    return [f"{name} is not on this machine: downloading it, {told_size(name)}" for name in missing]


def _named_on_hub(settings: Settings) -> Iterator[str]:
    for setting in (settings.encoder, settings.vlm, settings.planner, settings.detector):
        name = setting.removeprefix(LOCAL)
        if setting.startswith(LOCAL) and not os.path.exists(os.path.expanduser(name)):
            yield name


def _gpu_bytes() -> int:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    command = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(
            command, capture_output=True, text=True, timeout=_NVIDIA_SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):  # a GPU without a working driver is no place for a model
        return 0
    mebibytes = [int(line) for line in listed.stdout.split() if line.isdigit()]
    return max(mebibytes, default=0) * 2**20


def _ram_bytes() -> int:
    if not hasattr(os, "sysconf"):
        return 0
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text("ascii").strip() if limit.is_file() else "max"
    return min(total, int(allowed)) if allowed.isdigit() else total
