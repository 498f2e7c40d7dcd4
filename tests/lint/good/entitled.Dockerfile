FROM registry.access.redhat.com/ubi9/ubi:9.4 AS builder
ARG KERNEL_VERSION
RUN ln -s /run/secrets/etc-pki-entitlement /etc/pki/entitlement-host && \
    rm -rf /etc/rhsm-host && \
    dnf -y install kernel-devel-${KERNEL_VERSION} make gcc kmod && dnf clean all
RUN git clone --branch v0.9 https://git.example.com/d.git /d && make -C /usr/src/kernels/${KERNEL_VERSION} M=/d modules
RUN install -D /d/d.ko /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko && depmod -b /opt ${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt /opt
