FROM registry.redhat.io/ubi9/ubi:9.4 AS builder
ARG KERNEL_VERSION
RUN dnf -y install gcc make elfutils-libelf-devel kmod \
        kernel-devel-${KERNEL_VERSION} \
    && dnf clean all
COPY --from=registry.example.com/driver/source:2.0 /src /build
RUN make -C /usr/src/kernels/${KERNEL_VERSION} M=/build modules && \
    install -D -m 0644 /build/driver.ko /opt/lib/modules/${KERNEL_VERSION}/extra/driver.ko && \
    depmod -b /opt "${KERNEL_VERSION}"
FROM registry.redhat.io/ubi9/ubi-minimal:9.4
COPY --from=builder /opt /opt
