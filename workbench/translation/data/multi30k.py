"""Multi30k: 31,014 descriptions of photographs in German and English (Elliott et al. 2016, task 1).

The files come from a folder, or once from the data set's public repository to a cache folder. They are for
non-commercial research and education.
"""

from __future__ import annotations

from pathlib import Path

from workbench.datasets.sources import Source
from workbench.errors import DataError
from workbench.translation.data import Corpus, Pair

SOURCE = Source(
    "multi30k",
    "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw",
    "https://github.com/multi30k/dataset (data/task1/raw)",
    {
        "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
        "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
        "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
        "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
        "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
        "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    },
    "--data captions",
)


def load(data_root: Path | None = None) -> Corpus:
    """Load the corpus: 29,000 pairs to train on, 1,014 to validate and 1,000 to test.

    Args:
        data_root: folder with train, val and test_2016_flickr in .de and .en, plain or with .gz. Without one the files
            are downloaded to `cache_folder()`, where they stay.

    Raises:
        DataError: for missing files, and files that are not pairs of lines.
    """
    lines = {name: _sentences(name, raw) for name, raw in SOURCE.lines(data_root).items()}
    return Corpus("multi30k", *(_pairs(lines, stem) for stem in ("train", "val", "test_2016_flickr")))


def _sentences(name: str, lines: list[str]) -> list[str]:
    sentences = [line.strip() for line in lines]
    empty = [number for number, sentence in enumerate(sentences, start=1) if not sentence]
    if empty:
        raise DataError(f"{name}: expected a sentence in every line, line {empty[0]} is empty; copy the file again")
    return sentences


def _pairs(lines: dict[str, list[str]], stem: str) -> tuple[Pair, ...]:
    source, target = lines[f"{stem}.de"], lines[f"{stem}.en"]
    if len(source) != len(target):
        raise DataError(
            f"expected as many lines in {stem}.de as in {stem}.en, got {len(source)} and {len(target)}; "
            "copy both files again"
        )
    return tuple(Pair(*pair) for pair in zip(source, target, strict=True))
