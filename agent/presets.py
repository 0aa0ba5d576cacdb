"""Where settings come from: the command line, the environment, a file, a preset; the first that speaks wins.

Owns the names that may be set, how a text becomes a value, and the order of precedence. What a setting means
is told in `settings`; which models the preset "local" takes on this machine is the work of `local_models`.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from rewatch.agent.settings import Settings
from rewatch.memory.errors import SettingError
from rewatch.memory.types import Limits

PREFIX = "REWATCH_"
"""Of the environment's variables: `REWATCH_VLM` sets `vlm`."""
API_MODEL = "openai:gpt-4.1-mini"
"""What the preset "api" asks: it sees pictures, calls tools, and tells log-probabilities, which the calibrated
confidence of a look rests on."""

PresetName = Literal["embedded", "local", "api"]


class Choices(BaseModel):
    """What one source says; a name that it leaves out is None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: PresetName | None = None
    planner: str | None = None
    vlm: str | None = None
    compression: str | None = None
    vlm_calibration: Path | None = None
    encoder: str | None = None
    detector: str | None = None
    base_url: str | None = None
    device: str | None = None
    dtype: str | None = None
    attention: str | None = None
    panel: int | None = None
    recheck: bool | None = None
    max_rounds: int | None = None
    max_frames: int | None = None
    max_visual_tokens: int | None = None
    max_llm_tokens: int | None = None
    max_tool_calls: int | None = None
    max_seconds: float | None = None
    max_dollars: float | None = None
    input_dollars: float | None = None
    output_dollars: float | None = None
    record: Path | None = None
    replay: Path | None = None

    @property
    def said(self) -> dict[str, Any]:
        """The values that are given."""
        return self.model_dump(exclude_none=True)


def resolve(
    command_line: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Mapping[str, Any],
    local: Callable[[], Mapping[str, str]],
) -> Settings:
    """Make the settings of what each source says.

    Args:
        command_line: Options that were given, by name; None for one that was not.
        environment: All variables; those that begin with `REWATCH_` are read.
        file: What the configuration file holds.
        local: Tells the models of the preset "local"; called only when that preset is chosen.

    Returns:
        The settings: command line over environment over file over preset over default.

    Raises:
        SettingError: A name is unknown or a value cannot be; the message says where it stands.
    """
    layers = [
        parse(file, "the configuration file"),
        parse(_variables(environment), "the environment", PREFIX),
        parse(command_line, "the command line"),
    ]
    merged = {name: value for layer in layers for name, value in layer.said.items()}
    preset = cast(PresetName, merged.pop("preset", "embedded"))
    return _settings({**models_of(preset, local), **merged})


def models_of(preset: PresetName, local: Callable[[], Mapping[str, str]]) -> dict[str, str]:
    """The models that a preset sets."""
    if preset == "api":
        return {"vlm": API_MODEL, "planner": API_MODEL}
    return dict(local()) if preset == "local" else {}


def parse(values: Mapping[str, Any], source: str, prefix: str = "") -> Choices:
    """Check what a source says.

    Raises:
        SettingError: A name is unknown or a value cannot be.
    """
    try:
        return Choices.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        raise SettingError(f"{source}: {_fault(error, prefix)}") from error


def read_file(path: Path | None) -> dict[str, Any]:
    """Read a configuration file.

    Args:
        path: The file that was named; None reads the default one, which need not be there.

    Raises:
        SettingError: The file that was named is missing, or it is no TOML.
    """
    place = default_file() if path is None else path
    if path is None and not place.is_file():
        return {}
    try:
        return tomllib.loads(place.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(
            f'{place} cannot be read as TOML: {error}; write lines such as preset = "api"'
        ) from error


def default_file() -> Path:
    """`$XDG_CONFIG_HOME/rewatch/config.toml`, else where the system keeps a user's configuration."""
    chosen = os.environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(chosen):
        return Path(chosen) / "rewatch" / "config.toml"
    from platformdirs import user_config_path

    return user_config_path("rewatch", appauthor=False) / "config.toml"


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }


def _settings(values: dict[str, Any]) -> Settings:
    limits = {
        name.removeprefix("max_"): values.pop(name)
        for name in list(values)
        if name.startswith("max_") and name != "max_rounds"
    }
    return Settings(**values, limits=Limits(**limits))


def _fault(error: ValidationError, prefix: str) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    told = f"{prefix}{name.upper()}" if prefix else name
    if first["type"] == "extra_forbidden":
        return f"{told} is no setting; there are {', '.join(Choices.model_fields)}"
    return f"{told} {first['input']!r}: {first['msg']}"
