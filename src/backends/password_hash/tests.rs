use super::*;

/// What was hashed, unless a row says otherwise.
const PASSWORD: &str = "Grüße 1";

/// The salt of the rows of ASP.NET Membership: the bytes 16 to 31.
const SALT: &str = "EBESExQVFhcYGRobHB0eHw==";

/// Scheme, stored hash, and who computed it.
const VECTORS: &[(Scheme, &str, &str)] = &[
    // Python 3.11 hashlib and base64, salt of the bytes 0 to 7; the first accepted by passlib 1.7.4.
    (Scheme::Ssha, "{SSHA}siL4EI9eKlMGfEnGgoOzrUIIdg4AAQIDBAUGBw==", "hashlib"),
    (Scheme::Ssha, "{ssha}siL4EI9eKlMGfEnGgoOzrUIIdg4AAQIDBAUGBw  ", "in small letters, filled up"),
    (
        Scheme::Ssha256,
        "{SSHA256}QTeBre6V9Pa72wBbeayw1QIiumqSn2eHX3UjZ8s8vhwAAQIDBAUGBw==",
        "hashlib",
    ),
    (
        Scheme::Ssha512,
        "{SSHA512}Rw8cxuiZxudXaBsBMISGaYO9Jarw1x4WqWwhsr8+pLuyQvLWkCmhOpZ1JExx+UQ7OjtoOdIOLUVn6VMMdc3+KgABAgMEBQYH",
        "hashlib",
    ),
    (Scheme::Smd5, "{SMD5}ompYvGwJrfNkYQTyyHcf0AABAgMEBQYH", "hashlib"),
    (Scheme::Md5Unsafe, "{MD5}ZqO5czD32U7YS/m3y2NOLA==", "hashlib"),
    (Scheme::Md5Unsafe, "66a3b97330f7d94ed84bf9b7cb634e2c", "hashlib"),
    (Scheme::Md5Unsafe, "66A3B97330F7D94ED84BF9B7CB634E2C", "the same as .NET's X2 writes it"),
    (Scheme::Md5Unsafe, "ZqO5czD32U7YS/m3y2NOLA==", "hashlib"),
    (Scheme::Sha1Unsafe, "{SHA}BuzMd8Yk21qevVRpkpbc9zXyIAA=", "hashlib"),
    (Scheme::Sha1Unsafe, "06eccc77c624db5a9ebd54699296dcf735f22000", "hashlib"),
    (Scheme::Sha256Unsafe, "jASCAVx5eeIvDOybcEQLq2ZLx3QYpFtjlvrr3vgUFUc=", "hashlib"),
    (
        Scheme::Sha256Unsafe,
        "{SHA256}8c0482015c7979e22f0cec9b70440bab664bc77418a45b6396faebdef8141547",
        "hashlib",
    ),
    (
        Scheme::Sha512Unsafe,
        "{SHA512}ZJzpAHwJV3cV/ubes4Cn7Jc2+cxB1GiByWqtsjyQXbFRXQ60zgcYM0EKChLck6Jm0nsljwagY4Lw3bX3YIpnlw==",
        "hashlib",
    ),
    (Scheme::PlainUnsafe, "Grüße 1", "the password"),
    (Scheme::PlainUnsafe, "{CLEARTEXT}Grüße 1", "the password"),
    // pyca bcrypt 5.0.0, cost 4.
    (Scheme::Bcrypt, "$2a$04$CCCCCCCCCCCCCCCCCCCCC.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu", "bcrypt"),
    (Scheme::Bcrypt, "$2b$04$CCCCCCCCCCCCCCCCCCCCC.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu", "bcrypt"),
    (
        Scheme::Bcrypt,
        "{CRYPT}$2y$04$CCCCCCCCCCCCCCCCCCCCC.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu",
        "bcrypt",
    ),
    // argon2-cffi 25.1.0, 64 KiB.
    (
        Scheme::Argon2,
        "$argon2i$v=16$m=64,t=2,p=2$c29tZXNhbHQwMTIzNDU2Nw$gMwb3wfOffzBvGFhY1Ed6kg9XZLpM7k+4B+mH5i0cew",
        "argon2-cffi",
    ),
    (
        Scheme::Argon2,
        "$argon2i$m=64,t=2,p=2$c29tZXNhbHQwMTIzNDU2Nw$gMwb3wfOffzBvGFhY1Ed6kg9XZLpM7k+4B+mH5i0cew",
        "the same as version 1.0 wrote it",
    ),
    (
        Scheme::Argon2,
        "$argon2i$v=19$m=64,t=2,p=2$c29tZXNhbHQwMTIzNDU2Nw$afR+HpcrBUx1hjzY6j2PlkXhAWPGMqDRy6Q1/iAgkwU",
        "argon2-cffi",
    ),
    (
        Scheme::Argon2,
        "{ARGON2}$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHQwMTIzNDU2Nw$ooV2yLBcf6aiMwl22jjQK7pNJzu5xZOnqHM7Kiz6A7E",
        "argon2-cffi",
    ),
    // passlib 1.7.4, 1000 rounds.
    (Scheme::Pbkdf2, "$pbkdf2$1000$./..MDEyMzQ1Njc4OQ$p7Aa/DnW1ST8op/cJKmwE74Is20", "passlib"),
    (
        Scheme::Pbkdf2,
        "$pbkdf2-sha256$1000$./..MDEyMzQ1Njc4OQ$NA3BEc6gFlA/HwKf1hoX2.iDmBf0F6dhUCAVWjaIQC8",
        "passlib",
    ),
    (
        Scheme::Pbkdf2,
        "{PBKDF2-SHA256}1000$./..MDEyMzQ1Njc4OQ$NA3BEc6gFlA/HwKf1hoX2.iDmBf0F6dhUCAVWjaIQC8",
        "the same as OpenLDAP's pw-pbkdf2 writes it",
    ),
    (
        Scheme::Pbkdf2,
        "$pbkdf2-sha512$1000$./..MDEyMzQ1Njc4OQ$U/hnxTU/alKjwwXhX7n.PelO8aMPE2nC/GKGlz7WSglezknxLVlZLH.kYjB0IlfcXkayp06b9P5F3Walcl3tbg",
        "passlib",
    ),
    // Django 5.2.19, 1000 rounds.
    (
        Scheme::Django,
        "pbkdf2_sha256$1000$seasalt$sxXWwikj8/mvQdu5tIMg4AIS98QmwAxZ8yGyxqatneU=",
        "Django",
    ),
    (Scheme::Django, "pbkdf2_sha1$1000$seasalt$b9DTb1IbKzhsgrGu7RlCnyp2k+A=", "Django"),
    // Python's hashlib.pbkdf2_hmac in the layout of PasswordHasher.cs.
    (
        Scheme::AspNetIdentity,
        "ABAREhMUFRYXGBkaGxwdHh+Sgwno/mqlJmClISz76y3ZGVdGq0CpZ2uOdF74Ert+Tw==",
        "hashlib",
    ),
    (
        Scheme::AspNetIdentity,
        "AQAAAAAAAAfQAAAAEBAREhMUFRYXGBkaGxwdHh/VNOpliR6zQmB35Sju0v0Z7pdXwof9wjL+2+b6PBukFA==",
        "hashlib",
    ),
    (
        Scheme::AspNetIdentity,
        "AQAAAAIAAAfQAAAAEBAREhMUFRYXGBkaGxwdHh/MCfRy05aVmk9xK0RgzwqNJPXcxHJ/1EzPq41rw63+bA==",
        "hashlib",
    ),
    // C# on Mono with System.Security.Cryptography, as SqlMembershipProvider.EncodePassword does it;
    // hashlib and hmac of Python agree.
    (Scheme::AspNetMembership, "HjygXoiUjZuOLFeutJ2ytUF+pBo=", "Mono, SHA1"),
    (Scheme::AspNetMembership, "zih0WjDxydB8iov5sGDqn5qywE7q5WhGeEa8IBEweWw=", "Mono, SHA256"),
    (
        Scheme::AspNetMembership,
        "k9kLzI2h3O/Ms2oWAExdez0SnWkgP3F1k4MA/2EAEnxlPA/2v3tHTRLkqIFNF3fwQ0cpEkLdD3aFvk5tIFaiUg==",
        "Mono, SHA512",
    ),
    (Scheme::AspNetMembership, "IxY1N8sM+Rqf5UOJz2LUrzqM5qs=", "Mono, HMACSHA1"),
    (Scheme::AspNetMembership, "vloUD/N0SQ7LOCIoCLYQ2aKCFa1dPD9kTbMuvEBCe3Q=", "Mono, HMACSHA256"),
    (
        Scheme::AspNetMembership,
        "VypMm4QD/x8p7BkTDx1z/9lxYR2XQD6XjOEUxhqXVVjfbl7t/p+LNeKAuJR4NMv8BegSkx6YE/8UnZHcYgM8IA==",
        "Mono, HMACSHA512",
    ),
];

