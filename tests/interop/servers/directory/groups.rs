//! Groups in groups, in circles, and those that are not where one looks.

use external_providers::backends::directory::GroupSource;

use super::Reason::*;
use super::{In, Out, RIGHT, WRONG};
use super::{active_directory, directory, openldap, person, try_all};
use crate::rig::Rig;

#[tokio::test]
async fn openldap_walks_up_level_by_level_and_ends_in_circles() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    for groups in [GroupSource::Search, GroupSource::MemberOf] {
        let mut settings = openldap(&rig);
        settings.groups = groups;
        let directory = directory(settings);
        for (login, expected) in [
            ("ok", &["cycle1", "cycle2", "level1", "level2", "level3", "odd (*)"][..]),
            ("müller", &["level1", "level2", "level3"]),
            // Its DN has escapes, which the filter escapes once more.
            ("lastfirst", &["level1", "level2", "level3"]),
            ("nomail", &[]),
        ] {
            let before = rig.logged(" SRCH base=");
            let mut found = person(&directory, login, RIGHT).await.groups;
            found.sort();
            assert_eq!(found, expected, "{login} by {groups:?}");
            // The user, and one for each level and the one that finds no more.
            let searches = rig.logged(" SRCH base=") - before;
            assert!(searches <= 1 + 3 + 1, "{login} by {groups:?}: {searches}");
        }
    }
}

#[tokio::test]
async fn one_of_the_groups_is_required_by_name_or_dn_at_any_depth() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    for (required, ok, nomail) in [
        (&["level3"][..], In, Out(NotInGroup, true)),
        (&["LEVEL2", "nothing"], In, Out(NotInGroup, true)),
        (&["CN=level1, OU=groups,DC=example,dc=test"], In, Out(NotInGroup, true)),
        (&["odd (*)"], In, Out(NotInGroup, true)),
        (&["nothing"], Out(NotInGroup, true), Out(NotInGroup, true)),
    ] {
        let mut settings = openldap(&rig);
        settings.require_groups = required.iter().map(|name| (*name).to_owned()).collect();
        let directory = directory(settings);
        let rows = [("ok", RIGHT, ok, ""), ("nomail", RIGHT, nomail, "")];
        try_all(&directory, rows).await;
        // Who gives a wrong password is not told of groups.
        let rows = [("nomail", WRONG, Out(WrongPassword, false), "")];
        try_all(&directory, rows).await;
    }
}

#[tokio::test]
async fn active_directory_gives_all_in_one_search_with_the_primary_group() {
    let rig = Rig::shared("samba");
    let found = async |groups| {
        let mut settings = active_directory(&rig);
        settings.groups = groups;
        let mut found = person(&directory(settings), "ok", RIGHT).await.groups;
        found.sort();
        found
    };
    let tokens = found(GroupSource::TokenGroups).await;
    let security =
        ["cycle1", "cycle2", "level1", "level2", "level3", "primary", "Domain Users", "Users"];
    for group in security {
        assert!(tokens.iter().any(|found| found == group), "{group}: {tokens:?}");
    }
    assert_eq!(tokens.len(), security.len(), "{tokens:?}");
    // By memberOf, those for mail are groups, too; the primary one is not there.
    let member_of = found(GroupSource::MemberOf).await;
    for group in ["cycle1", "cycle2", "level1", "level2", "level3", "distribution"] {
        assert!(member_of.iter().any(|found| found == group), "{group}: {member_of:?}");
    }

    let mut settings = active_directory(&rig);
    settings.require_groups = vec!["level3".to_owned()];
    let gate = directory(settings);
    try_all(&gate, [("ok", RIGHT, In, ""), ("nomail", RIGHT, Out(NotInGroup, true), "")]).await;
}
