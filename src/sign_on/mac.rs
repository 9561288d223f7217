//! Signatures over bytes.

use md5::{Digest as _, Md5};
use ring::hmac;
use subtle::ConstantTimeEq as _;

/// How bytes are signed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mac {
    Hmac(hmac::Algorithm),
    /// Not an HMAC: MD5 over data and key (wsdl/FORMS-TICKET.md, section 2).
    Md5,
}

impl Mac {
    /// The length of a signature, in bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Hmac(algorithm) => algorithm.digest_algorithm().output_len(),
            Self::Md5 => Md5::output_size(),
        }
    }

    pub(super) fn sign(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Hmac(algorithm) => {
                hmac::sign(&hmac::Key::new(algorithm, key), data).as_ref().to_vec()
            }
            Self::Md5 => Md5::new().chain_update(data).chain_update(key).finalize().to_vec(),
        }
    }

    /// What was signed, of bytes that end with their signature; compared in constant time.
    pub(super) fn verified<'b>(self, key: &[u8], bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (data, signature) = bytes.split_at_checked(bytes.len().checked_sub(self.len())?)?;
        let is_right = match self {
            Self::Hmac(algorithm) => {
                hmac::verify(&hmac::Key::new(algorithm, key), data, signature).is_ok()
            }
            Self::Md5 => self.sign(key, data).ct_eq(signature).into(),
        };
        is_right.then_some(data)
    }
}

/// The key of Framework45 for tickets: SP 800-108 in counter mode with HMAC-SHA512, as long as the master key
/// (wsdl/FORMS-TICKET.md, section 3).
pub(super) fn derive(master: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    // No key that is read here has more than 2^29 bytes.
    let bits = (master.len() as u32) * 8;
    let prf = hmac::Key::new(hmac::HMAC_SHA512, master);
    let mut derived = zeroize::Zeroizing::new(Vec::with_capacity(master.len() + 64));
    for block in 1_u32.. {
        if derived.len() >= master.len() {
            break;
        }
        let mut context = hmac::Context::with_key(&prf);
        context.update(&block.to_be_bytes());
        context.update(b"FormsAuthentication.Ticket\0");
        context.update(&bits.to_be_bytes());
        derived.extend_from_slice(context.sign().as_ref());
    }
    derived.truncate(master.len());
    derived
}
