"""Running a method over a benchmark, and everything that follows from what it wrote.

`record` is one sample's result, `journal` the file of them, `running` makes them. `measures` are numbers of one sample,
`protocols` the tables of published scripts, `scoring` brings both together; `comparing` sets two runs side by side,
`report` shows one, `judging` has free answers rated into `ratings`, `submission` writes predictions in official forms.
"""
