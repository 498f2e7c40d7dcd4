//! Reverts in repositories on servers, whose past is fetched without files if the server can leave files out.

use std::fs;

use super::Fleet;
use super::reverts::is_skipped;
use super::servers::{publish, tip, world};

#[test]
#[ignore = "needs python3"]
fn the_past_is_fetched_from_a_server() {
    let (fleet, mut world) = (Fleet::new(), world());
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    world.log_in("me", "right");
    let url = format!("http://127.0.0.1:{port}/fleet.git");
    publish(&fleet, &world, &url, "").fine();
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    publish(&fleet, &world, &url, "").fine();
    let second = tip(&world, "main");
    world.git("theirs", &["pull", "-q"]);
    world.git("theirs", &["checkout", "-q", "HEAD~1", "--", "."]);
    world.commit("theirs", "Back");
    world.git("theirs", &["push", "-q", "origin", "HEAD:main"]);
    let reverted = tip(&world, "main");
    for settings in [
        &[("uploadpack.allowFilter", "true")][..],
        &[("uploadpackfilter.blob:none.allow", "false")],
        &[("uploadpack.allowFilter", "false")],
    ] {
        for (key, value) in settings {
            world.git("fleet.git", &["config", key, value]);
        }
        for arguments in ["--check", "", ""] {
            is_skipped(publish(&fleet, &world, &url, arguments), &second);
        }
        assert_eq!(tip(&world, "main"), reverted);
        fs::remove_dir_all(fleet.project.cache()).unwrap();
    }
    // The oldest protocol of git.
    for (name, value) in [("COUNT", "1"), ("KEY_0", "protocol.version"), ("VALUE_0", "0")] {
        world.set(&format!("GIT_CONFIG_{name}"), value);
    }
    fleet.project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
    is_skipped(publish(&fleet, &world, &url, ""), &second);
    assert_ne!(tip(&world, "main"), reverted);
    publish(&fleet, &world, &url, "--again alpha").fine();
    publish(&fleet, &world, &url, "").fine().silent().shows("nothing to publish");
    world.git("fleet.git", &["fsck", "--strict", "--full"]);
}
