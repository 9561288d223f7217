"""Python suds, which makes its calls from the WSDL, in SOAP 1.1: see stacks.sh for the arguments and what is printed."""

import sys

import suds
import suds.client


def main(calls, version, *urls):
    for url in urls:
        services = {}
        for name, service, operation, variables in calls_of(calls):
            if service not in services:
                services[service] = suds.client.Client(f"{url}/{service}.asmx?WSDL", cache=None, port=f"{service}Soap")
            print(url, name, said(getattr(services[service].service, operation), variables), sep="\t")


def calls_of(path):
    for line in open(path, encoding="utf-8", newline="\n"):
        name, service, operation, _, *variables = line.removesuffix("\n").split("\t")
        yield name, service, operation, [text.replace("\\n", "\n").replace("\\t", "\t") for text in variables]


def said(call, variables):
    try:
        # suds takes what looks like an escape for one, so its users escape ampersands.
        result = call({"InputVariables": {"string": [text.replace("&", "&amp;") for text in variables]}})
    except suds.WebFault as fault:
        return f"fault|{fault.fault.faultstring}"
    outputs = result.OutputVariables.string if result.OutputVariables else []
    answer = [str(result.Success).lower(), result.Message, *(output or "" for output in outputs)]
    return "|".join(answer).replace("\t", "\\t").replace("\n", "\\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
