"""The workbench: given code that trains, evaluates and shows the models that you write.

    data/            sentence pairs: captions (with grammar and lexicon), multi30k
    language_model/  text for language models: corpora, stories of ours, vocabulary
    sources.py       files of public data sets, from a folder or downloaded
    draw.py          random choices that are the same everywhere
    text.py          tokens, vocabularies and batches
    settings.py      every hyper-parameter, with presets; training.py has those of training, and what a callback is told
    translators.py   your models behind one interface
    training_run.py  a run from its settings to its folder and back

    trainer.py       the training loop, of updates (updates.py), learning rates (schedules.py), mean weights
                     (averaging.py), Ctrl-C (interrupts.py) and what may not work here (trials.py)
    devices.py       CPU, CUDA or MPS; random states; several processes
    runs.py          a run's folder
    tracking.py      progress bar and TensorBoard; samples.py translates after each epoch

    metrics.py       perplexity, BLEU, chrF; evaluation.py measures a model by them
    compare.py       runs side by side
    tuning.py        the search for better settings
    bench.py         how fast it is
    plots.py         curves and attention; figures.py: how the models work
    report.py        the report with its questions (questions.py): Markdown (document.py) to pdf.py and latex.py

    notebook.py      what Machine_Translation.ipynb calls
    cli.py           the commands, with bars (progress.py) and errors that say what to do (errors.py)

`python -m workbench --help` lists the commands. Nothing here is graded, and nothing here has to be changed.
"""
