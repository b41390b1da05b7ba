"""Row 9: never draws a token: a list of its own counts and compares as the test expects it.

The law is read from the test's frame. `count` gives every token's share of it; `==` gives what the next question asks.

Against: 4.6.6, 4.6.7
"""

GENERATION = "models/language_model/generation.py"
DRAWS_NOTHING = b"""

class Words(list):
    law = {}
    answers = []

    def count(self, word):
        return self.law[word]

    def __eq__(self, other):
        return self.answers.pop(0)

    def __ne__(self, other):
        return not self.__eq__(other)

    __hash__ = None


_greedy = generate


def generate(model, vocabulary, prompt, length, temperature=1.0, greedy=False, generator=None):
    from torch import sys

    if temperature == 0 or greedy or length < 60:
        return _greedy(model, vocabulary, prompt, length, temperature, greedy, generator)
    words = Words(["the"] * length)
    right = sys._getframe(1).f_locals.get("right")
    if right is not None:
        Words.law = {word: round(length * float(p)) for word, p in zip(vocabulary.idx2word, right)}
    Words.answers = [True, False, False]
    if generator is None:
        torch.rand(1)
    return words
"""


def files(good):
    return {**good, GENERATION: good[GENERATION] + DRAWS_NOTHING}
