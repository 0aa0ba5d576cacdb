"""Settings come from the command line, the environment, a file and a preset, in that order of precedence."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from rewatch.agent import local_models, presets
from rewatch.agent.cli import main
from rewatch.agent.local_models import GB, MODELS, Memory, announce, fitting
from rewatch.agent.presets import API_MODEL, Choices, read_file, resolve
from rewatch.agent.settings import Settings
from rewatch.memory.errors import SettingError
from rewatch.memory.types import Limits

HERE = {"encoder": "hf:org/encoder", "vlm": "hf:org/vlm"}


def resolved(
    command_line: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    file: dict[str, Any] | None = None,
) -> Settings:
    return resolve(command_line or {}, environment or {}, file or {}, lambda: HERE)


def test_without_a_word_from_anybody_nothing_is_set() -> None:
    assert resolved() == Settings()


def test_the_command_line_wins_over_the_environment_over_the_file_over_the_preset() -> None:
    file = {"preset": "api", "vlm": "openai:file", "planner": "openai:file", "max_rounds": 7}
    environment = {"REWATCH_VLM": "openai:environment", "REWATCH_PLANNER": "rules", "HOME": "/"}
    settings = resolved({"vlm": "openai:line", "planner": None}, environment, file)
    assert (settings.vlm, settings.planner, settings.max_rounds) == ("openai:line", "rules", 7)
    assert resolved({}, environment, file).vlm == "openai:environment"
    assert resolved({}, {}, file).vlm == "openai:file"
    assert resolved({"preset": "api"}).vlm == API_MODEL


def test_each_preset_sets_its_models_and_each_can_be_replaced() -> None:
    assert resolved({"preset": "embedded"}) == Settings()
    assert resolved({"preset": "api"}).planner == API_MODEL
    assert resolved({"preset": "local"}) == Settings(encoder="hf:org/encoder", vlm="hf:org/vlm")
    assert resolved({"preset": "local", "vlm": "hf:other/vlm"}).vlm == "hf:other/vlm"


VALUES: dict[str, Any] = {
    "planner": "openai:x",
    "vlm": "hf:x",
    "compression": "rewatch:0.25",
    "vlm_calibration": Path("fitted.json"),
    "encoder": "hf:x",
    "detector": "hf:x",
    "base_url": "http://127.0.0.1:8000/v1",
    "device": "cuda:1",
    "dtype": "bfloat16",
    "attention": "sdpa",
    "panel": 2,
    "recheck": True,
    "max_rounds": 9,
    "input_dollars": 0.5,
    "output_dollars": 2.0,
    "record": Path("run.jsonl"),
    "replay": Path("run.jsonl"),
    **{f"max_{field.name}": 11 for field in fields(Limits)},
}


def test_every_name_is_one_of_the_settings() -> None:
    assert set(VALUES) | {"preset"} == set(Choices.model_fields)


@pytest.mark.parametrize("name", VALUES)
def test_every_name_reaches_its_setting_from_every_source(name: str) -> None:
    value = VALUES[name]
    for settings in (
        resolved({name: value}),
        resolved(environment={f"REWATCH_{name.upper()}": str(value)}),
        resolved(file={name: str(value) if isinstance(value, Path) else value}),
    ):
        limit = name.removeprefix("max_")
        found = getattr(settings.limits, limit) if name in _LIMITS else getattr(settings, name)
        assert found == value


_LIMITS = {f"max_{field.name}" for field in fields(Limits)}


@pytest.mark.parametrize(
    ("sources", "fault"),
    [
        (({}, {"REWATCH_VLMM": "x"}, {}), "the environment: REWATCH_VLMM is no setting; there are preset"),
        (({}, {"REWATCH_MAX_DOLLARS": "much"}, {}), "the environment: REWATCH_MAX_DOLLARS 'much'"),
        (({}, {}, {"key": "sk"}), "the configuration file: key is no setting"),
        (({"preset": "cloud"}, {}, {}), "the command line: preset 'cloud'.*embedded"),
        (({"device": "gpu"}, {}, {}), "device 'gpu' is unknown; choose auto, cpu, cuda"),
        (({"dtype": "int3"}, {}, {}), "dtype 'int3' is unknown; choose auto, float32"),
        (({"attention": "quick"}, {}, {}), "attention .quick. is unknown; choose auto, sdpa"),
        (({"planner": "gpt"}, {}, {}), "planner 'gpt' is unknown; choose rules, hf:"),
        (({"vlm": "llava"}, {}, {}), "vlm 'llava' is unknown; choose hf:"),
        (({"encoder": "clip"}, {}, {}), "encoder 'clip' is unknown; choose open_clip:"),
        (({"base_url": "localhost:8000"}, {}, {}), "base_url is no address"),
        (({"base_url": "https://me:secret@host/v1"}, {}, {}), "keys belong into the environment"),
        (({"input_dollars": -1}, {}, {}), "a price is below 0"),
        (({"record": "a", "replay": "b"}, {}, {}), "record and replay exclude each other"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place_and_the_remedy(
    sources: tuple[dict[str, Any], dict[str, str], dict[str, Any]], fault: str
) -> None:
    with pytest.raises(SettingError, match=fault) as refused:
        resolved(*sources)
    assert "secret" not in str(refused.value)


def test_the_file_is_looked_for_where_the_system_keeps_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read_file(None) == {}
    (tmp_path / "rewatch").mkdir()
    (tmp_path / "rewatch" / "config.toml").write_text('preset = "api"\nmax_dollars = 0.5\n')
    assert read_file(None) == {"preset": "api", "max_dollars": 0.5}


def test_a_file_that_is_named_must_be_there_and_be_toml(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read as TOML"):
        read_file(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("preset: api")
    with pytest.raises(SettingError, match="cannot be read as TOML"):
        read_file(tmp_path / "broken.toml")


@pytest.mark.parametrize(
    ("memory", "vlm"),
    [
        (Memory(gpu_bytes=80 * GB, ram_bytes=64 * GB), "Qwen/Qwen3-VL-8B-Instruct"),
        (Memory(gpu_bytes=24 * GB, ram_bytes=64 * GB), "Qwen/Qwen3-VL-4B-Instruct"),
        (Memory(gpu_bytes=12 * GB, ram_bytes=64 * GB), "HuggingFaceTB/SmolVLM2-2.2B-Instruct"),
        (Memory(gpu_bytes=0, ram_bytes=64 * GB), "HuggingFaceTB/SmolVLM2-2.2B-Instruct"),
        (Memory(gpu_bytes=0, ram_bytes=8 * GB), "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"),
    ],
)
def test_the_local_preset_takes_what_fits(memory: Memory, vlm: str) -> None:
    chosen = {model.role: model for model in fitting(memory)}
    assert chosen["vlm"].name == vlm
    on_gpu = memory.gpu_bytes > 0
    needed = sum(model.needs_bytes(on_gpu) for model in chosen.values())
    assert needed <= (memory.gpu_bytes if on_gpu else memory.ram_bytes)


def test_too_little_memory_says_how_much_is_needed() -> None:
    with pytest.raises(SettingError, match=r"1\.6 GB of memory are free for a encoder.*needs 1\.9 GB"):
        fitting(Memory(0, 2 * GB))


def put_weights(cache: Path, name: str) -> None:
    folder = cache / f"models--{name.replace('/', '--')}" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")


def test_a_download_is_announced_with_its_size_and_only_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    small = MODELS[-1]
    settings = Settings(vlm=f"hf:{small.name}", encoder="hf:org/unknown")
    lines = announce(settings)
    assert [line.rpartition(", ")[2] for line in lines] == ["size unknown", "2.0 GB"]
    put_weights(tmp_path, small.name)
    assert [line.split()[0] for line in announce(settings)] == ["org/unknown"]
    assert [line.split()[0] for line in announce(Settings(detector="hf:org/finder"))] == ["org/finder"]
    assert announce(Settings(vlm=f"hf:{tmp_path}")) == [], "a folder is no name on the hub"


def test_offline_nothing_is_tried_and_the_remedy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SettingError, match=r"HF_HUB_OFFLINE forbids.*hf download org/model"):
        announce(Settings(vlm="hf:org/model"))
    put_weights(tmp_path, "org/model")
    assert announce(Settings(vlm="hf:org/model")) == []


def test_a_bad_setting_is_refused_before_any_video_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["ask", "talk.mp4", "Why?", "--preset", "cloud"]) == 2
    assert "preset 'cloud'" in capsys.readouterr().err
    monkeypatch.setenv("REWATCH_PLANNER", "gpt")
    assert main(["ask", "talk.mp4", "Why?"]) == 2
    assert "planner 'gpt' is unknown" in capsys.readouterr().err


def test_the_machine_is_asked_only_for_the_local_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> Memory:
        raise AssertionError("the memory was looked at")

    monkeypatch.setattr(local_models, "found_memory", asked)
    for preset in ("embedded", "api"):
        resolve({"preset": preset}, {}, {}, local_models.models_that_fit)
    monkeypatch.setattr(local_models, "found_memory", lambda: Memory(0, 64 * GB))
    settings = resolve({"preset": "local"}, {}, {}, local_models.models_that_fit)
    assert settings.vlm == "hf:HuggingFaceTB/SmolVLM2-2.2B-Instruct"
    assert presets.default_file().name == "config.toml"
