"""The same fixtures as the workbench's own tests have."""

from tests.project.workbench.conftest import cache_of_their_own, tree

__all__ = ["cache_of_their_own", "tree"]
