"""Temporal search that finds the frame.

`tool` holds `seek`. The core (`timeline`, `evidence`, `belief`, `relations`, `policy`, `moments`, `search`) is NumPy
only and knows a video as a `Looker`; `looking`, `records`, `prior` and `refine` tie it to real videos and the memory;
`scorers` see, `fitting` calibrates them, `baselines` are what others do. Nothing is imported here.
"""
