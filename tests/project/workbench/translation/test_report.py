"""The report: what is filled in, that answers are kept, and what PDF and LaTeX make of it."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from typer.testing import CliRunner

from harness.submission.report import OPEN_ANSWER, inspect_report, open_questions
from tests.project.workbench.made_up import PAIRS, PretendedModel, make_run
from workbench.commands.app import app
from workbench.document import report as document
from workbench.errors import WorkbenchError
from workbench.translation import report
from workbench.translation.data import Corpus, Pair

QUESTIONS = ["tuning-seq2seq", "attention", "regimes", "failures"]  # where Seq2Seq alone has runs


@pytest.fixture
def runs(tmp_path):
    return [
        make_run(tmp_path / "captions-lstm-default", "lstm"),
        make_run(tmp_path / "captions-lstm-attention-tuned", "lstm-attention", "tuned", losses=(3.0, 1.0)),
    ]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "report"


@pytest.fixture(autouse=True)
def quick_files(request, monkeypatch):
    """Blank pictures and PDFs that only repeat their text, but for tests of the real ones."""
    if "real_files" in request.fixturenames:
        return

    def blank(figure, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3)).save(path)

    monkeypatch.setattr(report.plots, "save", blank)
    monkeypatch.setattr(report.plots, "curves", lambda runs: None)
    monkeypatch.setattr(report.plots, "attention", lambda source, target, weights: None)
    monkeypatch.setattr(document, "pdf", lambda text, folder, title: b"%PDF" + text.encode())


@pytest.fixture
def real_files():
    """This test draws."""


def fill(runs, out):
    return report.fill(runs, PretendedModel, out)


def read(out):
    return (out / "report.md").read_text("utf-8")


def answer(out, id, text):
    """Write an answer where the student would."""
    place = f"<!-- answer: {id} -->\n{OPEN_ANSWER}\n"
    assert place in read(out)
    (out / "report.md").write_text(read(out).replace(place, f"<!-- answer: {id} -->\n{text}\n"), "utf-8")


def section(text, part):
    return re.search(rf"\n## {part}\n(.*?)(?=\n## |\Z)", text, re.DOTALL)[1]


# What is filled in


def test_what_was_not_measured_is_said_in_the_report(runs, out):
    """Of the test split only of the run that was chosen."""
    for run in runs:
        (run / "test.json").unlink()
    (runs[0] / "validation.json").unlink()
    fill(runs, out)
    told = re.findall(r"^> .*?(captions-\S+ is not evaluated on \w+) yet", section(read(out), "Seq2Seq"), re.MULTILINE)
    assert told == [
        "captions-lstm-default is not evaluated on validation",
        "captions-lstm-attention-tuned is not evaluated on test",
    ]


def test_metrics_before_and_after_curves_attention_and_ten_translations(real_files, runs, out):
    fill(runs, out)
    text = section(read(out), "Seq2Seq")
    assert "captions-lstm-default. After tuning:" in text
    assert "| | lstm-default | lstm-attention-tuned |" in text
    assert "| validation loss | 2.000 | **1.000** |" in text
    assert "| test BLEU | 30.00 | 40.00 |" in text, "no best of the test split is marked"
    assert "| dropout | 0.2 | 0.3 |" in text
    assert re.findall(r"\]\((.*?)\)", text) == [
        "curves-seq2seq.png",
        "attention-seq2seq-1.png",
        "attention-seq2seq-2.png",
    ]
    for i in range(10):
        source = PAIRS[i * 25 // 10].source
        assert f"| **{i + 1}** | **{source}** |\n| reference | {PAIRS[i * 25 // 10].target} |" in text
        for name in ("lstm-default", "lstm-attention-tuned"):
            assert f"| {name} | captions-{name} \\<unk\\> {source[::-1]} |" in text
    assert sorted(path.name for path in out.iterdir()) == [
        ".made.json",
        "attention-seq2seq-1.png",
        "attention-seq2seq-2.png",
        "curves-seq2seq.png",
        "report.md",
        "report.pdf",
        "report.tex",
    ]


def test_each_part_has_its_own_section_and_questions(runs, out, tmp_path):
    runs += [make_run(tmp_path / f"{model}", model) for model in ("transformer-encoder", "transformer")]
    assert not any("No run of" in note for note in fill(runs, out))
    assert list(open_questions(read(out))) == [
        "tuning-seq2seq",
        "attention",
        "tuning-transformertranslator",
        "independence",
        "tuning-fulltransformertranslator",
        "masks",
        "regimes",
        "failures",
    ]
    assert "mean of 8 heads" in section(read(out), "FullTransformerTranslator")
    assert "attention-" not in section(read(out), "TransformerTranslator")


def test_a_part_without_a_run_is_left_out_and_told(runs, out):
    said = fill(runs, out)
    assert "## FullTransformerTranslator" not in read(out)
    assert [note for note in said if "FullTransformerTranslator" in note] == [
        "No run of FullTransformerTranslator is among these, so the report has nothing on it yet."
    ]


def test_the_best_tuned_run_is_the_one_after_tuning(out, tmp_path):
    runs = [
        make_run(tmp_path / "lstm-worse", "lstm", "tuned", losses=(1.5,)),
        make_run(tmp_path / "lstm-best", "lstm", "default", "dropout=0.5", losses=(1.2,)),
        make_run(tmp_path / "rnn-default", "rnn", losses=(1.1,)),
    ]
    fill(runs, out)
    told = section(read(out), "Seq2Seq").split("\n")[1]
    assert re.fullmatch(r"Before tuning: \S+/rnn-default\. After tuning: \S+/lstm-best\.", told)


def test_what_is_not_accepted_as_tuning_is_said_in_the_report(out, tmp_path):
    fill([make_run(tmp_path / "a", "lstm"), make_run(tmp_path / "b", "lstm", "default", "epochs=30")], out)
    text = section(read(out), "Seq2Seq")
    assert "the number of epochs (10, now 30)" in text
    assert "does not accept" in text


def test_one_run_alone_makes_a_report_that_asks_for_the_other(out, tmp_path):
    fill([make_run(tmp_path / "a", "lstm")], out)
    text = section(read(out), "Seq2Seq")
    assert "Before and after tuning are two runs" in text
    assert "attention-" not in text  # this model has none


def test_a_part_stands_on_one_data_set(out, tmp_path):
    runs = [make_run(tmp_path / "a", "lstm"), make_run(tmp_path / "b", "lstm", data="multi30k")]
    with pytest.raises(WorkbenchError, match=r"a \(captions\) and .*b \(multi30k\) were trained on different data"):
        fill(runs, out)
    assert not (out / "report.md").exists()


def test_attention_is_shown_for_the_longest_sentences_that_can_be_read(runs, out):
    sources = [f"Es{' sehr' * i}." for i in (1, 40, 3, 2, 50)]

    class Model(PretendedModel):
        def corpus(self):
            return Corpus("captions", (), tuple(Pair(source, "It.") for source in sources), ())

    report.fill(runs, Model, out)
    assert re.findall(r"!\[\S+: (Es.*?)\]", read(out)) == [sources[2], sources[3]]


# Runs that are none, and what a failure leaves


def test_folders_without_a_run_are_passed_over_and_named(runs, out, tmp_path):
    make_run(tmp_path / "notebook" / "lstm", "lstm")
    (tmp_path / "empty").mkdir()
    said = fill([tmp_path / "notebook", *runs, tmp_path / "empty"], out)
    notes = [note.replace(f"{tmp_path.as_posix()}/", "") for note in said if "no run:" in note]
    assert notes == [
        "notebook holds no run: left out. There are runs inside it; to have them, too, name notebook/*.",
        "empty holds no run: left out.",
    ]
    assert "lstm-attention-tuned" in read(out)


def test_a_name_that_does_not_exist_and_folders_without_any_run_are_told(runs, out, tmp_path):
    (tmp_path / "empty").mkdir()
    for folders in ([*runs, tmp_path / "mistyped"], [tmp_path / "empty"]):
        with pytest.raises(WorkbenchError, match=r"holds no run: there is no settings\.json"):
            fill(folders, out)
    assert not out.exists()


@pytest.mark.parametrize("where", ["model", "pdf"])
def test_a_failure_leaves_all_files_as_they_were(runs, out, monkeypatch, where):
    fill(runs, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def fail(*arguments):
        raise WorkbenchError("stopped")

    def save(figure, path):
        Image.new("RGB", (9, 9)).save(path)

    monkeypatch.setattr(report.plots, "save", save)
    monkeypatch.setattr(*{"model": (report, "_translations"), "pdf": (document, "pdf")}[where], fail)
    with pytest.raises(WorkbenchError, match="stopped"):
        fill([*runs, runs[0]], out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_answer_may_show_a_picture_of_its_own(real_files, runs, out):
    fill(runs, out)
    Image.new("RGB", (4, 3)).save(out / "mine.png")
    answer(out, "regimes", "![My own](mine.png)")
    fill(runs, out)
    assert "![My own](mine.png)" in read(out)


# The student's answers


def test_filling_again_keeps_every_answer_and_takes_new_numbers(runs, out, tmp_path):
    fill(runs, out)
    long = "Because of *order*:\n\n- verbs\n- `<unk>` & 50 % | a < b\n\n### My own heading\n\nDone."
    answer(out, "attention", long)
    answer(out, "failures", "Überall. α → ß")
    runs.append(make_run(tmp_path / "captions-lstm-attention-best", "lstm-attention", "tuned", losses=(0.5,)))
    said = fill(runs, out)
    text = read(out)
    assert f"<!-- answer: attention -->\n{long}\n<!-- end -->" in text
    assert "<!-- answer: failures -->\nÜberall. α → ß\n<!-- end -->" in text
    assert "0.500" in text
    assert list(open_questions(text)) == ["tuning-seq2seq", "regimes"]
    assert not list(out.glob("report-old*"))
    assert not any("edited" in note for note in said)


def test_filling_again_with_the_same_runs_changes_nothing(runs, out):
    fill(runs, out)
    answer(out, "regimes", "Errors feed on.")
    before = read(out)
    fill(runs, out)
    assert read(out) == before


def test_answers_survive_windows_line_ends_and_a_byte_order_mark(runs, out):
    fill(runs, out)
    answer(out, "regimes", "One.\n\nTwo.")
    (out / "report.md").write_bytes(b"\xef\xbb\xbf" + read(out).replace("\n", "\r\n").encode())
    said = fill(runs, out)
    assert "<!-- answer: regimes -->\nOne.\n\nTwo.\n<!-- end -->" in read(out)
    assert not any("edited" in note for note in said)


def test_an_answer_whose_part_is_gone_is_kept_and_comes_back(runs, out, tmp_path):
    transformer = make_run(tmp_path / "transformer", "transformer")
    fill([*runs, transformer], out)
    answer(out, "masks", "They would copy.")
    fill(runs, out)
    assert "They would copy." in section(read(out), "Answers to questions that are not asked any more")
    fill([*runs, transformer], out)
    assert "They would copy." in section(read(out), "FullTransformerTranslator")
    assert read(out).count("They would copy.") == 1
    assert "not asked any more" not in read(out)


def test_a_report_edited_elsewhere_is_put_aside(runs, out):
    fill(runs, out)
    answer(out, "regimes", "Kept.")
    edited = read(out).replace("## Seq2Seq", "## Seq2Seq\n\nMy own remark.")
    for number in (1, 2):
        (out / "report.md").write_text(edited, "utf-8")
        said = fill(runs, out)
        assert f"report-old-{number}.md" in said[0]
        assert (out / f"report-old-{number}.md").read_text("utf-8") == edited
        assert "Kept." in read(out)
        assert "My own remark." not in read(out)


@pytest.mark.parametrize("again", [lambda runs, out: fill(runs, out), lambda runs, out: document.render(out)])
def test_latex_and_pdf_that_were_changed_elsewhere_are_put_aside(runs, out, again):
    fill(runs, out)
    assert not again(runs, out) or not list(out.glob("*-old-*")), "nothing was changed"
    for name in ("report.tex", "report.pdf"):
        (out / name).write_text("polished by hand")
    said = again(runs, out)
    assert f"report.tex was changed elsewhere; the old one is now {out / 'report-old-1.tex'}." in said
    assert [path.read_text() for path in sorted(out.glob("*-old-*"))] == ["polished by hand"] * 2
    assert (out / "report.tex").read_text("utf-8").startswith("\\documentclass")


def test_files_that_were_there_before_the_report_are_put_aside(runs, out):
    out.mkdir()
    mine = {"report.md": "My diary.", "report.pdf": "%PDF of mine", "curves-seq2seq.png": "a cat"}
    for name, text in mine.items():
        (out / name).write_text(text)
    assert len([note for note in fill(runs, out) if "the old one is now" in note]) == 3
    assert {path.read_text("latin-1") for path in out.glob("*-old-1.*")} == set(mine.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<!-- end -->", "", "the answer tuning-seq2seq has no end"),
        ("<!-- answer: attention -->", "<!-- answer: regimes -->", "holds the answer regimes twice"),
    ],
)
def test_answers_that_cannot_be_told_apart_stop_before_anything_is_written(runs, out, old, new, words):
    fill(runs, out)
    broken = read(out).replace(old, new, 1)
    (out / "report.md").write_text(broken, "utf-8")
    for again in (lambda: fill(runs, out), lambda: document.render(out)):
        with pytest.raises(WorkbenchError, match=words):
            again()
        assert read(out) == broken


def test_text_that_is_not_utf8_is_told(runs, out):
    out.mkdir()
    (out / "report.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkbenchError, match="save it as UTF-8"):
        fill(runs, out)


# Drawn again


def test_render_takes_the_edited_text_and_leaves_it_alone(runs, out):
    fill(runs, out)
    answer(out, "regimes", "My words at last.")
    text, drawn = read(out), (out / "report.pdf").read_bytes()
    document.render(out)
    assert read(out) == text
    assert "My words at last." in (out / "report.tex").read_text("utf-8")
    assert (out / "report.pdf").read_bytes() != drawn


def test_render_without_a_report_says_what_to_do(out):
    with pytest.raises(WorkbenchError, match="name the runs"):
        document.render(out)


def test_a_file_that_another_program_holds_is_told(runs, out, monkeypatch):
    fill(runs, out)

    def held(path, content):
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr(document, "replace", held)
    with pytest.raises(WorkbenchError, match=r"report.tex cannot be written; close it"):
        document.render(out)


def test_a_picture_that_is_gone_is_told(real_files, runs, out):
    fill(runs, out)
    (out / "curves-seq2seq.png").unlink()
    with pytest.raises(WorkbenchError, match=r"curves-seq2seq.png is not there"):
        document.render(out)


def test_the_packager_finds_the_same_open_questions_and_a_finished_report(runs, out, tmp_path):
    fill(runs, out)
    (finding,) = inspect_report(tmp_path / "student")
    assert re.findall(r"([\w-]+) \(line", finding.message) == QUESTIONS
    for id, line in open_questions(read(out)).items():
        assert read(out).split("\n")[line - 1] == OPEN_ANSWER
        answer(out, id, "Here it is.")
    assert inspect_report(tmp_path / "student")  # the PDF is older
    document.render(out)
    assert not inspect_report(tmp_path / "student")


def test_the_command_without_runs_draws_the_report_and_names_open_questions(runs, out):
    fill(runs, out)
    answer(out, "regimes", "Done.")
    done = CliRunner().invoke(app, ["report", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert re.findall(r"([\w-]+) \(line", done.output) == ["tuning-seq2seq", "attention", "failures"]
