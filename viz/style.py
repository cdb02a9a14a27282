"""Colours and sizes that all pictures share.

Values are blue, gradients orange, and neither is told by its colour alone: each has its own line with its
own word. The colours stay apart for readers who see no red or no green, and their contrast is above 4.5.
"""

VALUE = "#0b61a4"
GRADIENT = "#b54708"
TEXT = "#1b1f24"
MUTED = "#59636e"
LINE = "#8c959f"
CARD = "#f6f8fa"

# The longest texts that are written out on a node.
LABEL_WIDTH = 40
VALUE_WIDTH = 48
