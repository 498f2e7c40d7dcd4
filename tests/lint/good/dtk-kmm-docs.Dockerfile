ARG DTK_AUTO
FROM ${DTK_AUTO} as builder
ARG KERNEL_VERSION
ARG MOD_NAME
ARG MOD_NAMESPACE
WORKDIR /usr/src
RUN ["git", "clone", "--branch", "v1.1.0", "https://git.example.com/kmm.git"]
WORKDIR /usr/src/kmm/ci/kmm-kmod
RUN KERNEL_SRC_DIR=/lib/modules/${KERNEL_VERSION}/build make all
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
RUN microdnf install -y kmod && microdnf clean all
COPY --from=builder /usr/src/kmm/ci/kmm-kmod/*.ko /opt/lib/modules/${KERNEL_VERSION}/
RUN depmod -b /opt ${KERNEL_VERSION}
