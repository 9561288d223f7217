//! Who is let in by a replay: random recordings, and random sequences of passwords.

use std::collections::{BTreeMap, BTreeSet};

use external_providers::contract::Authenticate;
use external_providers::fixture::Fixture;
use external_providers::http::{Headers, HttpRequest, HttpResponse};
use external_providers::replay::Replay;
use external_providers::soap::Binding;
use proptest::prelude::*;

use crate::fixtures::replay::recording;
use crate::support::Capture;

/// Who asks with what: user, password, web service password.
type Call = (usize, usize, usize);

fn request((user, password, auth): (usize, &str, &str)) -> HttpRequest {
    let request = Authenticate {
        login_username: format!("user{user}"),
        login_password: password.into(),
        ..Default::default()
    };
    Binding::default().encode_request("/Provider.asmx", Some(&auth.into()), &request).unwrap()
}

/// Nobody's password is another's, but for users 0 and 1, who share one. What is wrong is 10 and
/// above.
fn right(user: usize) -> usize {
    user.max(1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    Failed,
    Denied,
    Fault,
    Nothing,
}

fn response(said: Said, number: usize) -> HttpResponse {
    let result = |success: &str, message: &str, outputs: &str| {
        format!(
            "<AuthenticateResponse xmlns=\"http://tempuri.org/\"><AuthenticateResult><Success>{success}\
             </Success><Message>{message} {number}</Message><OutputVariables>{outputs}</OutputVariables>\
             </AuthenticateResult></AuthenticateResponse>"
        )
    };
    let fail = ["FAIL", "Fail", "fail", "locked"][number % 4];
    let inner = match said {
        Said::Yes => result("true", "Welcome", "<string>Authentication=OK</string>"),
        Said::Failed => {
            result("true", "Bad", &format!("<string>Authentication={fail}</string>"))
        }
        Said::Denied => result("false", "Permission Denied", ""),
        _ => "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>down</faultstring></soap:Fault>"
            .to_owned(),
    };
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    let body = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>{inner}\
         </soap:Body></soap:Envelope>"
    );
    HttpResponse { status: 200, headers, body: body.into_bytes() }
}

/// What the recorded service says; now and then it is down. (What it says to a wrong password then
/// is nothing that a replay gives to anybody.)
fn truth((user, password, auth): Call, is_down: bool) -> Said {
    match () {
        () if auth != 0 => Said::Denied,
        () if password != right(user) => Said::Failed,
        () if is_down => Said::Fault,
        () => Said::Yes,
    }
}

fn recorded(calls: &[(Call, bool)]) -> Vec<Fixture> {
    let capture = |(i, &((user, password, auth), is_down)): (usize, &(Call, bool))| Capture {
        name: format!("{i:03}"),
        request: request((user, &format!("recorded-{password}"), &format!("service-{auth}"))),
        response: Some(response(truth((user, password, auth), is_down), i)),
    };
    recording(&calls.iter().enumerate().map(capture).collect::<Vec<_>>())
}

/// What comes back, and the name of the recording.
fn ask(replay: &Replay, call: (usize, &str, &str)) -> (Said, Option<String>) {
    let Ok(replayed) = replay.answer(&request(call)) else { return (Said::Nothing, None) };
    let body = String::from_utf8(replayed.response().body).unwrap();
    let said = match () {
        () if body.contains("Authentication=OK") => Said::Yes,
        () if body.contains("Permission Denied") => Said::Denied,
        () if body.contains("Authentication=") => Said::Failed,
        () => Said::Fault,
    };
    assert_eq!(replayed.is_accepted(), said == Said::Yes);
    (said, Some(replayed.fixture.name.clone()))
}

