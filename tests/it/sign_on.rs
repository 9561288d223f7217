//! Keys from files of many shapes. What a cookie is made of is tested in `sign_on/bytes.rs`, which is a module of the crate.

use std::time::Duration;

use external_providers::Secret;
use external_providers::sign_on::{
    Decryption, Layout, MachineKey, Protection, Settings, Ticket, Timestamp, Validation,
};

const VALIDATION: &str = "30101052676849B0B494466B7A99656346328E8964748448E422D7344467A457";
const AES128: &str = "AC7387D7E54B156377D81930CF237888";

fn keys() -> String {
    format!("validationKey='{VALIDATION}' decryptionKey='{AES128}'")
}

fn in_system_web(sections: &str) -> String {
    format!("<configuration>\n<system.web>\n{sections}\n</system.web>\n</configuration>\n")
}

fn parse(text: &str) -> Result<MachineKey, String> {
    MachineKey::parse(text.as_bytes(), "web.config").map_err(|error| {
        let said = error.to_string();
        // Sixteen digits of a key are too many.
        for key in [VALIDATION, AES128] {
            assert!(!said.contains(&key[..16]) && !format!("{error:?}").contains(&key[..16]));
        }
        said
    })
}

#[test]
fn the_layout_is_what_dotnet_takes() {
    let keys = keys();
    for (text, layout) in [
        (in_system_web(&format!("<machineKey {keys}/>")), Layout::Legacy),
        (
            in_system_web(&format!("<httpRuntime targetFramework='4.5'/><machineKey {keys}/>")),
            Layout::Framework45,
        ),
        (
            in_system_web(&format!("<machineKey {keys}/><httpRuntime targetFramework='4.8.1'/>")),
            Layout::Framework45,
        ),
        (
            in_system_web(&format!("<httpRuntime targetFramework='4.0'/><machineKey {keys}/>")),
            Layout::Legacy,
        ),
        (
            in_system_web(&format!(
                "<compilation targetFramework='4.8'/><httpRuntime executionTimeout='1'/><machineKey {keys}/>"
            )),
            Layout::Legacy,
        ),
        (
            in_system_web(&format!(
                "<httpRuntime targetFramework='4.8'/><machineKey {keys} compatibilityMode='Framework20SP2'/>"
            )),
            Layout::Legacy,
        ),
        (format!("<machineKey {keys} compatibilityMode='Framework45' />"), Layout::Framework45),
        (
            format!(
                "<?xml version='1.0'?><configuration xmlns='http://schemas.microsoft.com/.NetConfiguration/v2.0'>\
                 <configSections><section name='x'/></configSections><location path='.' \
                 inheritInChildApplications='false'><system.web><httpRuntime targetFramework='4.6'/>\
                 <machineKey {keys}/></system.web></location><location path='admin'><system.web>\
                 <authorization><deny users='?'/></authorization></system.web></location></configuration>"
            ),
            Layout::Framework45,
        ),
    ] {
        let key = parse(&text).unwrap();
        assert_eq!(key.settings().layout, layout, "{text}");
        assert_eq!(key.settings().validation, Validation::HmacSha256);
        assert_eq!(key.settings().decryption, Decryption::Aes);
        assert!(!format!("{key:?}").contains("30101052"), "{key:?}");
    }
    let lone = parse(&format!("\n <!-- of IIS Manager -->\n<machineKey {keys} />")).unwrap();
    assert!(lone.warnings()[0].contains("find-mode"), "{:?}", lone.warnings());
    // It may be inherited.
    let whole = parse(&in_system_web(&format!("<machineKey {keys}/>"))).unwrap();
    assert!(whole.warnings()[0].contains("find-mode"), "{:?}", whole.warnings());
}

