ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
WORKDIR /build
RUN git clone --branch v1 https://git.example.com/d.git .
RUN make KERNEL_DIR=/usr/src/kernels/${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi8/ubi:8.10
ARG KERNEL_VERSION
RUN dnf install -y kmod && dnf clean all
COPY --from=builder /build/a.ko /build/b.ko /opt/lib/modules/${KERNEL_VERSION}/
RUN depmod -b /opt $KERNEL_VERSION
ENTRYPOINT ["sleep", "infinity"]
