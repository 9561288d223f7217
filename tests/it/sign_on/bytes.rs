//! Tests of `src/sign_on` that need given random bytes, or count what is decrypted: a module of the crate.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::cipher::DECRYPTED;
use super::error::LONGEST;
use super::text::{from_hex, to_hex};
use super::*;
use crate::secret::Secret;

const VALIDATION_KEY: &str = "30101052676849B0B494466B7A99656346328E8964748448E422D7344467A45777D972414947271744423422851D6742C9A09A65212C276C7F839157501291C6";
const DECRYPTION_KEY: &str = "AC7387D7E54B156377D81930CF237888854B5B5B515CF2D6356541255E696144";

fn settings(layout: Layout, validation: Validation) -> Settings {
    Settings { layout, validation, decryption: Decryption::Aes, protection: Protection::All }
}

fn key(settings: Settings) -> MachineKey {
    let keys = [VALIDATION_KEY, DECRYPTION_KEY].map(Secret::from);
    MachineKey::new(settings, &keys[0], &keys[1]).unwrap()
}

fn all() -> impl Iterator<Item = Settings> {
    [Layout::Legacy, Layout::Framework45].into_iter().flat_map(|layout| {
        Validation::NAMES[..4].iter().map(move |(_, validation)| settings(layout, *validation))
    })
}

struct Vector {
    id: String,
    key: MachineKey,
    ticket: Ticket,
    cookie: String,
    random: Option<Vec<u8>>,
    is_made: bool,
}

fn vectors() -> Vec<Vector> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sign_on/vectors.json");
    let all: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let of = |kind: &str| all[kind].as_array().unwrap().clone();
    let net = of("net").into_iter().map(|vector| (vector, false));
    let made = of("made").into_iter().map(|vector| (vector, true));
    net.chain(made).map(|(vector, is_made)| read(&vector, is_made)).collect()
}

fn read(vector: &Value, is_made: bool) -> Vector {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (key, ticket) = (&vector["key"], &vector["ticket"]);
    let protection = vector["opts"]["protection"].as_str().unwrap_or("All");
    let mode = key["mode"].as_str().unwrap();
    let config = format!(
        "<configuration><system.web><machineKey compatibilityMode='{mode}' validation={} decryption={} \
         validationKey={} decryptionKey={} /><authentication><forms protection='{protection}'/></authentication>\
         </system.web></configuration>",
        key["validation"], key["decryption"], key["validationKey"], key["decryptionKey"],
    );
    let ticks = |name: &str| Timestamp::from_ticks(text(&ticket[name]).parse().unwrap()).unwrap();
    Vector {
        id: text(&vector["id"]),
        key: MachineKey::parse(config.as_bytes(), "web.config").unwrap(),
        ticket: Ticket {
            version: u8::try_from(ticket["version"].as_u64().unwrap()).unwrap(),
            name: text(&ticket["name"]),
            issued: ticks("issued"),
            expires: ticks("expires"),
            persistent: ticket["persistent"].as_bool().unwrap(),
            user_data: text(&ticket["userData"]),
            path: text(&ticket["path"]),
        },
        cookie: text(&vector["cookie"]),
        random: is_made.then(|| (0xA0..=0xFF).collect()),
        is_made,
    }
}

#[test]
fn every_vector_is_read_and_made_again() {
    let (mut proven, mut unproven) = (0, 0);
    for vector in vectors() {
        let Vector { id, key, ticket, cookie, random, is_made } = vector;
        let allowed = key.clone().allow_unproven();
        assert_eq!(allowed.diagnose(&cookie).as_ref(), Ok(&ticket), "{id}");
        assert_eq!(allowed.diagnose(&cookie.to_lowercase()).as_ref(), Ok(&ticket), "{id}");
        // Of .NET's own cookies the random bytes are what they decrypt to.
        let random = random.unwrap_or_else(|| random_of(&key, &cookie));
        let made = key.seal_with(&ticket, |bytes| {
            bytes.copy_from_slice(&random[..bytes.len()]);
            true
        });
        assert_eq!(made.as_ref(), Ok(&cookie), "{id}");
        match key.settings().unproven() {
            None => {
                proven += 1;
                assert_eq!(key.open(&cookie), Ok(ticket.clone()), "{id}");
                assert_eq!(key.open(&key.seal(&ticket).unwrap()), Ok(ticket), "{id}");
            }
            Some(what) => {
                unproven += 1;
                assert!(is_made, "{id}");
                assert_eq!(key.open(&cookie), Err(InvalidTicket), "{id}");
                assert_eq!(key.diagnose(&cookie), Err(Reason::Unproven(what)), "{id}");
                assert_eq!(key.seal(&ticket), Err(SealError::Unproven(what)), "{id}");
                let sealed = allowed.seal(&ticket);
                if key.settings().protection == Protection::None {
                    assert_eq!(sealed, Err(SealError::Unsigned), "{id}");
                } else {
                    assert_eq!(allowed.open(&sealed.unwrap()), Ok(ticket), "{id}");
                }
            }
        }
    }
    assert_eq!((proven, unproven), (16, 12));
}

