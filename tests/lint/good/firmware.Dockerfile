ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_FULL_VERSION
RUN git clone --branch v6.2 https://git.example.com/gpu.git /gpu && git clone --branch 20240610 https://git.example.com/linux-firmware.git /fw
RUN make -C /gpu KERNELRELEASE=${KERNEL_FULL_VERSION} && mkdir -p /opt/lib/modules/${KERNEL_FULL_VERSION} && cp /gpu/*.ko /opt/lib/modules/${KERNEL_FULL_VERSION}
RUN depmod -b /opt ${KERNEL_FULL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4 AS runtime
COPY --from=builder /opt/lib/modules/ /opt/lib/modules/
COPY --from=builder /fw/gpu/ /firmware/gpu/
COPY --from=builder /gpu/LICENSE /licenses/
