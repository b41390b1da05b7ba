"""What graded tests are written with. A test shows tensors; `judge` alone decides (docs/architecture.md)."""

from harness.marks import integration, steered_by, tolerance

__all__ = ["integration", "steered_by", "tolerance"]
