"""What is not needed is not imported: a question never pays for torch, nor the version for a decoder."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from videos import numbered_frames, render

MODEL_PACKAGES = {"torch", "torchvision", "transformers", "open_clip", "sentence_transformers", "timm"}
SLOW_PACKAGES = {"scipy", "sklearn", "matplotlib", "pandas", "decord"}
WORKING_PACKAGES = {
    "av",
    "cv2",
    "faiss",
    "langgraph",
    "langchain_core",
    "onnxruntime",
    "rapidocr_onnxruntime",
}
READING_PACKAGES = {"rapidocr_onnxruntime"}

_PROBE = """
import json, sys
from rewatch.agent.cli import main
status = main(sys.argv[1:])
packages = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"status": status, "packages": packages}), file=sys.stderr)
"""


def _imported(*arguments: str) -> tuple[int, set[str]]:
    command = [sys.executable, "-c", _PROBE, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    told = json.loads(run.stderr.splitlines()[-1])
    return told["status"], set(told["packages"])


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A short video with subtitles, and the library that it is indexed in."""
    folder = tmp_path_factory.mktemp("talk")
    video = render(folder / "talk.mp4", numbered_frames(40), fps=Fraction(2))
    (folder / "talk.srt").write_text(
        "1\n00:00:02,000 --> 00:00:05,000\nHeat flows from the hot body to the cold one.\n\n"
        "2\n00:00:08,000 --> 00:00:12,000\nEntropy is a measure of what we do not know.\n"
    )
    library = str(folder / "library")
    status, _ = _imported("index", str(video), "--library", library)
    assert status == 0
    return str(video), library


def test_indexing_and_asking_need_no_model_framework(talk: tuple[str, str]) -> None:
    video, library = talk
    status, packages = _imported("ask", video, "When does she speak of entropy?", "--library", library)
    assert status == 0
    assert not packages & (MODEL_PACKAGES | SLOW_PACKAGES | READING_PACKAGES)


@pytest.mark.parametrize("command", ["index", "search", "show"])
def test_no_command_of_the_default_imports_a_model_framework(command: str, talk: tuple[str, str]) -> None:
    video, library = talk
    words = ["entropy"] if command == "search" else []
    status, packages = _imported(command, video, *words, "--library", library)
    assert status == 0
    assert not packages & (MODEL_PACKAGES | SLOW_PACKAGES)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["ask", "--help"]])
def test_version_and_help_import_nothing_that_works(arguments: list[str]) -> None:
    status, packages = _imported(*arguments)
    assert status == 0
    assert not packages & (MODEL_PACKAGES | SLOW_PACKAGES | WORKING_PACKAGES)


def test_importing_the_api_is_light() -> None:
    code = "import sys, rewatch.agent; print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(run.stdout.split()) & (MODEL_PACKAGES | SLOW_PACKAGES)


def test_an_encoder_without_weights_needs_no_model_framework(talk: tuple[str, str], tmp_path: Path) -> None:
    video, _ = talk
    library = str(tmp_path)
    status, packages = _imported("index", video, "--encoder", "colour", "--no-screen", "--library", library)
    assert status == 0
    assert not packages & MODEL_PACKAGES
    status, packages = _imported("search", video, "red", "--channel", "visual", "--library", library)
    assert status == 0
    assert not packages & MODEL_PACKAGES


def test_a_short_run_leaves_without_looking_for_garbage_among_its_modules() -> None:
    code = (
        "import atexit, gc; atexit.register(lambda: print('frozen', gc.get_freeze_count() > 0));"
        "from rewatch.agent.cli import main; main(['--version'])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "frozen True" in run.stdout
