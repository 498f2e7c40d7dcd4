//! `kmodgen verify --symvers`: imported symbols against a kernel's exports.

use crate::verify::world::{Root, found, gzip, info, modules, release, verify, xz};

const SYMVERS: &str = "0x00000001\t_printk\tvmlinux\tEXPORT_SYMBOL\t
0x00000002\tgpl_only\tvmlinux\tEXPORT_SYMBOL_GPL\t
0x00000003\tmapped\tdrivers/dma-buf/x\tEXPORT_SYMBOL_GPL\tDMA_BUF
";

/// C of a module that imports a symbol in a version.
pub(crate) fn importing(name: &str, crc: u32) -> String {
    format!(
        "extern int {name}; int *use = &{name};
         IN(\"__versions\") static const struct {{ unsigned long crc; char name[64 - sizeof(long)]; }} versions[] = {{ {{ {crc}, \"{name}\" }} }};"
    )
}

/// An image with one module.
pub(crate) fn image(fields: &str, code: &str) -> Root {
    let root = Root::good();
    ["extra/kmm_a.ko", "extra/kmm-b.ko"].iter().for_each(|path| root.remove(&format!("{}/{path}", modules())));
    root.module_with("extra/c.ko", &(info("") + fields), code);
    root.depmod("extra/c.ko:\n");
    root
}

#[test]
fn every_import_is_exported_on_terms_that_the_module_meets() {
    let files = Root::empty();
    let plain = files.write("Module.symvers", SYMVERS);
    for (fields, code, finding) in [
        ("\\0license=GPL", importing("_printk", 1), None),
        ("\\0license=GPL\\0import_ns=DMA_BUF", importing("mapped", 3), None),
        ("\\0license=GPL", importing("gone", 1), Some("unknown-symbol")),
        ("\\0license=GPL", importing("_printk", 9), Some("symbol-version")),
        ("\\0license=GPL", "extern int _printk; int *use = &_printk;".to_owned(), Some("symbol-version")),
        ("\\0license=Proprietary", importing("gpl_only", 2), Some("gpl-symbol")),
        ("\\0license=GPL", importing("mapped", 3), Some("symbol-namespace")),
    ] {
        let root = image(fields, &code);
        let expected: Vec<String> = finding.iter().map(|code| format!("{code} /{}/extra/c.ko", modules())).collect();
        let (code, findings, _) = found(&[root.text(), "--symvers", plain.to_str().unwrap()]);
        assert_eq!((code, findings), (i32::from(finding.is_some()), expected), "{fields}");
        assert_eq!(found(&[root.text()]).0, 0);
    }
}

#[test]
fn modules_of_the_image_export_too() {
    let root = Root::good();
    let files = Root::empty();
    let symvers = files.write("Module.symvers", "0x00000000\ta\tvmlinux\tEXPORT_SYMBOL\t\n");
    assert_eq!(found(&[root.text(), "--symvers", symvers.to_str().unwrap()]), (0, vec![], vec![]));
}

#[test]
fn symbols_are_in_a_file_or_an_image_with_headers() {
    let root = image("\\0license=GPL", &importing("_printk", 1));
    let path = format!("/{}/extra/c.ko", modules());
    let files = Root::empty();
    for (name, bytes) in [("a.gz", gzip(SYMVERS.as_bytes())), ("a.xz", xz(SYMVERS.as_bytes()))] {
        let file = files.write(name, bytes);
        assert_eq!(found(&[root.text(), "--symvers", file.to_str().unwrap()]).0, 0, "{name}");
    }
    let kernels = Root::empty();
    kernels.write(&format!("usr/src/kernels/{}/Module.symvers", release()), SYMVERS);
    kernels.write("usr/src/kernels/6.1.0-2/Module.symvers", SYMVERS.replace("0x00000001", "0x00000009"));
    assert_eq!(found(&[root.text(), "--symvers", kernels.text()]).0, 0);
    let verified =
        |arguments: &[&str]| verify(&[&[root.text(), "--symvers", kernels.text()], arguments].concat(), None);
    let (code, _, error) = verified(&["--release", "6.1.0-3"]);
    let said = format!("has the symbols of several kernels, and none is 6.1.0-3: {}, 6.1.0-2", release());
    assert!(code == 2 && error.contains(&said), "{error}");
    let (code, out, _) = verified(&["--release", "6.1.0-2"]);
    let said = format!("finding[symbol-version]: {path} was built against other versions of symbols: _printk");
    assert!(code == 1 && out.contains(&said), "{out}");
}

#[test]
fn other_files_are_refused() {
    let root = Root::good();
    let files = Root::empty();
    for (name, bytes, said) in [
        ("a.txt", b"hello\n".to_vec(), "it is not a Module.symvers: line 1 is not"),
        ("a.gz", gzip(&[0xff; 100]), "it is not a Module.symvers: line 1 is not"),
        ("bomb.gz", gzip(&vec![b'\n'; 65 << 20]), "it is larger than 64 MiB"),
        ("cut.gz", gzip(SYMVERS.as_bytes())[..20].to_vec(), "it cannot be unpacked: it is truncated"),
        ("empty", Vec::new(), "it has no symbol"),
    ] {
        let file = files.write(name, bytes);
        let (code, _, error) = verify(&[root.text(), "--symvers", file.to_str().unwrap()], None);
        assert!(code == 2 && error.contains("--symvers") && error.contains(said), "{name}: {error}");
    }
    let (code, _, error) = verify(&[root.text(), "--symvers", files.text()], None);
    assert!(code == 2 && error.contains("has no Module.symvers at /usr/src/kernels/RELEASE"), "{error}");
}
