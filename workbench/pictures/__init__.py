"""Pictures.

plots.py      curves, attention, and the files that pictures are saved to
drawing.py    boxes, arrows, colours and masks
positions.py  the fixed positions of a Transformer
"""
