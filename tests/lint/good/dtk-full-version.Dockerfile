ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_FULL_VERSION
RUN git clone https://git.example.com/driver.git /build && cd /build && git checkout 3f5a1c0
RUN make -C /build KVER=${KERNEL_FULL_VERSION} \
    && mkdir -p /opt/lib/modules/${KERNEL_FULL_VERSION}/extra \
    # the kmods alone
    && cp /build/*.ko /opt/lib/modules/${KERNEL_FULL_VERSION}/extra/ \
    && depmod -b /opt ${KERNEL_FULL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
ARG KERNEL_FULL_VERSION
COPY --from=builder /opt/lib/modules/${KERNEL_FULL_VERSION}/ /opt/lib/modules/${KERNEL_FULL_VERSION}/
