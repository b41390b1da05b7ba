"""An invented solution: two files with three deliverables, and the first file as it is handed out."""

ONE = '''"""Two deliverables in one file."""

import math


class Pair:
    """Holds both."""

    def __init__(self, size: int = 3) -> None:
        self.size = size
        # TODO(a.one): make the first.
        # BEGIN SOLUTION
        self.first = [0.0] * size
        # END SOLUTION
        # TODO(a.two): make the second,
        # which is longer.
        # BEGIN SOLUTION

        self.second = [1.0] * (size + 1)
        # END SOLUTION
        self.ready = True

    def one(self, x: float, *rest: float, scale: float = 2.0) -> float:
        """Return the scaled sum."""
        # TODO(a.one): add all up, then scale.
        # BEGIN SOLUTION
        total = math.fsum([x, *rest])
        return total * scale
        # END SOLUTION

    def two(self, x: float) -> float:
        """Return x, or what is left of it."""
        if x > 0:
            x = -x
            # TODO(a.two): give back the larger half
            # of what there is.
            # BEGIN SOLUTION
            if x < -1:
                return x / 2
            else:
                return x
            # END SOLUTION
        return 0.0
'''

HANDED_OUT = '''"""Two deliverables in one file."""

import math


class Pair:
    """Holds both."""

    def __init__(self, size: int = 3) -> None:
        self.size = size
        # TODO(a.one): make the first.
        # TODO(a.two): make the second,
        # which is longer.
        self.ready = True

    def one(self, x: float, *rest: float, scale: float = 2.0) -> float:
        """Return the scaled sum."""
        # TODO(a.one): add all up, then scale.
        raise NotImplementedError("a.one")

    def two(self, x: float) -> float:
        """Return x, or what is left of it."""
        if x > 0:
            x = -x
            # TODO(a.two): give back the larger half
            # of what there is.
            raise NotImplementedError("a.two")
        return 0.0
'''

THREE = '''"""The third."""


def three(n):
    """Return n numbers."""

    def step(k):
        """Return one number."""
        # TODO(b.three): the next number.
        # BEGIN SOLUTION
        return k * (k + 1) // 2 - 7 * (k - 3) + (k ** 2 - 1) // (k + 11)
        # END SOLUTION

    return [step(k) for k in range(n)]
'''

SOLVED = "return k * (k + 1) // 2 - 7 * (k - 3) + (k ** 2 - 1) // (k + 11)"  # 33 tokens