#[test]
fn switches_that_make_old_tickets_are_refused_where_they_hold() {
    const ENCRYPTION: &str = "<add key='ASPNET:useLegacyEncryption' value=' TRUE '/>";
    const TICKETS: &str =
        "<add key='aspnet:UseLegacyFormsAuthenticationTicketCompatibility' value='true'/>";
    let off = |switch: &str| switch.replace("true", "false").replace("TRUE", "false");
    for (switches, mode, refused) in [
        (format!("{ENCRYPTION}{}", off(TICKETS)), "Framework20SP2", Some("MS10-070")),
        (format!("{}{TICKETS}", off(ENCRYPTION)), "Framework20SP2", Some("MS11-100")),
        (format!("{}{}", off(ENCRYPTION), off(TICKETS)), "Framework20SP2", None),
        (format!("{ENCRYPTION}{TICKETS}<clear/>"), "Framework20SP2", None),
        (format!("{TICKETS}{}", TICKETS.replace("add", "remove")), "Framework20SP2", None),
        (format!("{ENCRYPTION}{}", off(ENCRYPTION)), "Framework20SP2", None),
        // It has no outer signature that could be taken off.
        (ENCRYPTION.to_owned(), "Framework45", None),
        (TICKETS.to_owned(), "Framework45", Some("MS11-100")),
    ] {
        let text = format!(
            "<configuration><appSettings>{switches}</appSettings><system.web><machineKey {} \
             compatibilityMode='{mode}'/></system.web></configuration>",
            keys()
        );
        match (parse(&text), refused) {
            (Ok(_), None) => {}
            (Err(error), Some(why)) => assert!(error.contains(why), "{error}"),
            (read, _) => panic!("{switches}: {read:?}"),
        }
    }
}

#[test]
fn files_are_read_in_the_encodings_that_windows_writes() {
    let text = in_system_web(&format!("<machineKey {}/><!-- ü -->", keys()));
    let utf16: Vec<u8> =
        ["\u{feff}", &text].concat().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let toml =
        format!("# keys\r\nvalidationKey = \"{VALIDATION}\"\r\ndecryptionKey = '{AES128}'\r\n");
    let declared = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n{text}");
    for bytes in [
        text.clone().into_bytes(),
        utf16,
        ["\u{feff}", &declared].concat().into_bytes(),
        toml.clone().into_bytes(),
        ["\u{feff}", &toml].concat().into_bytes(),
    ] {
        let key = MachineKey::parse(&bytes, "file").unwrap();
        let ticket = Ticket::new("jane", Timestamp::now(), Duration::from_secs(60));
        assert_eq!(key.open(&key.seal(&ticket).unwrap()), Ok(ticket));
    }
}

#[test]
fn what_forms_says_of_the_cookie_is_read() {
    let text = in_system_web(&format!(
        "<machineKey {}/><authentication mode='Forms'><forms name='.HELP' timeout='90' path='/desk' \
         domain='example.com' requireSSL='true' slidingExpiration='false' loginUrl='~/login' \
         protection='All'><credentials/></forms></authentication>",
        keys()
    ));
    let key = parse(&text).unwrap();
    let forms = key.forms();
    assert_eq!((forms.name.as_str(), forms.path.as_str()), (".HELP", "/desk"));
    assert_eq!(forms.domain.as_deref(), Some("example.com"));
    assert_eq!(forms.lifetime, Duration::from_secs(90 * 60));
    let plain = parse(&in_system_web(&format!("<machineKey {}/>", keys()))).unwrap();
    assert_eq!(
        (plain.forms().name.as_str(), plain.forms().lifetime.as_secs()),
        (".ASPXAUTH", 1800)
    );
    for wrong in ["name='a;b'", "name=''", "path='x'", "domain='a b'", "timeout='-1'"] {
        let text = in_system_web(&format!(
            "<machineKey {}/>\n<authentication><forms {wrong}/></authentication>",
            keys()
        ));
        assert!(parse(&text).unwrap_err().starts_with("web.config:4: forms "), "{wrong}");
    }
}

