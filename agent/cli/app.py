"""The application: which commands there are, and how a run ends.

Owns the command table, commands registered by other packages (entry-point group `rewatch.commands`), and the
translation of errors into one line on standard error and an exit status. What a command does is its own
module's work.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import entry_points, version
from typing import Annotated, Any

import typer
import typer.core

from rewatch.agent.cli.ask import ask
from rewatch.agent.cli.ctrl_c import listening
from rewatch.agent.cli.doctor import doctor
from rewatch.agent.cli.index import index
from rewatch.agent.cli.look import look
from rewatch.agent.cli.printing import complain, printable
from rewatch.agent.cli.search import search
from rewatch.agent.cli.seek import seek
from rewatch.agent.cli.show import show
from rewatch.agent.cli.status import FAILED, INTERRUPTED, USAGE
from rewatch.agent.cli.videos import forget, list_videos
from rewatch.agent.cli.zoom import zoom
from rewatch.memory.errors import InputError, RewatchError

COMMAND_GROUP = "rewatch.commands"
"""Entry-point group; each entry names a `typer.Typer` application and the sub-command it becomes."""

OWN_COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "ask": (ask, 'rewatch ask talk.mp4 "When does she introduce entropy?"'),
    "index": (index, "rewatch index talk.mp4 lectures/"),
    "search": (search, 'rewatch search talk.mp4 "heat engine" --limit 5'),
    "seek": (seek, 'rewatch seek street.mp4 "red car" --before "a dog barks" --detector hf:owlv2'),
    "show": (show, "rewatch show talk.mp4 --text --from 10:00 --to 12:00"),
    "zoom": (zoom, "rewatch zoom talk.mp4 --from 21:40 --to 21:55 --out entropy.mp4"),
    "look": (
        look,
        'rewatch look talk.mp4 --from 21:40 --to 21:55 "What is she holding?" --vlm openai:qwen2.5vl '
        "--base-url http://localhost:11434/v1",
    ),
    "list": (list_videos, "rewatch list --json"),
    "forget": (forget, "rewatch forget talk.mp4"),
    "doctor": (doctor, "rewatch doctor"),
}


class CommandGroup(typer.core.TyperGroup):
    """The commands of this package, and those that other packages register, loaded on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *(entry.name for entry in entry_points(group=COMMAND_GROUP))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _registered(cmd_name)


def _registered(name: str) -> Any:
    for entry in entry_points(group=COMMAND_GROUP, name=name):
        try:
            return typer.main.get_command(entry.load())
        except Exception as error:  # whatever a foreign package raises, the other commands must go on working
            complain(f"the command {name!r} ({entry.value}) cannot be loaded: {error}")
    return None


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"rewatch {version('rewatch')}")
        raise typer.Exit


def build() -> typer.Typer:
    """Build the application with its own commands."""
    app = typer.Typer(
        name="rewatch",
        cls=CommandGroup,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def rewatch(
        context: typer.Context,
        _version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        """Ask an hour-long video; get an answer with timestamps that you can check."""
        if context.invoked_subcommand is None:
            print(context.get_help(), file=sys.stderr)
            raise typer.Exit(USAGE)

    for name, (function, example) in OWN_COMMANDS.items():
        app.command(name, epilog=f"Example: {example}")(function)
    return app


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command and turn however it ends into an exit status."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with listening():
        status = _end_of(lambda: build()(args=argv, prog_name="rewatch", standalone_mode=False))
    flushed = _end_of(sys.stdout.flush)
    return status or flushed


def _open_closed_streams() -> None:
    """Let what a caller has closed (`>&-`) lead nowhere; else a file opened later would take its place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - until the process ends


def _end_of(work: Callable[[], Any]) -> int:
    try:
        result = work()
    except RewatchError as error:
        complain(str(error))
        return USAGE if isinstance(error, InputError) else FAILED
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "rewatch"
        complain(f"{error.format_message().rstrip('.')}; see {command} --help")
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except (BrokenPipeError, SystemExit):  # typer exits by itself when the reader of a pipe has gone
        _silence_stdout()
        return FAILED
    except OSError as error:
        complain(_describe(error))
        return FAILED
    if result == INTERRUPTED:  # typer catches Ctrl-C too, and then returns its status
        complain("interrupted; what was stored stays, the same command goes on from there")
    return result if isinstance(result, int) else 0


def _describe(error: OSError) -> str:
    where = f"{printable(os.fsdecode(error.filename))}: " if isinstance(error.filename, str | bytes) else ""
    return f"{where}{error.strerror or error}"


def _silence_stdout() -> None:
    """Point standard output nowhere, so that the interpreter's last flush does not complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
