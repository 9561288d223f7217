use super::*;

fn read(src: &str) -> Result<(), XmlError> {
    let mut reader = Reader::new(src, Limits::default())?;
    reader.root()?;
    reader.skip()?;
    reader.finish()
}

fn kind(src: &str) -> Kind {
    match read(src) {
        Ok(()) => panic!("accepted: {src}"),
        Err(error) => error.kind,
    }
}

/// The text of the only child of the root.
fn text(content: &str) -> Result<String, XmlError> {
    let src = format!("<r><s>{content}</s></r>");
    let mut reader = Reader::new(&src, Limits::default())?;
    reader.root()?;
    assert!(reader.child()?);
    let text = reader.text()?.into_owned();
    assert!(!reader.child()?);
    reader.finish()?;
    Ok(text)
}

#[test]
fn what_xml_allows_is_read() {
    for src in [
        "<a/>",
        " \n<a/>",
        "<?xml version=\"1.0\"?><a/>",
        "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<!-- c --><?pi x?><a/>\n<!--d-->",
        "<a></a >",
        "<a b = 'x' c=\"y\"/>",
        "<a b='>'>]] ></a>",
        "<a xmlns='u' xmlns:p='v'><p:b p:c='1' c='2'/></a>",
        "<a xmlns='u'><b xmlns=''/></a>",
        "<a xml:lang='en'/>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<a><![CDATA[<&>]]></a>",
        "<a>\0</a>\0".trim_end_matches('\0').replace('\0', "").as_str(),
        "<a/>\0\0",
        "<a b='&lt;&#60;'/>",
        "<é xmlns:ü='u' ü:ö='1'/>",
    ] {
        if let Err(error) = read(src) {
            panic!("{src}: {error}");
        }
    }
}

