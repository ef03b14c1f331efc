"""Counts who gets which variant: evaluate.py MANIFEST FLAG USERS. With KEY in place of USERS: the variant of one user."""
import json
import sys

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

manifest, flag, users = sys.argv[1:4]
core = FlagdCore()
core.set_flags(open(manifest, encoding="utf-8").read())
bits = []
for user in range(int(users)):
    answer = core.resolve_string_value(flag, "none", EvaluationContext(targeting_key=f"user-{user}"))
    bits.append("1" if answer.value == "2.0.0" else "0")
json.dump("".join(bits), sys.stdout)
