"""A Python zeep client: calls a provider through its WSDL, at the address the WSDL names, and holds every answer against cases.xml.

    zeep_client.py CASES BASE_URL 1.1|1.2 operations|diagnostics

The web service password comes from INTEROP_PASSWORD. zeep tells less apart than the wire does: absent, empty and nil texts are all None,
absent and empty lists too, and a nil item is an item without values. Both sides of a comparison are reduced to what zeep can see.
"""

import os
import sys
import time
import xml.etree.ElementTree as ElementTree

import zeep

SERVICE_PASSWORD = os.environ.get("INTEROP_PASSWORD", "s3cret")
EXTENDED = {"GetUserInfo", "HandleEvent", "RegisterUser"}
FLAGS = ["ChangeVisible", "NewVisibleValue", "ChangeRequired", "NewRequiredValue", "ChangeListOptions", "DisplayWithInformationLookup"]


def main(cases, base_url, version, group):
    services = {name: bind(base_url, name, version) for name in ("Provider", "Extended")}
    passed = failed = 0
    for case in ElementTree.parse(cases).find(group):
        operation = case.get("operation")
        call = getattr(services["Extended" if operation in EXTENDED else "Provider"], operation)
        arguments = sent(case.find("inputs"))
        start = time.monotonic()
        try:
            actual = zeep.helpers.serialize_object(call(**arguments), dict)
        except zeep.exceptions.Fault as fault:
            actual = seen_fault(fault, version)
        except Exception as error:
            actual = f"no answer: {error!r}"
        elapsed = (time.monotonic() - start) * 1000
        expected = expected_answer(case, operation, version)
        difference = "" if actual == expected else f": expected: {expected!a}; got: {actual!a}"
        if elapsed < float(case.get("atLeast", 0)):
            difference = ": answered too soon"
        passed, failed = (passed, failed + 1) if difference else (passed + 1, failed)
        print(f"{'FAIL' if difference else 'ok  '} {elapsed:5.0f} ms  {case.get('name')}{difference}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def bind(base_url, name, version):
    port = name + ("Soap12" if version == "1.2" else "Soap")
    return zeep.Client(f"{base_url.rstrip('/')}/{name}.asmx?WSDL").bind(name, port)


def sent(inputs):
    absent = inputs.get("absent")
    if absent == "inputs":
        return {}
    if absent == "InputVariables":
        return {"inputs": {}}
    # None in a list would be left out; only Nil is written.
    entries = [zeep.xsd.Nil if entry.get("nil") else "authPW=" + SERVICE_PASSWORD if entry.tag == "authPW" else entry.text or "" for entry in inputs]
    return {"inputs": {"InputVariables": {"string": entries}}}


def seen_fault(fault, version):
    code = fault.code.rpartition(":")[2].replace("Sender", "Client").replace("Receiver", "Server")
    if version == "1.2":  # zeep keeps neither the actor nor ASMX's unqualified detail of a 1.2 fault
        return {"fault": code, "text": fault.message.rstrip(".")}
    detail = "" if fault.detail is None else "".join(fault.detail.itertext())
    return {"fault": code, "text": fault.message.rstrip("."), "actor": fault.actor or "", "detail": detail}


def expected_answer(case, operation, version):
    fault, result = case.find("fault"), case.find("result")
    if fault is not None:
        expected = {"fault": fault.get("code"), "text": fault.text.rstrip(".")}
        return expected if version == "1.2" else {**expected, "actor": fault.get("actor", ""), "detail": fault.get("detail", "")}
    if result is None:
        return None
    expected = {
        "Success": result.get("Success") == "true",
        "Message": result.get("Message") or None,
        "OutputVariables": texts(result.find("outputs")),
    }
    if operation == "GetCustomFieldOptions":
        items = result.find("items")
        expected["CustomFieldDataItems"] = {"ExternalCustomFieldData": [item(i) for i in items]} if items is not None and len(items) else None
    return expected


def texts(element):
    if element is None:
        return None
    if element.get("big"):
        return {"string": [f"v{i}={'x' * 16}" for i in range(int(element.get("big")))]}
    return {"string": [entry.text or None for entry in element]} if len(element) else None


def item(element):
    raised = None if element.get("nil") else element.get("true").split()
    return {
        "CustomFieldName": element.get("CustomFieldName"),
        "ListOptions": texts(element.find("options")),
        **{flag: None if raised is None else flag in raised for flag in FLAGS},
    }


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: zeep_client.py CASES BASE_URL 1.1|1.2 operations|diagnostics")
    sys.exit(main(*sys.argv[1:]))
