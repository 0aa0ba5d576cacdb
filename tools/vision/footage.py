"""What is known of frames beside their pixels, for a model that does not read all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rewatch.memory.encoded_pictures import EncodedPictures


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Frames of one video within one run."""

    video_id: str
    shots: tuple[int, ...] | None
    """The shot of each frame; None where the shots are not known."""
    relevance: Callable[[], Sequence[float]]
    """The relevance of each frame to the question, 0 or more; found out when it is asked for."""
    pictures: EncodedPictures
    """What models have made of the video's pictures for earlier questions."""
    shown: dict[str, dict[str, Any]]
    """What each model was shown in this run: what its compressor remembers, by the space of its features."""
