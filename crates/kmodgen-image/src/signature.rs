//! The signature at the end of a module: a PKCS#7 message, a structure that gives its length, and a
//! line that marks the two (kernel, include/linux/module_signature.h and `mod_check_sig`).

/// The line that ends a signed module.
const MARK: &[u8] = b"~Module signature appended~\n";

/// Length of the structure before the mark.
const STRUCTURE: usize = 12;

/// `PKEY_ID_PKCS7`, the only kind that a kernel takes.
const PKCS7: u8 = 2;

/// The content type of signed data, 1.2.840.113549.1.7.2, in DER.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// The signature of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// No signature: the mark is absent.
    Absent,
    /// A message that has the form of a signature. Who signed is for the kernel's keys to tell.
    Present,
    /// The mark without a signature before it: why, completing "its signature …".
    Broken(&'static str),
}

impl Signature {
    /// Reads the end of a module that is not compressed.
    pub fn parse(module: &[u8]) -> Self {
        let Some(rest) = module.strip_suffix(MARK) else { return Self::Absent };
        match message(rest).and_then(|message| signers(message).ok_or("is not a PKCS#7 message with a signer")) {
            Ok(()) => Self::Present,
            Err(why) => Self::Broken(why),
        }
    }
}

fn message(rest: &[u8]) -> Result<&[u8], &'static str> {
    let (before, structure) =
        rest.len().checked_sub(STRUCTURE).map(|at| rest.split_at(at)).ok_or("has no signature data")?;
    let [algorithm, hash, kind, signer, key, pad @ .., a, b, c, d] = structure else {
        return Err("has no signature data");
    };
    if *kind != PKCS7 {
        return Err("is not PKCS#7");
    }
    if [algorithm, hash, signer, key].into_iter().chain(pad).any(|byte| *byte != 0) {
        return Err("has fields set that must be zero");
    }
    let length = u32::from_be_bytes([*a, *b, *c, *d]);
    let start = usize::try_from(length).ok().and_then(|length| before.len().checked_sub(length));
    start
        .map(|start| &before[start..])
        .filter(|message| !message.is_empty())
        .ok_or("has a length that exceeds the file")
}

/// Looks for a signer in a PKCS#7 message (RFC 2315, sections 7 and 9.1). Encodings of indefinite
/// length are taken, as kernels take them.
fn signers(message: &[u8]) -> Option<()> {
    let (content, _) = element(message, 0x30)?;
    let (kind, content) = element(content, 0x06)?;
    let (wrapped, _) = element(content, 0xa0).filter(|_| kind == SIGNED_DATA)?;
    let (signed, _) = element(wrapped, 0x30)?;
    let (_version, rest) = element(signed, 0x02)?;
    let (_digests, rest) = element(rest, 0x31)?;
    let (_content, mut rest) = element(rest, 0x30)?;
    for optional in [0xa0, 0xa1] {
        rest = element(rest, optional).map_or(rest, |(_, rest)| rest);
    }
    let (infos, _) = element(rest, 0x31)?;
    element(infos, 0x30).filter(|(signer, _)| !signer.is_empty()).map(drop)
}

/// Splits off an element of a tag: its content, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        // Of indefinite length: all there is, whose end its elements find.
        0x80 => (rest.len(), rest),
        0..0x80 => (usize::from(*first), rest),
        _ => {
            let count = usize::from(first & 0x7f);
            let digits = rest.get(..count).filter(|_| count <= 4)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), &rest[count..])
        }
    };
    (length <= rest.len()).then(|| rest.split_at(length))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    }

    /// A message in the form of a signature by nobody.
    fn pkcs7(signer: &[u8]) -> Vec<u8> {
        let infos = der(0x31, &der(0x30, signer));
        let signed = [der(0x02, &[1]), der(0x31, &[]), der(0x30, &[]), der(0xa0, b"certificates"), infos].concat();
        der(0x30, &[der(0x06, SIGNED_DATA), der(0xa0, &der(0x30, &signed))].concat())
    }

    fn appended(message: &[u8], structure: [u8; 8], length: u32) -> Vec<u8> {
        [message, &structure, &length.to_be_bytes(), MARK].concat()
    }

    /// Returns the bytes that signing appends to a module.
    pub(crate) fn signature() -> Vec<u8> {
        let message = pkcs7(b"signer");
        appended(&message, [0, 0, PKCS7, 0, 0, 0, 0, 0], u32::try_from(message.len()).unwrap())
    }

    fn parse(end: &[u8]) -> Signature {
        Signature::parse(&[b"module", end].concat())
    }

    #[test]
    fn a_mark_alone_is_no_signature() {
        assert_eq!(parse(b""), Signature::Absent);
        assert_eq!(parse(&signature()), Signature::Present);
        let good = [0, 0, PKCS7, 0, 0, 0, 0, 0];
        let (whole, empty) = (pkcs7(b"x"), pkcs7(b""));
        let length = u32::try_from(whole.len()).unwrap();
        for (end, why) in [
            (MARK.to_vec(), "has no signature data"),
            (appended(&whole, good, 5000), "has a length that exceeds the file"),
            (appended(&whole, good, 0), "has a length that exceeds the file"),
            (appended(&whole, [0, 0, 1, 0, 0, 0, 0, 0], length), "is not PKCS#7"),
            (appended(&whole, [0, 4, PKCS7, 0, 0, 0, 0, 0], length), "has fields set that must be zero"),
            (appended(b"nothing", good, 7), "is not a PKCS#7 message with a signer"),
            (appended(&whole[..length as usize - 1], good, length - 1), "is not a PKCS#7 message with a signer"),
            (appended(&empty, good, u32::try_from(empty.len()).unwrap()), "is not a PKCS#7 message with a signer"),
        ] {
            assert_eq!(parse(&end), Signature::Broken(why));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(noise in proptest::collection::vec(any::<u8>(), 0..60), spots in proptest::collection::vec((0usize..200, any::<u8>()), 0..8)) {
            let mut bytes = signature();
            let length = bytes.len() - MARK.len();
            spots.iter().for_each(|(at, byte)| bytes[at % length] = *byte);
            let _ = (Signature::parse(&bytes), Signature::parse(&[&noise, MARK].concat()));
        }
    }
}
