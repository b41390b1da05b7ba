"""`python -m tests`: how far you are and what to do next."""

import sys

from tests.harness.progress import main

if __name__ == "__main__":
    sys.exit(main())
