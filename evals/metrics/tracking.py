"""Do tracks keep their identities? HOTA, MOTA and IDF1, computed by TrackEval (the extra `tracking`).

Sources: Luiten et al., "HOTA", IJCV 2021; Bernardin and Stiefelhagen, CLEAR MOT, 2008; Ristani et al., IDF1, 2016.
TrackEval is the authors' own code; this module only brings boxes into its form.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from rewatch.evals.metrics.chain import Box, box_iou
from rewatch.memory.errors import SettingError

Detection = tuple[Hashable, Box]
"""Identity and box `(x0, y0, x1, y1)`."""

THRESHOLD = 0.5
"""Least overlap of boxes for CLEAR and IDF1; HOTA averages over .05 to .95."""


def track_scores(
    truth: Sequence[Sequence[Detection]], predicted: Sequence[Sequence[Detection]]
) -> dict[str, float]:
    """Score the tracks of one video.

    Args:
        truth: For each frame the true detections.
        predicted: For the same frames the predicted ones.

    Returns:
        Shares under "HOTA", "DetA", "AssA", "MOTA", "MOTP", "IDF1", "IDP", "IDR", and the count "IDSW".

    Raises:
        ValueError: The numbers of frames differ.
        SettingError: TrackEval is not installed.
    """
    if len(truth) != len(predicted):
        raise ValueError(f"{len(truth)} true frames and {len(predicted)} predicted ones cannot be compared")
    try:
        from trackeval.metrics import CLEAR, HOTA, Identity
    except ImportError as error:
        raise SettingError(
            f"tracking metrics need TrackEval ({error}); pip install 'rewatch[tracking]'"
        ) from error
    options = {"THRESHOLD": THRESHOLD, "PRINT_CONFIG": False}
    data = _as_trackeval(truth, predicted)
    scores: dict[str, Any] = {}
    for metric in (HOTA(), CLEAR(options), Identity(options)):
        scores |= metric.eval_sequence(data)
    names = ("HOTA", "DetA", "AssA", "MOTA", "MOTP", "IDF1", "IDP", "IDR", "IDSW")
    return {name: float(np.mean(scores[name])) for name in names}


def _as_trackeval(
    truth: Sequence[Sequence[Detection]], predicted: Sequence[Sequence[Detection]]
) -> dict[str, Any]:
    true_ids, num_true = _numbered(truth)
    predicted_ids, num_predicted = _numbered(predicted)
    overlaps = [
        np.array([[box_iou(box, other) for _, other in found] for _, box in real]).reshape(
            len(real), len(found)
        )
        for real, found in zip(truth, predicted, strict=True)
    ]
    return {
        "num_timesteps": len(truth),
        "num_gt_ids": num_true,
        "num_tracker_ids": num_predicted,
        "num_gt_dets": sum(map(len, truth)),
        "num_tracker_dets": sum(map(len, predicted)),
        "gt_ids": true_ids,
        "tracker_ids": predicted_ids,
        "similarity_scores": overlaps,
    }


def _numbered(frames: Sequence[Sequence[Detection]]) -> tuple[list[Any], int]:
    """Identities as numbers from 0, frame by frame, and how many there are."""
    numbers: dict[Hashable, int] = {}
    ids = [np.array([numbers.setdefault(name, len(numbers)) for name, _ in frame], int) for frame in frames]
    return ids, len(numbers)
