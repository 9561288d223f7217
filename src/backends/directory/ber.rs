//! The basic encoding rules of ASN.1, as far as LDAP uses them (RFC 4511, section 5.1): definite
//! lengths, tags of one byte. Nothing here goes deeper by itself.

/// An element: tag, length, content.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = length.iter().skip_while(|byte| **byte == 0).count();
    let mut element = Vec::with_capacity(content.len() + digits + 2);
    element.push(tag);
    match content.len() {
        short @ 0..128 => element.push(short as u8),
        _ => {
            element.push(0x80 | digits as u8);
            element.extend(&length[length.len() - digits..]);
        }
    }
    element.extend(content);
    element
}

/// An OCTET STRING.
pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// An INTEGER that is not negative, or an ENUMERATED or BOOLEAN by its tag.
pub(super) fn number(tag: u8, value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(3);
    // The first bit is a sign.
    match bytes[start] {
        0x80.. => tlv(tag, &[&[0], &bytes[start..]].concat()),
        _ => tlv(tag, &bytes[start..]),
    }
}

/// Takes elements off the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    /// The next element; `None` at the end, and where there is no whole one.
    pub(super) fn element(&mut self) -> Option<(u8, &'b [u8])> {
        let (start, length) = header(self.0).ok()??;
        let content = self.0.get(start..start.checked_add(length)?)?;
        let tag = self.0[0];
        self.0 = &self.0[start + length..];
        Some((tag, content))
    }

    /// The next element, if it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'b [u8]> {
        self.element().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// A number that fits and is not negative.
pub(super) fn unsigned(content: &[u8]) -> Option<u32> {
    if content.is_empty() || content.len() > 5 || content[0] & 0x80 != 0 {
        return None;
    }
    let value = content.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    u32::try_from(value).ok()
}

/// Where an element's content begins, and its length; `None` while that has not come.
pub(super) fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, &'static str> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err("a tag of more than one byte");
    }
    match first {
        0..0x80 => Ok(Some((2, usize::from(*first)))),
        0x80 => Err("an element without a length"),
        _ => {
            let digits = usize::from(first & 0x7f);
            if digits > 4 {
                return Err("an element of more than 4 GiB");
            }
            let Some(length) = rest.get(..digits) else { return Ok(None) };
            let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            Ok(Some((2 + digits, length)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let element = tlv(0x30, &vec![7; length]);
            let mut reader = Reader(&element);
            let (tag, content) = reader.element().unwrap();
            assert_eq!((tag, content.len(), reader.0.len()), (0x30, length, 0));
            assert!(reader.element().is_none());
            assert!(Reader(&element[..element.len() - 1]).element().is_none() || length == 0);
        }
        for value in [0, 1, 127, 128, 255, 256, 65_535, u32::MAX] {
            let element = number(2, value);
            assert_eq!(unsigned(Reader(&element).expect(2).unwrap()), Some(value));
        }
        assert_eq!(number(2, 128), [2, 2, 0, 128]);
    }

    #[test]
    fn what_others_send_is_bounded() {
        for bytes in [&[0x1f, 0][..], &[0x30, 0x80], &[0x30, 0x85, 1, 1, 1, 1, 1]] {
            assert!(header(bytes).is_err());
            assert!(Reader(bytes).element().is_none());
        }
        assert!(Reader(&[4, 0x84, 0xff, 0xff, 0xff, 0xff, 0]).element().is_none());
        assert_eq!(unsigned(&[0x80]), None);
        assert_eq!(unsigned(&[]), None);
    }
}
