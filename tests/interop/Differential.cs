// What .NET's reader says of each document, read as ASMX reads a message: XmlTextReader with normalization, no DTD, no resolver.
// usage: Differential.exe FOLDER                     (FOLDER/documents to FOLDER/dotnet, both in pieces with their lengths)
using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Text;
using System.Xml;

static class Differential
{
    static string Outline(string text)
    {
        var reader = new XmlTextReader(new StringReader(text)) { DtdProcessing = DtdProcessing.Prohibit, Normalization = true, XmlResolver = null };
        var lines = new List<string>();
        var texts = new List<StringBuilder>(); // null of an element that holds others
        var open = new List<int>();
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (open.Count > 0) texts[open[open.Count - 1]] = null;
                    bool empty = reader.IsEmptyElement, attributes = false;
                    string name = "{" + reader.NamespaceURI + "}" + reader.LocalName;
                    while (reader.MoveToNextAttribute())
                    {
                        if (reader.NamespaceURI != "http://www.w3.org/2000/xmlns/") attributes = true;
                        while (reader.ReadAttributeValue()) { }
                    }
                    reader.MoveToElement();
                    lines.Add((open.Count + 1) + " " + name + (attributes ? "@" : ""));
                    texts.Add(new StringBuilder());
                    if (!empty) open.Add(lines.Count - 1);
                    break;
                case XmlNodeType.EndElement:
                    open.RemoveAt(open.Count - 1);
                    break;
                case XmlNodeType.Text:
                case XmlNodeType.CDATA:
                case XmlNodeType.Whitespace:
                case XmlNodeType.SignificantWhitespace:
                    if (open.Count > 0 && texts[open[open.Count - 1]] != null) texts[open[open.Count - 1]].Append(reader.Value);
                    break;
                case XmlNodeType.EntityReference:
                    throw new XmlException("an entity reference is passed on");
            }
        }
        var outline = new StringBuilder();
        for (int n = 0; n < lines.Count; n++)
            outline.Append(lines[n]).Append(texts[n] == null ? "" : "=" + texts[n]).Append('\n');
        return outline.ToString();
    }

    // The name of the reader's message, which no translation changes.
    static string Kind(XmlException error)
    {
        var resource = typeof(XmlException).GetField("res", BindingFlags.NonPublic | BindingFlags.Instance);
        var name = resource == null ? null : resource.GetValue(error) as string;
        return string.IsNullOrEmpty(name) ? "other" : name;
    }

    static void Main(string[] arguments)
    {
        using (var documents = new BinaryReader(File.OpenRead(Path.Combine(arguments[0], "documents"))))
        using (var said = File.Create(Path.Combine(arguments[0], "dotnet")))
        {
            while (documents.BaseStream.Position < documents.BaseStream.Length)
            {
                string text = Encoding.UTF8.GetString(documents.ReadBytes(Length(documents))), verdict;
                try { verdict = "+" + Outline(text); }
                catch (XmlException error) { verdict = "-" + Kind(error) + "\n" + error.Message; }
                byte[] bytes = Encoding.UTF8.GetBytes(verdict);
                byte[] length = BitConverter.GetBytes(bytes.Length);
                Array.Reverse(length);
                said.Write(length, 0, 4);
                said.Write(bytes, 0, bytes.Length);
            }
        }
    }

    static int Length(BinaryReader reader)
    {
        byte[] length = reader.ReadBytes(4);
        Array.Reverse(length);
        return BitConverter.ToInt32(length, 0);
    }
}
