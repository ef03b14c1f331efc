"""Writes expected.json: ROUGE by rouge-score, BLEU and GLEU by NLTK.

    python3 -m venv v && v/bin/pip install nltk==3.10.4 rouge-score==0.1.2 && v/bin/python generate.py > expected.json
"""

import itertools
import json
import re

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from nltk.translate.gleu_score import sentence_gleu
from rouge_score import rouge_scorer

TEXTS = [
    "the cat sat on the mat",
    "The cat lay on the mat.",
    "the the the the the the the",
    "A dog barked",
    "It is a guide to action which ensures that the military always obeys the commands of the party",
    "It is a guide to action that ensures that the military will forever heed Party commands",
    "It is the guiding principle which guarantees the military forces always being under the command of the Party",
    "one",
    "One, two; three!  four-five 66 7",
    "mat the on sat cat the",
]


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def main():
    rouge = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    smoothing = SmoothingFunction().method1
    pairs = [(a, [b]) for a, b in itertools.product(TEXTS, TEXTS)]
    pairs += [(TEXTS[4], [TEXTS[5], TEXTS[6]]), (TEXTS[0], [TEXTS[3], TEXTS[1]]), (TEXTS[7], [TEXTS[3], TEXTS[8]])]
    cases = []
    for answer, references in pairs:
        scores = [rouge.score(reference, answer) for reference in references]
        tokens = [words(reference) for reference in references]
        cases.append({
            "answer": answer,
            "references": references,
            "rouge-1": max(score["rouge1"].fmeasure for score in scores),
            "rouge-2": max(score["rouge2"].fmeasure for score in scores),
            "rouge-l": max(score["rougeL"].fmeasure for score in scores),
            "bleu": float(sentence_bleu(tokens, words(answer), smoothing_function=smoothing)),
            "gleu": float(sentence_gleu(tokens, words(answer))),
        })
    print("[\n" + ",\n".join("  " + json.dumps(case) for case in cases) + "\n]")


if __name__ == "__main__":
    main()
