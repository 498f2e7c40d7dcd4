ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone --branch ice-1.14 https://git.example.com/ice.git /ice
RUN cd /ice/src && make BUILD_KERNEL=${KERNEL_VERSION} KSRC=/lib/modules/${KERNEL_VERSION}/build
RUN install -d /opt/lib/modules/${KERNEL_VERSION}/updates/drivers && \
    install -m 644 /ice/src/ice.ko /opt/lib/modules/${KERNEL_VERSION}/updates/drivers/ && \
    ln -s /lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}/host && \
    depmod -a -b /opt ${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt/lib/modules /opt/lib/modules
COPY --from=builder /ice/ddp/ice.pkg /firmware/intel/ice/ddp/ice.pkg
