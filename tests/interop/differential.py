"""Holds what our reader, .NET's and libxml2 say of each document against each other. Any difference is of a kind that is listed
below, with the rule that decides it, or fails; so does any text that one reads and another does not.
usage: differential.py FOLDER        (of documents, ours, dotnet: pieces with their lengths, as differential.rs writes them)"""

import collections
import pathlib
import re
import struct
import sys

from lxml import etree


def pieces(path):
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return found


def outline(root):
    lines = []
    for _, element in etree.iterwalk(root, events=("start",)):
        name = element.tag if element.tag.startswith("{") else "{}" + element.tag
        line = f"{sum(1 for _ in element.iterancestors()) + 1} {name}{'@' if element.attrib else ''}"
        if not any(isinstance(child.tag, str) for child in element):
            line += "=" + (element.text or "") + "".join(child.tail or "" for child in element)
        lines.append(line + "\n")
    return "".join(lines)


def libxml2(text):
    """Accepted with an outline ("+…"), or refused with the names of its errors ("-…")."""
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=True, load_dtd=False)
    # Behind its warning about another value, lxml raises no error that comes after.
    text = re.sub(r"""(xml:space\s*=\s*)(['"])(?!(?:default|preserve)\2)[^'"<&]*\2""", r"\1\2default\2", text)
    try:
        root, said = etree.fromstring(text.encode(), parser), ""
    except etree.XMLSyntaxError as error:
        root, said = None, error
    # What lxml accepts after a warning may hold an error; a target that begins with xml is allowed, and reported as an error.
    found = {entry.type_name for entry in parser.error_log} - {"ERR_RESERVED_XML_NAME"}
    if root is not None and all(name.startswith("WAR_") for name in found):
        return "+" + outline(root)
    return f"-{' '.join(sorted(found)) or 'empty'}\n{said}"


# What the fifth edition of XML 1.0 lets a name hold (productions 4 and 4a) beyond ASCII.
NAME = re.compile("[\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff\u200c\u200d\u203f\u2040\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff]")


def at_position(text, said):
    """The character at which .NET stopped: its columns count units of UTF-16."""
    place = re.search(r"Line (\d+), position (\d+)\.", said)
    if not place:
        return ""
    lines = re.split("\r\n|\r|\n", text)
    line, column = int(place[1]), int(place[2])
    units = lines[line - 1].encode("utf-16-le") if line <= len(lines) else b""
    # The second half of a pair is named, too.
    for unit in (column - 1, column - 2):
        found = units[2 * unit : 2 * unit + 4].decode("utf-16-le", "ignore")[:1] if unit >= 0 else ""
        if found:
            return found
    return ""


RESERVED = r"""xmlns(:[^\s=]*)?\s*=\s*(?P<q>['"])http://www\.w3\.org/(XML/1998/namespace|2000/xmlns/)(?P=q)|xmlns:xml(ns)?\s*="""

