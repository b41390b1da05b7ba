"""`python -m workbench`."""

import sys

if __name__ == "__main__":
    try:
        from workbench.cli import main
    except ModuleNotFoundError as error:  # of typer or rich; what other files import is explained there
        sys.exit(
            f"{error.name} is not installed; run: pip install -r requirements.txt -r student/workbench/requirements.txt"
        )
    main()
