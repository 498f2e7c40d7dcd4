FROM quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa AS builder
ARG KERNEL_VERSION
ARG DRIVER_VERSION=1.4.2
RUN curl -fsSL -o /tmp/d.tar.gz https://files.example.com/driver-${DRIVER_VERSION}.tar.gz && \
    echo "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  /tmp/d.tar.gz" | sha256sum --check - && \
    mkdir /build && tar -xzf /tmp/d.tar.gz -C /build --strip-components=1
RUN make -C /usr/src/kernels/${KERNEL_VERSION} M=/build modules
RUN make -C /usr/src/kernels/${KERNEL_VERSION} M=/build INSTALL_MOD_PATH=/opt INSTALL_MOD_DIR=extra modules_install
RUN depmod -b /opt ${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_VERSION
COPY --from=0 /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
LABEL io.openshift.release.operator=false
