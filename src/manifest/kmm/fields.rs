//! The fields of `moduleSpec`, under KMM's own names (Module, kmm.sigs.x-k8s.io/v1beta1), so that what is
//! passed through has the types that the API wants and a misspelt field is caught here rather than
//! dropped in the cluster.

use crate::manifest::schema::{Field, Record, Shape, Variables, joined};
use crate::manifest::selection::Selection;

/// The fields of `spec` that are passed through.
pub(super) const SPEC: &[&str] = &["selector", "imageRepoSecret", TRIGGER, "tolerations", "devicePlugin", "dra"];

/// The counter that has KMM look for images anew.
pub(super) const TRIGGER: &str = "imageRebuildTriggerGeneration";

/// The fields of `moduleLoader.container` that are passed through.
pub(super) const PASSED: &[&str] = &["imagePullPolicy", "modprobe", "registryTLS"];

/// The kernel's own modules that are unloaded first: of the container, or of some mappings.
pub(super) const IN_TREE: &str = "inTreeModulesToRemove";

/// The fields of `build` that are passed through.
pub(super) const BUILD_PASSED: &[&str] = &["baseImageRegistryTLS", "kanikoParams", "secrets", "selector"];

/// The fields of `sign` that are passed through.
pub(super) const SIGNED: [&str; 4] = ["certSecret", "keySecret", "unsignedImage", "unsignedImageRegistryTLS"];

const TEXTS: Shape = Shape::List(&Shape::Text);

pub(in crate::manifest) static MODULE_SPEC: Record = Record {
    name: "`moduleSpec`",
    fields: &[
        Field { key: "selector", takes: Shape::TextMap, says: "the labels of the nodes that the module is loaded on" },
        Field {
            key: "moduleLoader",
            takes: Shape::Record(&MODULE_LOADER),
            says: "how the kmods are built, signed and loaded",
        },
        Field {
            key: "imageRepoSecret",
            takes: Shape::Record(&OBJECT),
            says: "the secret with the login of the registry",
        },
        Field {
            key: TRIGGER,
            takes: Shape::Either(&[Shape::Int, Shape::OneOf(&["auto"])]),
            says: "a number to increase so that KMM checks its images again and builds missing ones; `auto` changes it whenever an image changes",
        },
        Field { key: "tolerations", takes: Shape::List(&Shape::Kubernetes("tolerations")), says: "tolerations" },
        Field { key: "devicePlugin", takes: Shape::Record(&PLUGIN), says: "a device plugin" },
        Field {
            key: "dra",
            takes: Shape::Record(&DRA),
            says: "a driver for dynamic resource allocation; not together with `devicePlugin`",
        },
    ],
};

pub(super) static MODULE_LOADER: Record = Record {
    name: "`moduleLoader`",
    fields: &[
        Field {
            key: "serviceAccountName",
            takes: Shape::Text,
            says: "the service account of the pods that load kmods",
        },
        Field { key: "container", takes: Shape::Record(&CONTAINER), says: "the image, and how it is built and used" },
    ],
};

pub(super) static CONTAINER: Record = Record {
    name: "`moduleLoader.container`",
    fields: &[
        Field {
            key: "modprobe",
            takes: Shape::Record(&MODPROBE),
            says: "how the kmods are loaded; default of `moduleName`: the only kmod",
        },
        Field {
            key: "imagePullPolicy",
            takes: Shape::OneOf(&["Always", "IfNotPresent", "Never"]),
            says: "when nodes pull the image",
        },
        Field { key: IN_TREE, takes: Shape::List(&Shape::TextOr(&REMOVED)), says: "in-tree modules to unload first" },
        Field { key: "registryTLS", takes: Shape::Record(&TLS), says: "TLS settings for the registry of the images" },
        Field { key: "build", takes: Shape::Record(&BUILD), says: "the other fields of `build` of each mapping" },
        Field { key: "sign", takes: Shape::Record(&SIGN), says: "`sign` of each mapping" },
    ],
};

static OBJECT: Record = Record {
    name: "a reference",
    fields: &[Field { key: "name", takes: Shape::Text, says: "the object's name, in the Module's namespace" }],
};

pub(super) static TLS: Record = Record {
    name: "TLS settings",
    fields: &[
        Field { key: "insecure", takes: Shape::Bool, says: "use HTTP if HTTPS fails" },
        Field { key: "insecureSkipTLSVerify", takes: Shape::Bool, says: "do not verify certificates" },
    ],
};

static MODPROBE: Record = Record {
    name: "`modprobe`",
    fields: &[
        Field { key: "moduleName", takes: Shape::Text, says: "the kmod that is loaded by name" },
        Field {
            key: "modulesLoadingOrder",
            takes: TEXTS,
            says: "the loading order: `moduleName` first, and the kmod that all others depend on last; written as soft dependencies",
        },
        Field { key: "parameters", takes: TEXTS, says: "the kmod's parameters" },
        Field {
            key: "dirName",
            takes: Shape::Text,
            says: "for a prebuilt image: the folder that contains `lib/modules`; default: `/opt`",
        },
        Field {
            key: "firmwarePath",
            takes: Shape::Text,
            says: "the folder with firmware in the image, which KMM copies to the node",
        },
        Field { key: "args", takes: Shape::Record(&ARGUMENTS), says: "arguments for modprobe, before KMM's own" },
        Field {
            key: "rawArgs",
            takes: Shape::Record(&ARGUMENTS),
            says: "all arguments of modprobe, instead of `moduleName` and the others; KMM 2 needs `-d /tmp/opt` in both lists",
        },
    ],
};

