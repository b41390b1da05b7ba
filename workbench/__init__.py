"""The workbench: given code that trains, evaluates and shows the models that you write.

    training/        trains a model, keeps its run in a folder, and goes on where it stopped
    experiments/     compares runs, and searches for better settings
    pictures/        curves, attention, and what figures are made of
    document/        Markdown, and the PDF and LaTeX that are made of it
    datasets/        files of public data sets, and random choices that are the same everywhere
    commands/        the commands of all parts
    translation/     a part: data, batches, your models, their measures, its commands, its report
    language_model/  a part: corpora, vocabulary, your models, what they write, its commands

    parts.py         what a part is, and which folders are parts
    notebook.py      what the notebooks call
    metrics.py       perplexity
    folders.py       where things are
    errors.py        what is said when something stops

`python -m workbench --help` lists the commands. Nothing here is graded, and nothing here has to be changed.
"""
