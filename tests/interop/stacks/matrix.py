"""Holds what the clients printed against the calls, and prints how many of them each recording answered for each client.

    matrix.py CALLS DIR NAME=URL…

DIR holds a file STACK-VERSION for each client: lines of URL, name of the call, and answer. NAME is what answers at URL: the stack that was
recorded, or a host. Stacks trim white space in answers, each in its own way, so that is not compared, nor the full stop that ends a fault.
"""

import pathlib
import re
import sys


def main(calls, answers, *services):
    lines = [line.rstrip("\n").split("\t") for line in open(calls, encoding="utf-8", newline="\n")]
    expected = {name: reduced(answer) for name, _, _, answer, *_ in lines}
    said = {client.name: read(client) for client in sorted(pathlib.Path(answers).iterdir())}
    named = [service.split("=", 1) for service in services]
    # What a stack cannot send, its recording does not hold.
    skips = {client.rpartition("-")[0]: skipped(urls) for client, urls in said.items()}
    passed = failed = 0
    rows = []
    for client, urls in said.items():
        row = [client]
        for name, url in named:
            left_out = skipped(urls) | skips.get(name, set())
            wrong = [call for call in expected if call not in left_out and reduced(urls.get(url, {}).get(call, "none")) != expected[call]]
            for call in wrong[:3] if url in urls else []:
                print(f"FAIL {client} at {name}, {call}: expected {expected[call]!a}, got {urls[url].get(call)!a}")
            passed, failed = (passed, failed + 1) if wrong and url in urls else (passed + (url in urls), failed)
            row.append(str(len(expected) - len(left_out) - len(wrong)) if url in urls else "-")
        rows.append(row)
    print(f"\n{len(expected)} calls; down: the client, across: what answers\n")
    heads = ["", *(name for name, _ in named)]
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    for row in [heads, *rows]:
        print(*(cell.rjust(width) for cell, width in zip(row, widths)), sep="  ")
    print(f"\n{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def read(client):
    urls = {}
    for line in open(client, encoding="utf-8", newline="\n"):
        url, *rest = line.rstrip("\n").split("\t")
        if len(rest) == 2:  # not a further line of a fault
            urls.setdefault(url, {})[rest[0]] = rest[1]
    return urls


def skipped(urls):
    return {call for calls in urls.values() for call, answer in calls.items() if answer == "skipped"}


def reduced(answer):
    answer = re.sub(r"(\\[nt]|[ \ufeff])+", " ", answer)
    return re.sub(r" ?\| ?", "|", answer).strip(" .")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