#[test]
fn what_xml_forbids_is_refused() {
    assert_eq!(kind(""), Kind::NoRoot);
    assert_eq!(kind("<!-- only -->"), Kind::NoRoot);
    assert_eq!(kind("<a>"), Kind::Unclosed("a".into()));
    assert_eq!(kind("<a><b></b>"), Kind::Unclosed("a".into()));
    assert_eq!(kind("<a/><b/>"), Kind::SecondRoot("b".into()));
    assert_eq!(kind("<a/>x"), Kind::TextOutsideRoot);
    assert_eq!(kind("x<a/>"), Kind::TextOutsideRoot);
    assert_eq!(kind("<a/>&amp;"), Kind::TextOutsideRoot);
    assert_eq!(kind("<a/><![CDATA[]]>"), Kind::TextOutsideRoot);
    assert_eq!(kind("\u{feff}<a/>"), Kind::TextOutsideRoot);
    assert!(matches!(kind("<a></b>"), Kind::Mismatch { .. }));
    assert!(matches!(kind("<a></a b='1'>"), Kind::Mismatch { .. }));
    assert!(matches!(kind("</a>"), Kind::UnmatchedEnd(_)));
    assert!(matches!(kind("<a/></a>"), Kind::UnmatchedEnd(_)));
    for src in
        ["<!DOCTYPE a><a/>", "<!doctype a [<!ENTITY e 'x'>]><a/>", "<!DOCTYPE a", "<!DOCTYPE>"]
    {
        assert_eq!(kind(src), Kind::Doctype, "{src}");
    }
    for src in [
        " <?xml version='1.0'?><a/>",
        "<a/><?xml version='1.0'?>",
        "<a><?xml version='1.0'?></a>",
        "<?xml version='1.1'?><a/>",
        "<?xml?><a/>",
        "<?xml encoding='utf-8'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>",
        "<?xml version='1.0'encoding='utf-8'?><a/>",
        "<?xml version='1.0' encoding='-'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
    ] {
        assert!(matches!(kind(src), Kind::Declaration(_)), "{src}");
    }
    for src in ["<?XML version='1.0'?><a/>", "<a><? x?></a>", "<a><?1?></a>", "<a><?a:b?></a>"] {
        assert_eq!(kind(src), Kind::ProcessingInstruction, "{src}");
    }
    for src in ["<1/>", "< a/>", "<a/ >", "<a:b:c/>", "<:a/>", "<a><></></a>", "<a =''/>"] {
        assert!(matches!(kind(src), Kind::Name(_) | Kind::Attribute(_)), "{src}: {:?}", kind(src));
    }
    for src in ["<a b/>", "<a b=c/>", "<a b='x'c='y'/>", "<a b='x/>", "<a b=''' />", "<a <b/>"] {
        assert!(
            matches!(kind(src), Kind::Attribute(_) | Kind::Cut(_) | Kind::Name(_)),
            "{src}: {:?}",
            kind(src)
        );
    }
    assert!(matches!(kind("<a b='<'/>"), Kind::Syntax(_)));
    assert!(matches!(kind("<a><!-- -- --></a>"), Kind::Syntax(_)));
    assert!(matches!(kind("<a><!x></a>"), Kind::Syntax(_) | Kind::Cut(_)));
    for src in ["<a><!--", "<a><![CDATA[", "<a><?p", "<a", "<a><b", "<a></"] {
        assert!(matches!(kind(src), Kind::Cut(_)), "{src}: {:?}", kind(src));
    }
    assert_eq!(kind("<p:a/>"), Kind::UnboundPrefix("p".into()));
    assert_eq!(kind("<a p:b='1'/>"), Kind::UnboundPrefix("p".into()));
    assert_eq!(kind("<r><p:a xmlns:p='u'/><p:a/></r>"), Kind::UnboundPrefix("p".into()));
    for src in [
        "<a xmlns:p=''/>",
        "<a xmlns:xmlns='u'/>",
        "<a xmlns:xml='u'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
    ] {
        assert!(matches!(kind(src), Kind::NamespaceDeclaration(_)), "{src}");
    }
    for src in [
        "<a b='1' b='2'/>",
        "<a xmlns='u' xmlns='u'/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "<a c='' d='' e='' f='' g='' h='' i='' j='' k='' c=''/>",
    ] {
        assert!(matches!(kind(src), Kind::DuplicateAttribute { .. }), "{src}");
    }
    assert_eq!(kind("<a>\u{1}</a>"), Kind::Character(1));
    assert_eq!(kind("<a>\u{ffff}</a>"), Kind::Character(0xffff));
    assert_eq!(kind("<a b='\u{b}'/>"), Kind::Character(0xb));
    assert_eq!(kind("<a>\0</a>"), Kind::Character(0));
    for (src, code) in [("&#1;", 1), ("&#0;", 0), ("&#xFFFF;", 0xffff), ("&#xD83D;", 0xd83d)] {
        assert_eq!(kind(&format!("<a>{src}</a>")), Kind::Character(code));
        assert_eq!(kind(&format!("<a b='{src}'/>")), Kind::Character(code));
    }
    assert!(matches!(kind("<a>&#99999999999999999999;</a>"), Kind::Character(_)));
    assert_eq!(kind("<a>&nbsp;</a>"), Kind::Entity("nbsp".into()));
    for src in
        ["<a>&</a>", "<a>& </a>", "<a>a & b;</a>", "<a>&#;</a>", "<a>&#x;</a>", "<a>&#+1;</a>"]
    {
        assert_eq!(kind(src), Kind::Reference, "{src}");
    }
    assert_eq!(kind("<a>]]></a>"), Kind::CdataEnd);
}

#[test]
fn text_is_given_as_xml_says() {
    assert_eq!(text("").unwrap(), "");
    assert_eq!(text("  a  b ").unwrap(), "  a  b ");
    assert_eq!(text("&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#00000000000067;").unwrap(), "<>&\"'ABC");
    assert_eq!(text("a\r\nb\rc\n").unwrap(), "a\nb\nc\n");
    assert_eq!(text("a&#13;&#10;b&#13;").unwrap(), "a\r\nb\r");
    assert_eq!(text("<![CDATA[a]]]]><![CDATA[>b\r\n]]>").unwrap(), "a]]>b\n");
    assert_eq!(text("x<![CDATA[&amp;]]>y&amp;z").unwrap(), "x&amp;y&z");
    for (content, found) in
        [("a<b/>", "an element"), ("<!--c-->", "a comment"), ("a<?p?>", "a processing instruction")]
    {
        assert_eq!(
            text(content).unwrap_err().kind,
            Kind::NotText { element: "s".into(), found },
            "{content}"
        );
    }
}

#[test]
fn names_are_resolved_in_scope() {
    let src = "<a xmlns='u' xmlns:p='v&amp;w' p:x='1' x='&#50; 3'><p:b xmlns=''><c/></p:b><d/></a>";
    let mut r = Reader::new(src, Limits::default()).unwrap();
    r.root().unwrap();
    assert!(r.is("u", "a"));
    assert_eq!(r.attribute("v&w", "x").as_deref(), Some("1"));
    assert_eq!(r.attribute("", "x").as_deref(), Some("2 3"));
    assert_eq!(r.attribute("u", "x"), None, "an unprefixed attribute is in no namespace");
    assert!(r.child().unwrap() && r.is("v&w", "b"));
    assert!(r.child().unwrap() && r.is("", "c"));
    assert_eq!(r.resolve(" p:t "), Some(("v&w", "t")));
    assert_eq!(r.resolve("t"), Some(("", "t")));
    assert_eq!(r.resolve("q:t"), None);
    assert!(!r.child().unwrap() && !r.child().unwrap());
    assert!(r.child().unwrap() && r.is("u", "d"));
}

