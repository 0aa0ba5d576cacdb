"""Everything that a run can be told, in one frozen object that is passed explicitly."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rewatch.memory.errors import SettingError
from rewatch.memory.folder import default_folder
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.types import Limits

ATTENTIONS = ("auto", "sdpa", "eager", "flash_attention_2")
DTYPES = ("auto", "float32", "bfloat16", "float16")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(?::\d+)?")
_NAMED = re.compile(r"[a-z][a-z0-9_]*:\S.*")
"""A model's provider and its name, such as "openai:gpt-4.1-mini" or "hf:/models/qwen"."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the agent."""

    library: Path = field(default_factory=default_folder)
    """Folder of the memory."""
    ingest: IngestSettings | None = None
    """How videos are indexed; None goes on with what each was indexed with, and takes the defaults for new ones."""
    limits: Limits = field(default_factory=Limits)
    """Hard limits of each run."""
    max_rounds: int = 4
    """How often the agent may plan before it must answer."""
    recheck: bool = False
    """Read the cited screens again from the video's pixels before they count as evidence."""
    planner: str = "rules"
    """Who plans and writes: "rules", "hf:NAME_OR_FOLDER", or "PROVIDER:MODEL" of a LangChain chat model."""
    vlm: str = ""
    """The vision-language model that looks: "hf:NAME_OR_FOLDER" or "openai:MODEL"; "" for none."""
    compression: str = ""
    """What a local `vlm` reads of the pictures: "METHOD:SHARE" or "METHOD:TOKENS" (rewatch:0.25); "" for all."""
    vlm_calibration: Path | None = None
    """File of `rewatch bench calibration` that corrects the probabilities of `vlm`; None believes them."""
    encoder: str = ""
    """The encoder of pictures and words, such as "open_clip:ARCHITECTURE/PRETRAINED" or "hf:NAME_OR_FOLDER"; "" for
    none, which searches pictures where videos were indexed with one."""
    detector: str = ""
    """The open-vocabulary detector that `seek` looks with: "hf:NAME_OR_FOLDER"; "" for none."""
    base_url: str = ""
    """Address of the OpenAI-compatible server that `openai:` models are asked at; "" for the provider's own."""
    device: str = "auto"
    """Where local models run: "auto", "cpu", "cuda", "cuda:1", "mps"."""
    dtype: str = "auto"
    """Number type of local models' weights: "auto", "float32", "bfloat16", "float16"."""
    attention: str = "auto"
    """Local models' way to compute attention: "auto", "sdpa", "eager" or "flash_attention_2"."""
    panel: int = 1
    """Endpoints are shown frames in grids of so many columns and rows to a picture; 1 shows each alone."""
    input_dollars: float = 0.0
    """Price of a million tokens that a model reads, for the limit on dollars."""
    output_dollars: float = 0.0
    """Price of a million tokens that a model writes."""
    record: Path | None = None
    """File to record all calls of models to; it must not exist."""
    replay: Path | None = None
    """Recording to answer all calls of models from, in place of the models."""

    def __post_init__(self) -> None:
        if self.max_rounds < 1:
            raise SettingError(f"max_rounds {self.max_rounds} is below 1")
        if self.limits.seconds is not None and self.limits.seconds <= 0:
            raise SettingError(f"the limit of {self.limits.seconds:g} seconds is not above 0")
        if self.dtype not in DTYPES:
            raise SettingError(f"dtype {self.dtype!r} is unknown; choose {', '.join(DTYPES)}")
        if self.attention not in ATTENTIONS:
            raise SettingError(f"attention {self.attention!r} is unknown; choose {', '.join(ATTENTIONS)}")
        if not _DEVICE.fullmatch(self.device):
            raise SettingError(f"device {self.device!r} is unknown; choose auto, cpu, cuda, cuda:N or mps")
        if min(self.input_dollars, self.output_dollars) < 0:
            raise SettingError("a price is below 0; give dollars for a million tokens")
        _check_models(self)


def _check_models(settings: Settings) -> None:
    """Refuse names that no backend can open, before any work is done."""
    if settings.planner != "rules" and not _NAMED.fullmatch(settings.planner):
        raise SettingError(
            f"planner {settings.planner!r} is unknown; choose rules, hf:NAME_OR_FOLDER or PROVIDER:MODEL"
        )
    if settings.vlm and not settings.vlm.startswith(("hf:", "openai:")):
        raise SettingError(f"vlm {settings.vlm!r} is unknown; choose hf:NAME_OR_FOLDER or openai:MODEL")
    if settings.compression:
        from rewatch.tools.vision.compression import compression_of

        compression_of(settings.vlm, settings.compression)
    if settings.encoder and not settings.replay:
        from rewatch.memory.encoders.registry import family_names

        if settings.encoder.partition(":")[0] not in family_names():
            raise SettingError(
                f"encoder {settings.encoder!r} is unknown; choose open_clip:ARCHITECTURE/PRETRAINED, "
                "hf:NAME_OR_FOLDER or colour"
            )
    if settings.detector and not settings.detector.startswith("hf:"):
        raise SettingError(f"detector {settings.detector!r} is unknown; choose hf:NAME_OR_FOLDER")
    address = urlsplit(settings.base_url)
    if settings.base_url and (address.scheme not in ("http", "https") or not address.hostname):
        raise SettingError("base_url is no address; give one such as http://127.0.0.1:8000/v1")
    if address.username or address.password or address.query:
        raise SettingError("base_url holds more than an address; keys belong into the environment only")
    if settings.record and settings.replay:
        raise SettingError("record and replay exclude each other; a replay asks no model")
