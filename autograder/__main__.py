"""The instructor's commands: `python -m autograder --help`.

A mistake in the rubric is reported before torch is imported, which takes seconds.
"""

import argparse
import errno
import io
import os
import sys
from pathlib import Path

from autograder import REPOSITORY
from autograder.prepare import course
from autograder.rubric import RubricError


def main() -> None:
    """Run a command. A mistake that a person can fix is printed as one sentence, not as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for letters that the terminal lacks
    sys.argv[1:] = choose_rubric(sys.argv[1:])
    try:
        course.check(REPOSITORY)
        from autograder import commands

        commands.run()
    except RubricError as error:
        sys.exit(f"RubricError: {error}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        sys.exit(f"{error.filename or 'the output'} cannot be written or read: {error.strerror}")


def choose_rubric(arguments: list[str]) -> list[str]:
    """Take `--rubric FILE` out of the arguments, wherever it stands, for this process and all that it starts."""
    parser = argparse.ArgumentParser(prog="python -m autograder", add_help=False, allow_abbrev=False)
    parser.add_argument("--rubric", metavar="FILE")
    options, rest = parser.parse_known_args(arguments)
    if options.rubric:
        os.environ[course.VARIABLE] = str(Path(options.rubric).resolve())
    return rest


if __name__ == "__main__":
    main()
