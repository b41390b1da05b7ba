"""torch compiles nothing and starts no threads while a test runs."""

import torch
from torch import nn

from harness.run import run
from harness.tree import Tree


def test_torch_compiles_nothing_and_sets_no_threads_while_a_test_runs(tmp_path):
    """The same holds on a laptop and in the grader. A compiler takes minutes, or is missing."""
    before = torch.compile, torch.set_num_threads, torch.get_num_threads()

    def student(x):
        return x

    def test():
        layer = nn.Linear(2, 2)
        assert torch.compile(student) is torch.compile(fullgraph=True, mode="max-autotune")(student) is student
        assert torch.compile(layer) is layer
        layer.compile()
        layer(torch.ones(2))
        torch.set_num_threads(before[2] + 3)
        torch.set_num_interop_threads(2)
        assert torch.get_num_threads() == before[2]

    assert run(test, Tree(tmp_path), "models/test_x.py::test_a").fault is None
    assert (torch.compile, torch.set_num_threads, torch.get_num_threads()) == before
