"""Haystacks made on the spot: needles at known times in a long video, and questions whose truth is known.

After VideoNIAH and VNBench (Zhao et al., 2024) and TimeScope (2025). `plan` decides, from a seed, what is hidden when
and what is asked; `base` owns the video that it is hidden in, `needles` what is drawn, `render` the files.
"""
