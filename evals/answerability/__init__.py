"""Questions with known answers on written transcripts, to fit how well a passage answers a question.

`transcripts/` holds the transcripts, `corpus.py` reads them into a library;
`python -m rewatch.evals.answerability` fits and cross-validates.
"""