#[test]
fn limits_are_kept_and_named() {
    let limits = Limits { depth: 3, attributes: 2, namespaces: 2 };
    for (src, limit) in [
        ("<a><a><a/></a></a>", None),
        ("<a><a><a><a/></a></a></a>", Some("depth")),
        ("<a b='' c=''/>", None),
        ("<a b='' c='' d=''/>", Some("attributes")),
        ("<a xmlns:b='u' xmlns:c='u'/>", None),
        ("<a xmlns:b='u' xmlns:c='u'><a xmlns:d='u'/></a>", Some("namespaces")),
    ] {
        let mut r = Reader::new(src, limits).unwrap();
        let result = r.root().and_then(|()| r.skip());
        let name = result.err().map(|error| match error.kind {
            Kind::Limit { name, .. } => name,
            other => panic!("{src}: {other}"),
        });
        assert_eq!(name, limit, "{src}");
    }
}

#[test]
fn errors_name_the_place() {
    let error = read("<a>\n  <b>é</c>\n</a>").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 7: </c> where </b> is due");
}

/// All that a reader says of a document, errors included.
fn transcript(src: &str, known: &[&'static KnownRoot], limits: Limits) -> Vec<String> {
    let mut said = Vec::new();
    let mut read = || -> Result<(), XmlError> {
        let mut r = Reader::new(src, limits)?;
        r.root_or_known(known)?;
        let mut depth = 1;
        let mut piece = Piece::Start;
        loop {
            said.push(format!("{piece:?} at {}", r.offset()));
            if piece == Piece::Start {
                let attributes: Vec<_> = r.attributes().collect();
                let bound = ["s:x", "t:x", "x"].map(|name| r.resolve(name));
                let place = (r.qualified(), r.namespace(), r.local(), r.position());
                said.push(format!("{place:?} {attributes:?} {bound:?}"));
            }
            if depth == 0 {
                return r.finish();
            }
            piece = r.piece()?;
            match piece {
                Piece::Start => depth += 1,
                Piece::End => depth -= 1,
                Piece::Text(_) => {}
            }
        }
    };
    let end = read();
    said.push(format!("{end:?}"));
    said
}

#[test]
fn a_known_root_says_what_it_says_unknown() {
    static KNOWN: KnownRoot = KnownRoot {
        text: "<?xml version=\"1.0\"?><s:E xmlns:s=\"u\" xmlns:t=\"v\"><s:B>",
        name_at: 22,
        local: "E",
        namespaces: &[("s", "u"), ("t", "v")],
        child_at: 51,
    };
    let rest = "<R xmlns=\"w\" t:b='2'><m>x &amp; y\r\n</m><m/><!--c--></R></s:B>\n</s:E >\n";
    let src = [KNOWN.text, rest].concat();
    let mut known_ones = 0;
    let mut compare = |src: &str, limits: Limits| {
        known_ones += usize::from(src.starts_with(KNOWN.text));
        let known = transcript(src, &[&KNOWN], limits);
        assert_eq!(known, transcript(src, &[], limits), "{src}");
        known
    };
    assert_eq!(compare(&src, Limits::default()).last().unwrap(), "Ok(())");
    for depth in 0..5 {
        compare(&src, Limits { depth, ..Limits::default() });
        compare(&src, Limits { namespaces: depth, ..Limits::default() });
    }
    let inserted = "<|>|/|\"|&|]]>|\u{feff}|\u{1}|</s:B>|</s:E>|</E>|</R>|<s:E>|<a/>|<b xmlns='w'>|<?xml version='1.0'?>";
    for at in (0..=src.len()).filter(|&at| src.is_char_boundary(at)) {
        let (before, after) = src.split_at(at);
        compare(before, Limits::default());
        for new in inserted.split('|') {
            compare(&[before, new, after].concat(), Limits::default());
            compare(&[before, new, after.get(1..).unwrap_or_default()].concat(), Limits::default());
        }
    }
    assert!(known_ones > 2_000, "{known_ones}");
}
