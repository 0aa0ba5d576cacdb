"""What is assumed of a scorer's scores: a calibration file where there is one, else what is usual for its kind.

A file is written by `rewatch bench seek --video`. Without one a search leans on what the video itself shows to be
usual, and its probabilities are rough.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rewatch.memory.errors import SettingError
from rewatch.tools.seek.evidence import EvidenceModel, Kind, Scale, Warp
from rewatch.tools.seek.looks import ByView

_UNSURE_LOOKS = 4.0
"""Without a calibration a scorer's usual score is learnt from the video almost alone, and how far cosines spread ..."""
_UNSURE_SPREAD_LOOKS = 32.0
"""... confidences spread about alike, and a few dozen looks tell it worse than that."""


def usual_model(scale: Scale) -> EvidenceModel:
    """What is assumed of a scorer that was not calibrated.

    Args:
        scale: How it counts: confidences ("logit") of detectors and probes, cosines ("identity") of encoders and OCR.
    """
    warp = (
        Warp("logit", ByView(-4.0, -4.0), ByView(0.8, 0.8))
        if scale == "logit"
        else Warp("identity", ByView(0.2, 0.2), ByView(0.03, 0.03))
    )
    return EvidenceModel(
        warp=warp,
        target=Kind(ByView(3.5, 5.0), 0.4),
        lookalike=Kind(ByView(2.8, 2.0), 0.4),
        trust_looks=_UNSURE_LOOKS,
        trust_spread_looks=_UNSURE_SPREAD_LOOKS if scale == "logit" else _UNSURE_LOOKS,
        knows_zero=scale == "logit",
    )


def save(model: EvidenceModel, path: Path) -> None:
    """Write a calibration as JSON."""
    path.write_text(json.dumps(asdict(model), indent=2) + "\n", encoding="utf-8")


def load(path: Path) -> EvidenceModel:
    """Read a calibration.

    Raises:
        SettingError: The file is missing or no calibration.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        warp, target, lookalike = (values.pop(name) for name in ("warp", "target", "lookalike"))
        return EvidenceModel(
            warp=Warp(warp["scale"], ByView(**warp["offset"]), ByView(**warp["spread"])),
            target=_kind(target),
            lookalike=_kind(lookalike),
            widths_seconds=tuple(values.pop("widths_seconds")),
            **values,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(
            f"{path} is no calibration ({error}); write one with `rewatch bench seek --video FILE --calibration {path}`"
        ) from error


def _kind(values: dict[str, Any]) -> Kind:
    return Kind(ByView(**values["height"]), values["variation"])
