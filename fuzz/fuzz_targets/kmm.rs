//! A `moduleSpec`: the Module that comes of it holds parts that are accepted again, and stay the same.
#![no_main]

use kmodgen_fuzz::module_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(module) = module_of(text) else { return };
    let spec = kmodgen_fuzz::read(&module).expect("a Module is YAML");
    let spec = spec.get("spec").expect("a Module has a spec");
    let parts = ["selector", "imageRepoSecret", "tolerations", "devicePlugin", "dra"];
    let parts = parts.iter().filter_map(|key| Some(((*key).into(), spec.get(key)?.to_yaml()))).collect();
    let parts = kmodgen_yaml::emit(&kmodgen_yaml::Yaml::Map(parts));
    let parts = format!("{parts}moduleLoader: {{container: {{modprobe: {{moduleName: driver}}}}}}\n");
    let again = module_of(&parts).unwrap_or_else(|| panic!("refused the second time: {parts}"));
    let again = kmodgen_fuzz::read(&again).expect("a Module is YAML");
    let again = again.get("spec").expect("a Module has a spec");
    for key in ["selector", "imageRepoSecret", "tolerations", "devicePlugin", "dra"] {
        let text = |spec: &kmodgen_yaml::Node| spec.get(key).map(|node| kmodgen_yaml::emit(&node.to_yaml()));
        assert_eq!(text(spec), text(again), "{parts}");
    }
});
