"""lmms-eval: the agent as one of its models, and its result files as runs of ours.

`manifest` is what its entry point loads, `model` the model, `results` the reader. lmms-eval itself is not needed until
it asks for the model.
"""
