"""`python -m tests`: how far you are and what to do next."""

import atexit
import gc
import sys

from harness.command import main

if __name__ == "__main__":
    atexit.register(gc.freeze)  # else the end of the interpreter visits every object of torch, for half a second
    sys.exit(main())
