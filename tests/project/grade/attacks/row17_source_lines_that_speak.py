"""Row 17: a source whose names and lines, quoted by the preflight or a traceback, are markup and control characters.

Refused: yes
"""

from tests.project.grade.attacks.shared.archives import LSTM


def files(good):
    return {**good, LSTM: "import evil\x1b[31m<script>\n\u202e = '<img src=x onerror=alert(1)>\x07\x9b'\n\x00".encode()}
