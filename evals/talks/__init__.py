"""Talks made from scripts: real encoded video whose every word and picture has a known time.

`script` reads a talk, `timeline` says when everything in it happens, `slides` and `presenter` draw it,
`subtitles` cuts its speech into cues, `encode` codes its shots, `render` writes the files, `questions` holds
what a viewer asks. Judging an answer is left to `rewatch.evals.questions`.
"""
