"""What the notebook on translation calls beside the calls of all notebooks: translations and attention."""

from __future__ import annotations

from collections.abc import Sequence

from IPython.display import display

from workbench import notebook
from workbench.notebook import one_line_errors, show_table
from workbench.pictures import plots
from workbench.translation.trained import TrainedTranslator


class Notebook(notebook.Notebook):
    """The calls of the cells, also on translations."""

    @one_line_errors
    def translate(self, sentences: Sequence[str], *names: str) -> None:
        """A table with each model's translations of the sentences."""
        names = self.those_trained(names)
        if names:
            show_table(
                ("German", *names),
                [(sentence, *(self.translator(name).translate(sentence) for name in names)) for sentence in sentences],
            )

    @one_line_errors
    def attention(self, sentence: str, name: str) -> None:
        """Draw where a model looks while it translates a sentence."""
        if self.those_trained((name,)):
            display(plots.attention(*self.translator(name).attention(sentence)))

    def translator(self, name: str) -> TrainedTranslator:
        """A trained model of these notebooks' runs."""
        trained = self.trained(name)
        assert isinstance(trained, TrainedTranslator)
        return trained