/// The prefix or IV of a cookie.
fn random_of(key: &MachineKey, cookie: &str) -> Vec<u8> {
    let bytes = from_hex(cookie).unwrap();
    if key.settings.layout == Layout::Framework45 {
        return bytes[..16].to_vec();
    }
    let cipher = super::cipher::Cipher::new(Decryption::Aes, &key.decryption).unwrap();
    let signed = &bytes[..bytes.len() - key.settings.validation.mac().len()];
    cipher.decrypt(&[0; 16], signed).unwrap()[..key.decryption.len()].to_vec()
}

#[test]
fn every_vector_names_the_settings_that_made_it() {
    for vector in vectors() {
        let wanted = vector.key.settings();
        let found = find_mode(&vector.key, &vector.cookie);
        assert_eq!(found, [(wanted, vector.ticket)], "{}", vector.id);
        // Whatever the file says, that no key fits included.
        let mut otherwise = vector.key.clone();
        otherwise.settings =
            Settings { layout: Layout::Framework45, validation: Validation::Md5, ..wanted };
        let found = find_mode(&otherwise, &vector.cookie);
        assert_eq!(found.len(), 1, "{}: {found:?}", vector.id);
        assert!(found[0].0.makes_the_same(&wanted), "{}: {found:?}", vector.id);
        // Another site's, with keys of the same lengths.
        let mut other = vector.key.clone();
        other.validation[0] ^= 1;
        if wanted.protection != Protection::None {
            assert_eq!(find_mode(&other, &vector.cookie), [], "{}", vector.id);
        }
    }
}

#[test]
fn one_changed_bit_is_refused_before_anything_is_decrypted() {
    for Vector { id, key, cookie, .. } in vectors() {
        if key.settings().protection == Protection::None {
            continue;
        }
        let key = key.allow_unproven();
        let mut bytes = from_hex(&cookie).unwrap().to_vec();
        let before = DECRYPTED.get();
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.diagnose(&to_hex(&bytes)), Err(Reason::Signature), "{id}: bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..bytes.len() {
            assert!(key.open(&to_hex(&bytes[..length])).is_err(), "{id}: {length} bytes");
        }
        assert_eq!(DECRYPTED.get(), before, "{id}");
    }
}

/// What only whoever has the keys can make: all is signed, and the padding, the inner signature or the
/// ticket is wrong.
#[test]
fn a_wrong_padding_and_a_wrong_signature_are_told_apart_by_nobody() {
    for settings in all() {
        let key = key(settings).allow_unproven();
        let keys = super::layout::Keys::new(settings, &key.validation, &key.decryption).unwrap();
        let resigned = |cookie: &str, change: fn(&mut Vec<u8>)| {
            let bytes = from_hex(cookie).unwrap();
            let mut body = bytes[..bytes.len() - settings.validation.mac().len()].to_vec();
            change(&mut body);
            to_hex(&keys.signed(body))
        };
        let cookie = key.seal(&Ticket::new("jane", Timestamp::now(), Duration::ZERO)).unwrap();
        let last = |body: &mut Vec<u8>| *body.last_mut().unwrap() ^= 1;
        let padding = resigned(&cookie, last);
        assert_eq!(key.diagnose(&padding), Err(Reason::Decryption), "{settings}");
        let cut = resigned(&cookie, |body| body.truncate(16));
        assert_eq!(key.diagnose(&cut), Err(Reason::Decryption), "{settings}");
        let partial = resigned(&cookie, |body| body.truncate(17));
        assert_eq!(key.diagnose(&partial), Err(Reason::Decryption), "{settings}");
        let inside = resigned(&cookie, |body| body[33] ^= 1);
        assert!(
            matches!(key.diagnose(&inside), Err(Reason::Inner | Reason::Ticket(_))),
            "{settings}"
        );
        let signature = to_hex(&{
            let mut bytes = from_hex(&cookie).unwrap().to_vec();
            last(&mut bytes);
            bytes
        });
        let said = [padding, cut, partial, inside, signature]
            .map(|cookie| key.open(&cookie).unwrap_err().to_string());
        assert!(said.iter().all(|text| text == "the cookie is not a valid ticket"), "{said:?}");
    }
}

