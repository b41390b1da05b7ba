"""Row 14: lets another of the listed files, whose deliverable refuses nothing of the kind, do it.

Base: partly
Refused: yes
"""

import inspect

from tests.project.grade.attacks.shared import delegating_lstm

CODE = b"""
from models.seq2seq.Encoder import walk as delegate

"""
HELPER = b"""

def walk(lstm, x, states):
    from models.naive.LSTM import packed

    h, c = torch.lstm(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
    return h[0], c[0]
"""
ENCODER = "models/seq2seq/Encoder.py"


def files(good):
    lstm = CODE + inspect.getsource(delegating_lstm).encode()
    return {**good, "models/naive/LSTM.py": lstm, ENCODER: good[ENCODER] + HELPER}
