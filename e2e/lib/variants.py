"""Makes kmods that a kernel accepts or refuses, out of two that it accepts.

    variants.py OUT RELEASE OTHER FOLDER OTHER_FOLDER

FOLDER has kmm_ci_a.ko, which needs kmm_ci_b.ko, for RELEASE, and the kernel's Module.symvers; OTHER_FOLDER has the same for kernel OTHER. Each variant
is a root file system OUT/NAME with /opt/lib/modules/RELEASE/extra.
"""

import pathlib
import re
import sys

out, release, other, own, foreign = (pathlib.Path(argument) for argument in sys.argv[1:])
a, b = ((own / f"kmm_ci_{name}.ko").read_bytes() for name in "ab")


def replaced(kmod, old, new):
    """The kmod with every such text changed, which moves nothing."""
    assert old in kmod and len(old) == len(new), (old, new)
    return kmod.replace(old, new)


def other_version(kmod, symbol):
    """The kmod built against another version of a symbol: its checksum is the number before its name."""
    at = kmod.index(symbol + bytes(8))
    changed = bytearray(kmod)
    changed[at - 8] ^= 1
    return bytes(changed)


def gpl_only(kmod):
    """The kmod with a call of a function that is for GPL-compatible modules only, and computes a power of any number."""
    at = kmod.index(b"_printk" + bytes(8))
    [crc] = re.findall(rb"(?m)^0x(\w+)\tint_pow\tvmlinux\tEXPORT_SYMBOL_GPL\t", (own / "Module.symvers").read_bytes())
    return replaced(kmod[: at - 8] + int(crc, 16).to_bytes(8, "little") + kmod[at:], b"_printk\0", b"int_pow\0")


def proprietary(kmod):
    return replaced(kmod, b"license=GPL\0", b"license=XXX\0")


def write(name, **kmods):
    folder = out / name / "opt/lib/modules" / release / "extra"
    folder.mkdir(parents=True)
    for kmod, content in kmods.items():
        (folder / f"{kmod}.ko").write_bytes(content)


write("both", kmm_ci_a=a, kmm_ci_b=b)
write("export-alone", kmm_ci_b=b)
write("import-alone", kmm_ci_a=a)
write("unknown-symbol", kmm_ci_a=replaced(a, b"kmm_ci_b_answer", b"kmm_ci_b_nobody"), kmm_ci_b=b)
write("symbol-version", kmm_ci_a=other_version(a, b"_printk\0"), kmm_ci_b=b)
write("layout-version", kmm_ci_a=a, kmm_ci_b=other_version(b, b"module_layout\0"))
write("proprietary", kmm_ci_a=proprietary(a), kmm_ci_b=b)
for_all = replaced(b, b"__ksymtab_gpl\0", b"__ksymtab\0gpl\0")
for_all = replaced(for_all, b"__kcrctab_gpl\0", b"__kcrctab\0gpl\0")
write("gpl-only", kmm_ci_a=gpl_only(a), kmm_ci_b=for_all)
write("inherited", kmm_ci_a=a, kmm_ci_b=proprietary(for_all))
write("inherited-gpl-only", kmm_ci_a=gpl_only(a), kmm_ci_b=proprietary(for_all))
write("inherited-gpl-export", kmm_ci_a=a, kmm_ci_b=proprietary(b))
write("other-kernel", **{name: (foreign / f"{name}.ko").read_bytes() for name in ("kmm_ci_a", "kmm_ci_b")})
