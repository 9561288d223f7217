//! Documents for `differential.sh`, and what our reader says of each: messages of the fixtures, changed in a
//! few places. libxml2 and .NET's reader say the same of them, or `differential.py` knows why not.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use external_providers::xml::{Limits, Reader, XmlError};

/// Pieces that are put in somewhere: what is well-formed, what is not, and what readers differ about.
const PIECES: &[&str] = &[
    "<a/>",
    "<a>",
    "</a>",
    "<a b='c'/>",
    "<b xmlns='urn:x'/>",
    "<x:a/>",
    "<x:a xmlns:x='urn:x' x:b='1'/>",
    "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>",
    "<a b='1' b='2'/>",
    "<a xmlns:x=''/>",
    "<a xmlns=''/>",
    "<xml:a/>",
    "<xmlns:a/>",
    "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns:xml='urn:x'/>",
    "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns:x='http://www.w3.org/2000/xmlns/'/>",
    "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<a xmlns:xmlns='urn:x'/>",
    "<a xmlns:x='not a uri'/>",
    "<a xmlns='%'/>",
    "<a xml:space='x'/>",
    "<a xml:space='preserve'> </a>",
    "<a xml:lang=''/>",
    "<a:b:c xmlns:a='urn:x'/>",
    "<:a/>",
    "<a:/>",
    "<1a/>",
    "<-a/>",
    "<a.b-c_1/>",
    "<\u{10000}/>",
    "<a\u{203f}/>",
    "<\u{2070}/>",
    "<\u{e9}t\u{e9}/>",
    "<\u{7c7}a/>",
    "<?\u{1f600} x?>",
    "<?a?>",
    "<?a b?>",
    "<?xml?>",
    "<?XML a?>",
    "<?a:b c?>",
    "<??>",
    "<?a",
    "<!-- c -->",
    "<!-- a -- b -->",
    "<!--->",
    "<!-- c --->",
    "<!---->",
    "<![CDATA[x]]>",
    "<![CDATA[]]>",
    "<![CDATA[<&]]]>",
    "<![CDATA[",
    "]]>",
    "]]",
    "&lt;",
    "&amp;",
    "&gt;&quot;&apos;",
    "&nope;",
    "&",
    "&;",
    "&#65;",
    "&#x41;",
    "&#X41;",
    "&#0;",
    "&#1;",
    "&#xD800;",
    "&#x10FFFF;",
    "&#x110000;",
    "&#xFFFE;",
    "&#99999999999;",
    "&#x;",
    "&#13;",
    "&#10;",
    "&#9;",
    "&a:b;",
    "\r",
    "\r\n",
    "\t",
    "\0",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{1f600}",
    "<",
    ">",
    "\"",
    "'",
    "=",
    "/",
    "a",
    " ",
    "\n",
    "xmlns",
    "<!DOCTYPE a>",
    "<!DOCTYPE a [<!ENTITY e 'x'>]>",
    "<!ELEMENT a ANY>",
    "<?xml version='1.0'?>",
    "<?xml version='1.1'?>",
    "<?xml version='1.0' encoding='utf%8'?>",
    "<?xml version='1.0' encoding='utf-16'?>",
    "<?xml version='1.0' standalone='yes'?>",
    "<?xml version='1.0' standalone='maybe'?>",
    "<?xml encoding='utf-8'?>",
];

/// Numbers below a bound, by xorshift: the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

/// The nearest place before this that is not inside of a character.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A place where markup begins or ends, or any.
fn place(text: &str, chance: &mut Chance) -> usize {
    let at = boundary(text, chance.below(text.len() + 1));
    match chance.below(3) {
        0 => text[at..].find('<').map_or(at, |to| at + to),
        1 => text[at..].find('>').map_or(at, |to| at + to + 1),
        _ => at,
    }
}

/// The same document, changed in one to three places.
fn changed(seed: &str, number: u64) -> String {
    let mut chance = Chance(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1);
    let mut text = seed.to_owned();
    for _ in 0..=chance.below(3) {
        let at = place(&text, &mut chance);
        let end = boundary(&text, (at + 1 + chance.below(12)).min(text.len())).max(at);
        match chance.below(8) {
            0 => text.replace_range(at..end, ""),
            1 => {
                let piece = text[at..end].to_owned();
                text.insert_str(place(&text, &mut chance), &piece);
            }
            _ => text.insert_str(at, PIECES[chance.below(PIECES.len())]),
        }
    }
    text
}

/// What a reader finds: a line for each element, with its depth, its name, and the text of one that holds
/// no others.
fn outline(text: &str) -> Result<String, XmlError> {
    let mut lines = Vec::<(usize, String, bool)>::new();
    let mut reader = Reader::new(text, Limits::default())?;
    let mut open = Vec::<usize>::new();
    reader.root()?;
    loop {
        if let Some(parent) = open.last() {
            let (_, _, is_leaf) = &mut lines[*parent];
            *is_leaf = false;
        }
        let name = format!("{{{}}}{}", reader.namespace(), reader.local());
        let mark = if reader.has_attributes() { "@" } else { "" };
        open.push(lines.len());
        lines.push((open.len(), name + mark, true));
        while !reader.child()? {
            open.pop();
            if open.is_empty() {
                reader.finish()?;
                return Ok(with_texts(text, &lines));
            }
        }
    }
}

/// The outline with texts, once it is known which elements hold no others.
fn with_texts(text: &str, lines: &[(usize, String, bool)]) -> String {
    let mut reader = Reader::new(text, Limits::default()).unwrap();
    reader.root().unwrap();
    let mut outline = String::new();
    for (n, (depth, name, is_leaf)) in lines.iter().enumerate() {
        while n > 0 && !reader.child().unwrap() {}
        outline += &format!("{depth} {name}");
        if *is_leaf {
            // A comment or an instruction inside is refused where only text may stand.
            match reader.text() {
                Ok(text) => outline += &format!("={text}"),
                Err(_) => return outline + "\nno texts",
            }
        }
        outline.push('\n');
    }
    outline
}

/// The messages of the fixtures, and a few documents of this crate's own.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join("fixtures"), root.join("wsdl")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|end| end.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("xml" | "wsdl") => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts.filter(|text| text.len() < 4096 && outline(text).is_ok()).collect()
}

#[test]
fn documents_are_written_with_what_our_reader_says() {
    let folder = std::env::var("DIFFERENTIAL_FOLDER").expect("run tests/interop/differential.sh");
    let count: u64 = std::env::var("DIFFERENTIAL_COUNT").unwrap().parse().unwrap();
    let seeds = seeds();
    assert!(seeds.len() > 100, "{}", seeds.len());
    let create = |name| std::fs::File::create(Path::new(&folder).join(name)).unwrap();
    let (mut documents, mut ours) = (create("documents"), create("ours"));
    let mut accepted = 0;
    for number in 0..count {
        let seed = &seeds[usize::try_from(number).unwrap() % seeds.len()];
        let text = changed(seed, number);
        let length = u32::try_from(text.len()).unwrap();
        documents.write_all(&length.to_be_bytes()).unwrap();
        documents.write_all(text.as_bytes()).unwrap();
        let verdict = match outline(&text) {
            Ok(outline) => {
                accepted += 1;
                format!("+{outline}")
            }
            Err(error) => {
                let kind = format!("{:?}", error.kind);
                let variant = kind.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                format!("-{variant}\n{error}")
            }
        };
        ours.write_all(&u32::try_from(verdict.len()).unwrap().to_be_bytes()).unwrap();
        ours.write_all(verdict.as_bytes()).unwrap();
    }
    assert!(accepted > count / 20, "{accepted} of {count}");
}
