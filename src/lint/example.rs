//! Short ways to write the examples of rules.

/// A Module in a file of this path, whose container has these lines; the first of them is line 8.
macro_rules! module_file {
    ($path:literal: $($line:literal)*) => {
        concat!(
            "=== ", $path, "\n",
            "apiVersion: kmm.sigs.x-k8s.io/v1beta1\n",
            "kind: Module\n",
            "metadata: {name: driver, namespace: drivers}\n",
            "spec:\n",
            "  selector: {node-role.kubernetes.io/worker: \"\"}\n",
            "  moduleLoader:\n",
            "    container:\n",
            $("      ", $line, "\n",)*
        )
    };
}

/// A Module in `module.yaml`.
macro_rules! module {
    ($($line:literal)*) => { $crate::lint::example::module_file!("module.yaml": $($line)*) };
}

/// A ConfigMap with a Dockerfile of one line.
macro_rules! config_map {
    ($name:literal, $dockerfile:literal) => {
        concat!(
            "apiVersion: v1\n",
            "kind: ConfigMap\n",
            "metadata: {name: ",
            $name,
            ", namespace: drivers}\n",
            "data:\n",
            "  dockerfile: |\n",
            "    ",
            $dockerfile,
            "\n",
        )
    };
}

pub(super) use {config_map, module, module_file};
