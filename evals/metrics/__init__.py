"""Metrics of video question answering and temporal search: pure functions, NumPy only.

Usable without the rest of the package: nothing here knows samples, files or runs. Times are in seconds, spans are
pairs `(start, end)`. Each function states its definition and its source. Where an official script has a defect, the
function takes `convention`: "official" repeats the script, digit for digit, "corrected" is what ought to be compared.

- `spans`: overlap of spans. `keyframes`: LV-Haystack's temporal scores. `ssim`: its visual ones.
- `choice`: reading a letter out of a reply, strictly; `readers`: as published. `tries`: VNBench's rule of four.
- `moments`: recall at one and mean average precision; `precision`: its area. `highlights`: QVHighlights' saliency.
- `grounded`: NExT-GQA and CG-Bench. `chain`: V-STaR.
- `statistics`: confidence intervals and paired tests. `tracking`: identities over time, through TrackEval.
"""

from typing import Literal

Convention = Literal["official", "corrected"]
"""Repeat the published script with its defects, or score what the metric means to score."""
