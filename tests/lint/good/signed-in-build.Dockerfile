ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone --branch v1 https://git.example.com/d.git /d
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules
RUN /usr/src/kernels/${KERNEL_VERSION}/scripts/sign-file sha256 /run/secrets/signing/key.priv /run/secrets/signing/cert.der /d/d.ko
RUN install -D /d/d.ko /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko && depmod -b /opt ${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt /opt
