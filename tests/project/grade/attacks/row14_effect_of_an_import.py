"""Row 14: has another listed file hang what is refused on nn.Module, and only imports that file.

Base: partly
Refused: yes
"""

import inspect

from tests.project.grade.attacks.shared import delegating_lstm

CODE = b"""
import models.seq2seq.Encoder


def delegate(lstm, x, states):
    h, c = lstm.helper(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
    return h[0], c[0]


"""
EFFECT = b"\n\nnn.Module.helper = staticmethod(torch.lstm)\n"
ENCODER = "models/seq2seq/Encoder.py"


def files(good):
    lstm = CODE + inspect.getsource(delegating_lstm).encode()
    return {**good, "models/naive/LSTM.py": lstm, ENCODER: good[ENCODER] + EFFECT}
