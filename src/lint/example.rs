//! Short ways to write the examples of rules.

/// A Module whose container has these lines; the first of them is line 8.
macro_rules! module {
    ($($line:literal)*) => {
        concat!(
            "=== module.yaml\n",
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

pub(super) use module;
