"""Experiments with several runs.

compare.py  runs side by side
tuning.py   the search for better settings
"""
