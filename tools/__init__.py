"""What the agent can do with a video: search, read, zoom, and an overview.

Each tool is a plain function of a `ToolContext` that returns typed values; it works alone from Python. Nothing
is imported here, so that one tool does not pay for another.
"""
