"""Runs the conformance kit against services that are right, against wrong.py's faults, and against odd ones, and holds what it says against
what is so. See conform.sh.

    conform.py TOOL FOLDER NAME=URL…    mono, host, gsoap, spyne, wrong; FOLDER is for files
"""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

from wrong import FAULTS, ODD

PASSWORD = os.environ["INTEROP_PASSWORD"]
ENVIRONMENT = {**os.environ, "EXTERNAL_PROVIDERS_AUTH_PASSWORD": PASSWORD}
SECONDS = 30

# Which cases must fail where a service has that fault.
NAMED_BY = {
    "result-namespace": {"3.1"},
    "answer-in-soap11": {"2.4"},
    "charset": {"3.5", "3.6"},
    "wrong-charset": {"3.6"},
    "boolean": {"3.1"},
    "joined-outputs": {"3.3"},
    "small-keys": {"14.1", "15.1"},
    "equals-sign": {"9.7"},
    "unknown-variable": {"9.1"},
    "dropped": {"8.1"},
    "trimmed": {"8.1"},
    "misread": {"10.1"},  # The password holds more than ASCII.
    "twice-read": {"8.1"},
    "first-duplicate": {"9.3", "9.4"},
    "empty-list": {"3.4"},
    "any-password": {"10.2"},
    "no-password": {"10.4"},
    "password-fault": {"10.3"},
    "custom-field-case": {"9.9"},
    "chunks": {"13.4"},
    "silent-close": {"13.1"},
    "expect": {"13.2"},
    "together": {"13.7"},
    "page": {"10.3"},
    "empty-fault": {"11.1"},
    "fault200": {"11.7"},
    "twice-escaped": {"3.10"},
    "not-escaped": {"3.1"},
    "characters": {"3.1"},
    "content-length": {"13.4"},
    "slow": {"2.1"},
    "address": {"1.8"},
    "no-description": {"1.1"},
    "any-action": {"4.3"},
    "no-action": {"4.2"},
    "any-type": {"5.8"},
    "must-understand": {"6.8"},
    "namespace-blind": {"6.13"},
}

# What the line that is printed for such a case must show, of some faults.
SHOWN = {
    "result-namespace": 'xmlns="http://example.com/"',
    "answer-in-soap11": "text/xml",
    "boolean": "<Success>(True|False)<",
    "unknown-variable": "not present in the dictionary",
    "any-password": "<Success>true<",
    "no-password": "<Success>true<",
    "password-fault": "faultstring",
    "characters": "&#x1;",
    "content-length": "transfer closed|bytes remaining|end of response",
    "twice-escaped": "&amp;amp;|&amp;lt;",
    "address": "127.0.0.1:9/",
    "any-type": "HTTP/1.1 (200|500)",
    "must-understand": "HTTP/1.1 200",
    "silent-close": "seems to be dead|died",
}

# What oddities are called.
ODDITIES = {
    "login-failure-to-all": {"password-unproven"},
    "password-for-each": {"password-per-operation"},
    "directory-down": {"login-unproven"},
    "options-fault": {"always-faults"},
    "stack": {"custom-errors-off"},
}


class Kit:
    def __init__(self, tool, folder):
        self.tool, self.folder = tool, Path(folder)
        for left in self.folder.glob("*.xml"):
            left.unlink()
        self.password = self.folder / "user-password"
        self.password.touch(0o600)
        self.password.write_text("mypassword\n", encoding="utf-8")

    def run(self, url, *options):
        """The report, and the exit code."""
        junit = self.folder / (re.sub(r"\W+", "-", url) + ".xml")
        login = ["--user", "myusername", "--password", f"@{self.password}"]
        began = time.monotonic()
        done = subprocess.run([self.tool, "conform", "--url", url, "--json", "--junit", junit, *login, *options], env=ENVIRONMENT,
                              capture_output=True, text=True)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise SystemExit(f"{url}: no report, exit code {done.returncode}: {done.stdout[:500]}{done.stderr[:500]}") from None
        report["exit_code"], report["seconds"] = done.returncode, time.monotonic() - began
        report["junit"] = len(ElementTree.parse(junit).findall(".//testcase/failure"))
        return report

    def strict(self, url):
        """The report about a service that has no fault at all. What fails for want of time on a busy machine passes when it is asked again."""
        report = self.run(url)
        for number, case in failed(report).items():
            if case["group"] == "http":
                case.update(self.run(url, "--only", number)["cases"][0])
        return report


def failed(report, level=None):
    return {case["number"]: case for case in report["cases"] if case["outcome"] == "failed" and level in (None, case["level"])}


def names(cases):
    return ", ".join(f"{number} {case['text']}"[:200] for number, case in cases.items()) or "none"


def right(report, level):
    """What is wrong with the report about a service that has no fault at this level."""
    wrong = failed(report, level)
    if wrong:
        return f"failed: {names(wrong)}"
    if report["exit_code"] != (9 if failed(report, "must") else 0):
        return f"exit code {report['exit_code']}"
    if sum(case["outcome"] == "passed" for case in report["cases"]) < 65:
        return "fewer than 65 cases passed"
    return in_time(report)