/// Hashes of `my password` from dotnet/aspnetcore, Identity.Test/PasswordHasherTest.cs.
const DOTNET: [&str; 7] = [
    "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==",
    "AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
    "ANXrDknc7fGPpigibZXXZFMX4aoqz44JveK6jQuwY3eH/UyPhvr5xTPeGYEckLxz9A==",
    "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
    "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw==",
    "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
    "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=",
];

fn salt(scheme: Scheme) -> Option<&'static str> {
    (scheme == Scheme::AspNetMembership).then_some(SALT)
}

fn parsed(text: &str) -> Result<Scheme, HashError> {
    Stored::parse(text, None).map(|stored| stored.scheme)
}

#[test]
fn hashes_that_others_computed_are_verified() {
    let mut schemes: Vec<Scheme> = Vec::new();
    for (scheme, text, source) in VECTORS {
        let stored = Stored::parse(text, salt(*scheme)).unwrap();
        assert_eq!(stored.scheme, *scheme, "{text} ({source})");
        assert_eq!(stored.verify(&PASSWORD.into()), Ok(true), "{text} ({source})");
        for wrong in ["Grüße 2", "grüße 1", "Grüße 1 ", "", *text] {
            let is_itself = wrong == PASSWORD;
            assert_eq!(stored.verify(&wrong.into()), Ok(is_itself), "{text}: {wrong}");
        }
        schemes.push(*scheme);
    }
    schemes.sort();
    schemes.dedup();
    assert_eq!(schemes, Scheme::ALL.map(|(scheme, _)| scheme), "each scheme has a vector");
    for text in DOTNET {
        let stored = Stored::parse(text, None).unwrap();
        assert_eq!(stored.scheme, Scheme::AspNetIdentity, "{text}");
        assert_eq!(stored.verify(&"my password".into()), Ok(true), "{text}");
    }
    // bcrypt 4.0.1 of 72 times "a"; more of them change nothing.
    let long = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.mDyzbhj.9K0apb9O/AGMWwoLXiYAu6u";
    let long = Stored::parse(long, None).unwrap();
    for (length, is_right) in [(71, false), (72, true), (80, true)] {
        assert_eq!(long.verify(&"a".repeat(length).into()), Ok(is_right), "{length}");
    }
}

