"""Check your work and pack it for upload.

    python collect_submission.py --id YOUR_ID

It reads the files that are graded, says with file and line what would cost points, and writes one zip file.
None of your code is run. What it finds has one of three weights:

unusable   nothing could be graded, or the id or the group is wrong: no zip is written
fault      costs the tests that need this code; packed all the same, so that you can always hand in
warning    worth knowing

Standard library only; Python 3.11 to 3.14, any operating system. The checks are in `harness/submission/`, where the
autograder makes the very same ones. This file alone must also be readable for an older Python, which it refuses.
"""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))

if sys.version_info < (3, 11):  # noqa: UP036 - a student may well start it with an older one
    sys.exit("collect_submission.py needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
if not os.path.isfile(os.path.join(HERE, "harness", "submission", "command.py")):
    sys.exit(
        "collect_submission.py needs the folder harness/ of the handout, which is not in " + HERE + ": put this file "
        "back where the handout has it, or unpack the handout again."
    )

sys.path.insert(0, HERE)  # Python leaves it out where it is told to be careful (-I, -P)

from harness.submission.command import run  # noqa: E402 - the sentences above come first

if __name__ == "__main__":
    sys.exit(run())
