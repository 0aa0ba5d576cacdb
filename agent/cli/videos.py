"""`rewatch list` and `rewatch forget`: which videos the memory holds."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from rewatch.agent.cli.options import JsonOption, LibraryOption, VideoArgument, library_folder, open_library
from rewatch.agent.cli.printing import (
    coverage_lines,
    coverage_report,
    make_console,
    print_json,
    printable,
)
from rewatch.memory.timecode import format_seconds

if TYPE_CHECKING:
    from rewatch.memory.library import Library
    from rewatch.memory.types import VideoInfo

SHORT_ID = 12
"""How many characters of a video's id are printed; commands accept them."""


def list_videos(library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """List the videos in the memory."""
    with open_library(library) as memory:
        videos = memory.videos()
        if as_json:
            print_json([describe_video(memory, video) for video in videos])
            return
    if not videos:
        typer.echo("no video is indexed yet; add one with: rewatch index VIDEO", err=True)
        return
    console = make_console()
    for video in videos:
        where = printable(str(video.path)) + ("" if os.path.exists(video.path) else "  (no longer there)")
        picture = f"{video.width}x{video.height}"
        length = format_seconds(video.duration_seconds)
        console.print(f"{video.video_id[:SHORT_ID]}  {length:>8}  {picture:>9}  {where}")


def forget(video: VideoArgument, library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """Remove a video from the memory. The video file stays as it is."""
    from rewatch.agent.settings import Settings
    from rewatch.agent.video_agent import VideoAgent

    with VideoAgent(Settings(library=library_folder(library))) as agent:
        info = agent.forget(video)
    if as_json:
        print_json({"video_id": info.video_id, "forgotten": True})
    else:
        make_console().print(f"forgot {printable(info.path.name)}")


def describe_video(library: "Library", video: "VideoInfo") -> dict[str, Any]:
    """A video as plain values: what it is and in which channels it was read."""
    return {
        "video_id": video.video_id,
        "path": str(video.path),
        "duration_seconds": video.duration_seconds,
        "width": video.width,
        "height": video.height,
        "average_fps": video.average_fps,
        "codec": video.codec,
        "has_audio": video.has_audio,
        "player_offset_seconds": video.player_offset_seconds,
        "coverage": [
            asdict(coverage_report(video.video_id, item)) for item in library.coverage(video.video_id)
        ],
    }


def print_coverage(library: "Library", video: "VideoInfo") -> None:
    """Print one line for the video and one for each channel."""
    console = make_console()
    console.print(
        Text(f"{printable(video.path.name)}  {format_seconds(video.duration_seconds)}", style="bold")
    )
    reports = [coverage_report(video.video_id, item) for item in library.coverage(video.video_id)]
    for line in coverage_lines(reports, {}):
        console.print(f"  {line}")
