"""One function for each benchmark: from its published files to samples, and to faults where a record breaks the format.

`parts` owns what they share. A reader yields as it reads; ids are unique within what it yields, or `table.read`
reports the second as a fault.
"""
