"""Writes the calls that every stack can make, one a line, for clients in any language.

    calls.py CASES_XML > calls.tsv

A line is: name, service, operation, the expected answer, and the variables; tabs between them. In values, \\n and \\t stand for a line feed
and a tab. An answer is `true|message|output|output…`, or `fault|text`. Null entries and absent lists are left out: stacks differ in them.
"""

import os
import sys
import xml.etree.ElementTree as ElementTree

EXTENDED = {"GetUserInfo", "HandleEvent", "RegisterUser"}
# What a diagnostic answers beyond texts, not every stack can read.
DIAGNOSTICS = {"echo of white space", "echo of far characters", "fault", "fault with a cause"}


def main(path):
    cases = ElementTree.parse(path)
    chosen = cases.findall("operations/case") + [case for case in cases.findall("diagnostics/case") if case.get("name") in DIAGNOSTICS]
    for case in chosen:
        inputs = case.find("inputs")
        if inputs.get("absent") or any(entry.get("nil") for entry in inputs):
            continue
        operation = case.get("operation")
        service = "Extended" if operation in EXTENDED else "Provider"
        password = os.environ.get("INTEROP_PASSWORD", "s3cret")
        variables = [f"authPW={password}" if entry.tag == "authPW" else entry.text or "" for entry in inputs]
        fields = [case.get("name"), service, operation, answer(case), *variables]
        print("\t".join(field.replace("\t", "\\t").replace("\n", "\\n") for field in fields))


def answer(case):
    result = case.find("result")
    if result is None:
        return f"fault|{case.find('fault').text}"
    outputs = [entry.text or "" for entry in result.findall("outputs/v")]
    return "|".join([result.get("Success"), result.get("Message", ""), *outputs])


if __name__ == "__main__":
    main(*sys.argv[1:])
