"""Row 13: a source made to stop the parser: 60 000 brackets that nobody closes.

Refused: yes
"""

from tests.project.grade.attacks.shared.archives import LSTM, STUB


def files(good):
    return {
        **good,
        LSTM: STUB + b"\nx = " + b"(" * 60_000,
    }
