"""Benchmarks as data: what each measures, the files it needs, and its samples.

`sample` owns the one form that every published file is brought into, `files` reads them record by record with line
numbers, `folder` finds files and videos, `table` lists the benchmarks, `readers` has one function for each. Nothing is
downloaded: a person places the published files in a folder.
"""
