"""The workbench: given code that trains, evaluates and shows the models that you write.

    training/        trains a model, keeps its run in a folder, and goes on where it stopped
    experiments/     compares runs, and searches for better settings
    pictures/        curves, attention, and what figures are made of
    document/        Markdown, and the PDF and LaTeX that are made of it
    datasets/        files of public data sets, and random choices that are the same everywhere
    commands/        the commands of all parts

Each other folder is a part of the assignment, such as translation: its data, your models, how they are trained and
measured, and its commands. The docstring of the folder says which file does what.

    parts.py         what a part is, and which folders are parts
    notebook.py      what the notebooks call
    metrics.py       losses and perplexity
    folders.py       where things are
    errors.py        what is said when something stops

`python -m workbench --help` lists the commands. Nothing here is graded, and nothing here has to be changed.
"""
