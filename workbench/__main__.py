"""`python -m workbench`."""

import sys

from workbench.errors import INSTALL

if __name__ == "__main__":
    try:
        from workbench.commands.app import main
    except ModuleNotFoundError as error:  # of typer or rich; main() explains all others
        sys.exit(f"Stopped: {error.name} is not installed; run: {INSTALL}")
    main()