def lets_everybody_in(report):
    """And says the user's password back."""
    wrong = set(failed(report, "must"))
    return "" if wrong == {"10.10", "14.2", "14.4", "14.5", "14.6"} else f"failed: {names(failed(report, 'must'))}"


def in_time(report):
    if report["junit"] != len(failed(report, "must")):
        return f"JUnit has {report['junit']} failures"
    if report["seconds"] > SECONDS + 3:
        return f"it took {report['seconds']:.0f} s"
    silent = [case["number"] for case in report["cases"] if case["outcome"] in ("skipped", "not-run") and not case["text"]]
    return f"no reason is given for {silent}" if silent else ""


def fault_named(report, fault):
    wrong, wanted = failed(report), NAMED_BY[fault]
    if not wanted & set(wrong):
        return f"not named by any of {sorted(wanted)}; failed: {names(wrong)}"
    lacking = [number for number, case in wrong.items() if not (case["sent"] and case["got"] and case["again"] and case["law"])]
    if lacking:
        return f"{lacking} lack what was sent or got, the law, or the line that shows it again"
    if report["exit_code"] != (9 if failed(report, "must") else 0):
        return f"exit code {report['exit_code']}"
    return in_time(report)


def shown(kit, report, fault):
    """What is wrong with the line that shows the failure again."""
    wrong = failed(report)
    number = next((number for number in sorted(NAMED_BY[fault]) if number in wrong), None)
    if number is None:
        return "the failure is not there"
    line = wrong[number]["again"]
    if PASSWORD in line or "mypassword" in line:
        return f"a password stands in: {line}"
    done = subprocess.run(["sh", "-c", line], env=ENVIRONMENT, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    said = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
    return "" if re.search(SHOWN[fault], said) else f"{number}: {line}\nshows: {said[:1000]}"


def odd_named(report, oddity):
    found = {finding["code"] for finding in report["oddities"]}
    if not ODDITIES[oddity] <= found:
        return f"named {sorted(found)} in place of {sorted(ODDITIES[oddity])}; failed: {names(failed(report))}"
    alarms = {number: case for number, case in failed(report, "must").items() if case["group"] == "password"}
    return f"a false alarm: {names(alarms)}" if alarms else in_time(report)


def no_secrets(reports, kit):
    texts = [json.dumps(report, ensure_ascii=False) for report in reports]
    texts += [path.read_text(encoding="utf-8", errors="replace") for path in kit.folder.glob("*.xml")]
    return "a password is in a report" if any(secret in text for text in texts for secret in (PASSWORD, "mypassword")) else ""


def main(tool, folder, *services):
    kit, at = Kit(tool, folder), dict(service.split("=", 1) for service in services)
    wrong, mono = at["wrong"], at["mono"]
    strict = {**{f"our host, {path}": f"{at['host']}/{path}.asmx" for path in ("Provider", "Extended")}, "Python": f"{wrong}/Provider.asmx"}
    cases = []

    def case(name, url, judge, *more):
        cases.append((name, url, lambda report: judge(report, *more)))

    for path in ("Provider", "Extended", "Renamed", "other/Provider", "other/Extended"):
        case(f"Mono, {path}", f"{mono}/{path}.asmx", right, "must")
    case("Mono, Owner, which lets everybody in", f"{mono}/Owner.asmx", lets_everybody_in)
    for name in ("gsoap", "spyne"):
        case(name, at[name], right, "must")
    for fault in NAMED_BY:
        case(f"fault {fault}", f"{wrong}/{fault}/Provider.asmx", fault_named, fault)
    for odd in ODD:
        case(f"odd {odd}", f"{wrong}/{odd}/Provider.asmx", odd_named, odd)
        if odd != "stack":
            case(f"odd {odd} on Mono", f"{mono}/odd/{FAULTS[odd].__name__}.asmx", odd_named, odd)

    results, reports = [], {}

    def judged(name, report, judge):
        reports[name] = report
        count = {word: sum(case["outcome"] == word for case in report["cases"]) for word in ("passed", "failed", "skipped", "not-run")}
        counts = ", ".join(f"{number} {word}" for word, number in count.items())
        results.append((f"{name} ({counts}, {report['seconds']:.1f} s)", judge(report)))

    # One after the other: they have all the machine.
    for name, url in strict.items():
        judged(f"{name}, not even a should", kit.strict(url), lambda report: "" if not failed(report) else f"failed: {names(failed(report))}")
    with ThreadPoolExecutor(4) as pool:
        for (name, _, judge), report in zip(cases, pool.map(lambda case: kit.run(case[1]), cases)):
            judged(name, report, judge)
    results += [(f"the line that shows {fault}", shown(kit, reports[f"fault {fault}"], fault)) for fault in SHOWN]
    results.append(("every fault is in the table", "" if set(NAMED_BY) == set(FAULTS) - set(ODD) else set(FAULTS) ^ set(NAMED_BY)))
    results.append(("no secret in any report", no_secrets(reports.values(), kit)))
    for what, error in results:
        print(f"{'FAIL' if error else 'ok  '} {what}{': ' if error else ''}{error}")
    bad = sum(bool(error) for _, error in results)
    print(f"{len(results) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
