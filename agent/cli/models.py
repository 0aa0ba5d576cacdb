"""Options that choose models and limits, and the settings that follow from them and from everything else.

Owns the options' names and help, and how a command takes them all at once; which source wins is decided by
`agent.presets`.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rewatch.agent.cli.printing import complain

if TYPE_CHECKING:
    from rewatch.agent.settings import Settings

PresetOption = Annotated[
    str | None,
    typer.Option("--preset", metavar="NAME", help="embedded (reads only), local or api (see and plan)."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="TOML file of settings.  [default: rewatch/config.toml]"),
]
PlannerOption = Annotated[
    str | None,
    typer.Option("--planner", metavar="NAME", help="rules, PROVIDER:MODEL or hf:NAME_OR_FOLDER."),
]
VlmOption = Annotated[
    str | None,
    typer.Option("--vlm", metavar="NAME", help="What looks: openai:MODEL or hf:NAME_OR_FOLDER."),
]
CompressionOption = Annotated[
    str | None,
    typer.Option(
        "--compression", metavar="METHOD:SHARE", help="Compress what a local model sees: rewatch:0.25."
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder", metavar="NAME", help="What finds pictures: open_clip:NAME or hf:NAME_OR_FOLDER."
    ),
]
DetectorOption = Annotated[
    str | None,
    typer.Option("--detector", metavar="NAME", help="What `seek` finds things with: hf:NAME_OR_FOLDER."),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="OpenAI-compatible server that openai: models are on."),
]
DeviceOption = Annotated[
    str | None, typer.Option("--device", metavar="NAME", help="Where local models run: auto, cpu, cuda, mps.")
]
DtypeOption = Annotated[
    str | None, typer.Option("--dtype", metavar="TYPE", help="Weights of local models: auto, bfloat16, ...")
]
MaxLlmTokensOption = Annotated[
    int | None, typer.Option("--max-llm-tokens", metavar="N", help="Stop before this many tokens of text.")
]
MaxDollarsOption = Annotated[
    float | None,
    typer.Option("--max-dollars", metavar="D", help="Stop before this cost, by the prices in the settings."),
]
RecordOption = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Record all calls of models to a new file.")
]
ReplayOption = Annotated[
    Path | None, typer.Option("--replay", metavar="FILE", help="Answer from a recording; no model is asked.")
]


_OF_ALL = {
    "preset": PresetOption,
    "device": DeviceOption,
    "dtype": DtypeOption,
    "config": ConfigOption,
    "record": RecordOption,
    "replay": ReplayOption,
}
"""What every command takes that asks a model, by the names of the settings."""
_OF_SOME = {
    "max_llm_tokens": MaxLlmTokensOption,
    "max_dollars": MaxDollarsOption,
    "planner": PlannerOption,
    "encoder": EncoderOption,
    "detector": DetectorOption,
    "vlm": VlmOption,
    "compression": CompressionOption,
    "base_url": BaseUrlOption,
}
LOOKING = ("vlm", "compression", "base_url")
"""What a command takes besides that looks at pictures."""


@dataclass(frozen=True, slots=True)
class Given:
    """The options of models that a command was called with."""

    values: Mapping[str, Any]

    def settings(self, **others: Any) -> "Settings":
        """The settings that follow.

        Args:
            others: The command's own options that are settings too; None for one that was not given.

        Raises:
            SettingError: A setting cannot be; the message says where it stands.
        """
        values = {**self.values, **others}
        return choose(values.pop("config"), values)


def takes_models(*more: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take the options of models; its parameter `given` holds what was chosen.

    Args:
        more: Options that not every such command takes: max_llm_tokens, max_dollars, planner, encoder, detector, and
            those of LOOKING.
    """
    options: dict[str, Any] = {**{name: _OF_SOME[name] for name in more}, **_OF_ALL}
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in options.items()
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def called(*positional: Any, **told: Any) -> None:
            given = Given({name: told.pop(name) for name in options})
            command(*positional, given=given, **told)

        # typer reads a command's options from its signature.
        signature = inspect.signature(command)
        own = list(signature.parameters.values())
        place = next(index for index, parameter in enumerate(own) if parameter.name == "given")
        parameters = [*own[:place], *added, *own[place + 1 :]]
        called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


def choose(config: Path | None, given: Mapping[str, Any]) -> "Settings":
    """The settings of this machine, this file and these options; tells what will be downloaded for them.

    Args:
        config: `--config`, or None.
        given: Options by the names of the settings; None for one that was not given.

    Raises:
        SettingError: A setting cannot be; the message says where it stands.
    """
    import os

    from rewatch.agent.local_models import announce, models_that_fit
    from rewatch.agent.presets import read_file, resolve

    settings = resolve(given, os.environ, read_file(config), models_that_fit)
    for line in announce(settings):
        complain(line)
    return settings