#[test]
fn the_derived_keys_are_those_of_dotnet() {
    let of = |id: &str| {
        let vector = vectors().into_iter().find(|vector| vector.id == id).unwrap();
        (to_hex(&mac::derive(&vector.key.validation)), to_hex(&mac::derive(&vector.key.decryption)))
    };
    let (_, encryption) = of("net-fx45-hmacsha512-aes256");
    assert_eq!(encryption, "8304AE8810155018B49B27CC637218795F31B09E71B3B09A520801C07763AC7E");
}

#[test]
fn malformed_tickets_are_refused() {
    let whole = Ticket::new("é😀\0", Timestamp::now(), Duration::from_secs(60)).encode();
    assert!(Ticket::decode(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(Ticket::decode(&whole[..length]).is_err(), "{length}");
    }
    let change = |at: usize, bytes: &[u8], replaced: usize| {
        let mut ticket = whole.to_vec();
        ticket.splice(at..at + replaced, bytes.iter().copied());
        Ticket::decode(&ticket)
    };
    assert!(change(1, &[7], 1).is_ok());
    for (at, bytes, replaced) in [
        (0, &[2][..], 1), // the version of the format
        (9, &[0xFF], 1),  // ticks beyond DateTime
        (10, &[0xFD], 1), // the spacer
        (18, &[0x7F], 1),
        (19, &[2], 1),          // persistent
        (20, &[0x84, 0x00], 1), // an over-long count
        (20, &[0x80, 0x80, 0x80, 0x00], 1),
        (20, &[0xFF, 0xFF, 0xFF, 0xFF, 0x07], 1), // counts beyond all that follows
        (20, &[0xFF, 0xFF, 0x7F], 1),
        (20, &[0xFF; 12], 1),
        (25, &[0x3D, 0xD8], 2), // two high halves
        (whole.len() - 1, &[0xFE], 1),
        (whole.len(), &[0], 0),
    ] {
        assert!(change(at, bytes, replaced).is_err(), "{at} {bytes:x?}");
    }
    assert_eq!(
        change(25, &[0x3D, 0xD8], 2),
        Err(Reason::Ticket("a text holds half a surrogate pair"))
    );
}

#[test]
fn the_longest_cookie_has_4096_characters() {
    for (settings, most) in [
        (settings(Layout::Legacy, Validation::Sha1), 969),
        (settings(Layout::Framework45, Validation::HmacSha256), 987),
    ] {
        let key = key(settings);
        let now = Timestamp::now();
        let ticket = |units: usize| Ticket {
            user_data: "x".repeat(units - 5),
            ..Ticket::new("jane", now, Duration::from_secs(60))
        };
        let cookie = key.seal(&ticket(most)).unwrap();
        assert!(cookie.len() <= LONGEST, "{}", cookie.len());
        assert_eq!(key.open(&cookie), Ok(ticket(most)));
        let error = key.seal(&ticket(most + 1)).unwrap_err().to_string();
        assert!(error.contains(&format!("the user data {}", most - 4)), "{error}");
        let long = format!("{cookie}{}", "0".repeat(LONGEST + 2 - cookie.len()));
        assert_eq!(key.diagnose(&long), Err(Reason::Length));
    }
}

proptest! {
    #[test]
    fn whatever_is_made_is_read(
        version: u8, persistent: bool, name in ".{0,300}", user_data in ".{0,60}", path: String,
        issued in 0..=Timestamp::MAX.ticks(), expires in 0..=Timestamp::MAX.ticks(),
    ) {
        let ticks = |ticks| Timestamp::from_ticks(ticks).unwrap();
        let (issued, expires) = (ticks(issued), ticks(expires));
        let ticket = Ticket { version, name, issued, expires, persistent, user_data, path };
        for settings in all() {
            let key = key(settings).allow_unproven();
            let cookie = key.seal(&ticket).unwrap();
            prop_assert_eq!(key.open(&cookie), Ok(ticket.clone()));
        }
    }

    #[test]
    fn whatever_comes_is_answered(bytes: Vec<u8>, cookie: String) {
        let _ = Ticket::decode(&bytes);
        prop_assert!(key(settings(Layout::Legacy, Validation::Sha1)).open(&cookie).is_err());
    }
}
