"""The memory of videos: rows and vectors that stay true to the files they were read from.

Owns everything between a video file and what can be asked of it without looking again: ingest, the rows
(`store`), the vectors (`index`) and the folder that holds many videos (`library`). Tools and the agent read
from it. Importing this package loads nothing; import the module that is needed.
"""
