"""Language models that plan and write: opening one, and asking it within the limits of a run.

Owns what is the same for every chat model: `chat` asks, counts and repairs, `providers` opens, `transcript`
tells a run so far as messages, `local` runs a model of this machine, `secrets` keeps keys out of what is told.
"""
