ARG DTK_AUTO
FROM ${DTK_AUTO} AS base
ARG KERNEL_VERSION
ENV KVER=${KERNEL_VERSION}
FROM base AS builder
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /d KVER=$KVER
RUN install -D /d/d.ko /opt/lib/modules/$KVER/extra/d.ko && depmod -b /opt $KVER
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4 AS runtime
RUN microdnf install -y kmod
FROM runtime
COPY --from=builder /opt/lib/modules /opt/lib/modules
