"""Writes expected.json: what CPython's str.format gives for these fields and values.

Run it as `python3 generate.py > expected.json`. `null` as the output stands for an error.
"""

import json
import sys

NUMBERS = [0, 1, -1, 42, -42, 1234567, -1234567, 9007199254740993, 18446744073709551615,
           0.0, -0.0, 1.0, 0.5, 2.5, 2.25, 0.125, -0.001, 3.14159, 999.99, 1234567.891, 0.257,
           1e15, 1e16, 1e17, 123456789012345680.0, 1e22, 804713798873105.25, 1e-4, 1e-5, 1.5e-7, 1.7976931348623157e308, 5e-324]
NUMBER_SPECS = ["", "d", "5", "05d", "<8", "^9d", ">+8d", "*^+11", "=+9", "x=12", "+", " ", "-", ",", "_", "08,", "012,.2f", "_b",
                "#x", "#010x", "X", "_x", "#o", "b", "n", "c", ".2f", ".0f", ".1f", "f", "F", "e", ".3e", "E", "g", ".3g", "#.3g", "#.6",
                "G", "%", ".0%", ".1%", ".3", ".17", ".0", "#", "#.0f", "#.0e", "z.1f", "z", "015.3e", "0=10", "<010", ",.2f", "_.1%",
                ">12,.1f", "s", ".2d", "é^9", "10.4n", "0>8", "+.2e", " g"]
TEXTS = ["", "ab", "x" * 12, "日本語", "it's", 'say "hi"', "both ' and \"", "tab\t nl\n \\ \x00 é \u200b \U0001f680 \u00ad e\u0301"]
TEXT_SPECS = ["", "s", "6", ">6", "<6", "^6", "^7", "*^7", ".2", ">6.1s", "05", "0>5", "=6", "+", "#", ",", "d", ".2f", "é>5", "{<5", "z"]
OTHERS = [True, False, None, [], {}, [1, "a", None, True, 1.5, [2]], {"k": "v", "n": {"x": 1e16}}]
OTHER_SPECS = ["", "5", "d", ">6", "s", "<3"]
TEMPLATES = [
    ("Hello {name}! {{literal}} }}{{", {"name": "Ana"}),
    ("{cfg[key]} {cfg[0]}", {"cfg": {"key": "v"}}),
    ("{items[1]}{items[0][x]}", {"items": [{"x": 1}, "b"]}),
    ("{text!r:>8}|{text!s:<4}|{text!a}", {"text": "é"}),
    ("{n:{width}.{digits}f}", {"n": 3.14159, "width": 10, "digits": 3}),
    ("{n:{fill}{align}{width}}", {"n": 7, "fill": "*", "align": "^", "width": 5}),
    ("{l!s:>5}|{l!r}|{m!a}", {"l": [1], "m": {"é": "ü"}}),
    ("{a}{b}{a}", {"a": 1, "b": 2}),
    ("{x}", {"x": "{y}"}),
    ("{a:{b:{c}}}", {"a": 1, "b": 2, "c": 3}),
    ("{", {}), ("}", {}), ("{a", {"a": 1}), ("a}", {}), ("{a!x}", {"a": 1}), ("{a!}", {"a": 1}), ("{a!rr}", {"a": 1}), ("{a[}", {"a": [1]}),
    ("{a.}", {"a": 1}), ("{a[]}", {"a": [1]}), ("{a[0]x}", {"a": [1]}), ("{a{b}}", {"a": 1, "b": 2}), ("{a:}", {"a": 1}),
    ("{a[9]}", {"a": [1]}), ("{missing}", {}), ("{a:.}", {"a": 1.0}), ("{a:,_}", {"a": 1}), ("{a:!}", {"a": 1}),
    ("{a[b]c]}", {"a": {"b": 1}}), ("{a[x:y!z}w]}", {"a": {"x:y!z}w": "odd"}}),
]


def expected(template, variables):
    try:
        return template.format(**variables)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return None


def main():
    rows = []
    for values, specs in ((NUMBERS, NUMBER_SPECS), (TEXTS, TEXT_SPECS), (OTHERS, OTHER_SPECS)):
        for value in values:
            for spec in specs:
                # A brace cannot be a fill in a template; str.format would look for a field.
                if "{" not in spec:
                    rows.append(("{v:%s}" % spec, {"v": value}))
    rows += TEMPLATES
    found = [{"template": t, "variables": v, "output": expected(t, v)} for t, v in rows]
    lines = ",\n".join(" " + json.dumps(row, ensure_ascii=True) for row in found)
    sys.stdout.write('{"python": %s, "rows": [\n%s\n]}\n' % (json.dumps(sys.version.split()[0]), lines))


if __name__ == "__main__":
    main()
