ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /d KVER=${KERNEL_VERSION}
RUN install -D /d/d.ko /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko && depmod -b /opt ${KERNEL_VERSION}
FROM scratch
COPY --from=docker.io/library/busybox:1.36 /bin /bin
COPY --from=builder /opt/lib/modules /opt/lib/modules
