"""Calls providers of other stacks and has them checked: what is said must be true, and each remedy, carried out, must help.

    providers.py TOOL NAME=URL…

The providers work, have the login kind in the namespace http://tempuri.org/, and the web service password INTEROP_PASSWORD.
"""

import json
import os
import re
import subprocess
import sys

LOGIN = ["Authenticate", "loginUsername=myusername", "loginPassword=mypassword"]


def main(tool, *services):
    passed = failed = 0
    for name, url in (service.split("=", 1) for service in services):
        for what, wrong in cases(Tool(tool, url)):
            passed, failed = (passed, failed + 1) if wrong else (passed + 1, failed)
            print(f"{'FAIL' if wrong else 'ok  '} {name}: {what}{': ' if wrong else ''}{wrong}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


class Tool:
    def __init__(self, tool, url):
        self.tool, self.url = tool, url

    def run(self, *arguments, password=os.environ["INTEROP_PASSWORD"]):
        environment = {**os.environ, "EXTERNAL_PROVIDERS_AUTH_PASSWORD": password}
        return subprocess.run([self.tool, *arguments, "--url", self.url], env=environment, capture_output=True, text=True)

    def call(self, *options, operation=LOGIN, **more):
        """The exit code, and the hint."""
        done = self.run("call", *operation, *options, **more)
        return done.returncode, (re.findall("^hint: (.*)", done.stderr, re.M) or [""])[0]

    def check(self, *options, **more):
        """The codes of findings and their remedies."""
        done = self.run("check", "--kind", "login", "--json", *options, **more)
        steps = [step for check in json.loads(done.stdout)["checks"] for step in check["steps"]]
        found = [finding for step in steps for finding in step["findings"] if finding["severity"] == "finding"]
        assert done.returncode == (9 if found else 0), done
        return {finding["code"] for finding in found}, [finding["remedy"] for finding in found]


def cases(tool):
    def case(what, expected, got):
        return what, "" if expected == got else f"expected {expected}, got {got}"

    yield case("a login", 0, tool.call()[0])
    yield case("a login that is refused", 7, tool.call(operation=[*LOGIN[:2], "loginPassword=wrong"])[0])
    yield case("a cookie", 0, tool.call(operation=["GetSignInCookieInfo", "loginUsername=myusername"])[0])
    yield case("nothing is found", set(), tool.check()[0])
    yield case("nothing is found where the namespace is set", set(), tool.check("--namespace", "http://tempuri.org/")[0])
    yield case("discovery", (0, set()), (tool.call("--namespace", "discover")[0], tool.check("--namespace", "discover")[0]))

    yield case("a wrong password is called so", (7, "the web service password is wrong"), tool.call(password="wrong"))
    yield case("a wrong password is found", {"wrong-password"}, tool.check(password="wrong")[0])

    code, hint = tool.call("--namespace", "urn:wrong")
    yield case("a wrong namespace is called so", (6, True), (code, hint.startswith("the service does not know the action") and "discover" in hint))
    codes, remedies = tool.check("--namespace", "urn:wrong")
    yield case("a wrong namespace is found", {"namespace"}, codes)
    [namespace] = re.findall('set namespace = "([^"]*)"', "".join(remedies)) or ["none is named"]
    yield case("the namespace that is named works", 0, tool.call("--namespace", namespace)[0])

    code, hint = tool.call("--soap", "1.2")
    codes, remedies = tool.check("--soap", "1.2")
    if code == 0:
        yield case("SOAP 1.2 works, and nothing is found", set(), codes)
    else:
        yield case("SOAP 1.2 is not spoken, and called so", True, bool(re.search("does not speak (it|this version)", hint)))
        yield case("SOAP 1.2 is not spoken, and found so", ({"soap-version"}, {'set soap = "1.1"'}), (codes, set(remedies)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
