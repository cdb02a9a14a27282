"""Recurrent operations: single steps (``steps``), and whole sequences as one operation each (the other files).

A whole sequence is N rows, the entries of all time steps one after the other, with ``batch_sizes``: how
many rows belong to each step. For equally long sequences these are all alike; in a packed batch, sorted
by length, they shrink. Sequence i is row i of every step that is long enough.
"""
