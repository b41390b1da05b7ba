"""Data sets.

sources.py  files of public data sets, from a folder or downloaded
draw.py     random choices that are the same everywhere
corpus.py   what data sets have in common: three splits
buckets.py  batches of rows of similar length
"""
