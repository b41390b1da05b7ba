"""The commands that all parts share. A part's own are in its folder.

options.py      options of several commands, and what is printed and read
training.py     train, evaluate
experiments.py  compare, tune
progress.py     bars on the terminal
app.py          all commands together, and what is said when one stops

A command imports what needs torch inside of its function, so that `--help` takes no seconds.
"""
