"""Measuring Rewatch: talks with known truth, questions about them, the scorer and the demonstration.

Owns what is asked and how an answer is judged. Answering is `rewatch.agent`'s work.
"""