static ARGUMENTS: Record = Record {
    name: "arguments",
    fields: &[
        Field { key: "load", takes: TEXTS, says: "arguments of modprobe when it loads" },
        Field { key: "unload", takes: TEXTS, says: "arguments of modprobe when it unloads" },
    ],
};

pub(super) static BUILD: Record = Record {
    name: "`container.build`",
    fields: &[
        Field {
            key: "baseImageRegistryTLS",
            takes: Shape::Record(&TLS),
            says: "TLS settings for the registries of base images",
        },
        Field {
            key: "buildArgs",
            takes: Shape::List(&Shape::Record(&BUILD_ARGUMENT)),
            says: "build arguments: `ARG`s of both stages, in order",
        },
        Field { key: "kanikoParams", takes: Shape::Record(&KANIKO), says: "settings for kaniko" },
        Field {
            key: "secrets",
            takes: Shape::List(&Shape::Record(&OBJECT)),
            says: "secrets mounted at `/run/secrets/NAME`",
        },
        Field { key: "selector", takes: Shape::TextMap, says: "the labels of the nodes that build" },
    ],
};

pub(super) static REMOVED: Record = Record {
    name: "a module to unload",
    fields: joined![&[Field { key: "module", takes: Shape::Text, says: "the module" }], Selection::FIELDS],
};

pub(super) static BUILD_ARGUMENT: Record = Record {
    name: "a build argument",
    fields: joined![
        &[
            Field { key: "name", takes: Shape::Text, says: "its name" },
            Field { key: "value", takes: Shape::Expanding(Variables::Build), says: "its value, one line" },
            Field {
                key: "hashed",
                takes: Shape::Bool,
                says: "`false` for a proxy, which is then neither in the Dockerfile nor in a hash; default: `true`",
            },
        ],
        Selection::FIELDS,
    ],
};

static KANIKO: Record = Record {
    name: "`kanikoParams`",
    fields: &[Field { key: "tag", takes: Shape::Text, says: "the tag of kaniko's image" }],
};

pub(super) static SIGN: Record = Record {
    name: "`container.sign`",
    fields: &[
        Field { key: "keySecret", takes: Shape::Record(&OBJECT), says: "the secret with the private key, in `key`" },
        Field { key: "certSecret", takes: Shape::Record(&OBJECT), says: "the secret with the certificate, in `cert`" },
        Field {
            key: "filesToSign",
            takes: Shape::List(&Shape::Expanding(Variables::Kernel)),
            says: "rarely needed: by default the module's kmods are signed; a path that is not in the image is an error",
        },
        Field {
            key: "unsignedImage",
            takes: Shape::Expanding(Variables::Kernel),
            says: "for a prebuilt image: the unsigned image",
        },
        Field {
            key: "unsignedImageRegistryTLS",
            takes: Shape::Record(&TLS),
            says: "TLS settings for the registry of the unsigned image",
        },
    ],
};

const VOLUMES: Field =
    Field { key: "volumes", takes: Shape::List(&Shape::Kubernetes("volumes")), says: "volumes of the pod" };
const ACCOUNT: Field = Field { key: "serviceAccountName", takes: Shape::Text, says: "the service account of the pod" };
const AUTOMOUNT: Field =
    Field { key: "automountServiceAccountToken", takes: Shape::Bool, says: "whether the pod gets a token" };
const CONTAINER_FIELD: Field =
    Field { key: "container", takes: Shape::Record(&PLUGIN_CONTAINER), says: "its container" };
const INIT: Field = Field { key: "initContainer", takes: Shape::Record(&PLUGIN_CONTAINER), says: "an init container" };

static PLUGIN: Record =
    Record { name: "`devicePlugin`", fields: &[AUTOMOUNT, CONTAINER_FIELD, INIT, ACCOUNT, VOLUMES] };

static DRA: Record = Record {
    name: "`dra`",
    fields: &[
        AUTOMOUNT,
        CONTAINER_FIELD,
        Field {
            key: "deviceClasses",
            takes: Shape::List(&Shape::Kubernetes("deviceClasses")),
            says: "its device classes",
        },
        Field { key: "driverName", takes: Shape::Text, says: "the driver's name, a DNS subdomain" },
        INIT,
        ACCOUNT,
        VOLUMES,
    ],
};

static PLUGIN_CONTAINER: Record = Record {
    name: "a plugin's container",
    fields: &[
        Field { key: "args", takes: TEXTS, says: "arguments" },
        Field { key: "command", takes: TEXTS, says: "the command" },
        Field { key: "env", takes: Shape::List(&Shape::Kubernetes("env")), says: "environment variables" },
        Field { key: "image", takes: Shape::Text, says: "the image" },
        Field {
            key: "imagePullPolicy",
            takes: Shape::OneOf(&["Always", "IfNotPresent", "Never"]),
            says: "when nodes pull the image",
        },
        Field { key: "resources", takes: Shape::Kubernetes("resources"), says: "resources" },
        Field {
            key: "volumeMounts",
            takes: Shape::List(&Shape::Kubernetes("volumeMounts")),
            says: "mount points of volumes",
        },
    ],
};
