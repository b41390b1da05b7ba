"""What the report asks the student, part by part, and what a good answer addresses."""

from __future__ import annotations

from workbench.document.report import Question

TUNING = (
    "What did you change to tune {part}, in which order and why, and what came of each change?",
    "names each setting before and after, what you expected of it, what table and curves show (overfitting, learning "
    "rate, too small a model), and what did not help.",
)
# By the part of the exercise, after whose pictures they stand; the first of each right after the curves.
QUESTIONS = {
    "Seq2Seq": (
        Question("tuning-seq2seq", TUNING[0].format(part="Seq2Seq"), TUNING[1]),
        Question(
            "attention",
            "Why does attention help a recurrent translator, and what do its pictures show?",
            "compares with a decoder that knows only the encoder's last state, says for which sentences that is too "
            "little, and points at words in the pictures where German and English order differ.",
        ),
    ),
    "TransformerTranslator": (
        Question("tuning-transformertranslator", TUNING[0].format(part="TransformerTranslator"), TUNING[1]),
        Question(
            "independence",
            "TransformerTranslator chooses all words of a translation at once. Which of its mistakes come from that?",
            "says what each word's choice depends on and on what it does not, and shows repeated, missing or "
            "contradicting words in the translations above.",
        ),
    ),
    "FullTransformerTranslator": (
        Question("tuning-fulltransformertranslator", TUNING[0].format(part="FullTransformerTranslator"), TUNING[1]),
        Question(
            "masks",
            "What would happen to training loss and translations without the mask on future target tokens, and "
            "without the masks on padding?",
            "follows what each position may then read during training, and what of that is there when translating.",
        ),
    ),
}
# On all parts together.
LAST = (
    Question(
        "regimes",
        "Why is perplexity higher when a model reads its own tokens, for which models is it the same, and which of the "
        "two says more about translations?",
        "explains how one wrong token changes all later inputs, which model reads no target tokens at all, and why a "
        "right word at another place counts as an error.",
    ),
    Question(
        "failures",
        "Where do the translations still fail? Show three kinds of mistakes and say what could mend each.",
        "quotes translations from this report, tells rare words, wrong order, repetition and lost meaning apart, and "
        "names a cause and a remedy for each kind.",
    ),
)
