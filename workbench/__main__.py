"""`python -m workbench`."""

import atexit
import gc
import sys

from workbench.errors import INSTALL

if __name__ == "__main__":
    atexit.register(gc.freeze)  # else the end of the interpreter visits every object of torch, for half a second
    try:
        from workbench.commands.app import main
    except ModuleNotFoundError as error:  # of typer or rich; main() explains all others
        sys.exit(f"Stopped: {error.name} is not installed; run: {INSTALL}")
    main()
