"""The workbench: given code that trains, evaluates and shows the models that you write.

    translation/     what knows of translation: data, batches, your models, their measures, the report
    language_model/  what knows of language models: corpora, vocabulary, your models, what they write
    sources.py       files of public data sets, from a folder or downloaded
    draw.py          random choices that are the same everywhere

    settings.py      every hyper-parameter, by part (parts.py); training.py has those of training, and what a callback
                     is told
    training_run.py  a run from its settings to its folder and back
    folders.py       where things are

    trainer.py       the training loop, of updates (updates.py), learning rates (schedules.py), means of weights
                     (averaging.py), Ctrl-C (interrupts.py) and what may not work here (trials.py)
    devices.py       CPU, CUDA or MPS; random states; several processes
    modes.py         evaluation mode, rounded products, quicker dropout, for as long as a context lasts
    runs.py          a run's folder
    tracking.py      progress bar and TensorBoard

    metrics.py       perplexity, BLEU, chrF
    compare.py       runs side by side
    tuning.py        the search for better settings
    plots.py         curves and attention; figures.py: how the models work
    document.py      Markdown, which becomes pdf.py's and latex.py's files

    notebook.py      what the notebooks call
    cli.py           the commands, with bars (progress.py) and errors that say what to do (errors.py)

`python -m workbench --help` lists the commands. Nothing here is graded, and nothing here has to be changed.
"""
