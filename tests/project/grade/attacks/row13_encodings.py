"""Row 13: a source whose bytes mean other code in another encoding: UTF-7, UTF-16, escapes, form feeds, lone returns.

Refused: yes
"""

from tests.project.grade.attacks.shared.archives import LSTM

HIDDEN = "# +AAo-from torch.nn import LSTM +AAo-"  # in UTF-7 three lines


def files(good):
    text = "# coding: utf-7\n" + HIDDEN + "\n# \x0c\rfrom torch import nn\rLSTM = nn.LSTM\n"
    return {**good, LSTM: text.encode()}
