"""Training what reads and embeds questions, on questions with known answers (`rewatch.evals.answerability`).

`exercises` makes questions with passages of the transcripts, `network` is BERT in torch with an adaptation that
learns, `reader` and `question_encoder` say what each is to learn, and `python -m rewatch.evals.training` writes the
files that `tools/reader` and `tools/question_encoder` join to their bases.
"""
