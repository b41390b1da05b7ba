"""What a part of the assignment tells the settings: its data sets, its models, and what can be set of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.settings import Settings

Values = Mapping[str, object]


@dataclass(frozen=True)
class Part:
    """Models that learn from one kind of data.

    Attributes:
        title: in words.
        data: the names of its data sets, the one to begin with first.
        shapes: model -> dataclass of its shape; a class has a `title`, the model's name in the tree.
        batching: dataclass of what becomes of the data.
        presets: preset -> model -> what differs from the dataclasses' defaults.
        by_data: the same by data set, whatever the preset says.
        check: refuses settings that no model can be built or trained with; raises SettingsError.
    """

    title: str
    data: tuple[str, ...]
    shapes: Mapping[str, type[Any]]
    batching: type[Any]
    presets: Mapping[str, Mapping[str, Values]]
    by_data: Mapping[str, Values]
    check: Callable[[Settings], None]

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self.shapes)
