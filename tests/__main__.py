"""`python -m tests`: how far you are and what to do next."""

import sys

from harness.command import main

if __name__ == "__main__":
    sys.exit(main())
