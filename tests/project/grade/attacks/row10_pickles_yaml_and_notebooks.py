"""Row 10: the archive holds checkpoints, pickles, YAML with constructors, notebooks and metadata that run code when read."""

import json
import pickle
import zipfile
from io import BytesIO

COMMAND = "touch /tmp/taken-by-file"


class Run:
    def __reduce__(self):
        return eval, (f"__import__('os').system({COMMAND!r})",)


def archive(good):
    good["models/naive/LSTM.py"] = b"class LSTM:\n    def __init__(self, input_size, hidden_size): pass\n"
    good["models/naive/LSTM.py"] += (
        b"    def init_parameters(self): pass\n    def forward(self, x, states=None): pass\n"
    )
    for name in ("LSTM.pkl", "model.pt", "models/naive/LSTM.pt", "answers/public.safetensors", "models/naive/LSTM.npy"):
        good[name] = pickle.dumps(Run())
    yaml = f"!!python/object/apply:os.system ['{COMMAND}']\n".encode()
    for name in ("submission_metadata.yml", "config.yaml", "rubric.toml", "submission_metadata.json", "manifest.json"):
        good[name] = yaml
    cell = {"cell_type": "code", "source": [f"!{COMMAND}"], "metadata": {}, "outputs": [], "execution_count": None}
    good["work.ipynb"] = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in good.items():
            packed.writestr(name, content)
    return target.getvalue()