fn recordings() -> impl Strategy<Value = Vec<(Call, bool)>> {
    let password = prop_oneof![4 => Just(usize::MAX), 2 => 10..13usize];
    let auth = prop_oneof![4 => Just(0usize), 1 => 1..3usize];
    let call = (0..4usize, password, auth, prop::bool::weighted(0.1));
    let call = call.prop_map(|(user, password, auth, is_down)| {
        let password = if password == usize::MAX { right(user) } else { password };
        ((user, password, auth), is_down)
    });
    prop::collection::vec(call, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_yes_is_for_the_one_value_that_is_bound(
        calls in recordings(),
        asked in prop::collection::vec((0..4usize, 0..5usize, 0..3usize), 1..30),
    ) {
        let replay = Replay::new(recorded(&calls)).unwrap();
        let mut accepted: BTreeMap<usize, usize> = BTreeMap::new();
        let mut auths: BTreeSet<usize> = BTreeSet::new();
        for (user, password, auth) in asked {
            let call = (user, &*format!("mine-{password}"), &*format!("ours-{auth}"));
            let (said, _) = ask(&replay, call);
            let was_right = auths.contains(&auth);
            if matches!(said, Said::Yes | Said::Failed) {
                auths.insert(auth);
            }
            prop_assert!(auths.len() <= 1, "one web service password is accepted: {auths:?}");
            let known = accepted.get(&user).copied();
            if said == Said::Yes {
                let of_user = *accepted.entry(user).or_insert(password);
                prop_assert_eq!(of_user, password, "user {} has one password", user);
            }
            // Users 0 and 1 were known to have the same password.
            let pair = (accepted.get(&0), accepted.get(&1));
            if let (Some(one), Some(other)) = pair {
                prop_assert_eq!(one, other);
            }
            let Some(known) = known.filter(|_| was_right) else { continue };
            // What is wrong gets the recorded refusal of the same user, if there is one.
            let refused = calls.iter().any(|&((u, p, a), down)| u == user && truth((u, p, a), down) == Said::Failed);
            if known != password {
                let expected = if refused { Said::Failed } else { Said::Nothing };
                prop_assert_eq!(said, expected, "user {}, password {}", user, password);
            } else {
                prop_assert_ne!(said, Said::Nothing);
            }
        }
    }

    #[test]
    fn what_was_recorded_is_answered_as_it_was(calls in recordings(), rounds in 1..3usize) {
        let replay = Replay::new(recorded(&calls)).unwrap();
        for round in 0..rounds {
            for (i, &((user, password, auth), is_down)) in calls.iter().enumerate() {
                let call = (user, &*format!("recorded-{password}"), &*format!("service-{auth}"));
                let (said, name) = ask(&replay, call);
                if round == 0 {
                    prop_assert_eq!(said, truth((user, password, auth), is_down));
                    prop_assert_eq!(name.unwrap(), format!("{i:03}"));
                } else {
                    prop_assert_ne!(said, Said::Nothing, "the last answers again");
                }
            }
        }
    }

    #[test]
    fn what_is_bound_beforehand_is_right_from_the_start(
        calls in recordings(),
        asked in prop::collection::vec((0..4usize, 0..5usize, 0..3usize), 1..20),
    ) {
        let fixtures = recorded(&calls);
        let mut replay = Replay::new(fixtures).unwrap().with_auth_password(&"ours-0".into());
        let mut right_ones = BTreeMap::new();
        // The numbers of passwords that were accepted, as a user reads them off the recordings.
        for (&((user, password, auth), down), fixture) in calls.iter().zip(replay.fixtures()) {
            if truth((user, password, auth), down) == Said::Yes {
                let body = String::from_utf8(fixture.request.body.clone()).unwrap();
                let rest = body.split("loginPassword=REDACTED-").nth(1).unwrap();
                let number = rest.split('<').next().unwrap().parse().unwrap();
                replay = replay.with_secret(None, number, &format!("mine-{password}").as_str().into());
                right_ones.insert(user, password);
            }
        }
        for (user, password, auth) in asked {
            let (said, _) = ask(&replay, (user, &format!("mine-{password}"), &format!("ours-{auth}")));
            if said == Said::Yes {
                prop_assert_eq!((right_ones.get(&user), auth), (Some(&password), 0));
            }
            prop_assert!(said != Said::Failed || auth == 0);
        }
    }
}