/// Each says where it is, what, and what to set instead.
#[test]
fn what_cannot_be_had_is_refused_with_what_to_set() {
    let switch = |name: &str| {
        format!(
            "<configuration><appSettings>\n<add key='aspnet:{name}' value='True'/></appSettings>\n<system.web>\
             <machineKey {}/></system.web></configuration>",
            keys()
        )
    };
    let machine_key = |attributes: &str| in_system_web(&format!("<machineKey\n{attributes}/>"));
    let other = |attribute: &str| machine_key(&format!("{}\n{attribute}", keys()));
    let validation = |value: &str| format!("decryptionKey='{AES128}'\nvalidationKey='{value}'");
    for (text, line, words) in [
        (
            machine_key(&validation("AutoGenerate,IsolateApps")),
            5,
            "AutoGenerate: the key lies in the server's registry",
        ),
        (machine_key(&validation("AutoGenerate")), 5, "(set 128 hexadecimal digits there"),
        (
            machine_key(&validation(&format!("{VALIDATION},IsolateApps"))),
            5,
            "(remove ,IsolateApps on all sites",
        ),
        (
            machine_key(&validation(&format!("{VALIDATION},IsolateByAppId"))),
            5,
            "(remove ,IsolateByAppId",
        ),
        (
            machine_key(&format!("decryptionKey='{AES128}'")),
            3,
            "validationKey: is missing, so that the server generates",
        ),
        (machine_key(&format!("validationKey='{VALIDATION}'")), 3, "decryptionKey: is missing"),
        (in_system_web(""), 1, "there is no <machineKey>"),
        (
            format!(
                "<configuration>\n<location path='a'><system.web><machineKey {}/></system.web></location></configuration>",
                keys()
            ),
            1,
            "the <location> in line 2 is not looked into",
        ),
        (
            other("dataProtectorType='My.Protector, My'"),
            5,
            "dataProtectorType: code of the site's own",
        ),
        (
            other("validation='alg:HMACSHA3'"),
            5,
            "alg: names code of the server's own (set HMACSHA256",
        ),
        (other("decryption='alg:x'"), 5, "(set AES on all sites)"),
        (other("validation='sha1'"), 5, "(did you mean SHA1?)"),
        (other("compatibilityMode='Framework46'"), 5, "(did you mean Framework45?)"),
        (
            other("validationkey='00'"),
            5,
            "there is no such attribute (did you mean validationKey?)",
        ),
        (
            machine_key(&format!(
                "validationKey='{VALIDATION}'
decryptionKey='{}'",
                &AES128[2..]
            )),
            5,
            "30 digits, which is not the length",
        ),
        (
            other("decryption='DES' compatibilityMode='Framework45'"),
            4,
            "not the length of a key for DES (DES takes 16 digits)",
        ),
        (
            other("validation='MD5' compatibilityMode='Framework45'"),
            5,
            "Framework45 does not take validation=\"MD5\"",
        ),
        (machine_key("configSource='keys.config'"), 4, "another file (give that file)"),
        (
            machine_key("configProtectionProvider='RsaProtectedConfigurationProvider'"),
            4,
            "aspnet_regiis -pdf",
        ),
        (
            in_system_web(&format!("<httpRuntime configSource='x'/><machineKey {}/>", keys())),
            3,
            "write compatibilityMode",
        ),
        (
            in_system_web(&format!("<httpRuntime targetFramework='v4'/><machineKey {}/>", keys())),
            3,
            "is not a version",
        ),
        (
            in_system_web(&format!("<machineKey {0}/>\n<machineKey {0}/>", keys())),
            4,
            "stands twice, first in line 3",
        ),
        (switch("UseLegacyEncryption"), 2, "MS10-070"),
        (switch("UseLegacyFormsAuthenticationTicketCompatibility"), 2, "MS11-100"),
        (
            "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><configuration/>".to_owned(),
            1,
            "a DOCTYPE is not allowed",
        ),
        (
            "\n<configuration>\n<system.web></configuration>".to_owned(),
            3,
            "</configuration> where </system.web> is due",
        ),
        ("\n<html/>".to_owned(), 2, "neither a web.config nor a <machineKey>"),
        (format!("validationKey = {VALIDATION}"), 1, "whose values stand in quotes"),
        ("validationKy = 'x'".to_owned(), 1, "did you mean validationKey?"),
        ("decryptionKey = 1".to_owned(), 1, "must be a string"),
        (String::new(), 1, "validationKey: is missing"),
    ] {
        let error = parse(&text).unwrap_err();
        // Where both keys are missing, either may be named first.
        let words = if text.is_empty() { "is missing" } else { words };
        assert!(error.starts_with(&format!("web.config:{line}: ")), "{line}: {error}\n{text}");
        assert!(error.contains(words), "{words}: {error}");
    }
    let off = switch("UseLegacyEncryption").replace("True", "false");
    assert!(parse(&off).is_ok());
}

