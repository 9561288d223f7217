//! CBC with PKCS#7, over the ciphers that .NET has for tickets.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _, KeyInit,
    KeyIvInit as _,
};
use des::{Des, TdesEde2, TdesEde3};
use zeroize::Zeroizing;

use super::{Decryption, KeyError};

#[cfg(test)]
thread_local! {
    /// How often a thread decrypted: for tests that nothing is before its signature was looked at.
    pub(super) static DECRYPTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A cipher with its key.
#[derive(Clone, Copy)]
pub(super) struct Cipher<'k> {
    algorithm: Decryption,
    key: &'k [u8],
}

impl<'k> Cipher<'k> {
    pub(super) fn new(algorithm: Decryption, key: &'k [u8]) -> Result<Self, KeyError> {
        let (lengths, remedy): (&[usize], _) = match algorithm {
            Decryption::Aes => (&[16, 24, 32], "AES takes 32, 48 or 64 digits"),
            Decryption::TripleDes => (&[16, 24], "3DES takes 32 or 48 digits"),
            Decryption::Des => (&[8], "DES takes 16 digits"),
        };
        let wrong = |what: String, remedy| Err(KeyError::new("decryptionKey", what, remedy));
        let name = algorithm.name();
        if !lengths.contains(&key.len()) {
            let digits = 2 * key.len();
            let what =
                format!("it has {digits} digits, which is not the length of a key for {name}");
            return wrong(what, remedy);
        }
        let odd: Zeroizing<Vec<u8>> =
            key.iter().map(|byte| odd_parity(*byte)).collect::<Vec<_>>().into();
        let weak = match algorithm {
            Decryption::Aes => false,
            Decryption::TripleDes => odd.windows(16).step_by(8).any(|keys| keys[..8] == keys[8..]),
            Decryption::Des => des::weak_key_test(&odd).is_err(),
        };
        if weak {
            // .NET refuses it, too: it hides nothing.
            return wrong(
                format!("it is a weak key for {name}"),
                "generate another, for all sites",
            );
        }
        Ok(Self { algorithm, key })
    }

    /// Bytes of a block, and of an IV.
    pub(super) fn block(self) -> usize {
        if self.algorithm == Decryption::Aes { 16 } else { 8 }
    }

    pub(super) fn key_len(self) -> usize {
        self.key.len()
    }

    /// `None` for an IV that is not a block; the key was looked at.
    pub(super) fn encrypt(self, iv: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        match (self.algorithm, self.key.len()) {
            (Decryption::Aes, 16) => encrypt::<Aes128>(self.key, iv, plain),
            (Decryption::Aes, 24) => encrypt::<Aes192>(self.key, iv, plain),
            (Decryption::Aes, _) => encrypt::<Aes256>(self.key, iv, plain),
            (Decryption::TripleDes, 16) => encrypt::<TdesEde2>(self.key, iv, plain),
            (Decryption::TripleDes, _) => encrypt::<TdesEde3>(self.key, iv, plain),
            (Decryption::Des, _) => encrypt::<Des>(self.key, iv, plain),
        }
    }

    /// `None` for what is not whole blocks with padding.
    pub(super) fn decrypt(self, iv: &[u8], cipher: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        #[cfg(test)]
        DECRYPTED.set(DECRYPTED.get() + 1);
        match (self.algorithm, self.key.len()) {
            (Decryption::Aes, 16) => decrypt::<Aes128>(self.key, iv, cipher),
            (Decryption::Aes, 24) => decrypt::<Aes192>(self.key, iv, cipher),
            (Decryption::Aes, _) => decrypt::<Aes256>(self.key, iv, cipher),
            (Decryption::TripleDes, 16) => decrypt::<TdesEde2>(self.key, iv, cipher),
            (Decryption::TripleDes, _) => decrypt::<TdesEde3>(self.key, iv, cipher),
            (Decryption::Des, _) => decrypt::<Des>(self.key, iv, cipher),
        }
        .map(Zeroizing::new)
    }
}

/// The lowest bit of a key's byte is its parity, which DES does not look at.
fn odd_parity(byte: u8) -> u8 {
    (byte & 0xFE) | u8::from((byte & 0xFE).count_ones().is_multiple_of(2))
}

fn encrypt<C: BlockCipherEncrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    plain: &[u8],
) -> Option<Vec<u8>> {
    let encryptor = cbc::Encryptor::<C>::new_from_slices(key, iv).ok()?;
    Some(encryptor.encrypt_padded_vec::<Pkcs7>(plain))
}

fn decrypt<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    cipher: &[u8],
) -> Option<Vec<u8>> {
    let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded_vec::<Pkcs7>(cipher).ok()
}
