//! Eleven layouts of repositories with kmods, which e2e builds from their manifests.

use super::{NODES, Newcomer};

/// Proposes a manifest for a layout, generates from it, and returns what was printed and written.
fn proposed(layout: &str) -> String {
    let newcomer = Newcomer::with_layout(layout);
    newcomer.project.write("nodes.json", NODES);
    let run = newcomer.init(layout, "--nodes nodes.json").fine().silent();
    newcomer.run("lock").fine();
    newcomer.run("generate").fine();
    newcomer.shown(&run)
}

macro_rules! layouts {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                assert_snapshot!(concat!("init_layout_", stringify!($name)), proposed(stringify!($name)));
            }
        )*
    };
}

layouts! { kbuild kdir kerneldir kversion subfolder several dkms configure kconfig separate includes }

#[test]
fn nothing_to_build_is_said() {
    let newcomer = Newcomer::with(&[
        ("Makefile", "obj-m := $(shell find . -name '*.c')\nall:\n\tcc tool.c\n"),
        ("tool.c", "int main;\n"),
    ]);
    let run = newcomer.init("driver", "").differs();
    assert_snapshot!("init_nothing_found", newcomer.shown(&run));
    newcomer.run("lock").fine();
    newcomer.run("generate").fine();
}

#[test]
fn nodes_of_other_systems_get_public_images() {
    let newcomer = Newcomer::with_layout("kbuild");
    let nodes = NODES
        .replacen("5.14.0-427.28.1.el9_4.x86_64", "6.1.0-47-amd64", 1)
        .replacen("Red Hat Enterprise Linux CoreOS 416.94.202407081958-0", "Debian GNU/Linux 12 (bookworm)", 1)
        .replacen("5.14.0-427.81.1.el9_4.x86_64+rt", "6.1.0-48-amd64", 1)
        .replacen("Red Hat Enterprise Linux CoreOS 416.94.202501030250-0", "Debian GNU/Linux 12 (bookworm)", 1)
        .replacen("Red Hat Enterprise Linux CoreOS 9.6.20251015-1", "Rocky Linux 9.6 (Blue Onyx)", 1);
    newcomer.project.write("nodes.json", nodes);
    let run = newcomer.init("kbuild", "--nodes nodes.json").fine();
    assert_snapshot!("init_other_systems", newcomer.shown(&run));
    newcomer.run("lock").fine();
    newcomer.run("generate").fine();
}