#[test]
fn keys_are_those_that_dotnet_takes() {
    let settings = |layout, validation, decryption| Settings {
        layout,
        validation,
        decryption,
        protection: Protection::All,
    };
    let new = |settings, validation: &str, decryption: &str| {
        MachineKey::new(settings, &Secret::from(validation), &Secret::from(decryption)).map(|_| ())
    };
    let (aes, des) = (Decryption::Aes, Decryption::Des);
    let sha1 = settings(Layout::Legacy, Validation::Sha1, aes);
    let sha512 = settings(Layout::Legacy, Validation::HmacSha512, aes);
    let fx45 = settings(Layout::Framework45, Validation::Sha1, aes);
    let hex = |bytes: usize| "4a".repeat(bytes);
    assert_eq!(new(sha1, &hex(20), AES128), Ok(()));
    assert_eq!(new(sha1, &hex(64), AES128), Ok(()));
    assert_eq!(new(sha1, &format!(" {} ", hex(20)), AES128), Ok(()), "spaces around it");
    assert_eq!(new(sha512, &hex(128), AES128), Ok(()));
    assert_eq!(new(fx45, &hex(128), AES128), Ok(()), "Framework45 has no such limit");
    let refused = |settings, validation: &str, decryption: &str, words: &str| {
        let said = new(settings, validation, decryption).unwrap_err().to_string();
        assert!(said.contains(words), "{words}: {said}");
    };
    refused(sha1, &hex(19), AES128, "validationKey: it has 38 hexadecimal digits");
    refused(sha1, &hex(65), AES128, "it has 65 bytes, and .NET takes 64 at most");
    refused(sha512, &hex(129), AES128, "it has 129 bytes, and .NET takes 128 at most");
    for bytes in [0, 1, 8, 15, 17, 33] {
        let words = format!("decryptionKey: it has {} digits, which is not the length", 2 * bytes);
        refused(sha1, &hex(20), &hex(bytes), &words);
    }
    for (text, place) in [("g", 1), ("00 0", 3), (" -0", 2), ("0é", 2), ("00\n00", 3), ("0x00", 2)]
    {
        let words = format!("validationKey: its character {place} is not a hexadecimal digit");
        refused(sha1, text, AES128, &words);
    }
    refused(sha1, &hex(20), "000", "decryptionKey: it has an odd number of hexadecimal digits, 3");
    let one = settings(Layout::Legacy, Validation::Sha1, des);
    // Weak whatever the parity, and cut to its first 8 bytes.
    for weak in ["0101010101010101", "0000000000000000", "FEFEFEFEFEFEFEFE", "01FE01FE01FE01FE"] {
        refused(one, &hex(20), weak, "it is a weak key for DES");
    }
    assert_eq!(new(one, &hex(20), "0123456789ABCDEF0123456789ABCDEF"), Ok(()));
    let three = settings(Layout::Legacy, Validation::Sha1, Decryption::TripleDes);
    let (a, b) = ("0123456789ABCDEF", "1123456789ABCDE0");
    for (parts, is_right) in [
        (vec![a, b], true),
        (vec![a, b, a], true),
        (vec![a, a], false),
        (vec![a, b, b], false),
        (vec![a], false),
    ] {
        assert_eq!(new(three, &hex(20), &parts.concat()).is_ok(), is_right, "{parts:?}");
    }
}

#[test]
fn dates_are_dotnets() {
    let at = |ticks| Timestamp::from_ticks(ticks).unwrap();
    assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00Z");
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.9999999Z");
    assert_eq!(at(636_667_414_570_901_655).to_string(), "2018-07-09T13:57:37.0901655Z");
    assert_eq!(Timestamp::from_ticks(-1), None);
    assert_eq!(Timestamp::from_ticks(Timestamp::MAX.ticks() + 1), None);
    let epoch = Timestamp::from(std::time::UNIX_EPOCH);
    assert_eq!((epoch.to_string().as_str(), epoch.unix_seconds()), ("1970-01-01T00:00:00Z", 0));
    let before = std::time::UNIX_EPOCH - Duration::from_nanos(100);
    assert_eq!(Timestamp::from(before).unix_seconds(), -1);
    let ticket = Ticket::new("jane", epoch, Duration::from_secs(60));
    assert!(!ticket.is_expired(ticket.expires) && !ticket.is_expired(Timestamp::MIN));
    assert!(ticket.is_expired(at(ticket.expires.ticks() + 1)));
    assert_eq!(Ticket::new("jane", epoch, Duration::MAX).expires, Timestamp::MAX);
}