# Who differs from us, what we say, whether it is so (document, our words, theirs), and the rule that decides.
KINDS = [
    ("a namespace name that is not a URI", "libxml2", "+",
     lambda text, ours, theirs: set(theirs.split("\n")[0][1:].split()) <= {"WAR_NS_URI", "WAR_NS_URI_RELATIVE"},
     "Namespaces in XML 1.0, 2.2: not a constraint; libxml2 has a warning, by its own name"),
    ("a name of the fifth edition", "dotnet", "+",
     lambda text, ours, theirs: NAME.fullmatch(at_position(text, theirs)) and re.search("Name cannot begin|included in a name|unexpected token", theirs),
     "XML 1.0, fifth edition, productions 4 and 4a; .NET has the fourth"),
    ("another value of xml:space", "dotnet", "+",
     lambda text, ours, theirs: "invalid xml:space value" in theirs and re.search(r"xml:space\s*=", text),
     "XML 1.0, 2.10: an error, no constraint of well-formedness"),
    ("NUL characters after the document", "libxml2", "+",
     lambda text, ours, theirs: text.endswith("\0") and "\0" not in text.rstrip("\0"),
     "wsdl/ASMX.md, section 4: .NET passes over them"),
    ("something after such a NUL", "dotnet", "-Character",
     lambda text, ours, theirs: "U+0000" in ours and re.search(r">\s*\0", text),
     "XML 1.0, production 2; .NET stops reading there"),
    ("an entity that is not declared", "dotnet", "-Entity",
     lambda text, ours, theirs: re.search(r"&(?!(lt|gt|amp|quot|apos);)[^#&;\s][^&;\s]*;", text),
     "XML 1.0, 4.1, WFC: Entity Declared; .NET's reader passes it on"),
    ("a reserved namespace", "dotnet libxml2", "-NamespaceDeclaration",
     lambda text, ours, theirs: re.search(RESERVED, text),
     "Namespaces in XML 1.0, 3: xml and xmlns have their names, which no other prefix has and which are no default"),
    ("an element with the prefix xmlns", "dotnet", "-UnboundPrefix",
     lambda text, ours, theirs: '"xmlns"' in ours and "<xmlns:" in text,
     "Namespaces in XML 1.0, 3: element names must not have the prefix xmlns"),
    ("an encoding that is not a name", "dotnet libxml2", "-Declaration",
     lambda text, ours, theirs: "malformed" in ours and re.match(r"<\?xml[^>]*encoding\s*=", text),
     "XML 1.0, production 81"),
    ("another version", "libxml2", "-Declaration",
     lambda text, ours, theirs: "a version other than 1.0" in ours,
     "XML 1.0, 2.8, allows to refuse what 1.0 is not; .NET does"),
    ("a document type", "libxml2", "-Doctype",
     lambda text, ours, theirs: "<!DOCTYPE" in text,
     "SOAP 1.1, 3, and SOAP 1.2, 5: no document type declaration; .NET prohibits it"),
]


def main():
    folder = pathlib.Path(sys.argv[1])
    documents, ours, dotnet = (pieces(folder / name) for name in ("documents", "ours", "dotnet"))
    assert len(documents) == len(ours) == len(dotnet) > 1000, (len(documents), len(ours), len(dotnet))
    kinds, unlisted, counts = collections.Counter(), [], collections.Counter()
    for text, our, net in zip(documents, ours, dotnet):
        theirs = {"dotnet": net, "libxml2": libxml2(text)}
        verdicts = {our[0], net[0], theirs["libxml2"][0]}
        if verdicts == {"+"}:
            # Where only text may stand, a comment is refused: their outlines alone can be held against each other.
            if our.endswith("\nno texts"):
                counts["accepted by all, with comments in texts"] += 1
                same = theirs["dotnet"] == theirs["libxml2"]
            else:
                counts["accepted and read the same by all"] += 1
                same = our == theirs["dotnet"] == theirs["libxml2"]
            if not same:
                unlisted.append(("read otherwise", text, our, theirs))
            continue
        if verdicts == {"-"}:
            counts["refused by all"] += 1
            continue
        counts["judged in different ways"] += 1
        said = our.split("\n")[0] if our[0] == "-" else "+"
        if said == "+" and net[0] == "-" and theirs["libxml2"][0] == "-":
            # No one kind is: two peers object to two things.
            counts["accepted by us alone"] += 1
        for who, their in theirs.items():
            if their[0] == our[0]:
                continue
            found = [kind for kind, whose, what, holds, _ in KINDS if who in whose.split() and what == said and holds(text, our, their)]
            if found:
                kinds[found[0], who] += 1
            else:
                unlisted.append((f"{who} differs", text, our, theirs))
    if counts["accepted by us alone"] > len(documents) // 500:
        sys.exit(f"{counts['accepted by us alone']} documents are accepted by us alone")
    for what, count in sorted(counts.items()):
        print(f"{count:7} {what}")
    for kind, _, what, _, rule in KINDS:
        peers = ", ".join(f"{who} {count}" for (name, who), count in sorted(kinds.items()) if name == kind)
        print(f"        {'we accept' if what == '+' else 'we refuse'} {kind}: {peers or 'none'} ({rule})")
    for why, text, our, theirs in unlisted[:10]:
        print(f"UNLISTED: {why}\n  {text!r}\n  ours {our[:200]!r}\n  dotnet {theirs['dotnet'][:200]!r}\n  libxml2 {theirs['libxml2'][:200]!r}")
    assert counts["accepted and read the same by all"] > len(documents) // 20, "hardly any document is well-formed"
    if unlisted:
        sys.exit(f"{len(unlisted)} documents of kinds that are not listed")


main()
