"""Runs every example of the gateway's page as it is printed there: python3 page_examples.py URL FOLDER-WITH-TOKEN."""

import html
import json
import re
import subprocess
import sys
import urllib.request

RUN = {
    "curl": ["bash", "-c"],
    "Python": ["python3", "-c"],
    "JavaScript": ["node", "--input-type=module", "-e"],
}

url, folder = sys.argv[1:]
with urllib.request.urlopen(url) as answer:
    page = answer.read().decode()
blocks = re.findall(r'<pre [^>]*aria-label="(\w+), (\w+)">(.*?)</pre>', page, re.S)
seen = {}
for operation, language, text in blocks:
    command = [*RUN[language], html.unescape(text)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    said = done.stdout.strip()
    try:
        outcome = json.loads(said)["outcome"] if language == "curl" else said
    except ValueError:
        outcome = ""
    if done.returncode or not re.fullmatch("[a-z-]+", outcome):
        sys.exit(f"{operation} in {language} fails: {said} {done.stderr}")
    seen.setdefault(operation, set()).add(outcome)
differing = {operation: outcomes for operation, outcomes in seen.items() if len(outcomes) > 1}
if differing or len(blocks) != len(RUN) * len(seen) or len(seen) < 8:
    sys.exit(f"{len(blocks)} examples of {len(seen)} operations; not the same: {differing}")
print(len(blocks), "examples of the page answer:", {name: min(seen[name]) for name in seen})
