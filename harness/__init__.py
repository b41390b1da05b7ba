"""The library of the graded tests: a test shows tensors, and `judge` alone decides (docs/architecture.md)."""

from harness.marks import integration, size_names, steered_by, tolerance

__all__ = ["integration", "size_names", "steered_by", "tolerance"]
