"""Python zeep, which makes its calls from the WSDL: see stacks.sh for the arguments and what is printed."""

import sys

import zeep


def main(calls, version, *urls):
    for url in urls:
        services = {}
        for name, service, operation, variables in calls_of(calls):
            if service not in services:
                port = service + ("Soap12" if version == "1.2" else "Soap")
                services[service] = zeep.Client(f"{url}/{service}.asmx?WSDL").bind(service, port)
            print(url, name, said(getattr(services[service], operation), variables), sep="\t")


def calls_of(path):
    for line in open(path, encoding="utf-8", newline="\n"):
        name, service, operation, _, *variables = line.removesuffix("\n").split("\t")
        yield name, service, operation, [text.replace("\\n", "\n").replace("\\t", "\t") for text in variables]


def said(call, variables):
    try:
        result = call(inputs={"InputVariables": {"string": variables}})
    except zeep.exceptions.Fault as fault:
        return f"fault|{fault.message}"
    outputs = result.OutputVariables.string if result.OutputVariables else []
    answer = [str(result.Success).lower(), result.Message, *outputs]
    return "|".join(answer).replace("\t", "\\t").replace("\n", "\\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