#[tokio::test]
async fn a_scheme_that_is_not_listed_is_a_failure_and_never_a_refusal() {
    for (scheme, text, _) in VECTORS {
        let others = Scheme::ALL.into_iter().map(|(other, _)| other);
        let others: Vec<_> = others.filter(|other| other != scheme).collect();
        let hashes = PasswordHashes::new(others);
        let error = hashes.verify(&PASSWORD.into(), text, salt(*scheme)).await.unwrap_err();
        let expected = match scheme {
            Scheme::PlainUnsafe => HashError::Unknown(String::new()),
            scheme => HashError::NotListed(*scheme),
        };
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains(text), "{error}");
        let hashes = PasswordHashes::new([*scheme]);
        assert_eq!(hashes.verify(&PASSWORD.into(), text, salt(*scheme)).await, Ok(true), "{text}");
    }
}

#[tokio::test]
async fn the_hash_is_not_the_password() {
    let hashes = PasswordHashes::new([Scheme::PlainUnsafe]);
    for (scheme, text, _) in VECTORS.iter().filter(|(scheme, ..)| *scheme != Scheme::PlainUnsafe) {
        let error = hashes.verify(&(*text).into(), text, salt(*scheme)).await.unwrap_err();
        assert_eq!(error, HashError::NotListed(*scheme));
    }
    let unknown = "$6$saltsalt$abc";
    let error = hashes.verify(&unknown.into(), unknown, None).await.unwrap_err();
    assert_eq!(error, HashError::Unknown(String::new()), "which might be a password");
    for odd in ["$ecret", "{", "{}", "a$b", "pass word", "{not a name}x"] {
        assert_eq!(hashes.verify(&odd.into(), odd, None).await, Ok(true), "{odd}");
    }
}

#[tokio::test]
async fn the_empty_password_is_never_right() {
    let hashes = PasswordHashes::new(Scheme::ALL.map(|(scheme, _)| scheme));
    // MD5 of nothing (RFC 1321, A.5).
    for text in ["d41d8cd98f00b204e9800998ecf8427e", "", "{CLEARTEXT}"] {
        assert_eq!(hashes.verify(&"".into(), text, None).await, Ok(false), "{text}");
    }
}

