"""Training the reader: from questions with known answers to the adaptation that `tools/reader` joins to its base.

`pairs` makes questions and passages of the transcripts, `network` is the base in torch with its adaptation to be
learnt, and `python -m rewatch.evals.reading` trains it and writes the file.
"""
