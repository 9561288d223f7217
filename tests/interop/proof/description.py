"""What provider.py says of itself: its WSDL and discovery document, as ASMX has them. Operations are given with their types' words."""

FLAGS = ["ChangeVisible", "NewVisibleValue", "ChangeRequired", "NewRequiredValue", "ChangeListOptions", "DisplayWithInformationLookup"]


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def element(name, kind, occurs="0", most="1", nillable=""):
    return f'<s:element minOccurs="{occurs}" maxOccurs="{most}" name="{name}"{nillable} type="{kind}" />'


def complex_type(name, *elements):
    return f'<s:complexType name="{name}"><s:sequence>{"".join(elements)}</s:sequence></s:complexType>'


def wrapper(name, inner):
    return f'<s:element name="{name}"><s:complexType><s:sequence>{inner}</s:sequence></s:complexType></s:element>'


def schema(namespace, operations):
    parts = []
    for name, word in operations.items():
        parts.append(wrapper(name, element("inputs", f"tns:External{word}ProviderInputs")))
        parts.append(wrapper(f"{name}Response", element(f"{name}Result", f"tns:External{word}ProviderResult")))
    for word in dict.fromkeys(operations.values()):
        fields = element("CustomFieldDataItems", "tns:ArrayOfExternalCustomFieldData") if word == "CustomField" else ""
        parts.append(complex_type(f"External{word}ProviderInputs", element("InputVariables", "tns:ArrayOfString")))
        parts.append(complex_type(f"External{word}ProviderResult", element("Success", "s:boolean", "1"), element("Message", "s:string"),
                                  element("OutputVariables", "tns:ArrayOfString"), fields))
    flags = [element(flag, "s:boolean", "1") for flag in FLAGS]
    parts.append(complex_type("ArrayOfString", element("string", "s:string", most="unbounded", nillable=' nillable="true"')))
    parts.append(complex_type("ArrayOfExternalCustomFieldData", element("ExternalCustomFieldData", "tns:ExternalCustomFieldData",
                                                                        most="unbounded", nillable=' nillable="true"')))
    parts.append(complex_type("ExternalCustomFieldData", element("CustomFieldName", "s:string"), *flags[:5],
                              element("ListOptions", "tns:ArrayOfString"), flags[5]))
    return f'<s:schema elementFormDefault="qualified" targetNamespace="{namespace}">{"".join(parts)}</s:schema>'


def binding(prefix, name, namespace, operations):
    each = "".join(
        f'<wsdl:operation name="{operation}"><{prefix}:operation soapAction="{namespace}{operation}" style="document" />'
        f'<wsdl:input><{prefix}:body use="literal" /></wsdl:input><wsdl:output><{prefix}:body use="literal" /></wsdl:output></wsdl:operation>'
        for operation in operations)
    return (f'<wsdl:binding name="{name}" type="tns:ProviderSoap"><{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" />'
            f"{each}</wsdl:binding>")


def wsdl(address, namespace, operations):
    messages = "".join(
        f'<wsdl:message name="{name}Soap{way}"><wsdl:part name="parameters" element="tns:{name}{suffix}" /></wsdl:message>'
        for name in operations for way, suffix in (("In", ""), ("Out", "Response")))
    ports = "".join(
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}SoapIn" /><wsdl:output message="tns:{name}SoapOut" /></wsdl:operation>'
        for name in operations)
    return (f'<?xml version="1.0" encoding="utf-8"?><wsdl:definitions xmlns:tns="{namespace}" xmlns:s="http://www.w3.org/2001/XMLSchema" '
            'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" '
            f'targetNamespace="{namespace}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"><wsdl:types>{schema(namespace, operations)}</wsdl:types>{messages}'
            f'<wsdl:portType name="ProviderSoap">{ports}</wsdl:portType>{binding("soap", "ProviderSoap", namespace, operations)}'
            f'{binding("soap12", "ProviderSoap12", namespace, operations)}<wsdl:service name="Provider">'
            f'<wsdl:port name="ProviderSoap" binding="tns:ProviderSoap"><soap:address location="{escape(address)}" /></wsdl:port>'
            f'<wsdl:port name="ProviderSoap12" binding="tns:ProviderSoap12"><soap12:address location="{escape(address)}" /></wsdl:port>'
            "</wsdl:service></wsdl:definitions>")


def disco(address, namespace):
    soap = "".join(f'<soap address="{escape(address)}" xmlns:q1="{namespace}" binding="q1:{name}" xmlns="http://schemas.xmlsoap.org/disco/soap/" />'
                   for name in ("ProviderSoap", "ProviderSoap12"))
    return ('<?xml version="1.0" encoding="utf-8"?><discovery xmlns="http://schemas.xmlsoap.org/disco/">'
            f'<contractRef ref="{escape(address)}?wsdl" docRef="{escape(address)}" xmlns="http://schemas.xmlsoap.org/disco/scl/" />{soap}</discovery>')