#[test]
fn damaged_hashes_say_of_which_scheme_they_are() {
    for (text, scheme) in [
        ("{SSHA}", Scheme::Ssha),
        ("{SSHA}AAAA", Scheme::Ssha),
        ("{SSHA}siL4EI9eKlMGfEnGgoOzrUIIdg4AAQ!", Scheme::Ssha),
        ("{MD5}AAAA", Scheme::Md5Unsafe),
        ("$2b$04$CCCC", Scheme::Bcrypt),
        ("$2b$03$CCCCCCCCCCCCCCCCCCCCC.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu", Scheme::Bcrypt),
        ("$2b$x$CCCCCCCCCCCCCCCCCCCCC.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu", Scheme::Bcrypt),
        ("$2b$04$CCCCCCCCCCCCCCCCCCCCé.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu", Scheme::Bcrypt),
        (
            "$argon2id$v=19$m=64,t=2,p=2$c29t$ooV2yLBcf6aiMwl22jjQK7pNJzu5xZOnqHM7Kiz6A7E",
            Scheme::Argon2,
        ),
        ("$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHQwMTIzNDU2Nw$AAAA", Scheme::Argon2),
        (
            "$argon2id$v=19$m=64,t=0,p=2$c29tZXNhbHQwMTIzNDU2Nw$ooV2yLBcf6aiMwl22jjQK7pNJzu5xZOn",
            Scheme::Argon2,
        ),
        (
            "$argon2id$v=20$m=64,t=2,p=2$c29tZXNhbHQwMTIzNDU2Nw$ooV2yLBcf6aiMwl22jjQK7pNJzu5xZOn",
            Scheme::Argon2,
        ),
        // Eight times these lanes are more than 32 bits.
        (
            "$argon2id$v=19$m=64,t=2,p=536870912$c29tZXNhbHQwMTIzNDU2Nw$ooV2yLBcf6aiMwl22jjQK7pNJzu5xZOn",
            Scheme::Argon2,
        ),
        ("$argon2id$", Scheme::Argon2),
        ("$pbkdf2-sha256$0$c2FsdA$NA3BEc6gFlA/HwKf1hoX2.iDmBf0F6dhUCAVWjaIQC8", Scheme::Pbkdf2),
        ("$pbkdf2-sha256$1000$c2FsdA$", Scheme::Pbkdf2),
        ("pbkdf2_sha256$1000$seasalt", Scheme::Django),
        ("pbkdf2_sha384$1000$s$sxXWwikj8/mvQdu5tIMg4AIS98QmwAxZ8yGyxqatneU=", Scheme::Django),
        // Rounds of zero; a salt longer than all.
        (
            "AQAAAAEAAAAAAAAAEBAREhMUFRYXGBkaGxwdHh/VNOpliR6zQmB35Sju0v0Z7pdXwof9wjL+2+b6PBukFA==",
            Scheme::AspNetIdentity,
        ),
        (
            "AQAAAAEAAAfQ/////xAREhMUFRYXGBkaGxwdHh/VNOpliR6zQmB35Sju0v0Z7pdXwof9wjL+2+b6PBukFA==",
            Scheme::AspNetIdentity,
        ),
    ] {
        match parsed(text) {
            Err(HashError::Malformed(found)) => assert_eq!(found, scheme, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let salt = Stored::parse("HjygXoiUjZuOLFeutJ2ytUF+pBo=", Some("not base64")).unwrap_err();
    assert!(matches!(salt, HashError::Malformed(Scheme::AspNetMembership)), "{salt}");
    assert_eq!(parsed("{NTLM}00"), Err(HashError::Unknown("NTLM".to_owned())));
    assert_eq!(parsed("$6$salt$hash"), Err(HashError::Unknown("6".to_owned())));
    assert_eq!(parsed("$2x$04$CC"), Err(HashError::Unknown("2x".to_owned())));
    assert!(matches!(parsed(&"x".repeat(1025)), Err(HashError::Unknown(_))));
}

#[test]
fn what_costs_too_much_is_not_tried() {
    let digest = "NA3BEc6gFlA/HwKf1hoX2.iDmBf0F6dhUCAVWjaIQC8";
    let bcrypt = |cost| format!("$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu");
    let argon2 = |cost: &str| {
        format!("$argon2id$v=19${cost}$c29tZXNhbHQwMTIzNDU2Nw$ooV2yLBcf6aiMwl22jjQK7pNJzu5xZOn")
    };
    let pbkdf2 = |rounds: u32| format!("$pbkdf2-sha256${rounds}$c2FsdA${digest}");
    for text in [
        bcrypt(17),
        bcrypt(31),
        argon2("m=262145,t=1,p=1"),
        argon2("m=4294967295,t=4294967295,p=1"),
        argon2("m=262144,t=22,p=1"),
        pbkdf2(10_000_001),
        pbkdf2(u32::MAX),
        format!("pbkdf2_sha1$3000000$s${}", "A".repeat(86) + "=="),
    ] {
        assert!(matches!(parsed(&text), Err(HashError::TooCostly(_))), "{text}");
    }
    for text in [bcrypt(16), argon2("m=262144,t=4,p=4"), pbkdf2(10_000_000)] {
        assert!(parsed(&text).is_ok(), "{text}");
    }
}

#[tokio::test]
async fn every_refusal_does_the_costliest_work() {
    let hashes = PasswordHashes::new([Scheme::Argon2, Scheme::Md5Unsafe]);
    let cost = |hashes: &PasswordHashes| hashes.costliest.lock().unwrap().nanoseconds();
    let made = cost(&hashes);
    assert!(made > Function::COSTLY, "before any hash was seen");
    let argon2 = "$argon2id$v=19$m=65536,t=2,p=2$c29tZXNhbHQwMTIzNDU2Nw$ooV2yLBcf6aiMwl22jjQK7pNJzu5xZOnqHM7Kiz6A7E";
    assert_eq!(hashes.verify(&PASSWORD.into(), argon2, None).await, Ok(false));
    assert!(cost(&hashes) > made);
    let costliest = hashes.costliest.lock().unwrap().clone();
    let hostile = "$2b$16$CCCCCCCCCCCCCCCCCCCCC.afX4uH3v0Tk3OkyOtYCMieoSmL.RlSu";
    hashes.costliest_with(&Stored::parse(hostile, None).unwrap());
    assert_eq!(
        hashes.verify(&PASSWORD.into(), "66a3b97330f7d94ed84bf9b7cb634e2c", None).await,
        Ok(true)
    );
    assert!(Arc::ptr_eq(&costliest, &hashes.costliest.lock().unwrap()));
    assert_eq!(costliest.verify(&PASSWORD.into()), Ok(false), "no password matches it");
    hashes.refuse(&PASSWORD.into()).await.unwrap();
}

#[tokio::test]
async fn what_is_made_is_verified() {
    for scheme in Scheme::MADE {
        let text = hash(scheme, PASSWORD.into()).await.unwrap();
        let hashes = PasswordHashes::new([scheme]);
        assert_eq!(hashes.verify(&PASSWORD.into(), &text, None).await, Ok(true), "{text}");
    }
    let again = async || hash(Scheme::Argon2, PASSWORD.into()).await;
    assert_ne!(again().await, again().await, "salts are fresh");
    let error = hash(Scheme::Ssha, PASSWORD.into()).await.unwrap_err();
    assert_eq!(error, HashError::NotMade(Scheme::Ssha));
    let error = hash(Scheme::Bcrypt, "a".repeat(73).into()).await.unwrap_err();
    assert_eq!(error, HashError::TooLong);
}

#[test]
fn schemes_are_told_by_name() {
    for (scheme, name) in Scheme::ALL {
        assert_eq!((Scheme::from_name(name), scheme.name()), (Some(scheme), name));
    }
    assert_eq!(Scheme::from_name("md5"), None);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 10_000, failure_persistence: None, ..Default::default() })]

    /// Whatever stands in a row, reading it ends, asks for no more than what is allowed, and takes
    /// nothing with a scheme's mark for a password.
    #[test]
    fn any_row_is_read(
        mark in r"(\{[A-Z0-9-]{1,8}\}|\$(2[aby]|argon2id?|pbkdf2(-sha256)?|[a-z0-9]{1,4})\$|pbkdf2_sha(1|256)\$|)",
        rest in r"(\PC{0,40}|[0-9]{1,10}\$[A-Za-z0-9./+]{0,40}\$[A-Za-z0-9./+]{0,90}|[A-Za-z0-9+/]{0,90}={0,2})",
        salt in proptest::option::of(r"[A-Za-z0-9+/]{0,24}={0,2}"),
    ) {
        let read = Stored::parse(&format!("{mark}{rest}"), salt.as_deref());
        if let Ok(stored) = read {
            proptest::prop_assert!(stored.nanoseconds() <= Function::MOST_NANOSECONDS);
            let is_said = mark == "{PLAIN}";
            let is_plain = stored.scheme == Scheme::PlainUnsafe;
            proptest::prop_assert!(!is_plain || mark.is_empty() || is_said);
        }
    }
}
