"""Training: from settings to a run's folder and back.

hyperparameters.py  how to train
settings.py         all settings of a run: the model's shape, its batches, and how to train
launch.py           train a model, or go on with a run
trees.py            the tree whose models are used
trained.py          a trained model; each part has its own kind
run_folder.py       a run's folder

trainer.py          the training loop
tasks.py            what the loop asks of a part: batches and losses
callbacks.py        what watches the loop
records.py          a step, an epoch, how a run ended
updates.py          one update of the weights
schedules.py        learning rates
averaging.py        means of weights
interrupts.py       Ctrl-C
trial_step.py       tries options that do not work on every machine
devices.py          CPU, CUDA or MPS; random states; several processes
modes.py            evaluation mode and rounded products, for as long as a context lasts
tracking.py         progress bar and TensorBoard
samples.py          what the model says after each epoch
"""
