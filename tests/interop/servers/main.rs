//! Logins, look-ups and events against real servers. Run by `../servers.sh`, which starts some and says where they are; those that a
//! test kills, stops, or that remember its wrong passwords, it starts itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod database;
mod directory;
mod nats;
mod outbox;
mod rig;

use rig::Rig;

/// What the other tests rely on.
#[test]
fn servers_can_be_killed_and_started_again() {
    for script in ["directory/slapd.sh", "database/postgres.sh", "database/mariadb.sh", "nats.sh"] {
        let mut server = Rig::start(script, &[]);
        assert!(server.is_listening(), "{script}");
        server.kill();
        assert!(!server.is_listening(), "{script}");
        server.again();
        while !server.is_listening() {
            std::thread::yield_now();
        }
        if script == "directory/slapd.sh" {
            assert_eq!(server.logged("slapd starting"), 2);
        }
    }
    for name in ["samba", "postgres", "mariadb", "nats"] {
        assert!(Rig::shared(name).is_listening(), "{name}");
    }
}
